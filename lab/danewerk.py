"""Our program on its lab host: the shipped binary, started as an operator would, with the lab's short timings.

Only what a lab needs differs from the defaults: where the root of this Internet is, that 10.77.0.0/24 and fd77::/64 may be
delivered to and may hold policy hosts, whom to trust for certificates, and TTLs and waits of seconds instead of hours. `TIMINGS` says which, so that a demo can print them.
"""
import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from .authority import Authority
from .net import Host, LabError, wait_until
from .zones import MX_ZONE

PROGRAM = Path(__file__).resolve().parent.parent / "build/release/danewerk"
TIMINGS = {"zone.tlsa_ttl": "5 s", "zone.address_ttl": "5 s", "zone.negative_ttl": "5 s", "zone.propagation": "1 s",
           "zone.check_interval": "2 s", "resolver.bogus_ttl": "1 s", "resolver.max_negative_ttl": "5 s",
           "delivery.first_retry": "2 s", "delivery.max_retry": "2 s", "delivery.policy_first_retry": "2 s",
           "delivery.policy_max_retry": "2 s"}

CONFIG = """\
[server]
log_level = "info"

[edge]
hostname = "mx1.hoster.example"
listen = ["{v4}:25", "[{v6}]:25"]

[submission]
listen = ["127.0.0.1:587"]

[resolver]
trust_anchor = "/etc/lab/root.key"
root_hints = "/etc/lab/root.hints"
bogus_ttl = "{resolver.bogus_ttl}"
max_negative_ttl = "{resolver.max_negative_ttl}"

[zone]
name = "{zone}"
listen = ["{v4}:53", "[{v6}]:53"]
name_servers = ["ns1.{zone}={v4}", "ns1.{zone}={v6}"]
servers = ["{v4}:53", "[{v6}]:53"]
mx_addresses = ["{v4}", "{v6}"]
tlsa_ttl = "{zone.tlsa_ttl}"
address_ttl = "{zone.address_ttl}"
negative_ttl = "{zone.negative_ttl}"
propagation = "{zone.propagation}"
check_interval = "{zone.check_interval}"

[delivery]
allow_networks = ["10.77.0.0/24", "fd77::/64"]
first_retry = "{delivery.first_retry}"
max_retry = "{delivery.max_retry}"
policy_first_retry = "{delivery.policy_first_retry}"
policy_max_retry = "{delivery.policy_max_retry}"
trust_store = "/etc/lab/trust.pem"

[mta_sts]
allow_networks = ["10.77.0.0/24", "fd77::/64"]
"""


def config_text(host: Host, timings: dict[str, str], zone: bool) -> str:
    text = CONFIG if zone else CONFIG[:CONFIG.index("[zone]")] + CONFIG[CONFIG.index("[delivery]"):]
    for key, value in timings.items():
        text = text.replace("{" + key + "}", value)
    return text.replace("{v4}", host.ipv4).replace("{v6}", host.ipv6).replace("{zone}", MX_ZONE.rstrip("."))


