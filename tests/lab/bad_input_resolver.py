"""The resolver stops, or dies, while mail is queued: our own fault, so mail waits; never "insecure", never in clear.

RES-02, TL-09, design 8: every failure is a lookup error. The mail process must not even notice more than that.
"""
import os
import signal

from lab.hostile_hosts import HostileHost
from lab.net import start_time, wait_until

from .bad_input import Bench
from .frame import demand


class Resolver:
    def __init__(self, bench: Bench):
        self.bench = bench
        self.host = HostileHost(bench.world, "forged")
        self.count_ = 0

    def pid(self) -> int:
        """The resolver child of Danewerk; 0 while there is none."""
        found = [pid for pid, command in self.bench.processes() if command.split(" ")[0].endswith("unbound") and start_time(pid)]
        return found[0] if found else 0

    def signal(self, number: int) -> int:
        pid = wait_until(self.pid, "a resolver process")
        os.kill(pid, number)
        return pid

    def fresh_domain(self) -> str:
        """A domain nobody has asked for yet, with the host `forged` as its MX host, under a new name."""
        self.count_ += 1
        name = f"r{self.count_}.foreign.example"
        dns = self.bench.world.dns
        dns.set_rrset(name, "MX", 5, [f"10 mx.{name}."])
        dns.set_rrset(f"mx.{name}", "A", 5, [self.host.host.ipv4])
        dns.set_rrset(f"_25._tcp.mx.{name}", "TLSA", 5, [self.bench.world.certificates["mx.forged.lab"].tlsa()])
        return name

    def stopped(self) -> str:
        """SIGSTOP: no answer comes. The message waits as our own fault, and nobody is connected to."""
        self.domains = [self.fresh_domain() for _ in range(3)]
        self.stopped_pid = self.signal(signal.SIGSTOP)
        self.queued = [self.bench.send(f"x@{domain}") for domain in self.domains]
        for queue_id in self.queued:
            self.recipient = self.bench.waits(queue_id, r"4\.4\.312", 40)
        demand(self.host.connections() == 0, "the host was connected to without a valid lookup")
        return f"waits with {self.recipient['code']}: {self.recipient['what']}"

    def never_insecure(self) -> str:
        """What `explain` says meanwhile: a failed lookup, no level, and nothing insecure."""
        shown = self.bench.danewerk.json("explain", self.domains[0])
        states = [q["state"] for q in shown["questions"]] + [q["state"] for h in shown["hosts"] for q in h["questions"]]
        demand(states and not {"insecure", "secure"} & set(states), f"states {states}")
        demand(not any("level" in h for h in shown["hosts"]), f"hosts {shown['hosts']}")
        return ", ".join(sorted(set(states)))

    def our_fault(self) -> str:
        """design 9.8: counted as ours, so the message's time does not run."""
        kind = self.recipient["evidence"]["fault"]["kind"]
        demand(kind == "ours", f"the fault counts as '{kind}', against the message: {self.recipient['what']}")
        return self.recipient["evidence"]["fault"]["lookup"]["error"]["what"]

    def killed_while_stopped(self) -> str:
        """SIGSEGV reaches it in the middle of these lookups; another takes its place, and the mail goes out by itself."""
        since = self.bench.log_mark()
        os.kill(self.stopped_pid, signal.SIGSEGV)
        os.kill(self.stopped_pid, signal.SIGCONT)
        wait_until(lambda: self.pid() not in (0, self.stopped_pid), "a new resolver process", 30)
        self.bench.logged(since, r"supervisor\.child.*child=resolver")
        for queue_id in self.queued:
            self.bench.delivered(queue_id, "next_hop_authenticated", 90)
        self.bench.no_leak(self.host)
        return f"pid {self.stopped_pid}, then {self.pid()}; all {len(self.queued)} messages went out, authenticated"

    def killed(self) -> str:
        """SIGSEGV, and mail right behind it, five times over: whatever each attempt met, none goes out but authenticated."""
        codes = []
        for _ in range(5):
            domain = self.fresh_domain()
            self.signal(signal.SIGSEGV)
            queue_id = self.bench.send(f"x@{domain}")
            codes.append(self.bench.first_word(queue_id).get("code", "?"))
            self.bench.delivered(queue_id, "next_hop_authenticated", 90)
            wait_until(self.pid, "a resolver process", 30)
        self.bench.no_leak(self.host)
        return "first words: " + ", ".join(codes)


def run(bench: Bench) -> None:
    bench.section("The resolver stops and dies")
    resolver = Resolver(bench)
    resolver.host.start()
    bench.case("SIGSTOP to the resolver", resolver.stopped)
    bench.case("what explain says of it", resolver.never_insecure)
    bench.case("whose fault that is", resolver.our_fault)
    bench.case("SIGSEGV in the middle of lookups", resolver.killed_while_stopped)
    bench.case("SIGSEGV, five times", resolver.killed)
