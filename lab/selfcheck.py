#!/usr/bin/python3
"""Is the lab honest? Run as root: `lab/selfcheck.py [-v]`. Exit 0 if every check holds.

Without any program of ours: what is said to be signed validates, what is said to be attacked does not, real MTAs
deliver to each other under DANE and refuse when they must, nothing leaves the lab, and nothing is left of it
afterwards, even after a crash. A demo that passes in a dishonest lab proves nothing.
"""
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not lab/ itself: it holds a dns.py
from lab.net import LabError, Net, start_time, wait_until  # noqa: E402
from lab.peers import PROJECT, python_packages  # noqa: E402
from lab.world import World  # noqa: E402

RUN = PROJECT / "build" / "lab" / "selfcheck"
MACHINE_FILES = ("/etc/resolv.conf", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/services")
world: World
before: dict[str, bytes]


def machine_state() -> dict[str, bytes]:
    """What the lab must not change: files, mounts and links of the machine itself (other labs' names left out)."""
    def lines(command: list[str]) -> bytes:
        out = subprocess.run(command, capture_output=True, check=True).stdout
        return b"\n".join(row for row in out.splitlines() if b"dwl-" not in row and b"/run/netns" not in row)
    files = {p: Path(p).read_bytes() for p in MACHINE_FILES if Path(p).exists()}
    return {**files, "mounts": lines(["cat", "/proc/self/mounts"]), "links": lines(["ls", "/sys/class/net"])}


def network_inodes(net: Net) -> set[int]:
    return {os.stat(f"/run/netns/{name}").st_ino for name in net.namespaces()}


def left_over(net: Net, inodes: set[int]) -> list[str]:
    """Everything that still exists of a lab that was cleaned: processes in its networks, names, mounts, files."""
    left = [f"namespace {n}" for n in net.namespaces()]
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.stat(f"/proc/{entry}/ns/net").st_ino in inodes:
                left.append(f"process {entry}: {Path(f'/proc/{entry}/cmdline').read_bytes()!r}")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    left += [f"mount {m}" for m in mounts if f"dwl-{net.tag}-" in m or str(net.run_dir) in m]
    return left + ([f"directory {net.run_dir}"] if net.run_dir.exists() else [])


def setUpModule() -> None:
    global world, before
    before = machine_state()
    world = World(RUN)
    try:
        world.up()
    except BaseException:
        world.down()
        raise


def tearDownModule() -> None:
    inodes = network_inodes(world.net)
    world.down()
    left = left_over(world.net, inodes)
    if left or not inodes:
        raise AssertionError(f"left after down(): {left}")
    changed = [name for name, state in machine_state().items() if before.get(name) != state]
    if changed:
        raise AssertionError(f"the lab changed the machine itself: {changed}")


class Checks(unittest.TestCase):
    def assert_secure(self, name: str, kind: str, *options: str, status: str = "NOERROR") -> str:
        said = world.dig(name, kind, *options)
        self.assertIn(f"status: {status}", said)
        self.assertRegex(said, r"Flags:[a-z ]* ad;")
        return said

    def assert_bogus(self, name: str, kind: str, *options: str) -> None:
        said = world.dig(name, kind, *options)
        self.assertIn("status: SERVFAIL", said)
        self.assertRegex(said, r"EDE: ([6-9]|1[0-2])\b", "a validation fault must be named (RFC 8914 4.7-4.13)")

    def until_secure(self, name: str, kind: str, seconds: float = 4.0) -> None:
        wait_until(lambda: "NOERROR" in (said := world.dig(name, kind)) and " ad;" in said,
                   f"{name} {kind} to be secure again", seconds, every=0.1)


class HonestNames(Checks):
    def test_everything_published_is_secure(self):
        for zone in world.dns.zones:
            for owner, kind, _ in zone.records:
                if zone.signed and not owner.endswith(".mx.hoster.example.") and owner != "mx.hoster.example.":
                    with self.subTest(owner=owner, kind=kind):
                        self.assert_secure(owner, kind)

    def test_resolver_answers_over_both_families_udp_and_tcp(self):
        for server in ("10.77.0.11", "fd77::11"):
            for transport in ("+notcp", "+tcp"):
                with self.subTest(server=server, transport=transport):
                    said = world.hosts["danewerk"].run(
                        ["kdig", f"@{server}", "+dnssec", transport, "contoso.lab", "MX"]).stdout
                    self.assertRegex(said, r"Flags:[a-z ]* ad;")

    def test_delegations_are_referrals(self):
        """A server that held parent and child would hide the child's own server, and any attack on it."""
        for parent, name in (("10.77.0.10", "foreign.example"), ("10.77.0.10", "bogus.lab"), ("fd77::10", "bogus.lab")):
            said = world.hosts["danewerk"].run(["kdig", f"@{parent}", "+dnssec", "+norec", name, "MX"]).stdout
            self.assertRegex(said, r"Flags: qr[a-z ]*; QUERY: 1; ANSWER: 0")
            self.assertRegex(said, r"IN\s+DS\s")

    def test_absence_is_proven(self):
        self.assert_secure("no-such-host.contoso.lab", "A", status="NXDOMAIN")
        self.assert_secure("mx.stripped.lab", "TXT")

    def test_unsigned_zone_is_insecure_not_bogus(self):
        said = world.dig("mx.attacker.lab", "A")
        self.assertIn("10.77.0.54", said)
        self.assertNotRegex(said, r"Flags:[a-z ]* ad;")

    def test_ttl_is_five_seconds(self):
        self.assertRegex(self.assert_secure("foreign.example", "MX"), r"foreign\.example\.\s+[0-5]\s+IN\s+MX")


class Changes(Checks):
    def test_a_set_can_be_made_and_deleted(self):
        world.dns.set_rrset("_smtp._tls.contoso.lab", "TXT", 5, ['"v=TLSRPTv1; rua=mailto:a@b.example"', '"two words"'])
        world.resolver.flush()
        said = self.assert_secure("_smtp._tls.contoso.lab", "TXT")
        self.assertIn('"v=TLSRPTv1; rua=mailto:a@b.example"', said)
        self.assertIn('"two words"', said)
        world.dns.delete_rrset("_smtp._tls.contoso.lab", "TXT")
        world.resolver.flush()
        self.assert_secure("_smtp._tls.contoso.lab", "TXT", status="NXDOMAIN")

    def test_bad_data_are_refused_and_leave_the_zone_usable(self):
        with self.assertRaises(LabError):
            world.dns.set_rrset("contoso.lab", "MX", 5, ["ten elsewhere"])
        world.resolver.flush()
        self.assert_secure("contoso.lab", "MX")
        world.dns.set_rrset("x.contoso.lab", "A", 5, ["10.77.0.99"])
        world.dns.delete_rrset("x.contoso.lab", "A")

    def test_ds_goes_into_the_parent(self):
        world.dns.set_ds("mx.hoster.example", ["1 13 2 " + "AB" * 32])
        world.resolver.flush()
        self.assertIn("AB" * 32, self.assert_secure("mx.hoster.example", "DS").replace(" ", "").upper())
        world.dns.set_ds("mx.hoster.example", [])
        world.resolver.flush()
        self.assertNotIn("AB" * 32, self.assert_secure("mx.hoster.example", "DS").replace(" ", "").upper())


class Attacks(Checks):
    def tearDown(self):
        world.dns.stop_all_tampering()
        world.resolver.flush()

    def test_broken_signature_spoils_one_set_only(self):
        with world.dns.break_signatures("_25._tcp.mx.bogus.lab", "TLSA"):
            world.resolver.flush()
            self.assert_bogus("_25._tcp.mx.bogus.lab", "TLSA")
            self.assert_bogus("_25._tcp.mx.bogus.lab", "TLSA", "+tcp")
            for name, kind in (("bogus.lab", "MX"), ("mx.bogus.lab", "A"), ("mx.bogus.lab", "AAAA")):
                self.assert_secure(name, kind)
        self.until_secure("_25._tcp.mx.bogus.lab", "TLSA")

    def test_forged_mx(self):
        for unsigned in (False, True):
            with self.subTest(unsigned=unsigned), world.dns.forge_mx("forged.lab", unsigned=unsigned):
                world.resolver.flush()
                self.assert_bogus("forged.lab", "MX")
                self.assertIn("mx.attacker.lab.", world.dig("forged.lab", "MX", "+cdflag"), "this is what is forged")
                self.assert_secure("mx.forged.lab", "A")
            self.until_secure("forged.lab", "MX")

    def test_zones_answered_by_knot_itself_cannot_be_attacked(self):
        with self.assertRaisesRegex(LabError, "bogus.lab"):
            world.dns.break_signatures("foreign.example", "MX")

    def test_the_proxy_changes_no_octet_of_other_answers(self):
        world.dns.break_signatures("_25._tcp.mx.bogus.lab", "TLSA")
        script = """if True:
            import socket, sys
            import dns.message
            def ask(query, address):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    s.settimeout(3); s.connect(address); s.send(query); return s.recv(65535)
            for name, kind in (("bogus.lab.", "MX"), ("bogus.lab.", "DNSKEY"), ("no.bogus.lab.", "A"), ("else.", "A")):
                query = dns.message.make_query(name, kind, want_dnssec=True).to_wire()
                direct, through = ask(query, ("127.0.0.1", 5300)), ask(query, ("10.77.0.12", 53))
                print(len(direct)) if direct == through else sys.exit(f"{name} {kind} differs")
            """
        lengths = world.hosts["dns"].run(["/usr/bin/python3", "-P", "-c", script],
                                          env={"PYTHONPATH": python_packages()}).stdout.split()
        self.assertEqual(len(lengths), 4)


class Mail(Checks):
    MESSAGE = (b"From:   \"A  B\" <a@foreign.example>\r\nTo: undisclosed:;\r\nBcc: hidden@foreign.example\r\n"
               b"Subject: as it is \r\nMessage-ID: <%s@foreign.example>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
               b"\r\n.\r\n..\r\n" + b"z" * 998 + b"\r\n\xff\xfe8-bit\r\n\r\n.\r\n")

    def finger(self) -> str:
        done = world.hosts["mbox2"].run(["posttls-finger", "-l", "dane", "-c", "foreign.example"], check=False)
        return done.stdout + done.stderr

    def test_foreign_receives_under_dane(self):
        self.assertIn("Verified TLS connection established to mx1.foreign.example", self.finger())

    def test_a_wrong_tlsa_record_is_noticed(self):
        name, right = "_25._tcp.mx1.foreign.example", world.certificates["mx1.foreign.example"].tlsa()
        world.dns.set_rrset(name, "TLSA", 5, ["3 1 1 " + "00" * 32])
        world.resolver.flush()
        self.assertNotIn("Verified TLS connection", self.finger())
        world.dns.set_rrset(name, "TLSA", 5, [right])
        world.resolver.flush()
        self.assertIn("Verified TLS connection", self.finger())

    def test_foreign_delivers_to_itself(self):
        world.foreign.submit_bytes(self.MESSAGE % b"self", "a@foreign.example", ["b@foreign.example"])
        self.await_message(world.foreign.mailbox, "<self@foreign.example>")

    def await_message(self, mailbox, message_id: str):
        return wait_until(lambda: [m for m in mailbox() if m.header("Message-ID") == message_id],
                          f"message {message_id}", 8)[0]

    def test_foreign_to_mailbox_host_byte_for_byte_and_smtputf8(self):
        world.dns.set_rrset("fabrikam.lab", "MX", 5, ["10 mbox2.hoster.example."])
        world.resolver.flush()
        try:
            sent = self.MESSAGE % b"bytes"
            world.foreign.submit_bytes(sent, "a@foreign.example", ["u@fabrikam.lab"])
            world.foreign.submit_bytes((self.MESSAGE % b"utf8").replace(b"as it is", "grüße".encode()),
                                       "jürgen@foreign.example", ["用户@fabrikam.lab"])
            got = self.await_message(world.mbox2.mailbox, "<bytes@foreign.example>")
            self.assertTrue(got.raw.endswith(sent.replace(b"\r\n", b"\n")))
            got = self.await_message(world.mbox2.mailbox, "<utf8@foreign.example>")
            self.assertEqual(got.header("Delivered-To"), "用户@fabrikam.lab")
            self.assertIn(b"UTF8SMTP", got.raw)
        finally:
            world.dns.set_rrset("fabrikam.lab", "MX", 5, ["10 fabrikam-lab.s1.mx.hoster.example."])

    def test_foreign_refuses_cleartext_where_tlsa_is_published(self):
        host, records = "mx.stripped.lab", {"A": "10.77.0.50", "AAAA": "fd77::50"}
        for kind, data in (("A", "10.77.0.41"), ("AAAA", "fd77::41")):  # a real host that offers no STARTTLS
            world.dns.set_rrset(host, kind, 5, [data])
        world.resolver.flush()
        try:
            world.foreign.submit_bytes(self.MESSAGE % b"clear", "a@foreign.example", ["x@stripped.lab"])
            wait_until(lambda: any("TLS is required, but was not offered" in line
                                   for line in world.foreign.log_lines("x@stripped.lab")), "Postfix to refuse", 8)
            reasons = [r.get("delay_reason", "") for q in world.foreign.queue() for r in q["recipients"]
                       if r["address"] == "x@stripped.lab"]
            self.assertEqual(len(reasons), 1, "it waits in the queue")
        finally:
            for kind, data in records.items():
                world.dns.set_rrset(host, kind, 5, [data])

    def test_dovecot_takes_lmtp_over_both_families(self):
        script = """if True:
            import smtplib, sys
            for host in ("10.77.0.40", "fd77::40"):
                with smtplib.LMTP(host, 24) as lmtp:
                    lmtp.sendmail("a@foreign.example", ["u@contoso.lab"], sys.argv[1].encode("latin-1"))
            """
        sent = (self.MESSAGE % b"lmtp")
        world.hosts["danewerk"].run(["/usr/bin/python3", "-I", "-c", script, sent.decode("latin-1")])
        wait_until(lambda: world.mbox1.message_count() >= 2, "two messages at Dovecot", 5)
        for message in world.mbox1.messages():
            self.assertTrue(message.raw.endswith(sent))


class Isolation(Checks):
    def test_nothing_leaves(self):
        script = """if True:
            import errno, socket, sys
            for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
                with socket.socket(family, socket.SOCK_STREAM) as s:
                    s.settimeout(2)
                    print(errno.errorcode[s.connect_ex((address, 25))])
            """
        for name in ("foreign", "danewerk", "stripped"):
            said = world.hosts[name].run(["/usr/bin/python3", "-I", "-c", script]).stdout.split()
            self.assertEqual(said, ["ENETUNREACH", "ENETUNREACH"])

    def test_hosts_have_their_own_files_and_users(self):
        host = world.hosts["danewerk"]
        self.assertIn("trust-ad", host.run(["cat", "/etc/resolv.conf"]).stdout)
        self.assertIn("77009", host.run(["id", "danewerk-dns"]).stdout)
        self.assertEqual(host.run(["hostname"]).stdout.strip(), "danewerk.hoster.example")
        host.run(["sh", "-c", "echo mine > /var/tmp/mark && echo mine > /run/mark"])
        self.assertFalse(Path("/run/mark").exists() or Path("/var/tmp/mark").exists())
        for path in (world.root_hints, world.trust_anchor):
            self.assertTrue(host.run(["cat", path], user="danewerk-resolver").stdout)

    def test_signals_reach_the_program_itself(self):
        process = world.hosts["danewerk"].popen(["sleep", "60"])
        wait_until(lambda: Path(f"/proc/{process.pid}/comm").read_text().strip() == "sleep", "nsenter to become sleep")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(5), -signal.SIGTERM)


