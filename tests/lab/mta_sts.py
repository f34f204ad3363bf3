"""MTA-STS against the shipped program: real Postfix hosts with and without matching certificates, and policy hosts of every kind.

    /usr/bin/python3 -m tests.lab.mta_sts --run build/lab-mta-sts      (as root, from the project's root)

All domains lie in a zone that is not signed, so DANE has no say. Each case prints a line; what is looked at is what the
receiving hosts got, the codes the queue shows, and what `explain` says. Exit 1 if any case fails. RFC 8461; STS-01 to STS-12.
"""
import json
import sys
from pathlib import Path

from lab.authority import Authority
from lab.certs import self_issued
from lab.hostile_hosts import HostileHost
from lab.net import wait_until

from . import frame
from .bad_input import TENANTS, Bench
from .frame import demand

ZONE = "attacker.lab"
POLICY_HOST = Path(__file__).resolve().parent.parent.parent / "lab/hostile/policy_host.py"
REAL, OTHER, PLAIN, UNTRUSTED = (f"{name}.{ZONE}" for name in ("real", "other", "plain", "mx"))
CASES = ("good", "badname", "plain", "selfmx", "lying", "testing", "none", "forged", "expired", "selfsigned", "redirect", "huge", "gzip",
         "private", "missing", "garbage", "oldtls", "slow")


def policy(mode: str, *mx: str, max_age: int = 86400) -> str:
    return "".join(line + "\n" for line in ["version: STSv1", f"mode: {mode}", *(f"mx: {name}" for name in mx), f"max_age: {max_age}"])


