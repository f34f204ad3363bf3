"""The resolver attacked: another one's AD bit, hung or killed in the middle of lookups, one that does not validate. RES-01, RES-02, RES-05.

Whatever becomes of it, mail waits as through a fault of our own, goes out authenticated when the resolver is well, and never on
lesser terms.
"""
import os
import signal
import time

from lab.lookup.internet import SERVERS
from lab.lookup.judge import Case
from lab.lookup.table import Expected
from lab.net import LabError, wait_until

from .bad_input_resolver import Resolver
from .frame import demand

MANY = 10
PLAIN_UNBOUND = """\
server:
  username: ""
  chroot: ""
  directory: "/run"
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1@10099
  root-hints: "/etc/lab/root.hints"
  module-config: "iterator"
  do-not-query-localhost: no
"""


class ResolverAttacks(Resolver):
    """Of Resolver (bad_input_resolver.py): pid(), signal()."""

    def __init__(self, attacks):
        self.attacks = self.bench = attacks
        net, expected = attacks.internet, Expected("dane", "delivered", assurance="next_hop_authenticated")
        self.cases = {}
        for kind in ("hung", "killed", "blind"):
            self.cases[kind] = []
            for at in range(MANY):
                domain = attacks.destination(f"{kind}{at}", SERVERS["offered"], zone="nsec3.lab.")
                self.cases[kind].append(Case(f"{kind}{at}", "", domain, expected))
        self.pending = []
        for at in range(3):  # lookups that are under way for seconds
            domain = f"slow{at}.sickmx.lab."
            net.addresses(f"mx.slow{at}.nsec.lab.", SERVERS["offered"])
            net.add(f"_25._tcp.mx.slow{at}.nsec.lab.", "TLSA", net.good)
            net.add(domain, "MX", f"10 mx.slow{at}.nsec.lab.")
            net.attack(domain, "MX", "drop")
            self.pending.append(Case(f"slow{at}", "", domain, expected))

    def run(self) -> None:
        attacks = self.attacks
        attacks.section("The resolver attacked")
        left = [m["id"] for m in attacks.danewerk.ask("queue.list", which="queued", limit=1000)["messages"]]
        attacks.danewerk.ask("queue.drop", ids=left, why="what waits from earlier attacks would connect meanwhile")
        for number, (what, address) in enumerate((("another host's", "10.77.0.11:53"), ("another host's, over IPv6", "[fd77::11]:53"))):
            attacks.case(f"{what} resolver is refused at the start", self.refused, number, address)
        attacks.case("hung in the middle of lookups (SIGSTOP): mail waits", self.hung)
        attacks.case("then killed (SIGKILL): another takes its place, mail goes out authenticated", self.killed_while_hung)
        attacks.case("killed while answers are under way: mail waits", self.killed)
        attacks.case("and goes out authenticated", self.mended)
        attacks.case("nothing in clear", attacks.no_leaks)
        attacks.case("a resolver on loopback that does not validate: mail waits, nobody is connected to", self.blind)

    def refused(self, number: int, address: str) -> str:
        danewerk = self.attacks.danewerk
        path = danewerk.host.dir / f"etc/lab/foreign-resolver-{number}.toml"
        path.write_text(danewerk.config().replace("[resolver]\n", f'[resolver]\nmode = "external"\naddress = "{address}"\n'))
        said = []
        for command in (["config", "check"], ["serve"]):
            done = danewerk.host.run([danewerk.program_inside, "--config", f"/etc/lab/{path.name}", *command], check=False, timeout=30)
            said.append(done.stdout + done.stderr)
            demand(done.returncode == 2, f"{command} exited {done.returncode}: {said[-1]}")
            demand("resolver.address" in said[-1] and "not a loopback address" in said[-1], f"{command} says: {said[-1]}")
        return said[0].strip().splitlines()[-1]

    def submit(self, cases: list[Case]) -> dict[str, str]:
        return self.attacks.world.submit([(f"{c.label}@contoso.lab", c.recipient) for c in cases])

    def wait_as_ours(self, ids: dict[str, str]) -> str:
        for recipient, queue_id in ids.items():
            shown = self.attacks.first_word(queue_id, 60)
            demand(shown["state"] == "waiting" and shown["code"] in ("4.4.312", "4.7.324"),
                   f"{recipient}: {shown['state']} {shown.get('code')}: {shown['what']}")
        return shown["code"] + ": " + shown["what"]

    def hung(self) -> str:
        before = len([r for r in self.attacks.zoo.records() if r["event"] == "accepted"])
        self.hung_pid = self.signal(signal.SIGSTOP)
        said = self.wait_as_ours(self.submit(self.cases["hung"]))
        demand(before == len([r for r in self.attacks.zoo.records() if r["event"] == "accepted"]), "somebody was connected to without a lookup")
        return said

    def killed_while_hung(self) -> str:
        os.kill(self.hung_pid, signal.SIGKILL)
        wait_until(lambda: self.pid() not in (0, self.hung_pid), "a new resolver process", 30)
        return self.attacks.goes_out(self.cases["hung"], "next_hop_authenticated", 90)

    def killed(self) -> str:
        """Three lookups wait for a server that says nothing, ten have just been asked for: SIGKILL."""
        self.pending_ids = self.submit(self.pending)
        time.sleep(1)  # so that these lookups are under way
        ids = self.submit(self.cases["killed"])
        killed = self.signal(signal.SIGKILL)
        said = self.wait_as_ours(self.pending_ids)
        wait_until(lambda: self.pid() not in (0, killed), "a new resolver process", 30)
        return f"{len(ids)} others in the queue; " + said

    def mended(self) -> str:
        """The server answers again, and the new resolver asks it."""
        rules = self.attacks.world.dns.rules()
        self.attacks.world.dns.write_rules([rule for rule in rules if rule["action"] != "drop"])
        return self.attacks.goes_out([*self.pending, *self.cases["killed"]], "next_hop_authenticated", 120)

    def blind(self) -> str:
        """The operator's own resolver, without validation: no AD bit, so its word is worth nothing, never "insecure"."""
        attacks, danewerk = self.attacks, self.attacks.danewerk
        demand(danewerk.stop() == 0, "Danewerk did not stop in good order")
        (danewerk.host.dir / "etc/lab/plain.conf").write_text(PLAIN_UNBOUND)
        danewerk.host.popen(["unbound", "-d", "-p", "-c", "/etc/lab/plain.conf"], log=danewerk.host.dir / "plain-unbound.log")
        asked = ["kdig", "@127.0.0.1", "-p", "10099", "blind0.nsec3.lab", "MX"]
        wait_until(lambda: "NOERROR" in danewerk.host.run(asked, check=False).stdout, "the other resolver")
        danewerk.resolver = 'mode = "external"\naddress = "127.0.0.1:10099"\n'
        danewerk.start()
        attacks.first_worker = attacks.worker()
        before = len([r for r in attacks.zoo.records() if r["event"] == "accepted"])
        ids: dict[str, str] = {}

        def handed_in() -> bool:
            try:
                ids.update(self.submit(self.cases["blind"]))
            except LabError as error:
                if "refused" not in str(error):
                    raise
            return bool(ids)
        wait_until(handed_in, "the submission port", 20, 0.5)
        said = self.wait_as_ours(ids)
        demand(before == len([r for r in attacks.zoo.records() if r["event"] == "accepted"]), "somebody was connected to")
        kind = attacks.first_word(next(iter(ids.values())))["evidence"]["fault"]["kind"]
        demand(kind == "ours", f"the fault counts as '{kind}'")
        return said