class Crash(unittest.TestCase):
    def test_what_a_killed_lab_left_is_removed_and_nobody_else_is_hit(self):
        run = RUN.with_name("selfcheck-crash")
        net, code = Net(run), "import sys; sys.path.insert(0, sys.argv[1]); from lab.world import World; " \
                              "World(sys.argv[2]).up(); import os; os.kill(os.getpid(), 9)"
        killed = subprocess.run(["/usr/bin/python3", "-c", code, str(PROJECT), str(run)], check=False)
        self.assertEqual(killed.returncode, -signal.SIGKILL)
        inodes = network_inodes(net)
        self.assertGreater(len(net.processes()), 10, "daemons outlive a killed lab")
        bystander = subprocess.Popen(["sleep", "60"])
        try:
            with open(run / "pids", "a", encoding="utf-8") as file:  # a recorded number that was given to another
                file.write(f"{bystander.pid} {int(start_time(bystander.pid)) - 1} reused\n")
            net.clean()
            self.assertEqual(left_over(net, inodes), [])
            self.assertIsNone(bystander.poll(), "a process the lab did not start was killed")
            self.assertIn(" ad;", world.dig("foreign.example", "MX"), "the other lab goes on")
        finally:
            bystander.kill()
            bystander.wait()

    def test_a_directory_of_somebody_else_is_not_removed(self):
        run = RUN.with_name("selfcheck-foreign-dir")
        run.mkdir(parents=True, exist_ok=True)
        (run / "precious").write_text("not the lab's")
        try:
            with self.assertRaisesRegex(LabError, "was not made by the lab"):
                Net(run).clean()
            self.assertTrue((run / "precious").exists())
        finally:
            (run / "precious").unlink()
            run.rmdir()


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("selfcheck: must run as root (network and mount namespaces)")
    unittest.main()
