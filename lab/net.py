"""The lab's network: one bridge nobody else is on, and hosts with their own network, files and users.

A lab on the machine's own loopback would need its ports 25 and 53, its /etc/resolv.conf and its users. So each
`Host` is a network namespace on a bridge, a mount namespace (cell.py) with other people's programs under /usr
and its own /etc, /var and /run, and a keeper process that holds both. The bridge has a namespace of its own and
no uplink: nothing leaves.

Everything is named `dwl-<tag>-<host>`, the tag made from the run directory, so several labs live side by side
and `clean()` finds, also after a crash, exactly what this run directory made: the processes inside those
namespaces, the pids it recorded (with their start times, so that a reused number is never hit), the names, the
files. Nothing else is ever killed.

    net = Net(run_dir); net.up([Host(net, "foreign", 20, trees=["postfix"])]); host.run(["postconf", "-n"])
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import etc, peers

CELL = Path(__file__).resolve().parent / "cell.py"
DEFAULT_RUN_DIR = peers.PROJECT / "build" / "lab" / "run"
MARK = ".danewerk-lab"  # clean() removes only a directory that holds this
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", "TERM": "dumb"}


class LabError(Exception):
    """The lab could not be built: the text names the step and what the program said."""


def ipv4(number: int) -> str:
    return f"10.77.0.{number}"


def ipv6(number: int) -> str:
    """The same last group, read as written: host 10 is fd77::10."""
    return f"fd77::{number}"


def start_time(pid: int) -> str | None:
    """The kernel's start time of a process (clock ticks since boot), or None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def wait_until(condition, what: str, seconds: float = 10.0, every: float = 0.02):
    """Poll until `condition()` is true and return its value; LabError naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise LabError(f"gave up after {seconds:g} s waiting for {what}")
        time.sleep(every)
    return value


class Net:
    """The bridge's namespace and the register of everything the lab started under one run directory."""

    def __init__(self, run_dir: Path | str = DEFAULT_RUN_DIR):
        self.run_dir = Path(run_dir).resolve()
        self.tag = hashlib.sha256(str(self.run_dir).encode()).hexdigest()[:4]
        self.ip = peers.tool("ip")
        self.children_: list[subprocess.Popen] = []

    def namespace(self, name: str) -> str:
        return f"dwl-{self.tag}-{name}"

    def namespaces(self) -> list[str]:
        """Names of this lab's network namespaces that exist now."""
        try:
            return sorted(n for n in os.listdir("/run/netns") if n.startswith(f"dwl-{self.tag}-"))
        except FileNotFoundError:
            return []

    def ip_batch(self, lines: list[str], namespace: str | None = None) -> None:
        inside = ["-n", namespace] if namespace else []
        done = subprocess.run([*self.ip, *inside, "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise LabError(f"ip {' '.join(inside)} failed: {done.stderr.strip()}")

    def begin(self) -> None:
        """Remove what an earlier, perhaps crashed, run left under this run directory, and make it anew."""
        if os.geteuid() != 0:
            raise LabError("the lab makes network and mount namespaces: run it as root")
        self.clean()
        self.run_dir.mkdir(parents=True)
        (self.run_dir / MARK).write_text("made by lab/net.py; lab/down removes this directory\n")

    def up(self, hosts: list["Host"]) -> None:
        """Make the bridge and all hosts; begin() must have been called."""
        bridge = self.namespace("net")
        self.ip_batch([f"netns add {bridge}"] + [f"netns add {h.namespace}" for h in hosts])
        self.ip_batch(["link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0", "link set br0 up"]
                      + [line for h in hosts for line in h.link_lines()], bridge)
        for host in hosts:
            host.begin_cell()
        for host in hosts:
            host.await_cell()

    def record(self, process: subprocess.Popen, what: str) -> None:
        self.children_.append(process)
        with open(self.run_dir / "pids", "a", encoding="utf-8") as file:
            file.write(f"{process.pid} {start_time(process.pid)} {what}\n")

    def processes(self) -> list[int]:
        """Living processes of this lab: inside one of its namespaces, or recorded as started by it."""
        found = set()
        for name in self.namespaces():
            listed = subprocess.run([*self.ip, "netns", "pids", name], text=True, capture_output=True, check=False)
            found.update(int(p) for p in listed.stdout.split())
        if (self.run_dir / "pids").exists():
            for line in (self.run_dir / "pids").read_text().splitlines():
                pid, started = line.split()[:2]
                if started != "None" and start_time(int(pid)) == started:
                    found.add(int(pid))
        return sorted(p for p in found if p != os.getpid() and start_time(p) is not None)

    def clean(self) -> None:
        """Remove everything this run directory ever made: processes, namespaces, files. Harmless if nothing is there."""
        def none_left() -> bool:
            for pid in self.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not self.processes()

        if self.namespaces() or (self.run_dir / "pids").exists():
            wait_until(none_left, "the lab's processes to end")
        for child in self.children_:
            child.wait()
        self.children_.clear()
        for name in self.namespaces():
            self.ip_batch([f"netns del {name}"])
        if (self.run_dir / MARK).exists():
            shutil.rmtree(self.run_dir)
        elif self.run_dir.exists():
            if any(self.run_dir.iterdir()):
                raise LabError(f"{self.run_dir} was not made by the lab (no {MARK} in it): give another run directory")
            self.run_dir.rmdir()


class Host:
    """One machine of the lab. Attributes for others: name, hostname, ipv4, ipv6, dir (seen from outside), namespace.

    Inside, /etc, /var and /run are `dir/etc`, `dir/var`, `dir/run`; write into them before or after `Net.up`
    (new top-level entries of /etc only before).
    """

    def __init__(self, net: Net, name: str, number: int, *, hostname: str = "", trees: list[str] | None = None,
                 resolvers: list[str] | None = None, more_numbers: list[int] | None = None):
        self.net, self.name, self.number = net, name, number
        self.hostname = hostname or f"{name}.invalid"
        self.ipv4, self.ipv6 = ipv4(number), ipv6(number)
        self.numbers = [number, *(more_numbers or [])]
        self.trees = [peers.tree(t) for t in trees or []]
        self.resolvers = resolvers or [ipv4(11)]
        self.dir = net.run_dir / "hosts" / name
        self.namespace = net.namespace(name)
        self.cell_: subprocess.Popen | None = None

    # -- making it ---------------------------------------------------------------------------------------------

    def link_lines(self) -> list[str]:
        port = f"p-{self.name}"[:15]
        return [f"link add {port} type veth peer name eth0 netns {self.namespace}",
                f"link set {port} master br0 up"]

    def address_lines(self) -> list[str]:
        return (["link set lo up", "link set eth0 up"]
                + [f"addr add {ipv4(n)}/24 dev eth0" for n in self.numbers]
                + [f"addr add {ipv6(n)}/64 dev eth0 nodad" for n in self.numbers])

    def begin_cell(self) -> None:
        for folder in ("var/lib", "var/log", "var/spool", "var/mail", "var/cache", "var/tmp", "run/lock", "stage/usr",
                       "stage/etc", "etc/lab"):
            (self.dir / folder).mkdir(parents=True, exist_ok=True)
        (self.dir / "var/tmp").chmod(0o1777)
        for name, target in (("run", "/run"), ("lock", "/run/lock")):
            if not (self.dir / "var" / name).is_symlink():
                (self.dir / "var" / name).symlink_to(target)
        etc.write(self.dir / "etc", self.hostname, self.resolvers)
        spec = {
            "name": self.name, "hostname": self.hostname, "trees": [str(t) for t in self.trees],
            "etc": str(self.dir / "etc"), "private": {"/var": str(self.dir / "var"), "/run": str(self.dir / "run")},
            "keep": [str(peers.PROJECT), str(peers.peers_dir()), str(self.net.run_dir)],
            "stage_usr": str(self.dir / "stage/usr"), "stage_etc": str(self.dir / "stage/etc"),
            "ip": self.net.ip, "ip_batch": self.address_lines(),
        }
        (self.dir / "cell.json").write_text(json.dumps(spec, indent=1))
        self.cell_ = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.namespace}", "/usr/bin/python3", "-SE", str(CELL),
             str(self.dir / "cell.json")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        self.net.record(self.cell_, f"keeper of {self.name}")

    def await_cell(self) -> None:
        said = self.cell_.stdout.readline()
        if said != "ready\n":
            raise LabError(f"host {self.name} did not come up: {(said + self.cell_.stdout.read()).strip()}")
        self.cell_.stdout.close()
        (self.dir / "cell.pid").write_text(f"{self.cell_.pid} {start_time(self.cell_.pid)}\n")

    # -- using it ----------------------------------------------------------------------------------------------

    def keeper(self) -> int:
        """Pid of the process that holds the namespaces; LabError if the host is not up."""
        try:
            pid, started = (self.dir / "cell.pid").read_text().split()
        except FileNotFoundError:
            raise LabError(f"lab host {self.name} is not up (run lab/up)") from None
        if start_time(int(pid)) != started:
            raise LabError(f"lab host {self.name} has died (its keeper {pid} is gone): run lab/down, then lab/up")
        return int(pid)

    def command(self, arguments: list, user: str | None = None) -> list[str]:
        """The command line that runs `arguments` inside. nsenter becomes the program: same pid, signals arrive."""
        pid = self.keeper()
        enter = ["nsenter", f"--net=/proc/{pid}/ns/net", f"--mount=/proc/{pid}/ns/mnt", f"--uts=/proc/{pid}/ns/uts"]
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return [*enter, "--", *become, *map(str, arguments)]

    def run(self, arguments: list, *, user: str | None = None, input=None, check: bool = True, timeout: float = 60,
            env: dict | None = None, text: bool = True) -> subprocess.CompletedProcess:
        """Run to the end; returns CompletedProcess with stdout and stderr. LabError on failure if `check`."""
        feed = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        done = subprocess.run(self.command(arguments, user), text=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, env={**ENVIRONMENT, **(env or {})}, check=False, **feed)
        if check and done.returncode != 0:
            raise LabError(f"on {self.name}: `{' '.join(map(str, arguments))}` exited {done.returncode}: "
                           f"{done.stderr or done.stdout}")
        return done

    def popen(self, arguments: list, *, log: Path | str | None = None, user: str | None = None,
              env: dict | None = None, **more) -> subprocess.Popen:
        """Start a daemon, or anything long; its output goes to `log` (default: dir/<program>.log). It ends with the lab."""
        path = Path(log) if log else self.dir / (Path(str(arguments[0])).name + ".log")
        with open(path, "ab") as sink:
            process = subprocess.Popen(
                self.command(arguments, user), env={**ENVIRONMENT, **(env or {})}, start_new_session=True,
                **{"stdin": subprocess.DEVNULL, "stdout": sink, "stderr": subprocess.STDOUT, **more})
        self.net.record(process, f"{self.name}: {arguments[0]}")
        return process

    def listens(self, port: int, kind: str = "tcp") -> bool:
        """Whether something listens on `port` on IPv4 and on IPv6 (read from the kernel, no connection is made)."""
        wanted = "0A" if kind == "tcp" else "07"
        for family in ("", "6"):
            rows = Path(f"/proc/{self.keeper()}/net/{kind}{family}").read_text().splitlines()[1:]
            if not any(r.split()[1].endswith(f":{port:04X}") and r.split()[3] == wanted for r in rows):
                return False
        return True

    def await_port(self, port: int, kind: str = "tcp", process: subprocess.Popen | None = None,
                   log: Path | None = None, seconds: float = 10.0) -> None:
        """Wait until `port` is open; if `process` ends before, LabError with the end of `log`."""
        def ready() -> bool:
            if process is not None and process.poll() is not None:
                tail = log.read_text(errors="replace")[-1500:] if log and log.exists() else "(no log)"
                raise LabError(f"on {self.name}: {process.args[-1]} ended with {process.returncode}:\n{tail}")
            return self.listens(port, kind)
        wait_until(ready, f"{kind} port {port} on {self.name}", seconds)


if __name__ == "__main__":
    sys.exit("this is a module: use lab/up, lab/down, lab/sh")
