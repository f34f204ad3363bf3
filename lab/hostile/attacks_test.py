"""The further modes of the hostile host, seen by an ordinary client: does each attack happen? And the trap for validators.

An attack that never came about would count as repelled. Run as smtp_host_test.py, whose ground this stands on.
"""
import hashlib
import smtplib
import socket
import ssl
import struct
import unittest
import warnings

from lab.hostile import trap_server
from lab.hostile.modes import parse_mode
from lab.hostile.recorder import cleartext_mail_bytes, read_records
from lab.hostile.smtp_host import OLD_TLS, Settings, SmtpHost
from lab.hostile.smtp_host_test import HostTest as Ground
from lab.hostile.smtp_host_test import any_certificate
from lab.lookup.authority import self_issued


def weak_client(tls: str) -> ssl.SSLContext:
    context = any_certificate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = OLD_TLS[tls][0]
    context.set_ciphers(OLD_TLS[tls][1])
    return context


class StarttlsTest(Ground):
    def test_refuse501(self) -> None:
        client = self.client("refuse501")
        client.ehlo()
        self.assertTrue(client.has_extn("starttls"))
        self.assertEqual(client.docmd("STARTTLS")[0], 501)

    def after_220(self, mode: str) -> bytes:
        """What comes instead of a ServerHello."""
        connected = self.bare(self.host(mode))
        connected.recv(4096)
        connected.sendall(b"STARTTLS\r\n")
        self.assertEqual(connected.recv(4096), b"220 2.0.0 ready\r\n")
        connected.sendall(b"\x16\x03\x01\0\x05hello")
        return connected.recv(4096)

    def test_close_after_220(self) -> None:
        self.assertEqual(self.after_220("close-after-220"), b"")

    def test_garbage_after_220(self) -> None:
        self.assertTrue(self.after_220("garbage-after-220").startswith(b"250-STARTTLS\r\n"))

    def test_early_requiretls(self) -> None:
        client = self.client("early-requiretls")
        client.ehlo()
        self.assertTrue(client.has_extn("requiretls"))
        client.starttls(context=any_certificate())
        client.ehlo()
        self.assertFalse(client.has_extn("requiretls"))


class OldTlsTest(Ground):
    def host(self, mode: str = "honest") -> tuple[str, int]:
        """With an RSA chain beside the usual one: static key exchange needs it."""
        chains = {"host": (self.keys.key, self.keys.cert), "rsa": self_issued(self.folder, "rsa", ["mx.stripped.lab"], kind="rsa")}
        self.running = SmtpHost(Settings("mx.stripped.lab", ["127.0.0.1", "::1"], 0, chains, self.folder / "records.jsonl", self.control,
                                         self.folder / "mail", mode))
        self.running.start()
        self.addCleanup(self.running.stop)
        return self.running.listening[0]

    def speaks(self, mode: str, tls: str) -> smtplib.SMTP:
        """A modern client has no chance, one that talks like the host has."""
        modern = self.client(mode)
        with self.assertRaises((ssl.SSLError, smtplib.SMTPServerDisconnected)):
            modern.starttls(context=any_certificate())
        modern.close()
        old = smtplib.SMTP(*self.running.listening[0], local_hostname="client.lab", timeout=10)
        self.addCleanup(old.close)
        old.starttls(context=weak_client(tls))
        return old

    def test_tls11only(self) -> None:
        self.assertEqual(self.speaks("tls11only", "1.1").sock.version(), "TLSv1.1")

    def test_anonymous(self) -> None:
        self.assertIsNone(self.speaks("anonymous", "anonymous").sock.getpeercert(binary_form=True))

    def test_null(self) -> None:
        self.assertIn("NULL", self.speaks("null", "null").sock.cipher()[0])

    def test_static(self) -> None:
        self.host("static chain=rsa")
        client = smtplib.SMTP(*self.running.listening[0], local_hostname="client.lab", timeout=10)
        self.addCleanup(client.close)
        client.starttls(context=weak_client("static"))
        self.assertNotIn("DHE", client.sock.cipher()[0])


class AddressTest(Ground):
    def test_an_address_keeps_its_own_mode_and_chain(self) -> None:
        chains = {"host": (self.keys.key, self.keys.cert), "other": (self.keys.wrong_key, self.keys.wrong_cert)}
        self.running = SmtpHost(Settings("mx.lab", ["127.0.0.1", "127.0.0.2"], 0, chains, self.folder / "records.jsonl", self.control,
                                         self.folder / "mail", "strip", {"127.0.0.2": parse_mode("honest chain=other")}))
        self.running.start()
        self.addCleanup(self.running.stop)
        offered = []
        for address in self.running.listening:
            client = smtplib.SMTP(*address, local_hostname="client.lab", timeout=10)
            self.addCleanup(client.close)
            client.ehlo()
            offered.append(client.has_extn("starttls"))
        self.assertEqual(offered, [False, True])
        client.starttls(context=any_certificate())
        shown = client.sock.getpeercert(binary_form=True)
        self.assertEqual(shown, ssl.PEM_cert_to_DER_cert(self.keys.wrong_cert.read_text()))
        self.running.stop()
        self.assertEqual(cleartext_mail_bytes(read_records(self.folder / "records.jsonl")), [])


class TrapTest(Ground):
    def test_all_keys_have_the_tag_and_the_ds_names_the_first(self) -> None:
        ds = trap_server.make_trap("trap.lab.", self.folder, [])
        trap = trap_server.Trap("trap.lab.", self.folder, "127.0.0.1")
        count, octets = trap.records("trap.lab.", trap_server.DNSKEY)
        keys, at = [], 0
        for _ in range(count):
            kind, _, _, size = struct.unpack("!HHIH", octets[at + 2:at + 12])
            if kind == trap_server.DNSKEY:
                keys.append(octets[at + 12:at + 12 + size])
            at += 12 + size
        self.assertEqual(at, len(octets))
        self.assertEqual({trap_server.key_tag(key) for key in keys}, {int(ds.split()[0])})
        self.assertEqual(len(set(keys)), trap_server.KEYS + 1)
        self.assertEqual(ds.split()[3], hashlib.sha256(trap_server.wire("trap.lab.") + keys[0]).hexdigest())

    def test_answers(self) -> None:
        trap_server.make_trap("trap.lab.", self.folder, [("ok.trap.lab.", trap_server.TXT, [b"\x02ok"], 3600)])
        trap = trap_server.Trap("trap.lab.", self.folder, "127.0.0.1")

        def ask(name: str, kind: int, udp: bool) -> tuple:
            answer = trap.answer(b"\0\1" + struct.pack("!HHHHH", 0x100, 1, 0, 0, 0) + trap_server.wire(name) + struct.pack("!HH", kind, 1), udp)
            return struct.unpack("!HH", answer[2:4] + answer[6:8]) + (len(answer),)
        self.assertEqual(ask("ok.trap.lab.", trap_server.TXT, True)[1], 2)
        flags, count, size = ask("a.trap.lab.", trap_server.MX, True)
        self.assertTrue(flags & 0x200 and count == 0, "UDP must be truncated")
        flags, count, size = ask("a.trap.lab.", trap_server.MX, False)
        self.assertEqual((flags & 0x200, count), (0, trap_server.SIGNATURES + 1))
        self.assertLess(size, 65536)


del Ground  # its own tests run in smtp_host_test.py

if __name__ == "__main__":
    unittest.main()
