"""Certificates of others, with a real CA: ACME by DNS-01 and HTTP-01, a CA that fails, and the operator's own Certbot and lego.

    /usr/bin/python3 -m tests.lab.acme --run build/lab-acme      (as root, from the project's root)

Pebble is the CA; the lab's Postfix sends all the while and verifies every connection by DANE, whatever the CA does. Each case
prints a line. Exit 1 if any fails. RFC 8555, RFC 8659; PUB-01, PUB-03.
"""
import re
import sys
import threading
from pathlib import Path

from lab import pebble
from lab.authority import Authority
from lab.danewerk import Danewerk
from lab.net import wait_until
from lab.world import MX_ZONE, World

from . import frame
from .acme_world import ACME, AcmeWorld
from .frame import Account, demand

MX_HOST = "contoso-lab.s1.mx.hoster.example"
CUSTOMER = "mta-sts.contoso.lab"
PATIENCE = 60  # seconds, for a loaded machine

# The ACME client Danewerk is told to run: as Debian ships it, unless the case wants one that has another key certified.
CLIENT = """#!/bin/sh
[ -e /var/client/liar ] || exec /usr/bin/uacme "$@"
for last; do :; done
case "$last" in *.csr) ;; *) exec /usr/bin/uacme "$@" ;; esac
printf '[req]\\ndistinguished_name = dn\\n[dn]\\n' >"$last.cnf" &&
openssl ecparam -genkey -name prime256v1 -noout -out "$last.key" &&
openssl req -new -config "$last.cnf" -key "$last.key" -subj / -addext 'subjectAltName=DNS:*.s1.mx.hoster.example,DNS:mx1.hoster.example' -out "$last" || exit 2
exec /usr/bin/uacme "$@"
"""

SETTINGS = """
[certificates]
source = "{source}"

[http]
listen = ["{v4}:80", "[{v6}]:80"]
"""


class CertifiedDanewerk(Danewerk):
    source = "acme"

    def config(self) -> str:
        text = super().config().replace("[zone]\n", '[zone]\nkey_life = "1000 d"\n')
        return text + SETTINGS.format(source=self.source, v4=self.host.ipv4, v6=self.host.ipv6) + ACME.format(program="/var/client/uacme")


class Mail:
    """Postfix sends a message every half second, until told to stop."""

    def __init__(self, world: World):
        self.world, self.sent, self.ended_ = world, 0, threading.Event()
        self.thread_ = threading.Thread(target=self.send_, daemon=True)

    def send_(self) -> None:
        while not self.ended_.wait(0.5):
            text = f"From: bob@foreign.example\nTo: anna@contoso.lab\nSubject: {self.sent}\n\nWritten by a test.\n"
            self.world.foreign.submit_bytes(text.encode(), "bob@foreign.example", ["anna@contoso.lab"])
            self.sent += 1

    def start(self) -> None:
        self.thread_.start()

    def stop(self) -> str:
        self.ended_.set()
        self.thread_.join(60)
        wait_until(lambda: not self.world.foreign.queue(), "Postfix's queue to empty", PATIENCE, 0.2)
        statuses = self.world.foreign.log_lines("to=<anna@contoso.lab>")
        deferred = [line for line in statuses if "status=sent" not in line]
        demand(not deferred, f"mail waited: {deferred[:3]}")
        other = [line for line in self.world.foreign.log_lines("TLS connection established to contoso-lab") if "Verified" not in line]
        demand(not other, f"not verified: {other[:3]}")
        verified = len(self.world.foreign.verified_connections())
        demand(verified >= self.sent > 0, f"{verified} verified connections for {self.sent} messages")
        return f"{self.sent} messages, {verified} connections, all verified by DANE, none waited"


