"""The life of a domain against the shipped program: from added to healthy, each kind of fault, and back.

    /usr/bin/python3 -m tests.lab.domain_life --run build/lab-domain-life      (as root, from the project's root)

newcomer.lab lies in a signed zone of its own, served by the lab's Knot behind the tamper proxy; its mail goes elsewhere at first.
Everything is done as a person would: commands of Danewerk, changes in the domain's own zone. What is looked at is what the
commands say (where it stands, whose fault, seen where, what to do), what a stranger's SMTP connection is answered, and what an
independent resolver and a real Postfix say of our host, with DANE on and off. mover.lab lies in a zone that takes updates from us
(RFC 2136 with TSIG), at the lab's Knot. Exit 1 if any case fails. Issue 4, points 1, 2, 3, 9.
"""
import json
import re
import sys
import threading
from pathlib import Path

from lab.addresses import NUMBERS
from lab.authority import Authority
from lab.danewerk import Danewerk
from lab.net import LabError, ipv4, wait_until
from lab.world import MX_ZONE, World
from lab.zones import LEAVES, TAMPER, Zone

from . import frame
from .bad_input import Bench
from .frame import demand
from .raw_smtp import Peer

WEBHOOK = Path(__file__).resolve().parent.parent.parent / "lab/webhook.py"
DOMAIN = "newcomer.lab"
HOST = f"newcomer-lab.s1.{MX_ZONE}".rstrip(".")
OLD = f"10 mx.{DOMAIN}."
OTHER = f"contoso-lab.s1.{MX_ZONE}".rstrip(".")  # of a domain that is never touched
MOVER = "mover.lab"
MOVER_HOST = f"mover-lab.s1.{MX_ZONE}".rstrip(".")
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
KEY = f"hmac-sha256:mover:{SECRET}"
SETTINGS = """
[domains]
require_control = true
born_secure = false
move_interval = "2 s"
look_interval = "4 s"

[alerts]
webhook = "https://alerts.lab:8443/danewerk"
webhook_addresses = ["{webhook}"]
mail = "anna@contoso.lab"
"""


class LifeWorld(World):
    def zones_(self):
        own = Zone(f"{DOMAIN}.", "lab.", TAMPER, records=[
            (f"{DOMAIN}.", "MX", OLD), (f"mx.{DOMAIN}.", "A", ipv4(50)),
            (f"_smtp._tls.{DOMAIN}.", "TXT", f'"v=TLSRPTv1; rua=mailto:tls@{DOMAIN}"')])
        mover = Zone(f"{MOVER}.", "lab.", LEAVES, update_key=KEY, records=[(f"{MOVER}.", "MX", f"0 mx.{MOVER}."), (f"mx.{MOVER}.", "A", ipv4(50))])
        return [*super().zones_(), own, mover]


class LifeDanewerk(Danewerk):
    def config(self) -> str:
        return super().config() + SETTINGS.replace("{webhook}", ipv4(NUMBERS["stripped"]))


