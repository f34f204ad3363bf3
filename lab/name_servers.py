"""Name servers of others for our MX zone: primaries that take updates (BIND, PowerDNS, Knot with its entry-point key away), secondaries
that transfer it (NSD, Knot).

Configured as docs/operate/external-primary.md and secondaries.md tell operators to. Each lives on a lab host of its own, made
with the tree of its program.
"""
import base64
import hashlib
from pathlib import Path

from .net import Host, LabError, wait_until
from .zones import MX_ZONE, TTL

ZONE = MX_ZONE.rstrip(".")
UPDATE_KEY, OPERATOR_KEY, TRANSFER_KEY = "update.hoster.example", "operator.hoster.example", "transfer.hoster.example"
IDLE_KEY = "idle.hoster.example"  # known to the primary, allowed nothing


def secret(name: str) -> str:
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


def key_text(name: str, secret_of: str | None = None) -> str:
    """As danewerk's key files hold it; `secret_of` another name gives a wrong secret."""
    return f"hmac-sha256:{name}:{secret(secret_of or name)}\n"


def first_zone(servers: dict[str, Host]) -> str:
    """SOA, NS and addresses: what the operator makes; all else is danewerk's."""
    names = list(servers)
    rows = [f"{MX_ZONE} {TTL} IN SOA {names[0]} hostmaster.{MX_ZONE} 1 3600 600 604800 {TTL}"]
    for name, host in servers.items():
        rows += [f"{MX_ZONE} {TTL} IN NS {name}", f"{name} {TTL} IN A {host.ipv4}", f"{name} {TTL} IN AAAA {host.ipv6}"]
    return "\n".join(rows) + "\n"


BIND = """\
options {{ directory "/var/lib/bind"; pid-file "/run/named.pid"; session-keyfile "/run/session.key"; listen-on {{ any; }}; listen-on-v6 {{ any; }};
  recursion no; allow-transfer {{ none; }}; dnssec-validation no; }};
controls {{ }};
key "{update}" {{ algorithm hmac-sha256; secret "{update_secret}"; }};
key "{operator}" {{ algorithm hmac-sha256; secret "{operator_secret}"; }};
key "{idle}" {{ algorithm hmac-sha256; secret "{idle_secret}"; }};
dnssec-policy "mx" {{
  keys {{ csk lifetime unlimited algorithm ecdsap256sha256; }};
  dnskey-ttl {ttl}s; max-zone-ttl 1h; publish-safety 1s; retire-safety 1s; zone-propagation-delay 1s; parent-ds-ttl {ttl}s; parent-propagation-delay 1s;
}};
zone "{zone}" {{
  type primary; file "mx.zone"; dnssec-policy "mx"; inline-signing no;
  update-policy {{ grant {update} zonesub A AAAA TLSA; grant {operator} zonesub ANY; }};
}};
"""

PDNS = """\
launch=gsqlite3
gsqlite3-database=/var/lib/pdns/pdns.sqlite3
gsqlite3-dnssec=yes
dnsupdate=yes
allow-dnsupdate-from=
local-address=0.0.0.0, ::
socket-dir=/run/pdns
default-ksk-algorithm=ecdsa256
default-zsk-algorithm=
default-publish-cds=2
default-publish-cdnskey=1
disable-syslog=yes
version-string=anonymous
"""

NSD = """\
server:
  ip-address: 0.0.0.0
  ip-address: ::0
  username: ""
  zonesdir: "/var/lib/nsd"
  database: ""
  pidfile: "/run/nsd.pid"
  xfrdfile: "/var/lib/nsd/xfrd.state"
  zonelistfile: "/var/lib/nsd/zone.list"
  xfrdir: "/var/tmp"
  verbosity: 2
remote-control:
  control-enable: no
key:
  name: "{key}"
  algorithm: hmac-sha256
  secret: "{secret}"
zone:
  name: "{zone}"
  zonefile: "mx.zone"
  request-xfr: {primary} {key}
  allow-notify: {primary} {key}
"""

KNOT = """\
server:
  rundir: /run/knot
  user: knot:knot
  listen: [ 0.0.0.0@53, "::@53" ]
  automatic-acl: off
log:
- target: stderr
  any: info
database:
  storage: /var/lib/knot
key:
- id: {key}
  algorithm: hmac-sha256
  secret: {secret}
remote:
- id: hidden
  address: {primary}@53
  key: {key}
acl:
- id: notified
  address: {primary}
  key: {key}
  action: notify
zone:
- domain: {zone}
  master: hidden
  acl: notified
"""


KNOT_POLICY = """\
database:
  storage: {folder}
policy:
- id: away
  manual: on
  offline-ksk: on
  algorithm: ecdsap256sha256
  zsk-lifetime: 90d
  cds-cdnskey-publish: always
  dnskey-ttl: {ttl}
  zone-max-ttl: 3600
  propagation-delay: 1
"""

