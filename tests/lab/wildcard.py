"""One wildcard answers for every MX host: what other people's programs make of it.

    /usr/bin/python3 -m tests.lab.wildcard --run build/lab-wildcard      (as root, from the project's root)

The zone is Danewerk's own, signed by its Knot. Three validating resolvers (Unbound, BIND and Knot Resolver, all of which minimise
their questions, BIND strictly) are asked for the TLSA records of a host that stands nowhere but in the wildcard; four programs
that verify TLSA records (Postfix, Exim, danetool, ldns-dane) connect to it. Then the same for a domain whose DANE is off: its
host has addresses of its own, which stop the wildcard. Each says in its own words what it found. Exit 1 if any case fails.
"""
import re
import sys
from pathlib import Path

from lab.net import Host, LabError, ipv4, wait_until

from . import frame
from .bad_input import Bench
from .frame import demand

ON, OFF = "contoso-lab.s1.mx.hoster.example", "fabrikam-lab.s1.mx.hoster.example"

# Addresses of the looker's for its two resolvers. BIND listens only on addresses an interface has: the rest of 127/8 is none.
BIND, KRESD = 62, 63

AUTHENTIC = r"Flags: [^;]*\bad\b"

NAMED_CONF = """\
options {{
  directory "/var/lib/bind"; pid-file none; session-keyfile none;
  listen-on {{ {address}; }}; listen-on-v6 {{ none; }}; allow-query {{ any; }}; recursion yes;
  dnssec-validation yes; qname-minimization strict; empty-zones-enable no; max-ncache-ttl 5;
}};
trust-anchors {{ {anchor} }};
zone "." {{ type hint; file "/etc/lab/root.hints"; }};
"""
KRESD_CONF = """\
net.listen('{address}', 53, {{ kind = 'dns' }})
modules.load('hints')
modules.unload('ta_update')
hints.root_file('/etc/lab/root.hints')
trust_anchors.remove('.')
trust_anchors.add([[{anchor}]])
cache.size = 10 * MB
"""
EXIM = """\
primary_hostname = sender.example
spool_directory = /var/spool/exim
log_file_path = /var/log/exim-%slog
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
local_interfaces = 127.0.0.1
dns_dnssec_ok = 1
tls_advertise_hosts =
log_selector = +tls_cipher +tls_certificate_verified +tls_peerdn +dnssec
begin routers
remote:
  driver = dnslookup
  transport = smtp
  dnssec_request_domains = *
  ignore_target_hosts = 127.0.0.0/8
begin transports
smtp:
  driver = smtp
  hosts_try_dane = *
  dnssec_request_domains = *
begin retry
* * F,1h,1h
"""


