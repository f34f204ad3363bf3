"""A small lab for the MX zone: the signed Internet, a foreign Postfix, our program, and name servers of others. No mailbox hosts."""
from pathlib import Path

from .addresses import NUMBERS
from .danewerk import Danewerk
from .net import Host, Net, ipv4, ipv6
from .world import World, together
from .zones import MX_ZONE, TTL

NAME_SERVERS = {"ns-one": 60, "ns-two": 61}
NEEDED = ("dns", "resolver", "danewerk", "foreign")


class ZoneWorld(World):
    """`trees`: name server host -> trees of peers. The MX zone is delegated to `delegated`, hosts by name server name."""

    def __init__(self, run_dir: Path, trees: dict[str, list[str]]):
        Net(run_dir).clean()
        super().__init__(run_dir)
        self.hosts = {name: host for name, host in self.hosts.items() if name in NEEDED}
        for name, groups in trees.items():
            self.hosts[name] = Host(self.net, name, NAME_SERVERS[name], hostname=f"{name}.lab", trees=groups, resolvers=[ipv4(NUMBERS["resolver"])])

    def up(self) -> None:
        self.net.begin()
        for part in (self.dns, self.resolver, self.foreign):
            part.prepare()
        self.net.up(list(self.hosts.values()))
        self.make_certificates_()
        self.foreign.install_certificate(self.certificates["mx1.foreign.example"])
        self.dns = self.make_dns_()
        together(self.start_dns_, self.foreign.start)

    def delegate(self, servers: dict[str, Host]) -> None:
        """The operator's part at the parent zone: NS and glue."""
        for name, host in servers.items():
            self.dns.set_rrset(name, "A", TTL, [ipv4(host.number)])
            self.dns.set_rrset(name, "AAAA", TTL, [ipv6(host.number)])
        self.dns.set_rrset(MX_ZONE, "NS", TTL, list(servers))

    def serving(self, danewerk: Danewerk) -> str | None:
        """The key in service, if any."""
        return (danewerk.ask("status").get("zone") or {}).get("serving")


__all__ = ["ZoneWorld", "MX_ZONE"]