class Life:
    def __init__(self, bench: Bench):
        self.bench, self.world, self.danewerk = bench, bench.world, bench.danewerk

    def start_webhook(self) -> None:
        folder = self.world.run_dir / "webhook"
        folder.mkdir(exist_ok=True)
        Authority(self.danewerk.authority_folder).issue(folder / "key.pem", folder / "cert.pem", ["alerts.lab"])
        self.webhook = folder / "news"
        host = self.world.hosts["stripped"]
        host.popen([sys.executable, WEBHOOK, host.ipv4, "8443", folder / "cert.pem", folder / "key.pem", self.webhook], log=host.dir / "webhook.log")
        route = f"lmtp:{self.world.hosts['mbox1'].ipv4}:24"
        self.danewerk.command("domain", "add", "contoso.lab", "--tenant", "contoso", "--route", route, "--why", "test")

    def news(self, subject: str) -> list[str]:
        """What the webhook was told of it, in order."""
        lines = self.webhook.read_text().splitlines() if self.webhook.exists() else []
        return [one["state"] for line in lines for one in json.loads(line)["news"] if one["subject"] == subject]

    # -- helpers -------------------------------------------------------------------------------------------------

    def status(self, *options: str) -> dict:
        return self.danewerk.json("domain", "status", DOMAIN, *options)

    def mx(self, *data: str) -> None:
        self.world.dns.set_rrset(DOMAIN, "MX", 5, list(data))

    def stands(self, standing: str, seconds: float = 40, until=lambda status: True) -> dict:
        """LabError unless `status` comes to say so, and `until` holds."""
        shown: dict = {}

        def look() -> bool:
            shown.clear()
            shown.update(self.status())
            return shown["standing"] == standing and until(shown)
        try:
            wait_until(look, f"the domain to be {standing}", seconds, 0.5)
        except LabError as error:
            raise LabError(f"{error}; it says:\n{self.danewerk.command('domain', 'status', DOMAIN)}") from None
        return shown

    def finds(self, code: str, whose: str, *words: str, seconds: float = 30) -> str:
        """LabError unless `status` comes to show this finding, with whose it is, what was seen and what to do."""
        def look() -> dict | None:
            found = [f for check in self.status()["checks"] for f in check["findings"] if f["code"] == code]
            return found[0] if found else None
        try:
            finding = wait_until(look, f"the finding {code}", seconds, 0.5)
        except LabError as error:
            raise LabError(f"{error}; it says:\n{self.danewerk.command('domain', 'status', DOMAIN)}") from None
        demand(finding["whose"] == whose, f"{code} is said to be for {finding['whose']}")
        for word in words:
            demand(word in json.dumps(finding, ensure_ascii=False), f"'{word}' is not in {finding}")
        demand(finding["evidence"] and finding["remedy"], f"no evidence or remedy in {finding}")
        return f"{finding['severity']} for {finding['whose']}: {finding['evidence']} -> {finding['remedy']}"[:240]

    def refused(self, *command: str) -> str:
        ran = self.danewerk.run("domain", *command, DOMAIN)
        demand(ran.returncode == 1, f"domain {command} exited {ran.returncode}: {ran.stdout}")
        return ran.stderr.strip()

    def rcpt(self) -> str:
        with Peer(self.world.hosts["stripped"], self.danewerk.host.ipv4) as peer:
            peer.reply()
            peer.say("EHLO stranger.example")
            peer.say("MAIL FROM:<a@stranger.example>")
            return peer.say(f"RCPT TO:<anna@{DOMAIN}>")

    def meddle(self, *steps: tuple[str, ...]) -> None:
        """Somebody changes our MX zone behind our back, on its primary."""
        socket = "/var/lib/danewerk/dns/knot.sock"
        for step in (("zone-begin", MX_ZONE), *steps, ("zone-commit", MX_ZONE)):
            self.danewerk.host.run(["knotc", "-s", socket, *step])

    def tlsa_of(self, host: str) -> bool:
        """What a stranger's resolver says; LabError unless it is secure, with addresses at the host in any case."""
        at_host, said = self.world.dig(host, "A"), self.world.dig(f"_25._tcp.{host}", "TLSA")
        for answer in (at_host, said):
            demand(re.search(r"status: (NOERROR|NXDOMAIN)", answer) and re.search(r"Flags: [^;]*\bad\b", answer), f"not secure: {answer}")
        demand(self.danewerk.host.ipv4 in at_host, f"no address of ours: {at_host}")
        return bool(re.search(r"\bTLSA\s+3 1 1 ", said))

    def mx_seen(self, domain: str) -> list[str]:
        return sorted(re.findall(r"[ \t]IN[ \t]+MX[ \t]+(\d+ \S+)", self.world.dig(domain, "MX")))

    def postfix(self, host: str) -> str:
        done = self.world.foreign.host.run(["posttls-finger", "-c", "-l", "dane", "-L", "summary", f"[{host}]"], check=False, env={"MAIL_CONFIG": "/etc/postfix"})
        return done.stdout + done.stderr

    def strangers_see(self, dane: bool) -> str:
        """The domain's host with a TLSA record or, securely, without; the other domain's with one all the time; Postfix agrees."""
        wait_until(lambda: self.tlsa_of(HOST) == dane, f"a stranger's resolver to find {'a' if dane else 'no'} TLSA record at {HOST}", 30, 0.5)
        demand(self.tlsa_of(OTHER), f"{OTHER} lost its TLSA record")
        words = "Verified TLS connection" if dane else r"(Untrusted|Trusted|Anonymous) TLS connection"
        said = wait_until(lambda: re.search(words + ".*", self.postfix(HOST)), f"Postfix to see '{words}'; it says {self.postfix(HOST)}", 30, 0.5)
        return said.group(0)[:120]

    # -- the way in ----------------------------------------------------------------------------------------------

    def added(self) -> str:
        self.danewerk.command("domain", "add", DOMAIN, "--tenant", "newcomer", "--route", f"lmtp:{self.world.hosts['mbox1'].ipv4}:24", "--why", "test")
        status = self.stands("unverified")
        demand(status["mx_host"] == HOST, f"its host is {status['mx_host']}")
        demand(status["expected_mx"] == f"{DOMAIN}. 3600 IN MX 0 {HOST}.", status["expected_mx"])
        said = self.rcpt()
        demand(said.startswith("450 4.7.1"), f"mail is answered {said} before control is proven")
        return said

    def unproven(self) -> str:
        demand(self.danewerk.run("domain", "verify", DOMAIN).returncode == 1, "verify succeeded without a record")
        demand("first: danewerk domain verify" in self.refused("enable-dnssec"), "enable-dnssec before verify")
        return self.finds("control.unproven", "owner", "_danewerk-challenge.newcomer.lab", "danewerk-verification=")

    def verified(self) -> str:
        record = self.danewerk.json("domain", "verify", DOMAIN, "--dry-run")["publish"][0]
        owner, _, _, _, text = record.split(" ", 4)
        self.world.dns.set_rrset(owner, "TXT", 5, [text])
        self.danewerk.command("domain", "verify", DOMAIN, "--wait")
        demand(self.rcpt().startswith("250"), "mail is not taken although control is proven")
        return self.refused("enable-dane")

    def dnssec(self) -> str:
        dry = self.danewerk.json("Enable-DnssecForVerifiedDomain", DOMAIN, "--dry-run")
        demand(f"+ {HOST}. 5 IN A {self.danewerk.host.ipv4}" in dry["zone"], f"in our zone: {dry['zone']}")
        demand(dry["diff"] and all(line.startswith(f"- _25._tcp.{HOST}. TLSA") for line in dry["diff"]), f"the diff is {dry['diff']}")
        demand(self.status()["dnssec"] == "disabled", "a dry run changed something")
        self.danewerk.command("domain", "enable-dnssec", DOMAIN, "--wait")
        status = self.stands("awaiting-mx")
        demand(status["next"]["step"] == "add-mx" and HOST in status["next"]["publish"][0], f"next is {status['next']}")
        self.finds("mx.elsewhere", "owner", f"mx.{DOMAIN}", f"MX 0 {HOST}.")
        return self.strangers_see(dane=False)

    def order(self) -> str:
        self.mx(OLD, f"20 {HOST}.")
        said = self.finds("mx.not-first", "owner", f"mx.{DOMAIN}")
        self.mx(f"30 mx.{DOMAIN}.", f"20 {HOST}.")
        status = self.stands("moved")
        demand(status["next"]["step"] == "enable-dane", f"next is {status['next']}")
        return said

    def dane(self) -> str:
        demand("+ _25._tcp" in self.danewerk.command("domain", "enable-dane", DOMAIN, "--dry-run"), "no TLSA in the diff")
        self.danewerk.command("domain", "enable-dane", DOMAIN, "--wait")
        said = self.finds("mx.fallback", "owner", f"mx.{DOMAIN}") + "; Postfix: " + self.strangers_see(dane=True)
        self.mx(f"20 {HOST}.")
        status = self.stands("healthy", until=lambda s: not [c for c in s["checks"] if c["state"] in ("failed", "warned", "unknown")])
        demand(status["dane"] == "enabled" and status["dnssec"] == "enabled", f"{status['dane']}, {status['dnssec']}")
        return said

    # -- faults --------------------------------------------------------------------------------------------------

    def unsigned(self) -> str:
        lines = [" ".join(line.split()) for line in self.world.dig(DOMAIN, "DS").splitlines()]
        ds = [line.split(" IN DS ", 1)[1] for line in lines if " IN DS " in line]
        demand(ds, "the domain has no DS to begin with")
        self.world.dns.set_ds(f"{DOMAIN}.", [])
        said = self.finds("zone.unsigned", "owner", "DS")
        self.world.dns.set_ds(f"{DOMAIN}.", ds)
        return said

    def bogus(self) -> str:
        with self.world.dns.break_signatures(DOMAIN, "MX"):
            said = self.finds("zone.bogus", "dns-host", f"{DOMAIN} MX")
            demand(self.rcpt().startswith("250"), "a bogus answer put mail off")
        return said

    def wrong_tlsa(self) -> str:
        wrong = f"3 1 1 {'ab' * 32}"
        owner = f"_25._tcp.{HOST}."
        self.meddle(("zone-set", MX_ZONE, f"{HOST}.", "5", "A", self.danewerk.host.ipv4),
                    ("zone-set", MX_ZONE, f"{HOST}.", "5", "AAAA", self.danewerk.host.ipv6),
                    ("zone-set", MX_ZONE, owner, "5", "TLSA", wrong))
        said = self.finds("tlsa.mismatch", "us", self.danewerk.host.ipv4, "ECDSA")
        self.stands("faulty")
        wait_until(lambda: "alerts" in self.danewerk.json("status") and any(a["subject"] == "domains" for a in self.danewerk.json("status")["alerts"]),
                   "an alert", 30, 0.5)
        metrics = self.danewerk.command("metrics")
        demand('danewerk_alert{subject="domains"} 1' in metrics and 'danewerk_domain_findings{code="tlsa.mismatch",severity="error",whose="us"} 1' in metrics, metrics)
        self.meddle(("zone-unset", MX_ZONE, f"{HOST}."), ("zone-unset", MX_ZONE, owner))
        self.stands("healthy")
        return said

    def told_once(self) -> str:
        wait_until(lambda: self.danewerk.log_lines('code=tlsa.mismatch') and any("domain.finding_over" in line for line in self.danewerk.log_lines("code=tlsa.mismatch")),
                   "the log to say that it is over", 30, 0.5)
        begun = [line for line in self.danewerk.log_lines("event=domain.finding ") if "code=tlsa.mismatch" in line]
        demand(len(begun) == 1, f"told {len(begun)} times")
        wait_until(lambda: not [a for a in self.danewerk.json("status").get("alerts", []) if a["subject"] == "domains"], "the alert to clear", 30, 0.5)
        wait_until(lambda: self.news("domains") == ["begun", "over"], f"the webhook to be told once of each; it got {self.news('domains')}", 40, 0.5)
        wait_until(lambda: any(b"BEGUN domains" in message.raw for message in self.world.mbox1.messages()), "the alert in a mailbox", 30, 0.5)
        return begun[0][:160]

    # -- a zone that takes our updates ---------------------------------------------------------------------------

    def migrate(self, *options: str, key: str = KEY, server: str = f"{ipv4(LEAVES)}:53", domain: str = MOVER):
        (self.danewerk.host.dir / "etc/lab/own.key").write_text(key + "\n")
        return self.danewerk.run("domain", "migrate", domain, "--update-server", server, "--tsig-key", "/etc/lab/own.key", *options)

    def not_taken(self) -> str:
        """Each refusal says whose fault it is and what to do, and leaves the owner's records as they were."""
        self.danewerk.command("domain", "add", MOVER, "--tenant", "mover", "--route", f"lmtp:{self.world.hosts['mbox1'].ipv4}:24", "--why", "test")
        before = self.mx_seen(MOVER)
        wrong = SECRET.replace("MDEy", "MDEz")
        cases = [("bad_key", "compare its key", {"key": f"hmac-sha256:stranger:{SECRET}"}),
                 ("bad_signature", "compare its key", {"key": f"hmac-sha256:mover:{wrong}"}),
                 ("unreachable", "check address and port", {"server": f"{ipv4(LEAVES)}:54"})]
        for kind, words, options in cases:
            ran = self.migrate(**options)
            demand(ran.returncode == 1 and kind in ran.stderr and words in ran.stderr and MOVER in ran.stderr, f"{kind}: {ran.stdout}{ran.stderr}")
            said = "the next look will tell" if kind == "unreachable" else "nothing was changed"
            demand(said in ran.stderr, f"{kind}: {ran.stderr}")
        leaves = next(server for server in self.world.dns.servers if server.label == "leaves")
        leaves.host.run(["knotc", "-s", "/run/knot-leaves/knot.sock", "-b", "zone-freeze", MOVER])
        ran = self.migrate()
        demand(ran.returncode == 1 and "refused" in ran.stderr and "frozen" in ran.stderr, f"frozen: {ran.stdout}{ran.stderr}")
        leaves.host.run(["knotc", "-s", "/run/knot-leaves/knot.sock", "-b", "zone-thaw", MOVER])
        demand(self.mx_seen(MOVER) == before, "its MX was changed by an update that was not taken")
        return ran.stderr.strip()[:240]

    def taken(self) -> str:
        dry = self.migrate("--dry-run")
        demand("would do: verify" in dry.stdout and "danewerk-verification=" in dry.stdout, f"{dry.stdout}{dry.stderr}")
        led = self.migrate("--wait")
        demand(led.returncode == 0 and "healthy" in led.stdout, f"{led.stdout}{led.stderr}")
        wait_until(lambda: self.mx_seen(MOVER) == [f"0 {MOVER_HOST}."], "a stranger's resolver to see our host alone", 30, 0.5)
        wait_until(lambda: self.tlsa_of(MOVER_HOST), "TLSA at its host", 30, 0.5)
        back = self.danewerk.command("domain", "migrate", MOVER, "--back")
        demand("done: disable-dane" in back, back)
        return " ".join(led.stdout.split())[-200:]

    # -- the way back --------------------------------------------------------------------------------------------

    def back(self) -> str:
        demand("first: danewerk domain disable-dane" in self.refused("disable-dnssec"), "DNSSEC under DANE")
        self.danewerk.command("Disable-SmtpDaneInbound", DOMAIN, "--wait")
        demand(self.status()["dane"] == "disabled", "DANE is still on")
        self.strangers_see(dane=False)
        self.danewerk.command("domain", "enable-dane", DOMAIN, "--wait")
        self.strangers_see(dane=True)
        self.danewerk.command("domain", "disable-dane", DOMAIN)
        said = self.refused("disable-dnssec")
        demand("still names our host" in said, said)
        self.mx(OLD)
        wait_until(lambda: self.danewerk.run("domain", "disable-dnssec", DOMAIN).returncode == 0, "disable-dnssec once the MX is back", 30, 0.5)
        demand(self.status()["dnssec"] == "disabled", "DNSSEC is still on")
        self.strangers_see(dane=False)  # an MX may still point there
        self.danewerk.command("domain", "remove", DOMAIN)
        demand(self.rcpt().startswith("550"), "a removed domain is still accepted")
        wait_until(lambda: self.tlsa_of(HOST), "the wildcard to answer again", 30, 0.5)
        return said

    def run(self) -> None:
        case = self.bench.case
        self.bench.section("In")
        case("added, and no mail is taken before control is proven", self.added)
        case("control is not proven", self.unproven)
        case("verified by the record, and DANE has to wait for DNSSEC", self.verified)
        case("its host is in the signed zone; the MX is elsewhere", self.dnssec)
        case("ours stands behind, then first", self.order)
        case("DANE, a fallback that has to go, healthy", self.dane)
        other = threading.Thread(target=self.run_mover)  # mostly waits for TTLs, as this does
        other.start()
        self.bench.section("Faults")
        case("unsigned zone", self.unsigned)
        case("bogus zone", self.bogus)
        case("wrong TLSA record", self.wrong_tlsa)
        case("told once, and once when it is over", self.told_once)
        self.bench.section("Back")
        case("DANE off, on, off, MX back, DNSSEC off, removed", self.back)
        other.join()

    def run_mover(self) -> None:
        self.bench.case("a zone that takes our updates: not taken", self.not_taken)
        self.bench.case("a zone that takes our updates: taken, step by step until it is healthy", self.taken)


def make(given) -> Bench:
    bench = Bench(given.run, given.program)
    bench.world = LifeWorld(given.run)
    bench.danewerk = LifeDanewerk(bench.world.hosts["danewerk"], given.program)
    return bench


def play(bench: Bench, _) -> None:
    bench.world.up()
    bench.danewerk.start()
    wait_until(bench.danewerk.ds_records, "the zone's keys", 30)
    bench.world.dns.set_ds(MX_ZONE, bench.danewerk.ds_records())
    wait_until(lambda: bench.danewerk.log_lines("worker.edge_listens"), "Danewerk to serve", 90, 0.1)
    life = Life(bench)
    life.start_webhook()
    life.run()


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, make, play))