class Wildcard(Bench):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__(run_dir, program)
        self.looker = self.seat("looker", 60, ["dns", "bind", "dane"], "looker.lab", [BIND, KRESD])
        self.sender = self.seat("sender", 61, ["exim"], "sender.example")

    def seat(self, name: str, number: int, trees: list[str], hostname: str, more_numbers: list[int] | None = None) -> Host:
        host = Host(self.world.net, name, number, hostname=hostname, trees=trees, resolvers=[self.world.hosts["resolver"].ipv4], more_numbers=more_numbers)
        self.world.hosts[name] = host
        return host

    def up(self) -> None:
        # danetool trusts the key in /usr/share/dns, which is the world's; here it is the lab's.
        anchors = self.world.net.run_dir / "anchors"
        self.looker.trees.insert(0, anchors)
        begin = self.world.net.begin
        def begin_with_anchor() -> None:
            begin()
            (anchors / "usr/share/dns").mkdir(parents=True)
            (anchors / "usr/share/dns/root.key").symlink_to("/etc/lab/root.key")
        self.world.net.begin = begin_with_anchor
        super().up()
        self.switch_off("fabrikam.lab")
        self.start_bind()
        self.start_kresd()
        self.certificate()

    def switch_off(self, domain: str) -> None:
        """Then its host has a node of its own: addresses, and nothing below."""
        self.danewerk.command("domain", "disable-dane", domain, "--why", "test")
        wait_until(lambda: "NXDOMAIN" in self.ask(self.danewerk.host.ipv4, f"_25._tcp.{OFF}", "TLSA"), f"the node of {domain}", 30, 0.2)

    # -- the peers -----------------------------------------------------------------------------------------------

    def anchor(self) -> list[str]:
        """owner, TTL and so on of the root's DS."""
        text = (self.looker.dir / "etc/lab/root.key").read_text()
        return next(line.split() for line in text.splitlines() if " DS " in line)

    def start_bind(self) -> None:
        fields = self.anchor()
        tag, algorithm, kind, digest = fields[fields.index("DS") + 1:][:3] + ["".join(fields[fields.index("DS") + 4:])]
        (self.looker.dir / "etc/bind").mkdir(exist_ok=True)
        (self.looker.dir / "var/lib/bind").mkdir(parents=True, exist_ok=True)
        conf = self.looker.dir / "etc/lab/named.conf"
        conf.write_text(NAMED_CONF.format(address=ipv4(BIND), anchor=f'. static-ds {tag} {algorithm} {kind} "{digest}";'))
        self.looker.popen(["/usr/sbin/named", "-g", "-c", "/etc/lab/named.conf"])
        self.await_resolver(BIND, "named.log")

    def start_kresd(self) -> None:
        (self.looker.dir / "etc/lab/kresd.conf").write_text(KRESD_CONF.format(address=ipv4(KRESD), anchor=" ".join(self.anchor())))
        (self.looker.dir / "var/lib/kresd").mkdir(parents=True, exist_ok=True)
        self.looker.popen(["/usr/sbin/kresd", "-n", "-c", "/etc/lab/kresd.conf", "/var/lib/kresd"])
        self.await_resolver(KRESD, "kresd.log")

    def await_resolver(self, number: int, log: str) -> None:
        try:
            wait_until(lambda: re.search(AUTHENTIC, self.ask(ipv4(number), ".", "SOA")), f"{ipv4(number)} to validate the root", 60, 0.2)
        except LabError as error:
            raise LabError(f"{error}; {log} ends with\n{(self.looker.dir / log).read_text(errors='replace')[-3000:]}") from None

    def ask(self, server: str, name: str, kind: str) -> str:
        return self.looker.run(["kdig", f"@{server}", "+dnssec", "+time=5", "+retry=1", name, kind], check=False).stdout

    def certificate(self) -> None:
        """What the host serves, in a file, for the program that does not speak STARTTLS."""
        done = self.looker.run(["openssl", "s_client", "-connect", f"{self.danewerk.host.ipv4}:25", "-starttls", "smtp", "-servername", ON], check=False)
        pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", done.stdout, re.DOTALL)
        demand(pem, f"no certificate at port 25: {done.stdout}{done.stderr}")
        (self.looker.dir / "etc/lab/served.pem").write_text(pem.group(0))

    # -- resolvers -----------------------------------------------------------------------------------------------

    def secure(self, server: str) -> str:
        """The wildcard's answer is secure, and nothing on the way to it is denied (PUB-11)."""
        said = self.ask(server, f"_25._tcp.{ON}", "TLSA")
        demand("NOERROR" in said and re.search(AUTHENTIC, said) and re.search(r"\bTLSA\s+3 1 1 ", said), said)
        between = self.ask(server, f"_tcp.{ON}", "A")
        demand("NOERROR" in between and re.search(AUTHENTIC, between), between)
        never_asked = self.ask(server, f"_25._tcp.never-asked-before.{ON}", "TLSA")
        demand("NOERROR" in never_asked, never_asked)
        return re.search(r";; ->>HEADER<<-.*\n;; Flags:[^;]*", said).group(0).replace("\n", " ")

    def denied(self, server: str) -> str:
        """The host has addresses and, securely, no TLSA."""
        addresses = self.ask(server, OFF, "A")
        demand("NOERROR" in addresses and re.search(AUTHENTIC, addresses) and self.danewerk.host.ipv4 in addresses, addresses)
        said = self.ask(server, f"_25._tcp.{OFF}", "TLSA")
        demand(re.search(r"status: (NXDOMAIN|NOERROR)", said) and re.search(AUTHENTIC, said) and not re.search(r"\bTLSA\s+3 1 1 ", said), said)
        return re.search(r";; ->>HEADER<<-.*\n;; Flags:[^;]*", said).group(0).replace("\n", " ")

    # -- verifiers -----------------------------------------------------------------------------------------------

    def postfix(self, host: str, words: str) -> str:
        done = self.world.foreign.host.run(["posttls-finger", "-c", "-l", "dane", "-L", "summary", f"[{host}]"], check=False, env={"MAIL_CONFIG": "/etc/postfix"})
        said = done.stdout + done.stderr
        demand(re.search(words, said), said)
        return re.search(words + ".*", said).group(0)

    def exim(self, domain: str, words: str) -> str:
        (self.sender.dir / "etc/lab/exim.conf").write_text(EXIM)
        self.sender.run(["install", "-d", "-o", "Debian-exim", "-g", "Debian-exim", "/var/spool/exim", "/var/log"])
        message = "From: a@sender.example\nSubject: from exim\n\nx\n"
        self.sender.run(["exim4", "-C", "/etc/lab/exim.conf", "-odf", "-oi", "-f", "a@sender.example", f"b@{domain}"], input=message, check=False)
        log = self.sender.dir / "var/log/exim-mainlog"
        def line() -> str | None:
            text = log.read_text() if log.exists() else ""
            return next((l for l in reversed(text.splitlines()) if f"b@{domain}" in l and ("=>" in l or "==" in l or "**" in l)), None)
        said = wait_until(line, "exim's log line", 20, 0.1)
        demand(re.search(words, said), said)
        return said

    def danetool(self, host: str, words: str) -> str:
        done = self.looker.run(["danetool", f"--check={host}", "--port=25", "--starttls-proto=smtp", "--local-dns"], check=False)
        said = done.stdout + done.stderr
        demand(re.search(words, said), said)
        return re.search(words + ".*", said).group(0)

    def ldns(self, host: str, words: str) -> str:
        done = self.looker.run(["ldns-dane", "-k", "/etc/lab/root.key", "-c", "/etc/lab/served.pem", "verify", host, "25"], check=False)
        said = done.stdout + done.stderr
        demand(re.search(words, said), said)
        return re.search(words + ".*", said).group(0)

    # -- all -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        case = self.case
        self.up()
        resolvers = {"Unbound": self.world.hosts["resolver"].ipv4, "BIND": ipv4(BIND), "Knot Resolver": ipv4(KRESD)}
        self.section("a host that stands nowhere but in the wildcard")
        for name, address in resolvers.items():
            case(name, self.secure, address)
        case("Postfix", self.postfix, ON, "Verified TLS connection established")
        case("Exim", self.exim, "contoso.lab", r"CV=dane")
        case("danetool", self.danetool, ON, "Verification: Certificate matches")
        case("ldns-dane", self.ldns, ON, "dane-validated successfully")
        self.section("a host of its own under the wildcard: DANE is off")
        for name, address in resolvers.items():
            case(name, self.denied, address)
        case("Postfix", self.postfix, OFF, r"(Untrusted|Trusted|Anonymous) TLS connection established")
        case("Exim", self.exim, "fabrikam.lab", r"CV=no")
        case("danetool", self.danetool, OFF, "(?i)no DANE data were found|query.*not found|There were no|not exist|no such")
        case("ldns-dane", self.ldns, OFF, "(?i)no TLSAs|not found|does not exist|could not|no .*TLSA")


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Wildcard(given.run, given.program), lambda lab, _: lab.run()))
