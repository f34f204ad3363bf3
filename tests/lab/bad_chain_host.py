"""A hostile mail host whose certificate chain holds, between leaf and root, a certificate that does not parse.

No TLS library sends such a chain. So the honest host of lab/hostile is used, held to TLS 1.2, where certificates travel
in clear and the server's signature does not cover them: on their way out, octets of the middle certificate are replaced
(same length, so all lengths around it stay right). A client that parses the chain must end the handshake there; one that
does not will end it at Finished. Options: as lab/hostile/smtp_host.py, with a --cert of at least three certificates.
"""
import base64
import re
import ssl
import sys
from pathlib import Path

from lab.hostile import smtp_host
from lab.hostile.channel import Channel

GARBAGE = b"\x30\x84\xff\xff\xff\xff\x02\x7f\x00\x05"


def der_of(pem: str) -> list[bytes]:
    found = re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem, re.DOTALL)
    return [base64.b64decode("".join(text.split())) for text in found]


class BadChainChannel(Channel):
    """`middle` is the certificate to spoil."""
    middle = b""

    def _flush(self) -> None:
        octets = self._outgoing.read()
        if self.middle in octets:
            self.note("spoiled", certificate=self.middle.hex())
            octets = octets.replace(self.middle, GARBAGE + self.middle[len(GARBAGE):])
        self._send_raw(octets)


class Tls12Contexts(smtp_host.Contexts):
    def _make(self, chain: str, tls: str) -> ssl.SSLContext:
        context = super()._make(chain, tls)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context


def main() -> int:
    certificates = der_of(Path(sys.argv[sys.argv.index("--cert") + 1]).read_text(encoding="ascii"))
    if len(certificates) < 3:
        print(f"bad_chain_host: --cert holds {len(certificates)} certificates; it takes a middle one to spoil", file=sys.stderr)
        return 2
    BadChainChannel.middle = certificates[1]
    smtp_host.Channel = BadChainChannel
    smtp_host.Contexts = Tls12Contexts
    return smtp_host.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
