"""Each mode of the hostile host, seen by an ordinary client on loopback (smtplib, ssl, bare sockets).

Run from the repository's root:  /usr/bin/python3 -m unittest lab.hostile.smtp_host_test
"""

import hashlib
import json
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings
from pathlib import Path

from lab.hostile.certificate import make_host_keys, openssl, spki_sha256
from lab.hostile.modes import MODES, parse_mode, set_mode
from lab.hostile.recorder import cleartext_mail_bytes, connections, messages, read_records
from lab.hostile.smtp_host import Settings, SmtpHost

TEXT = b"Subject: hello\r\n\r\n.dot\r\n..\r\n.\r\ngr\xc3\xbc\xc3\x9fe\r\n"


def any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def spki_of(connected: ssl.SSLSocket) -> str:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(ssl.DER_cert_to_PEM_cert(connected.getpeercert(binary_form=True)).encode("ascii"))
        file.flush()
        return spki_sha256(file.name)


class HostTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.key_folder = tempfile.TemporaryDirectory()
        cls.keys = make_host_keys(cls.key_folder.name, ["mx.stripped.lab", "stripped.lab"])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.key_folder.cleanup()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.control = self.folder / "mode"

    def host(self, mode: str = "honest") -> tuple[str, int]:
        keys = self.keys
        chains = {"host": (keys.key, keys.cert), "wrong": (keys.wrong_key, keys.wrong_cert),
                "expired": (keys.key, keys.expired)}
        self.running = SmtpHost(Settings("mx.stripped.lab", ["127.0.0.1", "::1"], 0, chains,
                self.folder / "records.jsonl", self.control, self.folder / "mail", mode))
        self.running.start()
        self.addCleanup(self.running.stop)
        return self.running.listening[0]

    def client(self, mode: str = "honest") -> smtplib.SMTP:
        client = smtplib.SMTP(*self.host(mode), local_hostname="client.lab", timeout=10)
        self.addCleanup(client.close)
        return client

    def bare(self, address: tuple[str, int]) -> socket.socket:
        connected = socket.create_connection(address, timeout=10)
        self.addCleanup(connected.close)
        return connected

    def records(self) -> list[dict]:
        self.running.stop()
        return read_records(self.folder / "records.jsonl")

    def leak_kinds(self) -> list[str]:
        return [leak.kind for leak in cleartext_mail_bytes(self.records())]

    def events(self, name: str) -> list[dict]:
        return [record for record in self.records() if record["event"] == name]


class HonestTest(HostTest):
    def test_mail_over_tls_is_stored_and_leaks_nothing(self) -> None:
        client = self.client()
        self.assertEqual(client.ehlo()[0], 250)
        self.assertTrue(client.has_extn("starttls"))
        client._host = "mx.stripped.lab"  # smtplib's SNI
        client.starttls(context=any_certificate())
        self.assertEqual(f"3 1 1 {spki_of(client.sock)}", self.keys.tlsa)
        self.assertFalse(client.has_extn("starttls"))
        client.ehlo()
        self.assertFalse(client.has_extn("starttls"))
        client.sendmail("a@foreign.example", ["b@stripped.lab", "c@stripped.lab"], TEXT, mail_options=["BODY=8BITMIME"])
        client.quit()
        records = self.records()
        (message,) = messages(records)
        self.assertEqual(Path(message["path"]).read_bytes(), TEXT)
        self.assertEqual((message["tls"], message["sha256"]), (True, hashlib.sha256(TEXT).hexdigest()))
        self.assertEqual(message["recipients"], ["TO:<b@stripped.lab>", "TO:<c@stripped.lab>"])
        self.assertIn("FROM:<a@foreign.example>", message["sender"])
        self.assertEqual(cleartext_mail_bytes(records), [])
        self.assertEqual([r["sni"] for r in records if r["event"] == "tls"], ["mx.stripped.lab"])
        self.assertIn("quit\r\n", [r["data"] for r in records if r["event"] == "command"])
        self.assertEqual(len(connections(records)), 1)

    def test_mail_in_clear_is_taken_and_every_octet_recorded(self) -> None:
        client = self.client()
        client.sendmail("a@foreign.example", ["b@stripped.lab"], TEXT)
        client.quit()
        leaks = cleartext_mail_bytes(self.records())
        self.assertEqual([leak.kind for leak in leaks], ["MAIL", "RCPT", "DATA", "message"])
        self.assertTrue(leaks[3].data.startswith(b"Subject: hello\r\n\r\n..dot\r\n"))
        self.assertEqual(messages(self.records())[0]["tls"], False)

    def test_bdat_in_clear_octet_by_octet(self) -> None:
        connected = self.bare(self.host())
        for octet in b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 4\r\n.\r\nxBDAT 2 LAST\r\n\r\nQUIT\r\n":
            connected.sendall(bytes([octet]))
        while connected.recv(4096):
            pass
        self.assertEqual(self.leak_kinds(), ["MAIL", "RCPT", "BDAT", "message"])
        self.assertEqual(Path(messages(self.records())[0]["path"]).read_bytes(), b".\r\nx\r\n")

    def test_ipv6(self) -> None:
        self.host()
        client = smtplib.SMTP(*self.running.listening[1], local_hostname="client.lab", timeout=10)
        self.addCleanup(client.close)
        self.assertEqual(client.starttls(context=any_certificate())[0], 220)
        self.assertTrue(connections(self.records())[0]["peer"].startswith("[::1]:"))

    def test_commands_behind_starttls_in_its_segment_are_dropped_and_recorded(self) -> None:
        # TLS-05
        connected = self.bare(self.host())
        connected.recv(4096)
        connected.sendall(b"STARTTLS\r\nMAIL FROM:<injected@x>\r\n")
        self.assertEqual(connected.recv(4096), b"220 2.0.0 ready\r\n")
        with any_certificate().wrap_socket(connected) as secured:
            secured.sendall(b"NOOP\r\n")
            self.assertEqual(secured.recv(4096), b"250 2.0.0 ok\r\n")
        self.assertEqual(self.leak_kinds(), ["MAIL"])

    def test_a_client_that_goes_on_in_clear_after_220(self) -> None:
        connected = self.bare(self.host())
        connected.recv(4096)
        connected.sendall(b"STARTTLS\r\n")
        connected.recv(4096)
        connected.sendall(b"EHLO again\r\nMAIL FROM:<a@x>\r\n")
        connected.shutdown(socket.SHUT_WR)
        while connected.recv(4096):
            pass
        self.assertEqual(self.leak_kinds(), ["MAIL"])
        self.assertEqual(len(self.events("tls-failed")), 1)

    def test_a_client_that_falls_out_of_tls(self) -> None:
        connected = self.bare(self.host())
        connected.recv(4096)
        connected.sendall(b"STARTTLS\r\n")
        connected.recv(4096)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = any_certificate().wrap_bio(incoming, outgoing)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connected.sendall(outgoing.read())
                incoming.write(connected.recv(65536))
        connected.sendall(outgoing.read() + b"RCPT TO:<b@x>\r\n")
        while connected.recv(65536):
            pass
        leaks = cleartext_mail_bytes(self.records())
        self.assertEqual([(leak.kind, leak.data) for leak in leaks], [("RCPT", b"RCPT TO:<b@x>\r\n")])


