"""The signed Internet: Knot on host `dns` serving every zone of zones.py, changeable and attackable while it runs.

Three servers, so that resolvers walk real referrals: the root and top-level zones (.10), the honest zones below
(.13), and the attacked zones, which only the tamper proxy (.12) can reach.

Records are changed through Knot's own control (it signs each change before answering with it); a change is in
force when the call returns, and known to all resolvers TTL (5 s) later, or at once after Unbound.flush().
Attacks go through tamper_proxy.py, which stands in front of the zones of attacked domains only; all other zones
are answered by Knot itself.

    dns.set_rrset("contoso.lab", "MX", 5, ["10 elsewhere.example."])
    with dns.break_signatures("_25._tcp.mx.bogus.lab", "TLSA"): ...
"""
import json
import os
from pathlib import Path

from . import peers
from .addresses import LEAVES, NUMBERS, TAMPER
from .knot import Knot
from .net import Host, LabError, ipv4, ipv6, wait_until
from .zones import MX_ZONE, TTL, Zone, absolute, zone_of

INNER_PORT = 5300  # where the tamper proxy reaches Knot, on 127.0.0.1 of host dns

class Tampering:
    """An attack in force. `undo()` ends it; as a context manager it ends with the block."""

    def __init__(self, dns: "Dns", name: str, kind: str):
        self.dns_, self.name_, self.kind_ = dns, name, kind

    def undo(self) -> None:
        self.dns_.stop_tampering(self.name_, self.kind_)

    def __enter__(self) -> "Tampering":
        return self

    def __exit__(self, *_) -> None:
        self.undo()


class Dns:
    """Start with start(); all other calls work from any process while the lab is up."""

    def __init__(self, host: Host, zones: list[Zone], more_servers: dict[int, str] | None = None):
        """`more_servers`: number -> label of further servers, where `zones` names any."""
        self.host, self.zones = host, zones
        labels = {NUMBERS["dns"]: "top", LEAVES: "leaves", **(more_servers or {})}
        listen = {number: [f"{ipv4(number)}@53", f"{ipv6(number)}@53"] for number in labels}
        labels[TAMPER] = "attacked"
        listen[TAMPER] = [f"127.0.0.1@{INNER_PORT}"]
        self.servers = [Knot(host, label, listen[number], [z for z in zones if z.server == number])
                        for number, label in labels.items()]
        self.rules_path_ = host.dir / "run/tamper/rules.json"
        self.first_rules: list[dict] = []  # attacks in force from the start

    # -- starting ----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Before the host is up: the directory that Knot's configuration will be seen in."""
        (self.host.dir / "etc/knot").mkdir(parents=True, exist_ok=True)

    def start(self) -> str:
        """Make keys, write zones, start the servers and the proxy. Returns the root's DS, as a zone file line."""
        root = self.host.dir
        ds: dict[str, str] = {}
        for server in self.servers:
            ds.update(server.make_keys())
        for server in self.servers:
            server.start(self.zones, ds)
        self.rules_path_.parent.mkdir(parents=True, exist_ok=True)
        self.write_rules(self.first_rules)
        log = root / "tamper_proxy.log"
        proxy = self.host.popen(
            ["/usr/bin/python3", "-P", Path(__file__).resolve().parent / "tamper_proxy.py", "/run/tamper/rules.json",
             INNER_PORT, ipv4(TAMPER), ipv6(TAMPER)], log=log, env={"PYTHONPATH": peers.python_packages()})
        wait_until(lambda: proxy.poll() is not None or "ready" in log.read_text(), "the tamper proxy")
        if proxy.poll() is not None:
            raise LabError("the tamper proxy ended: " + log.read_text()[-1500:])
        for server in self.servers:
            wait_until(server.ready, f"Knot {server.label} to sign its zones")
        return f". {TTL} IN DS {ds['.']}\n"

    # -- changing records --------------------------------------------------------------------------------------

    def change_(self, name: str, kind: str, rows: list[tuple[str, ...]], zone: Zone | None = None) -> None:
        name = absolute(name)
        zone = zone or zone_of(name, self.zones)
        server = next(s for s in self.servers if zone in s.zones)
        server.replace(zone.name, name, kind, rows)

    def set_rrset(self, name: str, kind: str, ttl: int, data: list[str]) -> None:
        """Make (name, kind) exactly these data. LabError, with the zone unchanged, if Knot refuses them."""
        self.change_(name, kind, [(str(ttl), kind, item) for item in data])

    def delete_rrset(self, name: str, kind: str) -> None:
        """Remove (name, kind); no error if it was not there."""
        self.change_(name, kind, [])

    def set_ds(self, zone: str, data: list[str]) -> None:
        """Publish the DS set of `zone` in its parent (for Danewerk's MX zone: once its keys are known); [] removes it."""
        parent = zone_of(absolute(zone).split(".", 1)[1] or ".", self.zones)
        self.change_(zone, "DS", [(str(TTL), "DS", item) for item in data], parent)

    # -- attacks -----------------------------------------------------------------------------------------------

    def rules(self) -> list[dict]:
        return json.loads(self.rules_path_.read_text())

    def write_rules(self, rules: list[dict]) -> None:
        fresh = self.rules_path_.with_suffix(".new")
        fresh.write_text(json.dumps(rules, indent=1) + "\n")
        os.replace(fresh, self.rules_path_)

    def tamper_(self, name: str, kind: str, rule: dict) -> Tampering:
        name = absolute(name)
        zone = zone_of(name, self.zones)
        if not zone.tamperable:
            able = ", ".join(z.name for z in self.zones if z.tamperable)
            raise LabError(f"{name} is in zone {zone.name}, which Knot answers itself; attacks work in: {able}")
        self.stop_tampering(name, kind)
        self.write_rules([*self.rules(), {"name": name, "type": kind, **rule}])
        return Tampering(self, name, kind)

    def break_signatures(self, name: str, kind: str) -> Tampering:
        """Make this one set bogus: its RRSIGs no longer verify, everything else in the zone does."""
        return self.tamper_(name, kind, {"action": "break"})

    def forge(self, name: str, kind: str, data: list[str], unsigned: bool = False) -> Tampering:
        """Answer other data than the zone holds, under the old signature, or none if `unsigned`."""
        return self.tamper_(name, kind, {"action": "replace", "ttl": TTL, "data": data, "unsigned": unsigned})

    def forge_mx(self, domain: str, exchange: str = "mx.attacker.lab.", unsigned: bool = False) -> Tampering:
        """Lead the mail of a signed domain to the attacker's host (10.77.0.54), without the zone's key."""
        return self.forge(domain, "MX", [f"10 {absolute(exchange)}"], unsigned)

    def stop_tampering(self, name: str, kind: str) -> None:
        """End the attack on (name, kind); no error if there was none."""
        self.write_rules([r for r in self.rules() if (r["name"], r["type"]) != (absolute(name), kind)])

    def stop_all_tampering(self) -> None:
        self.write_rules([])


__all__ = ["Dns", "Tampering", "MX_ZONE"]