KNOT_PRIMARY = """\
server:
  rundir: /run/knot
  user: knot:knot
  listen: [ 0.0.0.0@53, "::@53" ]
  automatic-acl: off
log:
- target: stderr
  any: info
key:
- id: {update}
  algorithm: hmac-sha256
  secret: {update_secret}
- id: {operator}
  algorithm: hmac-sha256
  secret: {operator_secret}
- id: {idle}
  algorithm: hmac-sha256
  secret: {idle_secret}
acl:
- id: danewerk
  key: {update}
  action: update
  update-type: [ A, AAAA, TLSA ]
- id: operator
  key: {operator}
  action: update
{policy}zone:
- domain: {zone}
  storage: {folder}
  file: mx.zone
  zonefile-sync: -1
  zonefile-load: difference-no-serial
  journal-content: all
  serial-policy: unixtime
  dnssec-signing: on
  dnssec-policy: away
  acl: [ danewerk, operator ]
"""

KNOT_AWAY = """\
server:
  rundir: {folder}
  user: knot:knot
{policy}zone:
- domain: {zone}
  dnssec-policy: away
"""


class Server:
    """A daemon on `host`; `start()` returns when port 53 is open."""

    def __init__(self, host: Host, command: list[str], folder: str, user: str):
        self.host, self.command_, self.folder_, self.user_ = host, command, folder, user

    def prepare(self, files: dict[str, str]) -> None:
        self.host.run(["install", "-d", "-o", self.user_, "-g", self.user_, self.folder_])
        for path, text in files.items():
            outside = self.host.dir / path.lstrip("/")
            outside.parent.mkdir(parents=True, exist_ok=True)
            outside.write_text(text)
            self.host.run(["chown", f"{self.user_}:{self.user_}", path])

    def start(self) -> None:
        self.log = self.host.dir / "server.log"
        self.process = self.host.popen(self.command_, log=self.log)
        self.host.await_port(53, "udp", self.process, self.log, 30)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)

    def dig(self, name: str, kind: str) -> str:
        return self.host.run(["kdig", f"@{self.host.ipv4}", "+short", "+norec", "+time=2", "+retry=1", name, kind], check=False).stdout.strip()


class Bind(Server):
    def __init__(self, host: Host):
        super().__init__(host, ["named", "-f", "-g", "-u", "bind", "-c", "/var/lib/bind/named.conf"], "/var/lib/bind", "bind")

    def begin(self, servers: dict[str, Host]) -> None:
        self.prepare({"/var/lib/bind/mx.zone": first_zone(servers), "/var/lib/bind/named.conf": BIND.format(
            update=UPDATE_KEY, update_secret=secret(UPDATE_KEY), operator=OPERATOR_KEY, operator_secret=secret(OPERATOR_KEY), idle=IDLE_KEY, idle_secret=secret(IDLE_KEY),
            zone=ZONE, ttl=TTL)})
        self.host.run(["chown", "bind:bind", "/run"])
        self.start()

    def sign(self) -> None:
        """It did so when it began: the zone has a policy."""


class PowerDns(Server):
    def __init__(self, host: Host):
        super().__init__(host, ["pdns_server", "--config-dir=/var/lib/pdns", "--guardian=no", "--daemon=no", "--setuid=pdns", "--setgid=pdns",
                                "--write-pid=no"], "/var/lib/pdns", "pdns")

    def util(self, *arguments: str) -> str:
        return self.host.run(["setpriv", "--reuid=pdns", "--regid=pdns", "--clear-groups", "pdnsutil", "--config-dir=/var/lib/pdns", *arguments]).stdout

    def begin(self, servers: dict[str, Host]) -> None:
        """The zone is not signed yet; sign() does it."""
        self.prepare({"/var/lib/pdns/pdns.conf": PDNS, "/var/lib/pdns/mx.zone": first_zone(servers)})
        self.host.run(["install", "-d", "-o", "pdns", "-g", "pdns", "/run/pdns"])
        schema = "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql"
        self.host.run(["sh", "-c", f"sqlite3 /var/lib/pdns/pdns.sqlite3 < {schema}"], user="pdns")
        self.util("load-zone", ZONE, "/var/lib/pdns/mx.zone")
        for name in (UPDATE_KEY, OPERATOR_KEY, IDLE_KEY):
            self.util("import-tsig-key", name, "hmac-sha256", secret(name))
        self.util("set-meta", ZONE, "TSIG-ALLOW-DNSUPDATE", UPDATE_KEY, OPERATOR_KEY)
        self.util("set-meta", ZONE, "ALLOW-DNSUPDATE-FROM", "10.77.0.0/24")
        self.util("set-meta", ZONE, "SOA-EDIT-DNSUPDATE", "EPOCH")
        self.start()

    def sign(self) -> None:
        """Begun anew, or it would go on without for as long as it remembers that there were no keys (dnssec-key-cache-ttl, 30 s)."""
        self.util("secure-zone", ZONE)
        self.stop()
        self.start()