class AttackTest(HostTest):
    def refused(self, mode: str, code: int) -> smtplib.SMTP:
        client = self.client(mode)
        client.ehlo()
        self.assertEqual(client.docmd("STARTTLS")[0], code)
        return client

    def test_strip(self) -> None:
        self.assertFalse(self.refused("strip", 502).has_extn("starttls"))
        self.assertEqual(self.leak_kinds(), [])

    def test_garble(self) -> None:
        client = self.refused("garble", 502)
        self.assertFalse(client.has_extn("starttls"))
        self.assertTrue(client.has_extn("xtarttls"))

    def test_refuse454(self) -> None:
        client = self.refused("refuse454", 454)
        self.assertTrue(client.has_extn("starttls"))
        client.sendmail("a@x", ["b@x"], TEXT)
        self.assertEqual(self.leak_kinds(), ["MAIL", "RCPT", "DATA", "message"])

    def test_reset_after_220(self) -> None:
        client = self.client("reset-after-220")
        with self.assertRaises(ConnectionResetError):
            client.starttls(context=any_certificate())
        self.assertEqual(self.leak_kinds(), [])
        self.assertEqual(self.events("clear")[-1]["data"], "STARTTLS\r\n")
        self.assertTrue(self.events("handshake")[0]["data"].startswith("1603"))

    def test_wrongcert(self) -> None:
        client = self.client("wrongcert")
        client.starttls(context=any_certificate())
        self.assertEqual(spki_of(client.sock), spki_sha256(self.keys.wrong_cert))
        self.assertNotEqual(f"3 1 1 {spki_of(client.sock)}", self.keys.tlsa)

    def test_a_client_that_rejects_the_certificate_is_on_record(self) -> None:
        client = self.client("wrongcert")
        with self.assertRaises(ssl.SSLCertVerificationError):
            client.starttls(context=ssl.create_default_context(cafile=self.keys.cert))
        client.close()
        self.assertEqual(len(self.events("tls-failed")), 1)
        self.assertEqual(self.leak_kinds(), [])

    def test_inject(self) -> None:
        # TLS-06
        connected = self.bare(self.host("inject"))
        connected.recv(4096)
        connected.sendall(b"STARTTLS\r\n")
        self.assertEqual(connected.recv(4096), b"220 2.0.0 ready\r\n250-REQUIRETLS\r\n")
        with any_certificate().wrap_socket(connected) as secured:
            self.assertEqual(spki_of(secured), spki_sha256(self.keys.cert))

    def test_tls10only(self) -> None:
        client = self.client("tls10only")
        with self.assertRaises(ssl.SSLError):
            client.starttls(context=any_certificate())
        client.close()
        old = any_certificate()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = ssl.TLSVersion.TLSv1
        old.set_ciphers("ALL:@SECLEVEL=0")
        other = smtplib.SMTP(*self.running.listening[0], local_hostname="client.lab", timeout=10)
        self.addCleanup(other.close)
        other.starttls(context=old)
        self.assertEqual(other.sock.version(), "TLSv1")

    def test_expired(self) -> None:
        client = self.client("expired")
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "expired"):
            context = ssl.create_default_context(cafile=self.keys.expired)
            context.check_hostname = False
            client.starttls(context=context)
        self.assertEqual(f"3 1 1 {spki_sha256(self.keys.expired)}", self.keys.tlsa)

    def test_slow(self) -> None:
        started = time.monotonic()
        connected = self.bare(self.host("slow delay=0.01"))
        greeting = b""
        while not greeting.endswith(b"\r\n"):
            greeting += connected.recv(4096)
        self.assertGreaterEqual(time.monotonic() - started, 0.01 * len(greeting))

    def test_421(self) -> None:
        with self.assertRaises(smtplib.SMTPConnectError) as raised:
            self.client("421")
        self.assertEqual(raised.exception.smtp_code, 421)


