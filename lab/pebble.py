"""A certificate authority that speaks ACME: Pebble, on a host of its own, with the lab's DNS.

    ca = Pebble(host, authority); ca.prepare()      # before the host is up
    ca.start(); ca.root()                           # PEM of the root it made at this start; every start makes another
    ca.start(dns="127.0.0.1:9"); ca.stop()          # one that can validate nothing; none at all
"""
import json
import subprocess
from pathlib import Path

from .authority import Authority
from .net import Host, wait_until

NAME = "ca.hoster.example"
PORT, MANAGEMENT = 14000, 15000
DIRECTORY = f"https://{NAME}:{PORT}/dir"


class Pebble:
    def __init__(self, host: Host, resolver: str):
        self.host, self.resolver_ = host, resolver
        self.folder_ = host.dir / "var/pebble"
        self.process_: subprocess.Popen | None = None
        self.log = host.dir / "pebble.log"

    def prepare(self, authority: Authority) -> None:
        """Its own HTTPS certificate, by the lab's authority: clients trust that one."""
        self.folder_.mkdir(parents=True, exist_ok=True)
        authority.issue(self.folder_ / "key.pem", self.folder_ / "cert.pem", [NAME])
        settings = {"listenAddress": f"0.0.0.0:{PORT}", "managementListenAddress": f"0.0.0.0:{MANAGEMENT}", "certificate": "/var/pebble/cert.pem",
                    "privateKey": "/var/pebble/key.pem", "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "", "externalAccountBindingRequired": False}
        (self.folder_ / "pebble.json").write_text(json.dumps({"pebble": settings}))

    def start(self, dns: str = "") -> None:
        self.stop()
        self.process_ = self.host.popen(["/usr/bin/pebble", "-config", "/var/pebble/pebble.json", "-dnsserver", dns or f"{self.resolver_}:53"],
                                        log=self.log, env={"PEBBLE_VA_NOSLEEP": "1"})
        wait_until(lambda: self.host.run(["/usr/bin/python3", "-c", ASK_ROOT], check=False).returncode == 0, "Pebble to answer", 30, 0.1)

    def root(self) -> str:
        return self.host.run(["/usr/bin/python3", "-c", ASK_ROOT]).stdout

    def stop(self) -> None:
        if self.process_:
            self.process_.terminate()
            self.process_.wait(timeout=20)
            self.process_ = None


ASK_ROOT = f"""
import ssl, urllib.request
print(urllib.request.urlopen("https://127.0.0.1:{MANAGEMENT}/roots/0", context=ssl._create_unverified_context(), timeout=5).read().decode(), end="")
"""
