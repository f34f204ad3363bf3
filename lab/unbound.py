"""The validating resolver of the foreign side: Debian's Unbound on host `resolver`, with the lab's root and anchor.

Every host but Danewerk's asks it (10.77.0.11, fd77::11). It tells extended errors (RFC 8914), keeps a bogus
answer for 1 second and a negative one for 5, and trusts nothing unsigned. `config()` is also a template for
whoever starts another Unbound inside the lab.
"""
from .net import Host, wait_until

CONF = """\
server:
  username: "unbound"
  chroot: ""
  directory: "/var/lib/unbound"
  pidfile: "/run/unbound/unbound.pid"
  logfile: "/var/lib/unbound/unbound.log"
  use-syslog: no
  verbosity: 1
  val-log-level: 2
  num-threads: 1
  interface: 127.0.0.1
  interface: ::1
  interface: {v4}
  interface: {v6}
  access-control: 127.0.0.0/8 allow
  access-control: ::1 allow
  access-control: 10.77.0.0/24 allow
  access-control: fd77::/64 allow
  root-hints: "/etc/lab/root.hints"
  trust-anchor-file: "/etc/lab/root.key"
  module-config: "validator iterator"
  ede: yes
  val-bogus-ttl: 1
  cache-max-negative-ttl: 5
  infra-host-ttl: 5
  infra-keep-probing: yes
  do-not-query-localhost: no
  do-ip4: yes
  do-ip6: yes
  trust-anchor-signaling: no
  root-key-sentinel: no
  aggressive-nsec: no
remote-control:
  control-enable: yes
  control-use-cert: no
  control-interface: "/run/unbound/control"
"""


def config(v4: str, v6: str) -> str:
    return CONF.format(v4=v4, v6=v6)


class Unbound:
    """Needs /etc/lab/root.hints and root.key on its host (World writes them)."""

    def __init__(self, host: Host):
        self.host = host

    def prepare(self) -> None:
        (self.host.dir / "etc/unbound").mkdir(parents=True, exist_ok=True)
        (self.host.dir / "etc/unbound/unbound.conf").write_text(config(self.host.ipv4, self.host.ipv6))

    def start(self) -> None:
        self.host.run(["install", "-d", "-o", "unbound", "-g", "unbound", "/run/unbound", "/var/lib/unbound"])
        log = self.host.dir / "unbound.log"
        daemon = self.host.popen(["unbound", "-d", "-p", "-c", "/etc/unbound/unbound.conf"], log=log)
        self.host.await_port(53, "udp", daemon, log)
        wait_until(lambda: (self.host.dir / "run/unbound/control").exists(), "Unbound's control socket")

    def control(self, *arguments: str) -> str:
        return self.host.run(["unbound-control", "-c", "/etc/unbound/unbound.conf", *arguments]).stdout

    def flush(self, name: str = ".") -> None:
        """Forget everything known about `name` and below, also what was bogus or negative."""
        for what in ("flush_zone", "flush_bogus", "flush_negative"):
            self.control(what, *([name] if what == "flush_zone" else []))

    def log_lines(self) -> list[str]:
        path = self.host.dir / "var/lib/unbound/unbound.log"
        return path.read_text(errors="replace").splitlines() if path.exists() else []
