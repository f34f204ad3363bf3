#!/usr/bin/python3
"""Proofs signed by a stranger: dnspython makes zones of every algorithm, and `danewerk prove --verify` must judge them rightly.

Run as: prove_verify_test.py PROGRAM [unittest arguments]. The document is made here from docs/formats/proof.md alone.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

PROGRAM = ""
NOON = 1795521600  # 2026-11-24T12:00:00Z
RECORD = "030101" + "ab" * 32


def rsa_key(bits):
    return lambda: rsa.generate_private_key(public_exponent=65537, key_size=bits)


ALGORITHMS = {
    8: ("RSA/SHA-256", rsa_key(2048)), 10: ("RSA/SHA-512", rsa_key(1024)), 13: ("ECDSA P-256", lambda: ec.generate_private_key(ec.SECP256R1())),
    14: ("ECDSA P-384", lambda: ec.generate_private_key(ec.SECP384R1())), 15: ("Ed25519", ed25519.Ed25519PrivateKey.generate),
    16: ("Ed448", ed448.Ed448PrivateKey.generate),
}


class Zone:
    """A zone with one key; `set` gives a signed set as it stands in a document."""

    def __init__(self, apex, algorithm, make):
        self.apex, self.private = dns.name.from_text(apex), make()
        self.key = dns.dnssec.make_dnskey(self.private.public_key(), algorithm, flags=257)

    def set(self, name, kind, *data):
        rrset = dns.rrset.from_text(name, 300, "IN", kind, *data)
        return self.signed(rrset)

    def signed(self, rrset):
        rrsig = dns.dnssec.sign(rrset, self.private, self.apex, self.key, inception=NOON - 3600, expiration=NOON + 86400)
        rdata = sorted(r.to_digestable().hex() for r in rrset)
        return {"name": rrset.name.to_text(), "type": dns.rdatatype.to_text(rrset.rdtype), "rdata": rdata, "rrsig": [rrsig.to_digestable().hex()]}

    def keys(self):
        return self.signed(dns.rrset.from_rdata(self.apex, 300, self.key))

    def ds(self, digest="SHA256"):
        return dns.dnssec.make_ds(self.apex, self.key, digest, policy=dns.dnssec.allow_all_policy).to_text()


def written(document):
    document.pop("digest", None)
    body = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    return json.dumps({**document, "digest": hashlib.sha256(body.encode()).hexdigest()}, indent=1, ensure_ascii=False) + "\n"


class Strangers(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="danewerk-prove-"))

    def tearDown(self):
        shutil.rmtree(self.folder)

    def verify(self, document, root, *more):
        (self.folder / "proof").write_text(document if isinstance(document, str) else written(document))
        (self.folder / "root.key").write_text(f"; a stranger's root\n. 300 IN DS {root.ds()}\n")
        return subprocess.run([PROGRAM, "prove", "--verify", self.folder / "proof", "--trust-anchor", self.folder / "root.key", *more],
                              capture_output=True, text=True, timeout=60, check=False)

    def made(self, algorithm, make, digest="SHA256"):
        root, top, zone = Zone(".", algorithm, make), Zone("test.", algorithm, make), Zone("dest.test.", algorithm, make)
        sets = [root.keys(), root.set("test.", "DS", top.ds(digest)), top.keys(), top.set("dest.test.", "DS", zone.ds(digest)), zone.keys(),
                zone.set("dest.test.", "MX", "10 mx.dest.test.", "20 a.dest.test."), zone.set("mx.dest.test.", "A", "192.0.2.2", "192.0.2.1"),
                zone.set("_25._tcp.mx.dest.test.", "TLSA", "3 1 1 " + "ab" * 32, "3 1 1 " + "cd" * 32)]
        claim = {"at": "2026-11-24T12:00:00Z", "next_hop": "dest.test.", "way": "mx", "host": "mx.dest.test.", "base": "mx.dest.test.", "port": 25,
                 "record": RECORD, "depth": 0, "presented": [{"cert_sha256": "00" * 32, "spki_sha256": "ab" * 32}]}
        return {"format": "danewerk-proof-1", "log": {"queue_id": "x"}, "claim": claim, "sets": sets}, root

    def test_every_algorithm(self):
        for number, (name, make) in ALGORITHMS.items():
            with self.subTest(name):
                document, root = self.made(number, make, "SHA384" if number % 2 else "SHA256")
                good = self.verify(document, root)
                self.assertEqual((good.returncode, good.stderr), (0, ""), good.stdout)
                self.assertIn("PROVEN    dest.test. names mx.dest.test. as a mail exchanger", good.stdout)
                for place in range(len(document["sets"])):  # one bit of each signature
                    changed = json.loads(json.dumps(document))
                    octets = bytearray.fromhex(changed["sets"][place]["rrsig"][0])
                    octets[-5] ^= 4
                    changed["sets"][place]["rrsig"] = [octets.hex()]
                    bad = self.verify(changed, root)
                    self.assertEqual(bad.returncode, 1, (place, bad.stdout))
                    self.assertIn("NOT PROVEN", bad.stderr)

    def test_sha1_proves_nothing(self):
        for number in (5, 7):  # RSA/SHA-1
            document, root = self.made(number, rsa_key(2048))
            self.assertEqual(self.verify(document, root).returncode, 1)
        make = ALGORITHMS[13][1]
        root, zone = Zone(".", 13, make), Zone("test.", 13, make)
        document, _ = self.made(13, make)
        document["sets"] = [root.keys(), root.set("test.", "DS", zone.ds("SHA1")), zone.keys(), zone.set("test.", "MX", "10 mx.test."),
                            zone.set("mx.test.", "A", "192.0.2.1"), zone.set("_25._tcp.mx.test.", "TLSA", "3 1 1 " + "ab" * 32)]
        document["claim"] |= {"next_hop": "test.", "host": "mx.test.", "base": "mx.test."}
        self.assertIn("no key of test. is named by its DS", self.verify(document, root).stderr)

    def test_times_and_words(self):
        document, root = self.made(13, ALGORITHMS[13][1])
        self.assertEqual(self.verify(document, root, "--at", "2026-11-25T11:59:59Z").returncode, 0)
        late = self.verify(document, root, "--at", "2026-11-25T12:00:01Z")
        self.assertEqual(late.returncode, 1)
        self.assertIn("has expired at 2026-11-25T12:00:00Z", late.stderr)
        early = self.verify(document, root, "--at", "2026-11-24T10:59:59Z")
        self.assertIn("is valid only from 2026-11-24T11:00:00Z", early.stderr)
        said = json.loads(self.verify(document, root, "--json").stdout)
        self.assertTrue(said["proven"] and said["every_link_signed"])
        self.assertEqual({one["weight"] for one in said["findings"]}, {"proven", "log"})

    def test_what_is_no_proof_is_bad_input(self):
        document, root = self.made(13, ALGORITHMS[13][1])
        text = written(document)
        for bad in ("", "{}", text.replace("dest.test.", "Dest.test.", 1), text.replace("\n", "\r\n", 1), text + " ", text.replace("MX", "TXT", 1)):
            ran = self.verify(bad, root)
            self.assertEqual(ran.returncode, 2, ran.stderr)
            self.assertNotEqual(ran.stderr, "")
        self.assertEqual(self.verify(document, root, "--at", "noon").returncode, 2)
        idle = json.loads(json.dumps(document))
        idle["sets"].append(root.set("unused.", "A", "192.0.2.1"))
        self.assertIn("nothing rests on it", self.verify(idle, root).stderr)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
