"""The hostile mail hosts of the lab, running: one program of lab/hostile on each, recording all it hears."""
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .addresses import ATTACKED, MAIL_NAMES
from .hostile.certificate import make_certificate, make_host_keys
from .hostile.modes import set_mode
from .hostile.recorder import cleartext_mail_bytes, connections, messages, read_records
from .world import World

SMTP_HOST = Path(__file__).resolve().parent / "hostile/smtp_host.py"


class HostileHost:
    """`mode("strip")`, `records()`, `leaks()`: what of a mail came in clear, `delivered()`: how many messages it was given."""

    def __init__(self, world: World, name: str):
        self.host = world.hosts[name]
        folder = self.host.dir / "hostile"
        self.wrong = make_host_keys(folder / "keys", [MAIL_NAMES[name]])
        certificate = world.certificates.get(MAIL_NAMES[name])
        self.key, self.cert = (certificate.key, certificate.pem) if certificate else (self.wrong.key, self.wrong.cert)
        self.expired = self.make_expired_(folder / "keys" / "expired-host.crt")
        self.records_path, self.control, self.mail = folder / "records.jsonl", folder / "mode", folder / "mail"
        self.name = MAIL_NAMES[name]

    def make_expired_(self, path: Path) -> Path:
        """A certificate of the host's own key that expired a month ago: what mode `expired` shows."""
        now, day = datetime.now(timezone.utc), timedelta(days=1)
        if not path.exists():
            make_certificate(self.key, path, [MAIL_NAMES[self.host.name]], now - 60 * day, now - 30 * day)
        return path

    def start(self, mode: str = "honest") -> None:
        self.host.popen([sys.executable, SMTP_HOST, "--listen", self.host.ipv4, "--listen", self.host.ipv6, "--name", self.name,
                         "--key", self.key, "--cert", self.cert, "--wrong-key", self.wrong.wrong_key, "--wrong-cert",
                         self.wrong.wrong_cert, "--expired-cert", self.expired, "--records", self.records_path, "--control", self.control, "--mail-folder",
                         self.mail, "--mode", mode], log=self.host.dir / "smtp_host.log")
        self.host.await_port(25)
        self.mode(mode)

    def mode(self, mode: str) -> None:
        set_mode(self.control, mode)

    def records(self):
        return read_records(self.records_path) if self.records_path.exists() else []

    def leaks(self):
        return cleartext_mail_bytes(self.records())

    def connections(self) -> int:
        return len(connections(self.records()))

    def delivered(self) -> int:
        return len(messages(self.records()))


def start_all(world: World) -> dict[str, HostileHost]:
    """All of them, honest at first."""
    hosts = {name: HostileHost(world, name) for name in (*ATTACKED, "attacker")}
    for host in hosts.values():
        host.start()
    return hosts
