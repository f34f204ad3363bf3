"""One Knot DNS server: keys, zone files, start, and changes through its control socket.

The lab runs several, all on host dns. A server that holds both a parent and its child answers for the child at
once, without a referral, so a resolver would never learn of the child's own server; an attacker in front of that
server would then attack nothing. (That is what happened here with a single Knot.)
"""
import shlex
from pathlib import Path

from .net import Host, LabError
from .zones import TTL, Zone

CONF = """\
server:
  rundir: /run/knot-{label}
  user: knot:knot
  listen: [ {listen} ]
  udp-workers: 1
  tcp-workers: 2
  background-workers: 2
  automatic-acl: off
  udp-max-payload: 4096
log:
- target: /var/log/knot/{label}.log
  any: info
database:
  storage: /var/lib/knot/{label}
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
- id: nsec3
  manual: on
  single-type-signing: on
  algorithm: ecdsap256sha256
  dnskey-ttl: {ttl}
  zone-max-ttl: {ttl}
  rrsig-lifetime: 14d
  nsec3: on
  nsec3-iterations: 0
  nsec3-salt-length: 0
  cds-cdnskey-publish: none
- id: nsec3-2500
  manual: on
  single-type-signing: on
  algorithm: ecdsap256sha256
  dnskey-ttl: {ttl}
  zone-max-ttl: {ttl}
  rrsig-lifetime: 14d
  nsec3: on
  nsec3-iterations: 2500
  nsec3-salt-length: 8
  cds-cdnskey-publish: none
mod-onlinesign:
- id: online
  policy: lab
{keys}template:
- id: default
  storage: /var/lib/knot/{label}/zones
  zonefile-sync: -1
  zonefile-load: whole
  semantic-checks: on
zone:
"""


class Knot:
    """A server named `label` on `host`, listening on `listen` (Knot's form, address@port), holding `zones`."""

    def __init__(self, host: Host, label: str, listen: list[str], zones: list[Zone]):
        self.host, self.label, self.zones = host, label, zones
        self.conf = f"/etc/knot/{label}.conf"
        self.listen_ = listen

    @staticmethod
    def file_name(zone: Zone) -> str:
        return (zone.name.rstrip(".") or "root") + ".zone"

    def update_keys(self) -> str:
        """Who may change records by RFC 2136 (Zone.update_key)."""
        keys = sorted({zone.update_key for zone in self.zones if zone.update_key})
        text = "key:\n" if keys else ""
        for algorithm, name, secret in (key.split(":", 2) for key in keys):
            text += f"- id: {name}\n  algorithm: {algorithm}\n  secret: {secret}\n"
        text += "acl:\n" if keys else ""
        for _, name, _ in (key.split(":", 2) for key in keys):
            text += f"- id: {name}\n  key: {name}\n  action: update\n  update-type: [ MX, TXT ]\n"
        return text

    def make_keys(self) -> dict[str, str]:
        """Write the configuration and make one key for each signed zone; returns zone -> DS data (SHA-256)."""
        text = CONF.format(label=self.label, listen=", ".join(self.listen_), ttl=TTL, keys=self.update_keys())
        for zone in self.zones:
            text += f"- domain: {zone.name}\n  file: {self.file_name(zone)}\n"
            if zone.update_key:
                text += f"  acl: {zone.update_key.split(':')[1]}\n"
            if zone.policy == "online":
                text += "  module: mod-onlinesign/online\n"
                continue
            text += f"  dnssec-signing: on\n  dnssec-policy: {zone.policy}\n" if zone.signed else ""
        (self.host.dir / "etc/knot" / f"{self.label}.conf").write_text(text)
        self.host.run(["install", "-d", "-o", "knot", "-g", "knot", f"/run/knot-{self.label}", "/var/log/knot",
                       f"/var/lib/knot/{self.label}", f"/var/lib/knot/{self.label}/zones"])
        signed = [z.name for z in self.zones if z.signed]
        script = "".join(
            f"keymgr -c {self.conf} {z} generate algorithm=ECDSAP256SHA256 ksk=yes zsk=yes >/dev/null && "
            f"keymgr -c {self.conf} {z} ds || exit 1\n" for z in map(shlex.quote, signed))
        lines = [row.split() for row in self.host.run(["sh", "-c", script], user="knot").stdout.splitlines()]
        ds = {row[0]: " ".join(row[2:]) for row in lines if row[1:2] == ["DS"] and row[4] == "2"}
        if sorted(ds) != sorted(signed):
            raise LabError(f"keymgr gave no DS for {sorted(set(signed) - set(ds))}: {lines}")
        return ds

    def start(self, everywhere: list[Zone], ds: dict[str, str]) -> None:
        """Write the zone files, with delegations to all zones of the lab, and start the server."""
        for zone in self.zones:
            children = [z for z in everywhere if z.parent == zone.name]
            path = self.host.dir / "var/lib/knot" / self.label / "zones" / self.file_name(zone)
            path.write_text(zone.text(children, ds))
        self.daemon_ = self.host.popen(["knotd", "-c", self.conf], log=self.log_path())

    def log_path(self) -> Path:
        return self.host.dir / f"knotd-{self.label}.log"

    def ready(self) -> bool:
        """Whether all zones are loaded and signed. LabError if the server ended."""
        if self.daemon_.poll() is not None:
            raise LabError(f"knotd {self.label} ended: " + self.log_path().read_text(errors="replace")[-1500:])
        state = self.knotc("zone-status", "+serial", check=False)
        serials = [line.rsplit("serial: ", 1)[1] for line in state.splitlines() if "serial: " in line]
        return sum(s[0].isdigit() for s in serials) == len(self.zones)

    def knotc(self, *arguments: str, check: bool = True) -> str:
        return self.host.run(["knotc", "-c", self.conf, *arguments], check=check).stdout

    def replace(self, zone: str, name: str, kind: str, rows: list[tuple[str, ...]]) -> None:
        """Make the set (name, kind) exactly `rows`, each (ttl, type, data), in one transaction of its zone."""
        self.knotc("zone-begin", zone)
        try:
            self.knotc("zone-unset", zone, name, kind, check=False)  # an error if there was none: no matter
            for row in rows:
                self.knotc("zone-set", zone, name, *row)
            self.knotc("zone-commit", zone)
        except LabError:
            self.knotc("zone-abort", zone, check=False)
            raise
