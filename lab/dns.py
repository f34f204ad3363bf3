"""The signed Internet: Knot on host `dns` serving every zone of zones.py, changeable and attackable while it runs.

Records are changed through Knot's own control (it signs each change before answering with it); a change is in
force when the call returns, and known to all resolvers TTL (5 s) later, or at once after Unbound.flush().
Attacks go through tamper_proxy.py, which stands in front of the zones of attacked domains only; all other zones
are answered by Knot itself.

    dns.set_rrset("contoso.lab", "MX", 5, ["10 elsewhere.example."])
    with dns.break_signatures("_25._tcp.mx.bogus.lab", "TLSA"): ...
"""
import json
import os
import shlex
from pathlib import Path

from .addresses import TAMPER
from .net import Host, LabError, ipv4, ipv6, wait_until
from .zones import MX_ZONE, TTL, Zone, absolute, zone_of

INNER_PORT = 5300  # where the tamper proxy reaches Knot, on 127.0.0.1 of host dns
CONF = "/etc/knot/knot.conf"

KNOT_CONF = """\
server:
  rundir: /run/knot
  user: knot:knot
  listen: [ {v4}@53, {v6}@53, 127.0.0.1@{inner} ]
  udp-workers: 1
  tcp-workers: 2
  background-workers: 2
  automatic-acl: off
log:
- target: /var/log/knot/knot.log
  any: info
database:
  storage: /var/lib/knot
  journal-db-max-size: 64M
  kasp-db-max-size: 16M
  timer-db-max-size: 16M
policy:
- id: lab
  manual: on
  single-type-signing: on
  algorithm: ecdsap256sha256
  dnskey-ttl: {ttl}
  zone-max-ttl: {ttl}
  rrsig-lifetime: 14d
  nsec3: off
  cds-cdnskey-publish: none
template:
- id: default
  storage: /var/lib/knot/zones
  zonefile-sync: -1
  zonefile-load: whole
  semantic-checks: on
zone:
"""


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

    def __init__(self, host: Host, zones: list[Zone]):
        self.host, self.zones = host, zones
        self.rules_path_ = host.dir / "run/tamper/rules.json"

    # -- starting ----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Before the host is up: the directory that Knot's configuration will be seen in."""
        (self.host.dir / "etc/knot").mkdir(parents=True, exist_ok=True)

    def start(self) -> str:
        """Make keys, write zones, start Knot and the proxy. Returns the root's DS, as a zone file line."""
        root = self.host.dir
        conf = KNOT_CONF.format(v4=self.host.ipv4, v6=self.host.ipv6, inner=INNER_PORT, ttl=TTL)
        for zone in self.zones:
            conf += f"- domain: {zone.name}\n  file: {self.file_name(zone)}\n"
            conf += "  dnssec-signing: on\n  dnssec-policy: lab\n" if zone.signed else ""
        (root / "etc/knot/knot.conf").write_text(conf)
        self.host.run(["install", "-d", "-o", "knot", "-g", "knot", "/run/knot", "/var/lib/knot", "/var/log/knot",
                       "/var/lib/knot/zones"])
        ds = self.make_keys()
        for zone in self.zones:
            children = [z for z in self.zones if z.parent == zone.name]
            (root / "var/lib/knot/zones" / self.file_name(zone)).write_text(zone.text(children, ds))
        self.rules_path_.parent.mkdir(parents=True, exist_ok=True)
        self.write_rules([])
        knot = self.host.popen(["knotd", "-c", CONF], log=root / "knotd.log")
        proxy = self.host.popen(
            ["/usr/bin/python3", "-I", Path(__file__).resolve().parent / "tamper_proxy.py", "/run/tamper/rules.json",
             INNER_PORT, ipv4(TAMPER), ipv6(TAMPER)], log=root / "tamper_proxy.log")
        self.host.await_port(53, "tcp", knot, root / "knotd.log")
        wait_until(lambda: proxy.poll() is not None or "ready" in (root / "tamper_proxy.log").read_text(), "the proxy")
        if proxy.poll() is not None:
            raise LabError("the tamper proxy ended: " + (root / "tamper_proxy.log").read_text()[-1500:])
        wait_until(self.all_signed, "Knot to sign all zones")
        return f". {TTL} IN DS {ds['.']}\n"

    @staticmethod
    def file_name(zone: Zone) -> str:
        return (zone.name.rstrip(".") or "root") + ".zone"

    def make_keys(self) -> dict[str, str]:
        """One key for each signed zone; returns zone -> DS data (SHA-256)."""
        signed = [z.name for z in self.zones if z.signed]
        script = "".join(
            f"keymgr -c {CONF} {z} generate algorithm=ECDSAP256SHA256 ksk=yes zsk=yes >/dev/null && "
            f"keymgr -c {CONF} {z} ds || exit 1\n" for z in map(shlex.quote, signed))
        lines = [row.split() for row in self.host.run(["sh", "-c", script], user="knot").stdout.splitlines()]
        ds = {row[0]: " ".join(row[2:]) for row in lines if row[1:2] == ["DS"] and row[4] == "2"}
        if sorted(ds) != sorted(signed):
            raise LabError(f"keymgr gave no DS for {sorted(set(signed) - set(ds))}: {lines}")
        return ds

    def all_signed(self) -> bool:
        state = self.knotc("zone-status", "+serial", check=False)
        loaded = [line for line in state.splitlines() if line.startswith("[") and "serial: " in line
                  and "serial: -" not in line and "serial: none" not in line]
        return len(loaded) == len(self.zones)

    # -- changing records --------------------------------------------------------------------------------------

    def knotc(self, *arguments: str, check: bool = True) -> str:
        return self.host.run(["knotc", "-c", CONF, *arguments], check=check).stdout

    def change_(self, name: str, kind: str, adding: list[tuple[str, ...]], zone: Zone | None = None) -> None:
        """Replace the set (name, kind) by `adding` in one transaction of its zone."""
        name = absolute(name)
        zone = zone or zone_of(name, self.zones)
        self.knotc("zone-begin", zone.name)
        try:
            self.knotc("zone-unset", zone.name, name, kind, check=False)  # an error if there was none: no matter
            for row in adding:
                self.knotc("zone-set", zone.name, name, *row)
            self.knotc("zone-commit", zone.name)
        except LabError:
            self.knotc("zone-abort", zone.name, check=False)
            raise

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