class SwitchTest(HostTest):
    def offers(self) -> bool:
        with smtplib.SMTP(*self.running.listening[0], local_hostname="client.lab", timeout=10) as client:
            client.ehlo()
            return client.has_extn("starttls")

    def test_modes_switch_while_it_runs(self) -> None:
        self.host("strip")
        seen = [self.offers()]
        for mode in ("honest", "garble", "honest"):
            set_mode(self.control, mode)
            seen.append(self.offers())
        self.assertEqual(seen, [False, True, False, True])
        self.assertEqual([record["mode"] for record in connections(self.records())],
                ["strip", "honest", "garble", "honest"])

    def test_a_bad_control_file_keeps_the_last_mode_and_says_so(self) -> None:
        self.host("strip")
        self.control.write_text("stripp\n")
        self.assertFalse(self.offers())
        (error,) = self.events("control-error")
        self.assertIn("'stripp'", error["reason"])
        self.assertEqual(error["kept"], "strip")

    def test_set_mode_refuses_what_is_no_mode(self) -> None:
        for text in ("", "nonsense", "slow pace=1", "slow delay=x", "slow delay=-1", "slow delay=nan"):
            with self.assertRaises(ValueError):
                set_mode(self.control, text)
        self.assertFalse(self.control.exists())
        self.assertEqual(parse_mode("slow delay=2").delay, 2.0)
        self.assertEqual({name: mode.name for name, mode in MODES.items()}, {name: name for name in MODES})


class ProgramTest(HostTest):
    def test_the_program_runs_and_ends_on_sigterm(self) -> None:
        program = Path(__file__).with_name("smtp_host.py")
        records = self.folder / "records.jsonl"
        process = subprocess.Popen(
            [sys.executable, str(program), "--listen", "127.0.0.1", "--listen", "::1", "--port", "0", "--name",
            "mx.stripped.lab", *self.keys.options(),
             "--records", str(records), "--control", str(self.control), "--mail-folder", str(self.folder / "mail"),
             "--mode", "strip"],
            stdout=subprocess.PIPE, text=True)
        try:
            addresses = json.loads(process.stdout.readline())["listening"]
            self.assertEqual([address for address, _ in addresses], ["127.0.0.1", "::1"])
            with smtplib.SMTP(*addresses[1], local_hostname="client.lab", timeout=10) as client:
                client.sendmail("a@x", ["b@x"], TEXT)
            # Flushed at once: on file while the program still runs.
            self.assertEqual([leak.kind for leak in cleartext_mail_bytes(read_records(records))],
                    ["MAIL", "RCPT", "DATA", "message"])
        finally:
            process.terminate()
            process.communicate(timeout=10)
        self.assertEqual(process.returncode, 0)


class CertificateTest(HostTest):
    def test_three_one_one_is_the_digest_of_the_key_inside_the_certificate(self) -> None:
        der = openssl("ec", "-in", str(self.keys.key), "-pubout", "-outform", "DER")
        self.assertIn(der, openssl("x509", "-in", str(self.keys.cert), "-outform", "DER"))
        self.assertEqual(self.keys.tlsa, "3 1 1 " + hashlib.sha256(der).hexdigest())
        text = openssl("x509", "-in", str(self.keys.cert), "-noout", "-text").decode()
        self.assertIn("DNS:mx.stripped.lab, DNS:stripped.lab", text)
        self.assertIn("prime256v1", text)
        self.assertEqual(self.keys.key.stat().st_mode & 0o077, 0)

    def test_a_failing_openssl_says_why(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "openssl x509 failed"):
            spki_sha256(self.folder / "absent.pem")


if __name__ == "__main__":
    unittest.main()