class KnotPrimary(Server):
    """With its entry-point key on another machine (here: another directory), which signs the DNSKEY set for the time to come."""
    HERE, AWAY = "/var/lib/knot", "/var/lib/away"

    def __init__(self, host: Host):
        super().__init__(host, ["knotd", "-c", f"{self.HERE}/knot.conf"], self.HERE, "knot")

    def keymgr(self, folder: str, *arguments: str) -> str:
        return self.host.run(["keymgr", "-c", f"{folder}/knot.conf", ZONE, *arguments]).stdout

    def begin(self, servers: dict[str, Host]) -> None:
        policy = {folder: KNOT_POLICY.format(folder=folder, ttl=TTL) for folder in (self.HERE, self.AWAY)}
        for folder in (self.AWAY, "/run/knot"):
            self.host.run(["install", "-d", "-o", "knot", "-g", "knot", folder])
        self.prepare({f"{self.AWAY}/knot.conf": KNOT_AWAY.format(folder=self.AWAY, policy=policy[self.AWAY], zone=ZONE),
                      f"{self.HERE}/mx.zone": first_zone(servers),
                      f"{self.HERE}/knot.conf": KNOT_PRIMARY.format(
                          folder=self.HERE, policy=policy[self.HERE], zone=ZONE, update=UPDATE_KEY, update_secret=secret(UPDATE_KEY), operator=OPERATOR_KEY,
                          operator_secret=secret(OPERATOR_KEY), idle=IDLE_KEY, idle_secret=secret(IDLE_KEY))})
        self.ceremony()
        self.start()

    def ceremony(self) -> None:
        """docs/operate/dnssec-keys.md: keys for the zone here, the key that vouches for them there, and signatures for a month."""
        self.keymgr(self.AWAY, "generate", "ksk=yes", "created=+0", "publish=+0", "ready=+0", "active=+0")
        self.keymgr(self.HERE, "generate", "ksk=no", "created=+0", "publish=+0", "active=+0")
        self.keymgr(self.HERE, "pregenerate", "+30d")
        request = self.host.dir / self.AWAY.lstrip("/") / "request"
        request.write_text(self.keymgr(self.HERE, "generate-ksr", "+0", "+30d"))
        answer = self.host.dir / self.HERE.lstrip("/") / "answer"
        answer.write_text(self.keymgr(self.AWAY, "sign-ksr", f"{self.AWAY}/request"))
        self.keymgr(self.HERE, "import-skr", f"{self.HERE}/answer")

    def sign(self) -> None:
        """It did so when it began."""


class Nsd(Server):
    def __init__(self, host: Host):
        super().__init__(host, ["nsd", "-d", "-c", "/var/lib/nsd/nsd.conf"], "/var/lib/nsd", "nsd")

    def begin(self, primary: Host) -> None:
        self.prepare({"/var/lib/nsd/nsd.conf": NSD.format(key=TRANSFER_KEY, secret=secret(TRANSFER_KEY), zone=ZONE, primary=primary.ipv4)})
        self.start()


class KnotSecondary(Server):
    def __init__(self, host: Host):
        super().__init__(host, ["knotd", "-c", "/var/lib/knot/knot.conf"], "/var/lib/knot", "knot")

    def begin(self, primary: Host) -> None:
        self.prepare({"/var/lib/knot/knot.conf": KNOT.format(key=TRANSFER_KEY, secret=secret(TRANSFER_KEY), zone=ZONE, primary=primary.ipv4)})
        self.host.run(["install", "-d", "-o", "knot", "-g", "knot", "/run/knot"])
        self.start()

    def knotc(self, *arguments: str) -> str:
        return self.host.run(["knotc", "-c", "/var/lib/knot/knot.conf", *arguments]).stdout


def update_as_operator(primary: Server, script: str) -> None:
    """What somebody else with rights on the zone does: commands of knsupdate."""
    text = f"server {primary.host.ipv4}\nzone {ZONE}\nkey hmac-sha256:{OPERATOR_KEY} {secret(OPERATOR_KEY)}\n{script}\nsend\nanswer\n"
    done = primary.host.run(["knsupdate", "-v"], input=text, check=False)
    said = done.stdout + done.stderr
    if done.returncode != 0 or "status: NOERROR" not in said:
        raise LabError(f"knsupdate: {said}")


__all__ = ["Bind", "PowerDns", "KnotPrimary", "Nsd", "KnotSecondary", "update_as_operator", "wait_until", "Path"]
