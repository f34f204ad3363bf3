"""Signatures that dkimpy made, judged by our verifier: both algorithms, all four forms, whole and tampered with.

    dkimpy_test.py DKIM_RIG
"""
import base64
import hashlib
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import dkim
import nacl.encoding
import nacl.signing

RIG = ""
BODIES = [b"", b"\r\n", b"plain\r\n", b"no end", b" white \t space  \r\n\r\n  \r\n\r\n", "8 bit: é ü\r\n".encode(), b".\r\n..\r\n",
          b"".join(b"line %d \t of many\r\n" % i for i in range(20_000))]
HEADER = (b"From: Ann  <ann@contoso.example>\r\nTo: bob@example.net,\r\n\tcarl@example.net\r\nSubject:  folded \t\r\n subject\r\n"
          b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@contoso.example>\r\n\r\n")


def rsa_pair(bits: int = 2048) -> tuple[bytes, str]:
    private = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)], check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=private, check=True, capture_output=True).stdout
    return private, base64.b64encode(public).decode()


class OtherSigners(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rsa, cls.rsa_public = rsa_pair()
        key = nacl.signing.SigningKey(random.Random(3).randbytes(32))
        cls.ed = key.encode(encoder=nacl.encoding.Base64Encoder)
        cls.ed_public = key.verify_key.encode(encoder=nacl.encoding.Base64Encoder).decode()

    def records(self, **texts: str) -> str:
        """`s1="k=rsa; p=..."`: a TXT record below contoso.example, cut as zone files are."""
        def strings(text):
            return " ".join(f'"{text[i:i + 255]}"' for i in range(0, len(text), 255))
        return "".join(f"{name}._domainkey.contoso.example TXT secure {strings(text)}\n" for name, text in texts.items())

    def judged(self, message: bytes, records: str, service: str = "email") -> list[str]:
        with tempfile.NamedTemporaryFile("w") as world:
            world.write(records)
            world.flush()
            done = subprocess.run([RIG, service, world.name], input=message, capture_output=True, check=True)
        return done.stdout.decode().splitlines()

    def sign(self, message: bytes, key: bytes, algorithm: bytes = b"rsa-sha256", forms=(b"relaxed", b"relaxed"), selector: bytes = b"s1", **more) -> bytes:
        return dkim.sign(message, selector, b"contoso.example", key, canonicalize=forms, signature_algorithm=algorithm, **more) + message

    def test_every_form_and_algorithm(self):
        for algorithm, key, record in ((b"rsa-sha256", self.rsa, f"v=DKIM1; k=rsa; p={self.rsa_public}"),
                                       (b"ed25519-sha256", self.ed, f"v=DKIM1; k=ed25519; p={self.ed_public}")):
            for forms in ((a, b) for a in (b"simple", b"relaxed") for b in (b"simple", b"relaxed")):
                for body in BODIES:
                    with self.subTest(algorithm=algorithm, forms=forms, body=body[:30]):
                        message = self.sign(HEADER + body, key, algorithm, forms)
                        self.assertEqual(self.judged(message, self.records(s1=record)), ["passed contoso.example s1 "])
                        self.assertIn("failed", self.judged(message + b"more\r\n", self.records(s1=record))[0])
                        self.assertIn("failed", self.judged(message.replace(b"Subject:  f", b"Subject:  F"), self.records(s1=record))[0])

    def test_two_signatures(self):
        message = self.sign(self.sign(HEADER + b"x\r\n", self.rsa), self.ed, b"ed25519-sha256", selector=b"e1")
        records = self.records(s1=f"p={self.rsa_public}", e1=f"k=ed25519; p={self.ed_public}")
        self.assertEqual(self.judged(message, records), ["passed contoso.example e1 ", "passed contoso.example s1 "])

    def test_reports(self):  # RFC 8460 3: such a key is for reports alone
        message = self.sign(HEADER + b"x\r\n", self.rsa)
        records = self.records(s1=f"v=DKIM1; s=tlsrpt; p={self.rsa_public}")
        self.assertEqual(self.judged(message, records, "tlsrpt"), ["passed contoso.example s1 "])
        self.assertIn("not for this service", self.judged(message, records)[0])

    def test_keys_that_do_not_count(self):
        message = self.sign(HEADER + b"x\r\n", self.rsa)
        other = rsa_pair()[1]
        weak, weak_public = rsa_pair(768)
        for record, words in ((f"p={other}", "not this key's"), ("v=DKIM1; p=", "revoked"), (f"k=ed25519; p={self.ed_public}", "another algorithm"),
                              (f"h=sha1; p={self.rsa_public}", "SHA-256"), ("p=AAAA", "cannot be read"), ("hello", "key record")):
            with self.subTest(record=record[:20]):
                said = self.judged(message, self.records(s1=record))
                self.assertTrue(said[0].startswith("failed") and words in said[0], said)
        self.assertIn("shorter than 1024", self.judged(self.sign(HEADER + b"x\r\n", weak), self.records(s1=f"p={weak_public}"))[0])
        self.assertIn("no key at", self.judged(message, "zone contoso.example secure\n")[0])
        undecided = self.judged(message, "s1._domainkey.contoso.example TXT timeout\n")
        self.assertTrue(undecided[0].startswith("undecided"), undecided)

    def test_length_is_refused(self):  # RFC 6376 8.2, RFC 8460 3
        message = self.sign(HEADER + b"x\r\n", self.rsa, length=True)
        self.assertIn("l= leaves", self.judged(message + b"more\r\n", self.records(s1=f"p={self.rsa_public}"))[0])

    def test_very_long_names_end_nothing(self):
        field = b"DKIM-Signature: v=1; a=rsa-sha256; d=" + b".".join([b"a" * 60] * 4) + b"; s=" + b"s" * 60 + b"; h=from; bh=" + base64.b64encode(
            hashlib.sha256(b"x\r\n").digest()) + b"; b=AAAA; c=simple/simple\r\n"
        said = self.judged(field + HEADER + b"x\r\n", "zone contoso.example secure\n")
        self.assertTrue(said[0].startswith("failed"), said)


if __name__ == "__main__":
    RIG = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