class Danewerk:
    """`start()`, `command("queue", "list")`, `log_lines()`, `stop()`. The configuration lies at /etc/lab/danewerk.toml inside."""

    CONFIG_INSIDE = "/etc/lab/danewerk.toml"

    def __init__(self, host: Host, program: Path = PROGRAM, timings: dict[str, str] | None = None, zone: bool = True,
                 delivery: str = ""):
        """`timings` replaces some of TIMINGS. Without `zone` it only sends: no MX zone, no waiting for its DS. `delivery`: more lines of that section."""
        self.host = host
        self.program_inside = "/var/bin/danewerk"
        self.program = program
        self.log = host.dir / "danewerk.log"
        self.process: subprocess.Popen | None = None
        self.zone_, self.delivery_ = zone, delivery
        self.zone_settings: dict[str, str] = {}  # of section [zone], as TOML: instead of those of CONFIG, or more
        self.zone_tables = ""  # [[zone.secondary]] and the like
        self.resolver = ""  # more lines of that section, for the next start
        self.timings_ = {**TIMINGS, **(timings or {})}
        self.authority_folder = host.dir / "authority"
        self.more_roots = ""  # PEM: whom it trusts besides the lab's authority, from the next start

    def config(self) -> str:
        text = config_text(self.host, self.timings_, self.zone_).replace("[delivery]\n", "[delivery]\n" + self.delivery_)
        for key, value in self.zone_settings.items():
            text, found = re.subn(rf"(?ms)(^\[zone\]$.*?)^{key} = [^\n]*$", rf"\g<1>{key} = {value}", text, count=1)
            text = text if found else text.replace("[zone]\n", f"[zone]\n{key} = {value}\n")
        text = text.replace("\n[delivery]\n", f"\n{self.zone_tables}\n[delivery]\n")
        return text.replace("[resolver]\n", "[resolver]\n" + self.resolver)

    def start(self) -> None:
        """The supervisor, as root; it gives up what it does not need. Returns once the control socket answers."""
        inside = self.host.dir / self.program_inside.lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.program, inside)
        (self.host.dir / "etc/lab/trust.pem").write_text(Authority(self.authority_folder).root.read_text() + self.more_roots)
        (self.host.dir / "etc/lab/danewerk.toml").write_text(self.config())
        self.process = self.host.popen([self.program_inside, "--config", self.CONFIG_INSIDE, "serve"], log=self.log)
        wait_until(self.answers_, "danewerk to answer on its control socket", 20)

    def answers_(self) -> bool:
        if self.process.poll() is not None:
            raise LabError(f"danewerk ended with {self.process.returncode}:\n" + self.log.read_text(errors="replace")[-3000:])
        return self.run("status").returncode == 0

    def run(self, *arguments: str, input: bytes | None = None) -> subprocess.CompletedProcess:
        return self.host.run([self.program_inside, "--config", self.CONFIG_INSIDE, *arguments], input=input, check=False, text=input is None)

    def command(self, *arguments: str, input: bytes | None = None) -> str:
        """What the command prints; LabError with its complaint if it fails."""
        done = self.run(*arguments, input=input)
        out, err = (t if isinstance(t, str) else t.decode(errors="replace") for t in (done.stdout, done.stderr))
        if done.returncode != 0:
            raise LabError(f"danewerk {' '.join(arguments)} exited {done.returncode}: {err or out}")
        return out

    def json(self, *arguments: str, input: bytes | None = None):
        return json.loads(self.command(*arguments, "--json", input=input))

    def ask(self, operation: str, body: bytes | None = None, **arguments):
        """One request on the control socket (docs/formats/control.md), as `command(..., "--json")` makes it, without a process for each."""
        folder = os.open(self.host.dir / "var/lib/danewerk", os.O_PATH | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(120)
                line.connect(f"/proc/self/fd/{folder}/control.sock")  # a run directory's name may be too long for a socket's
                line.sendall(json.dumps({"op": operation, "args": arguments, **({"body": len(body)} if body else {})}).encode() + b"\n" + (body or b""))
                with line.makefile("rb") as heard:
                    answer = json.loads(heard.read())
        finally:
            os.close(folder)
        if not answer["ok"]:
            raise LabError(f"danewerk: {operation} {arguments}: {answer['error']}")
        return answer["result"]

    def log_lines(self, containing: str = "") -> list[str]:
        if not self.log.exists():
            return []
        return [line for line in self.log.read_text(errors="replace").splitlines() if containing in line]

    def ds_records(self) -> list[str]:
        """RDATA of the DS to hand to the parent, once the zone has keys."""
        zone = self.json("status").get("zone") or {}
        return [record.split(" DS ", 1)[1] for record in zone.get("ds", [])]

    def stop(self, seconds: float = 40) -> int:
        self.process.terminate()
        return self.process.wait(timeout=seconds)