class MtaSts:
    def __init__(self, bench: Bench):
        self.bench, self.world, self.danewerk = bench, bench.world, bench.danewerk
        self.folder = self.world.run_dir / "policies"
        self.control, self.certificates, self.records_path = self.folder / "control.json", self.folder / "certificates", self.folder / "records.jsonl"
        self.told: dict[str, dict] = {}
        self.untrusted = HostileHost(self.world, "attacker")

    # -- bringing it up ------------------------------------------------------------------------------------------

    def up(self) -> None:
        self.certificates.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(self.danewerk.authority_folder)
        self.postfix_certificate()
        self.untrusted.start()
        dns, hosts = self.world.dns, self.world.hosts
        for name, host in ((REAL, "foreign"), (OTHER, "foreign"), (PLAIN, "mbox2")):
            dns.set_rrset(name, "A", 5, [hosts[host].ipv4])
        self.tell()
        self.start_policy_host("stripped", hosts["stripped"].ipv4)
        self.start_policy_host("danewerk", "127.0.0.1")  # what a policy host at a private address would reach
        mx = {"good": REAL, "badname": OTHER, "plain": PLAIN, "forged": REAL}
        for case in CASES:
            self.publish(case, mx.get(case, UNTRUSTED))
        dns.set_rrset(f"mta-sts.private.{ZONE}", "A", 5, ["127.0.0.1"])

    def postfix_certificate(self) -> None:
        """The foreign provider's key as it is, so that its TLSA record stays right; a certificate for one more name, by the authority."""
        certificate = self.world.certificates["mx1.foreign.example"]
        folder = self.world.hosts["foreign"].dir / "etc/postfix"
        self.authority.issue(certificate.key, folder / "cert.pem", ["mx1.foreign.example", REAL])
        domains = ", ".join(["foreign.example", *(f"{case}.{ZONE}" for case in CASES)])
        for host in ("foreign", "mbox2"):
            with open(self.world.hosts[host].dir / "etc/postfix/main.cf", "a", encoding="ascii") as file:
                file.write(f"virtual_mailbox_domains = fabrikam.lab, {domains}\n")

    def start_policy_host(self, host: str, address: str) -> None:
        self.world.hosts[host].popen([sys.executable, POLICY_HOST, "--listen", address, "--control", self.control, "--certificates",
                                      self.certificates, "--records", self.records_path.with_name(f"{host}.jsonl")],
                                     log=self.world.hosts[host].dir / "policy_host.log")

    def publish(self, case: str, mx: str) -> None:
        domain, host = f"{case}.{ZONE}", f"mta-sts.{case}.{ZONE}"
        dns = self.world.dns
        dns.set_rrset(domain, "MX", 5, [f"10 {mx}."])
        dns.set_rrset(f"_mta-sts.{domain}", "TXT", 5, ['"v=STSv1; id=1;"'])
        dns.set_rrset(host, "A", 5, [self.world.hosts["stripped"].ipv4])
        if case == "selfsigned":
            self_issued(self.certificates, host)
        else:
            days = (-60, -30) if case == "expired" else (-1, 30)
            self.authority.issue(self.certificates / f"{host}.key", self.certificates / f"{host}.pem", [host], *days)
        named = {"lying": "mx.elsewhere.lab"}.get(case, mx)
        body = policy({"testing": "testing", "none": "none"}.get(case, "enforce"), named)
        special = {"redirect": {"status": 301, "headers": {"Location": f"https://mta-sts.good.{ZONE}/.well-known/mta-sts.txt"}},
                   "huge": {"body": body, "pad": 70000}, "gzip": {"body": body, "gzip": True}, "missing": {"status": 404, "body": body},
                   "garbage": {"body": body + "mx: *\n"}, "oldtls": {"body": body, "tls": "1.1"}, "slow": {"body": body, "hold": 90}}
        self.told[host] = special.get(case, {"body": body})
        self.tell()

    def tell(self) -> None:
        self.control.write_text(json.dumps(self.told))

    # -- looking -------------------------------------------------------------------------------------------------

    def explain(self, case: str) -> str:
        return self.danewerk.command("explain", f"somebody@{case}.{ZONE}")

    def explained(self, case: str, *parts: str) -> str:
        text = self.explain(case)
        for part in parts:
            demand(part in text, f"'{part}' is not in what explain says:\n{text}")
        return next((line.strip() for line in text.splitlines() if "MTA-STS: " in line), "")

    def connections_to_loopback(self) -> int:
        path = self.records_path.with_name("danewerk.jsonl")
        return len(path.read_text().splitlines()) if path.exists() else 0

    def nothing_arrived(self, case: str) -> None:
        address = f"{case}.{ZONE}".encode()
        for mailbox in (self.world.foreign.mailbox(), self.world.mbox2.mailbox()):
            demand(not any(address in message.raw for message in mailbox), f"a message to {case} was delivered")

    # -- cases ---------------------------------------------------------------------------------------------------

    def good(self) -> str:
        queue_id = self.bench.send(f"somebody@good.{ZONE}")
        said = self.bench.delivered(queue_id, "next_hop_authenticated")["what"]
        wait_until(lambda: any(b"good." in message.raw for message in self.world.foreign.mailbox()), "the message in Postfix's mailbox", 10)
        lines = [line for line in self.world.foreign.log_lines("TLS connection established from")]
        demand(lines, "Postfix saw no TLS")
        self.explained("good", "in force, mode enforce", "current, id 1", "issued for real.attacker.lab")
        return said

    def waits(self, case: str, code: str, words: str) -> str:
        queue_id = self.bench.send(f"somebody@{case}.{ZONE}")
        recipient = self.bench.waits(queue_id, code)
        demand(words in recipient["what"], f"'{words}' is not in: {recipient['what']}")
        self.nothing_arrived(case)
        self.bench.no_leak(self.untrusted)
        shown = self.danewerk.json("queue", "show", queue_id)
        for attempt in shown["attempts"]:
            demand(attempt["evidence"].get("mail_octets_in_clear", 0) == 0, f"mail in clear: {attempt}")
        return f"{recipient['code']}: {recipient['what']}"

    def delivered_without(self, case: str) -> str:
        before = self.untrusted.delivered()
        queue_id = self.bench.send(f"somebody@{case}.{ZONE}")
        self.bench.delivered(queue_id, "encrypted", 90)
        demand(self.untrusted.delivered() > before, "the host was not given the message")
        return ""

    def no_policy(self, case: str, failure: str, words: str) -> str:
        """RFC 8461 3.3: nothing could be had, nothing is cached: as if there were none; and it is said why."""
        line = self.explained(case, "no policy of", failure, words)
        self.delivered_without(case)
        return f"{line}; {failure}: ... {words} ..."

    def private(self) -> str:
        said = self.no_policy("private", "sts-policy-fetch-error", "no address that is public")
        demand(self.connections_to_loopback() == 0, "Danewerk connected to itself")
        return said

    def forged_mx(self) -> str:
        """An MX answer that anybody could forge leads to a host the policy does not name."""
        self.explained("forged", "in force, mode enforce")
        before = self.untrusted.connections()
        self.world.dns.set_rrset(f"forged.{ZONE}", "MX", 5, [f"10 {UNTRUSTED}."])
        wait_until(lambda: UNTRUSTED in self.explain("forged"), "the forged MX to be seen", 15, 0.5)
        said = self.waits("forged", r"4\.4\.8", f"MX host {UNTRUSTED} is not named")
        demand(self.untrusted.connections() == before, "the host that the forged MX names was connected to")
        return said

    def survives(self) -> str:
        """STS-06: neither a restart, nor a policy host that fails, nor a record that is gone, ends a policy."""
        demand(self.danewerk.stop() == 0, "Danewerk did not stop in good order")
        for case in CASES:
            self.told[f"mta-sts.{case}.{ZONE}"] = {"status": 503}
        self.tell()
        self.world.dns.delete_rrset(f"_mta-sts.badname.{ZONE}", "TXT")
        self.danewerk.start()
        wait_until(lambda: "no record" in self.explain("badname"), "the record to be gone from caches", 20, 0.5)
        self.explained("badname", "in force, mode enforce", "from the cache, id 1")
        return self.waits("badname", r"4\.7\.5", "not for other.attacker.lab")

    def new_policy(self) -> str:
        """A new id with mode none sets the waiting mail free, but only through TLS as offered."""
        self.told[f"mta-sts.selfmx.{ZONE}"] = {"body": policy("none", max_age=60)}
        self.tell()
        self.world.dns.set_rrset(f"_mta-sts.selfmx.{ZONE}", "TXT", 5, ['"v=STSv1; id=2;"'])
        wait_until(lambda: "mode none" in self.explain("selfmx"), "the new policy", 20, 0.5)
        return self.delivered_without("selfmx")

    def run(self) -> None:
        case = self.bench.case
        self.bench.section("Hosts, under a policy in mode enforce")
        case("a Postfix with a certificate for its name takes the mail", self.good)
        case("a Postfix whose certificate is for another name does not", self.waits, "badname", r"4\.7\.5", "not for other.attacker.lab but for")
        case("a Postfix without TLS does not", self.waits, "plain", r"4\.7\.321", "the MTA-STS policy of its domain promises it")
        case("a host that a forged MX names does not", self.forged_mx)  # before any mail goes to that host
        slow = self.bench.send(f"somebody@slow.{ZONE}")
        case("a host with a self-issued certificate does not", self.waits, "selfmx", r"4\.7\.5", "self")
        case("a host that the policy does not name does not", self.waits, "lying", r"4\.4\.8", "is not named by the MTA-STS policy")
        self.bench.section("Policies")
        case("mode testing: delivered all the same", self.delivered_without, "testing")
        case("mode none: delivered", self.delivered_without, "none")
        for name, failure, words in (("expired", "sts-webpki-invalid", "expired"), ("selfsigned", "sts-webpki-invalid", "self"),
                                     ("redirect", "sts-policy-fetch-error", "HTTP status 301"), ("huge", "sts-policy-fetch-error", "more than the octets"),
                                     ("gzip", "sts-policy-fetch-error", "content encoding"), ("missing", "sts-policy-fetch-error", "HTTP status 404"),
                                     ("garbage", "sts-policy-invalid", "line 5: mx pattern '*'"),
                                     ("oldtls", "sts-policy-fetch-error", "protocol version")):  # STS-13
            case(f"policy host: {name}", self.no_policy, name, failure, words)
        case("policy host at a private address", self.private)
        self.bench.section("Time")
        case("a policy host that never answers costs a minute, once", lambda: self.bench.delivered(slow, "encrypted", 120)["what"])
        case("a new policy sets mail free", self.new_policy)
        case("a policy survives a restart, a failing host and a lost record", self.survives)


def play(bench: Bench, _) -> None:
    bench.world.up()
    sts = MtaSts(bench)
    sts.up()
    bench.danewerk.start()
    for domain, (tenant, protocol, host, port) in TENANTS.items():
        route = f"{protocol}:{bench.world.hosts[host].ipv4}:{port}"
        bench.danewerk.command("domain", "add", domain, "--tenant", tenant, "--route", route, "--why", "test")
    sts.run()


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Bench(given.run, given.program), play))
