"""The whole lab as one object: a signed Internet, a resolver, a foreign provider, two mailbox hosts, empty seats.

    world = World(); world.up()                        # about a second or two
    world.foreign.submit(path, "a@foreign.example", ["b@contoso.lab"])
    world.hosts["danewerk"].popen([...])               # our program: lab/danewerk.py
    world.hosts["stripped"].popen([...])               # hostile hosts: programs of lab/hostile
    world.down()

A World made in another process over the same run directory speaks to the same lab (all but up() works).
Seats left empty for others: host `danewerk` (Knot and Unbound under /usr, the lab's root.hints and root.key in
/etc/lab), and the hostile hosts, for whose MX names certificates lie in `world.certificates` and are published.
"""
import threading
from pathlib import Path

from . import certs, postfix
from .addresses import LEAVES, MAIL_NAMES, NUMBERS, TAMPER
from .dns import Dns
from .dovecot import Dovecot
from .net import DEFAULT_RUN_DIR, Host, Net, ipv4, ipv6, wait_until
from .unbound import Unbound
from .zones import MX_ZONE, TTL, all_zones

# Hosts that need other people's programs, and which.
TREES = {"dns": ["dns"], "resolver": ["dns"], "danewerk": ["dns"], "foreign": ["postfix"], "mbox1": ["dovecot"],
         "mbox2": ["postfix"]}
PUBLISHED = ("foreign", "stripped", "wrongcert", "bogus", "forged")  # hosts with a certificate and a TLSA record


def together(*steps) -> None:
    """Run functions at the same time; the first exception is raised after all have ended."""
    failures: list[BaseException] = []

    def guarded(step) -> None:
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class World:
    """Attributes: hosts, dns, resolver, foreign, mbox1, mbox2, certificates, run_dir."""

    def __init__(self, run_dir: Path | str = DEFAULT_RUN_DIR):
        self.net = Net(run_dir)
        self.run_dir = self.net.run_dir
        self.hosts = {name: self.make_host_(name, number) for name, number in NUMBERS.items()}
        self.certificates_dir = self.run_dir / "certs"
        self.resolver = Unbound(self.hosts["resolver"])
        self.mbox1 = Dovecot(self.hosts["mbox1"])
        self.mbox2 = postfix.mailbox_host(self.hosts["mbox2"], ["fabrikam.lab"])
        self.foreign = postfix.foreign(self.hosts["foreign"], ["foreign.example"])
        self.more_peers: list = []  # on hosts that were added; prepared with the others, started by whoever added them
        self.certificates: dict[str, certs.Certificate] = {}
        if self.certificates_dir.exists():
            self.make_certificates_()
        self.dns = self.make_dns_()

    def make_dns_(self) -> Dns:
        return Dns(self.hosts["dns"], self.zones_())

    def make_host_(self, name: str, number: int) -> Host:
        return Host(self.net, name, number, hostname=MAIL_NAMES.get(name, f"{name}.lab"), trees=TREES.get(name),
                    resolvers=[ipv4(NUMBERS["resolver"])], more_numbers=[TAMPER, LEAVES] if name == "dns" else None)

    def make_certificates_(self) -> None:
        """MX host name -> certificate, read from the run directory or made there."""
        for host in PUBLISHED:
            name = MAIL_NAMES[host]
            self.certificates[name] = certs.self_issued(self.certificates_dir, name)

    def zones_(self):
        return all_zones({MAIL_NAMES[h]: self.certificates[MAIL_NAMES[h]].tlsa() if self.certificates else ""
                          for h in PUBLISHED})

    # -- life --------------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Bring everything up, from nothing. Whatever an earlier lab in this run directory left is removed first."""
        self.net.begin()
        for part in (self.dns, self.resolver, self.mbox1, self.mbox2, self.foreign, *self.more_peers):
            part.prepare()
        self.net.up(list(self.hosts.values()))
        self.make_certificates_()
        self.foreign.install_certificate(self.certificates[MAIL_NAMES["foreign"]])
        self.dns = self.make_dns_()
        together(self.start_dns_, self.foreign.start, self.mbox1.start, self.mbox2.start)

    def start_dns_(self) -> None:
        anchor = self.dns.start()
        hints = f". {TTL} NS ns1.\nns1. {TTL} A {ipv4(NUMBERS['dns'])}\nns1. {TTL} AAAA {ipv6(NUMBERS['dns'])}\n"
        for host in self.hosts.values():
            (host.dir / "etc/lab/root.hints").write_text(hints)
            (host.dir / "etc/lab/root.key").write_text(anchor)
        self.resolver.start()
        wait_until(lambda: " ad" in self.dig(".", "SOA"), "the resolver to validate the root")

    def down(self) -> None:
        self.net.clean()

    # -- looking around ----------------------------------------------------------------------------------------

    def dig(self, name: str, kind: str, *options: str) -> str:
        """What the lab's resolver answers, as kdig prints it: status, flags (`ad`), EDE and all sections."""
        done = self.hosts["resolver"].run(
            ["kdig", "@127.0.0.1", "+dnssec", "+time=5", "+retry=1", *options, name, kind], check=False)
        return done.stdout + done.stderr

    @property
    def root_hints(self) -> str:
        """Path, inside every host, of the root hints."""
        return "/etc/lab/root.hints"

    @property
    def trust_anchor(self) -> str:
        """Path, inside every host, of the root's DS record: for Unbound's trust-anchor-file."""
        return "/etc/lab/root.key"


__all__ = ["World", "MX_ZONE", "TTL"]
