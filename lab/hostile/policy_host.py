"""A web server for MTA-STS policies that does what a file tells it, by the name it is asked for. It records who asks for what.

The control file is JSON: {"mta-sts.a.example": {"body": "version: STSv1\\n..."}, ...}, read anew at every connection. Beside
"body" a name may have
  "status": 301, "headers": {"Location": "..."}   another answer
  "pad": 100000          so many octets more behind the body, in a field that senders ignore
  "gzip": true           the body compressed, and said to be
  "hold": 90             so many seconds of silence before the answer
  "tls": "1.1"           a handshake of no later version
Certificates lie in a folder as NAME.pem (leaf first) and NAME.key; a name without them gets no handshake. Only the standard
library. Options: --listen ADDRESS (repeatable), --port, --control FILE, --certificates FOLDER, --records FILE.
"""
import argparse
import gzip
import json
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: str, given: argparse.Namespace):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.given = given
        self.lock = threading.Lock()
        super().__init__((address, given.port), Handler)

    def record(self, **what) -> None:
        with self.lock, open(self.given.records, "a", encoding="utf-8") as file:
            file.write(json.dumps(what) + "\n")

    def context_for(self, tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext):
        """Called in the handshake, with the name the client asked for."""
        pem = Path(self.given.certificates, f"{name}.pem")
        if name is None or not pem.exists():
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, pem.with_suffix(".key"))
        tls.context = context
        return None

    def finish_request(self, request, client_address) -> None:
        self.record(event="connected", peer=client_address[0])
        request.settimeout(100)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self.context_for
        hello = request.recv(4096, socket.MSG_PEEK)  # the version is settled before the name is told to anybody
        if any(told.get("tls") == "1.1" and name.encode() in hello for name, told in json.loads(Path(self.given.control).read_text()).items()):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        try:
            with context.wrap_socket(request, server_side=True) as tls:
                Handler(tls, client_address, self)
        except (ssl.SSLError, OSError) as error:
            self.record(event="broken", peer=client_address[0], what=str(error))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host = (self.headers.get("Host") or "").split(":")[0]
        self.server.record(event="asked", host=host, path=self.path)
        told = json.loads(Path(self.server.given.control).read_text()).get(host, {"status": 404, "body": "no such policy\n"})
        time.sleep(told.get("hold", 0))
        body = told.get("body", "").encode()
        if told.get("pad"):
            body += b"".join(b"padding: " + b"x" * 90 + b"\n" for _ in range(told["pad"] // 100))
        headers = {"Content-Type": "text/plain", **told.get("headers", {})}
        if told.get("gzip"):
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        if self.path != "/.well-known/mta-sts.txt":
            told, body = {"status": 404}, b""
        self.send_response(told.get("status", 200))
        for name, value in {**headers, "Content-Length": str(len(body)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_) -> None:
        pass


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", action="append", required=True)
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--control", required=True)
    parser.add_argument("--certificates", required=True)
    parser.add_argument("--records", required=True)
    given = parser.parse_args(arguments)
    servers = [threading.Thread(target=Server(address, given).serve_forever) for address in given.listen]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
