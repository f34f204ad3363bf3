#!/usr/bin/python3
"""An attacker between a zone's name server and the world: `tamper_proxy.py rules.json upstream-port address...`

Passes DNS queries on UDP and TCP to a name server on 127.0.0.1 and its answers back, byte for byte, except for
answers that a rule names; those it falsifies as somebody without the zone's key could. Rules are read from a
JSON file, anew whenever the file is replaced, so a test switches an attack on and off at once:

    [{"name": "_25._tcp.mx.bogus.lab.", "type": "TLSA", "action": "break"},
     {"name": "forged.lab.", "type": "MX", "action": "replace", "ttl": 5, "data": ["10 mx.attacker.lab."]}]

break    one octet of each RRSIG over that set is changed: only that set is bogus
servfail the question is answered SERVFAIL, nothing else in the zone is
drop     the question is never answered, on UDP nor TCP
oversize an answer above "limit" octets never arrives on UDP, as where fragments are lost; TCP passes
replace  the set's data are replaced; the RRSIG of the true data stays (with "unsigned": true it is dropped)
"""
import json
import os
import socket
import socketserver
import struct
import sys
import threading

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

UPSTREAM_SECONDS = 2.0


class Rules:
    """The rules now in force, by (name, type); the file is looked at before each answer."""

    def __init__(self, path: str):
        self.path_, self.seen_, self.table_, self.lock_ = path, None, {}, threading.Lock()

    def find(self, name, kind: int) -> dict | None:
        with self.lock_:
            state = os.stat(self.path_)
            mark = (state.st_ino, state.st_mtime_ns, state.st_size)
            if mark != self.seen_:
                with open(self.path_, encoding="utf-8") as file:
                    rows = json.load(file)
                self.table_ = {(r["name"].lower(), dns.rdatatype.from_text(r["type"])): r for r in rows}
                self.seen_ = mark
            return self.table_.get((name.to_text().lower(), kind))


def spoil(signature):
    """The same RRSIG with one bit of its signature changed."""
    octets = bytearray(signature.signature)
    octets[len(octets) // 2] ^= 0x01
    return signature.replace(signature=bytes(octets))


def falsify(answer: dns.message.Message, rule: dict) -> None:
    name, kind = answer.question[0].name, answer.question[0].rdtype
    sections = []
    for rrset in answer.answer:
        covers = rrset.rdtype == dns.rdatatype.RRSIG and rrset.covers == kind and rrset.name == name
        if rule["action"] == "break" and covers:
            rrset = dns.rrset.from_rdata_list(name, rrset.ttl, [spoil(s) for s in rrset])
        elif rule["action"] == "replace":
            if covers and rule.get("unsigned"):
                continue
            if rrset.name == name and rrset.rdtype == kind:
                continue
        sections.append(rrset)
    if rule["action"] == "replace":
        data = [dns.rdata.from_text(dns.rdataclass.IN, kind, text) for text in rule["data"]]
        sections.insert(0, dns.rrset.from_rdata_list(name, rule["ttl"], data))
        answer.set_rcode(0)
        answer.authority, answer.additional = [], []
    answer.answer = sections


def treat(wire: bytes, rules: Rules, limit: int, udp: bool) -> bytes | None:
    """The answer to send instead of `wire`, at most `limit` octets; untouched (the very octets) if no rule applies, None for silence."""
    try:
        answer = dns.message.from_wire(wire)
        rule = rules.find(answer.question[0].name, answer.question[0].rdtype) if answer.question else None
    except dns.exception.DNSException:
        return wire
    if rule is None:
        return wire
    if rule["action"] == "drop":
        return None
    if rule["action"] == "oversize":
        return None if udp and len(wire) > rule["limit"] else wire
    if rule["action"] == "servfail":
        refusal = dns.message.make_response(dns.message.make_query(answer.question[0].name, answer.question[0].rdtype, id=answer.id))
        refusal.set_rcode(dns.rcode.SERVFAIL)
        return refusal.to_wire()
    falsify(answer, rule)
    out = answer.to_wire(max_size=65535)
    if len(out) <= limit:
        return out
    answer.answer, answer.authority, answer.additional = [], [], []
    answer.flags |= dns.flags.TC
    return answer.to_wire()


def udp_limit(query: bytes) -> int:
    try:
        return max(512, dns.message.from_wire(query).payload)
    except dns.exception.DNSException:
        return 512


def read_exactly(stream: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        part = stream.recv(count - len(octets))
        if not part:
            raise EOFError
        octets += part
    return octets


def serve_udp(listener: socket.socket, rules: Rules, port: int) -> None:
    upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    upstream.connect(("127.0.0.1", port))
    upstream.settimeout(UPSTREAM_SECONDS)
    while True:
        query, peer = listener.recvfrom(65535)
        try:
            upstream.send(query)
            answer = upstream.recv(65535)
            while answer[:2] != query[:2]:  # a late answer to an earlier query
                answer = upstream.recv(65535)
            told = treat(answer, rules, udp_limit(query), True)
            if told is not None:
                listener.sendto(told, peer)
        except OSError as error:
            print(f"no answer for {peer[0]}: {error}", flush=True)


class TcpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.settimeout(10)
        try:
            with socket.create_connection(("127.0.0.1", self.server.port), UPSTREAM_SECONDS) as upstream:
                while True:
                    (size,) = struct.unpack("!H", read_exactly(self.request, 2))
                    query = read_exactly(self.request, size)
                    upstream.sendall(struct.pack("!H", size) + query)
                    (size,) = struct.unpack("!H", read_exactly(upstream, 2))
                    answer = treat(read_exactly(upstream, size), self.server.rules, 65535, False)
                    if answer is not None:
                        self.request.sendall(struct.pack("!H", len(answer)) + answer)
        except (EOFError, OSError):
            pass  # either side closed: so do we


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str, rules: Rules, port: int):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.rules, self.port = rules, port
        super().__init__((address, 53), TcpHandler)


def main() -> None:
    rules, port = Rules(sys.argv[1]), int(sys.argv[2])
    workers = []
    for address in sys.argv[3:]:
        listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind((address, 53))
        workers.append(threading.Thread(target=serve_udp, args=(listener, rules, port)))
        workers.append(threading.Thread(target=TcpServer(address, rules, port).serve_forever))
    for worker in workers:
        worker.start()
    print("ready", flush=True)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
