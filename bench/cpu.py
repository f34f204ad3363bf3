"""CPU time of a whole server: every process of it, living, reaped or forgotten by its parent.

A mail server is many processes. Postfix's master reaps its children, but what the living ones have used is in
none of its own figures; a sampler misses whoever lives between two samples. So each server under test is
started inside a control group of its own, and the kernel adds up:

    cgroup2   cpu.stat usage_usec of cgroup v2 (present even where v2 has no cpu controller)
    cpuacct   cpuacct.usage of cgroup v1, nanoseconds
    proc      neither can be made: utime+stime+cutime+cstime over the living process tree. Exact for trees whose
              parents reap their children (Postfix, Danewerk), in ticks of 10 ms a process; orphans are lost.

`CpuMeter.method` says which it was; the record of every run carries it. The resolver gets a meter of its own.
On loopback the receiver's half of TCP runs in the sender's system call and is charged to the sender.
"""
import os
import time
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cpu:
    """Seconds."""
    user: float
    system: float
    total: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user - other.user, self.system - other.system, self.total - other.total)


def mount_point(kind: str, option: str = "") -> Path | None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, what, options = line.split()[:4]
        if what == kind and (not option or option in options.split(",")):
            return Path(where)
    return None


class CpuMeter:
    """One server's meter. Start its first process with `preexec_fn=meter.enter`; children follow by themselves."""

    def __init__(self, name: str):
        self.group_: Path | None = None
        self.roots_: list[int] = []
        self.method = "proc"
        for method, mount in (("cgroup2", mount_point("cgroup2")), ("cpuacct", mount_point("cgroup", "cpuacct"))):
            if mount is None:
                continue
            group = mount / f"danewerk-bench-{os.getpid()}-{name}"
            try:
                group.mkdir()
            except OSError:
                continue
            if (group / ("cpu.stat" if method == "cgroup2" else "cpuacct.usage")).exists():
                self.group_, self.method = group, method
                return
            group.rmdir()

    def enter(self) -> None:
        """Runs in the child between fork and exec."""
        if self.group_ is not None:
            (self.group_ / "cgroup.procs").write_text(str(os.getpid()))

    def follow(self, pid: int) -> None:
        """Names a first process; needed by the method `proc` only, harmless otherwise."""
        self.roots_.append(pid)

    def read(self) -> Cpu:
        if self.method == "cgroup2":
            rows = dict(line.split() for line in (self.group_ / "cpu.stat").read_text().splitlines())
            return Cpu(int(rows["user_usec"]) / 1e6, int(rows["system_usec"]) / 1e6, int(rows["usage_usec"]) / 1e6)
        if self.method == "cpuacct":
            def nanoseconds(name: str) -> float:
                return int((self.group_ / name).read_text()) / 1e9
            return Cpu(nanoseconds("cpuacct.usage_user"), nanoseconds("cpuacct.usage_sys"), nanoseconds("cpuacct.usage"))
        return tree_cpu(self.roots_)

    def pids(self) -> list[int]:
        if self.group_ is not None:
            return [int(pid) for pid in (self.group_ / "cgroup.procs").read_text().split()]
        return sorted(tree(self.roots_))

    def close(self) -> None:
        """Removes the group; its processes must have ended (waits up to 2 s for the last)."""
        for _ in range(100):
            try:
                if self.group_ is not None:
                    self.group_.rmdir()
                return
            except OSError:
                time.sleep(0.02)


def machine_busy() -> float:
    """CPU seconds all processors together have spent on anything but idling and waiting, since boot."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / TICK


def stat_fields(pid: int) -> list[str] | None:
    """/proc/PID/stat from the state on: [1] is the parent, [11:15] utime, stime, cutime, cstime."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(roots: list[int]) -> set[int]:
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := stat_fields(int(entry))):
            parents[int(entry)] = int(fields[1])
    found = {pid for pid in roots if pid in parents}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def tree_cpu(roots: list[int]) -> Cpu:
    user = system = 0
    for pid in tree(roots):
        if fields := stat_fields(pid):
            user += int(fields[11]) + int(fields[13])
            system += int(fields[12]) + int(fields[14])
    return Cpu(user / TICK, system / TICK, (user + system) / TICK)