class Certificates(Account):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__()
        self.world = AcmeWorld(run_dir)
        self.host = self.world.hosts["danewerk"]
        self.danewerk = CertifiedDanewerk(self.host, program)
        self.ca = self.world.ca
        self.mail = Mail(self.world)

    def up(self) -> None:
        self.world.up()
        self.world.trust_ca(self.danewerk)
        client = self.host.dir / "var/client"
        client.mkdir()
        (client / "uacme").write_text(CLIENT)
        (client / "uacme").chmod(0o755)
        for name, host in (("mx1.hoster.example", "danewerk"), (CUSTOMER, "danewerk"), ("www.forbidden.contoso.lab", "danewerk")):
            self.world.dns.set_rrset(name, "A", 5, [self.world.hosts[host].ipv4])
        self.world.dns.set_rrset("forbidden.contoso.lab", "CAA", 5, ['0 issue "other.example"'])
        self.danewerk.start()
        self.danewerk.command("domain", "add", "contoso.lab", "--tenant", "contoso", "--route", "lmtp:10.77.0.40:24", "--why", "test")
        wait_until(self.danewerk.ds_records, "the zone's keys", PATIENCE)
        self.world.dns.set_ds(MX_ZONE, self.danewerk.ds_records())
        wait_until(lambda: self.danewerk.log_lines("worker.edge_listens"), "Danewerk to serve", 90, 0.1)

    # -- what strangers see ----------------------------------------------------------------------------------------

    def served(self) -> tuple[str, str]:
        """Issuer, and the `3 1 1` of the key that is served, as openssl sees them."""
        foreign = self.world.hosts["foreign"]
        shown = foreign.run(["sh", "-c", f"openssl s_client -starttls smtp -connect {self.host.ipv4}:25 -servername {MX_HOST} </dev/null 2>/dev/null | "
                             "openssl x509 -noout -issuer -pubkey"]).stdout
        digest = foreign.run(["sh", "-c", "openssl pkey -pubin -outform DER | sha256sum"], input=shown[shown.index("-----BEGIN"):]).stdout.split()[0]
        return shown.splitlines()[0], f"3 1 1 {digest}".upper()

    def serving_record(self) -> str:
        zone = self.danewerk.json("status")["zone"]
        return next(key["record"] for key in zone["keys"] if key["id"] == zone.get("serving")).upper()

    def await_failure(self, words: str, before: int) -> str:
        def look() -> str:
            lines = self.danewerk.log_lines("certificate.order_failed")[before:]
            return next((line for line in lines if re.search(words, line)), "")
        return wait_until(look, f"an order to fail with '{words}'", PATIENCE, 0.1)

    def failures(self) -> int:
        return len(self.danewerk.log_lines("certificate.order_failed"))

    def demand_unchanged(self, before: tuple[str, str]) -> None:
        demand(self.served() == before, f"what serves has changed: {before} -> {self.served()}")

    # -- the cases -----------------------------------------------------------------------------------------------

    def no_ca(self) -> str:
        before = self.served()
        self.mail.start()
        self.await_failure("connect", 0)
        self.demand_unchanged(before)
        alerts = self.danewerk.json("status").get("alerts", [])
        demand(any("certificate" in alert["subject"] for alert in alerts), f"no alert: {alerts}")
        return "told with the client's words, alert standing, self-issued certificate goes on serving"

    def blind_ca(self) -> str:
        before, number = self.served(), self.failures()
        self.ca.start(dns="127.0.0.1:9")
        line = self.await_failure("resolving URL|retrieving TXT records", number)  # of the host's HTTP-01, or of the wildcard's DNS-01
        self.demand_unchanged(before)
        return "the CA's own words: " + re.search(r'why="?([^"\\]*)', line).group(1)[:70]

    def another_key(self) -> str:
        before, number = self.served(), self.failures()
        (self.host.dir / "var/client/liar").touch()
        self.ca.start()
        self.await_failure("for another key", number)
        self.demand_unchanged(before)
        (self.host.dir / "var/client/liar").unlink()
        return "refused; what serves goes on"

    def obtained(self) -> str:
        wait_until(lambda: len(self.danewerk.log_lines("certificate.obtained")) >= 2, "certificates for both keys", PATIENCE, 0.1)
        wait_until(lambda: "Pebble" in self.served()[0], "the certificate to be served", PATIENCE, 0.2)
        issuer, record = self.served()
        demand(record == self.serving_record(), f"{record} is served, {self.serving_record()} is said to be")
        return issuer

    def following(self) -> str:
        """The key that serves next, once its record is published: after a roll that takes its time."""
        def published() -> str | None:
            return next((k["key"] for k in self.danewerk.json("certificate", "list")["keys"] if k["record"].endswith("(next)")), None)
        return wait_until(published, "a next key to be published", PATIENCE, 0.2)

    def rolled(self) -> str:
        before = self.serving_record()
        following = self.following()
        self.danewerk.command("key", "roll", "--why", "test")
        wait_until(lambda: self.danewerk.json("status")["zone"].get("serving") == following, "the next key to serve", PATIENCE, 0.2)
        asked = self.danewerk.run("certificate", "csr", "next")
        demand(asked.returncode == 0 or "no next key is published just now: " in asked.stderr, f"asked for the one after it at once: {asked}")
        issuer, record = self.served()
        demand(record == self.serving_record() != before, f"{record} is served, {self.serving_record()} is said to be, {before} was")
        demand("Pebble" in issuer, f"the next key serves with a certificate by {issuer}")
        return f"{following}, by the CA from its first handshake on"

    def pkix(self) -> str:
        (self.world.hosts["foreign"].dir / "etc/postfix/pebble.pem").write_text(self.ca.root())
        seen = self.world.hosts["foreign"].run(["/usr/sbin/posttls-finger", "-c", "-l", "secure", "-F", "/etc/postfix/pebble.pem", "-L", "summary",
                                                f"[{MX_HOST}]", MX_HOST], check=False)
        demand("Verified TLS connection established" in seen.stdout + seen.stderr, f"posttls-finger: {seen.stdout} {seen.stderr}")
        return "posttls-finger verifies it by the CA's root and the host's name"

    def customer(self) -> str:
        self.danewerk.command("certificate", "order", CUSTOMER, "--why", "test")
        def there() -> dict | None:
            listed = self.danewerk.json("certificate", "list")["names"]
            return next((one for one in listed if one["name"] == CUSTOMER and "until" in one), None)
        one = wait_until(there, f"a certificate for {CUSTOMER}", PATIENCE, 0.2)
        demand(one["names"] == [CUSTOMER], f"it names {one['names']}")
        return f"{CUSTOMER} by {one['issuer']}"

    def forbidden(self) -> str:
        self.danewerk.command("certificate", "order", "www.forbidden.contoso.lab", "--why", "test")
        line = wait_until(lambda: self.danewerk.log_lines("certificate.caa_forbids"), "CAA to forbid", PATIENCE, 0.1)[0]
        demand("forbidden.contoso.lab CAA 0 issue" in line and "other.example" in line, line)
        demand(not [l for l in self.danewerk.log_lines("certificate.ordered") if "forbidden" in l], "the CA was asked all the same")
        self.danewerk.command("certificate", "remove", "www.forbidden.contoso.lab")
        return "the record is named, the CA was not asked"

    def stage(self, tool: str, arguments: list[str], chain: str, **environment: str) -> str:
        """One of the recipes of docs/operate/certificates.md, word for word but for the CA."""
        request = self.danewerk.json("certificate", "csr", "next", "--wait")
        (self.host.dir / "var/tmp/next.csr").write_text(request["request"])
        script = '#!/bin/sh\nexec /var/bin/danewerk --config /etc/lab/danewerk.toml certificate challenge "$@"\n'
        hook = self.host.dir / "var/client/challenge"
        hook.write_text(script)
        hook.chmod(0o755)
        self.host.run(arguments, env=environment, timeout=180)
        staged = self.danewerk.json("certificate", "stage", "--chain", chain, "--why", tool)
        demand(staged["key"] == request["key"] and "Pebble" in staged["issuer"], f"staged: {staged}")
        return staged["key"]

    def certbot(self) -> str:
        key = self.stage("certbot", [
            "certbot", "certonly", "--non-interactive", "--agree-tos", "--register-unsafely-without-email", "--server", pebble.DIRECTORY,
            "--csr", "/var/tmp/next.csr", "--fullchain-path", "/var/tmp/chain.pem", "--cert-path", "/var/tmp/leaf.pem", "--chain-path", "/var/tmp/rest.pem",
            "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", '/var/client/challenge present "$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION"',
            "--manual-cleanup-hook", '/var/client/challenge cleanup "$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION"',
            "--config-dir", "/var/certbot", "--work-dir", "/var/certbot/work", "--logs-dir", "/var/certbot/log"], "/var/tmp/chain.pem",
            REQUESTS_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt")
        return f"Certbot's certificate is kept for {key}"

    def lego(self) -> str:
        key = self.stage("lego", ["lego", "--accept-tos", "--email", "ops@hoster.example", "--server", pebble.DIRECTORY, "--path", "/var/lego",
                                  "--dns", "exec", "--dns.disable-cp", "--csr", "/var/tmp/next.csr", "run"],
                         "/var/lego/certificates/_.s1.mx.hoster.example.crt", EXEC_PATH="/var/client/challenge", EXEC_POLLING_INTERVAL="1",
                         EXEC_SEQUENCE_INTERVAL="1")
        return f"lego's certificate is kept for {key}"

    def foreign_key(self) -> str:
        """A certificate for a key that nobody published is not taken."""
        refused = self.danewerk.run("certificate", "stage", "--chain", "/var/pebble-like.pem")
        demand(refused.returncode == 2, f"a file that is not there: {refused}")
        Authority(self.danewerk.authority_folder).issue(self.host.dir / "var/tmp/other.key", self.host.dir / "var/tmp/other.pem", ["*.s1.mx.hoster.example"])
        self.following()
        refused = self.danewerk.run("certificate", "stage", "--chain", "/var/tmp/other.pem")
        demand(refused.returncode == 1 and "no published record matches" in refused.stderr and "(next)" in refused.stderr, f"{refused}")
        return "refused, with the keys that are published"

    def all_mail(self) -> str:
        return self.mail.stop()

    def leftovers(self) -> str:
        def left() -> bool:
            return "ANSWER: 0" not in self.world.dig("_acme-challenge.s1.mx.hoster.example", "TXT")  # the wildcard: no NXDOMAIN
        wait_until(lambda: not left(), "no challenge to be left", PATIENCE, 0.5)
        return "no challenge is left in the zone"


def play(test: Certificates, _) -> None:
    test.up()
    for name, case in (("no CA", test.no_ca), ("a CA that cannot validate", test.blind_ca), ("a CA that certifies another key", test.another_key),
                       ("DNS-01 for both keys", test.obtained), ("the next key serves", test.rolled), ("PKIX", test.pkix),
                       ("HTTP-01 for a customer's name", test.customer), ("CAA", test.forbidden), ("a key nobody published", test.foreign_key),
                       ("Certbot", test.certbot), ("lego", test.lego), ("leftovers", test.leftovers), ("mail all the while", test.all_mail)):
        test.case(name, case)


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Certificates(given.run, given.program), play))
