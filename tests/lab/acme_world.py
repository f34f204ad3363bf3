"""The lab with a certificate authority that speaks ACME: for acme.py, mta_sts_hosting.py and rollover.py.

    world = AcmeWorld(run_dir); world.up(); world.trust_ca(danewerk)
    ...ACME.format(program=...) behind the program's settings...
    world.ca.start()                                   # lab/pebble.py
"""
from pathlib import Path

from lab import pebble
from lab.authority import Authority
from lab.danewerk import Danewerk
from lab.net import Host
from lab.world import World

CA_NUMBER = 60
TREES = {"danewerk": ["dns", "acme", "certbot"], "ca": ["acme"]}

ACME = f"""
[acme]
directory = "{pebble.DIRECTORY}"
accept_terms = "yes"
caa = ["pebble.example"]
orders_per_week = 100
first_retry = "250 ms"
program = "{{program}}"
"""


class TrustingHost(Host):
    """A host whose programs find what they trust at Debian's usual place."""

    def begin_cell(self) -> None:
        (self.dir / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        super().begin_cell()


class AcmeWorld(World):
    def __init__(self, run_dir: Path):
        super().__init__(run_dir)
        self.hosts["danewerk"] = self.trusting_("danewerk", self.hosts["danewerk"].number, self.hosts["danewerk"].hostname)
        self.hosts["ca"] = self.trusting_("ca", CA_NUMBER, pebble.NAME)
        self.ca = pebble.Pebble(self.hosts["ca"], self.hosts["resolver"].ipv4)

    def trusting_(self, name: str, number: int, hostname: str) -> Host:
        return TrustingHost(self.net, name, number, hostname=hostname, trees=TREES[name], resolvers=[self.hosts["resolver"].ipv4])

    def trust_ca(self, danewerk: Danewerk) -> None:
        """Once it is up: the CA has a name, and a certificate for its own HTTPS that programs on Danewerk's host trust."""
        authority = Authority(danewerk.authority_folder)
        self.ca.prepare(authority)
        (danewerk.host.dir / "etc/ssl/certs/ca-certificates.crt").write_text(authority.root.read_text())
        self.dns.set_rrset(pebble.NAME, "A", 5, [self.hosts["ca"].ipv4])
