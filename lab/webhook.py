"""A receiver of alerts: appends the body of every POST to a file, one line each. For labs.

    python3 webhook.py ADDRESS PORT CERTIFICATE KEY FILE
"""
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

ADDRESS, PORT, CERTIFICATE, KEY, FILE = sys.argv[1:6]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with open(FILE, "ab") as out:
            out.write(body + b"\n")
        self.send_response(204)
        self.end_headers()


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server = HTTPServer((ADDRESS, int(PORT)), Receiver)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
