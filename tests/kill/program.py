"""The shipped program, as an operator has it: started, watched through its log, asked through its CLI, killed.

Nothing here looks inside: what is known of the program is its exit code, its JSON log on standard error, the pid files
of its run directory, and what `danewerk ... --json` answers. Waiting is done on events (a log record, the end of a
process), each with a limit that turns into a failure; nothing sleeps for a guessed time.
"""
import json
import os
import pathlib
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HOSTNAME = "mx.danewerk.example"
DOMAINS = ("one.example", "two.example")
MOST_UNDER_WAY = 20  # delivery.max_concurrent: with it the number of duplicates a kill may cause is bounded


class Failed(Exception):
    """An expectation that was not met, in words."""


def check(condition, what):
    if not condition:
        raise Failed(what)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def has_ended(pidfd, seconds):
    """Waits for the end of a process (a zombie has ended), at most so long."""
    ear = select.poll()
    ear.register(pidfd, select.POLLIN)
    return bool(ear.poll(seconds * 1000))


def start_time(pid):
    """Field 22 of /proc/PID/stat, which tells a process from a later one of the same number; None if there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


class Log:
    """The records of one run of the program, from the supervisor and all its children."""

    KEPT = ("worker.", "store.", "supervisor.", "edge.stopped", "edge.store_failed", "edge.disk_low", "resolver.",
            "delivery.not_recorded", "delivery.no_room", "alert.")

    def __init__(self):
        self.changed = threading.Condition()
        self.records, self.strange = [], []
        self.last = []

    def follow(self, pipe):
        for line in pipe:
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            with self.changed:
                self.last = self.last[-60:] + [line]
                if record is None:
                    self.strange.append(line)
                elif record["event"].startswith(self.KEPT):
                    self.records.append(record)
                self.changed.notify_all()

    def all(self, event, since=0):
        with self.changed:
            return [r for r in self.records[since:] if r["event"] == event]

    def mark(self):
        with self.changed:
            return len(self.records)

    def wait(self, event, since, seconds=20):
        def seen():
            return any(r["event"] == event for r in self.records[since:])
        with self.changed:
            check(self.changed.wait_for(seen, seconds), f"no record '{event}' within {seconds} s; the last lines:\n" + "".join(self.last))


class Program:
    """One state directory and the runs of the program on it, one after the other."""

    def __init__(self, binary, state_parent=None, **more):
        self.binary = os.path.abspath(binary)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="danewerk-kill-"))
        self.directory.chmod(0o711)
        self.state = pathlib.Path(state_parent or self.directory) / "state"
        self.port = free_port()
        self.config = self.directory / "danewerk.toml"
        self.config.write_text(self._settings(more))
        self.config.chmod(0o644)
        self.process, self.log, self.logs = None, None, []

    def _settings(self, more):
        # No zone: the edge serves an unpublished certificate. The resolver is an address where nothing answers: mail to a
        # domain of our own needs no DNS, and must flow without it.
        user = pwd.getpwuid(65534).pw_name if os.geteuid() == 0 else "unused"
        floor = more.get("min_free_space", "1 MiB")
        return f"""
[server]
state_directory = "{self.state}"
user = "{user}"
log_style = "json"
log_level = "info"
min_free_space = "{floor}"
[edge]
listen = ["127.0.0.1:{self.port}"]
hostname = "{HOSTNAME}"
[resolver]
mode = "external"
address = "127.0.0.1:{free_port()}"
[delivery]
max_concurrent = {MOST_UNDER_WAY}
max_per_destination = {MOST_UNDER_WAY // 2}
first_retry = "1 s"
max_retry = "2 s"
policy_first_retry = "1 s"
policy_max_retry = "2 s"
"""

    # -- runs

    def spawn(self):
        """Starts it; returns at once."""
        self.process = subprocess.Popen([self.binary, "--config", str(self.config), "serve"], stderr=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, text=True, errors="replace")
        self.log = Log()
        self.logs.append(self.log)
        threading.Thread(target=self.log.follow, args=(self.process.stderr,), daemon=True).start()

    def await_ready(self, since=0):
        self.log.wait("worker.edge_listens", since)
        self.log.wait("worker.started", since)

    def start(self):
        self.spawn()
        self.await_ready()

    def stop(self, seconds=30):
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"SIGTERM did not end it within {seconds} s") from None

    def mail_pid(self):
        """The mail process, as its pid file names it; 0 while there is none."""
        try:
            return int((self.state / "run" / "mail.pid").read_text().split()[0])
        except (OSError, IndexError, ValueError):
            return 0

    def kill_mail(self):
        """SIGKILL to the mail process. Returns the instant and where the log stood."""
        pid = self.mail_pid()
        check(pid > 1, "the pid file names no mail process")
        pidfd, mark = os.pidfd_open(pid), self.log.mark()
        at = time.monotonic()
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        check(has_ended(pidfd, 10), f"the mail process {pid} survived SIGKILL for 10 s")
        os.close(pidfd)
        return at, mark

    def kill_supervisor(self):
        """SIGKILL to the process at the top: the mail process must die with it."""
        pid = self.mail_pid()
        pidfd = os.pidfd_open(pid) if start_time(pid) else None
        at = time.monotonic()
        self.process.kill()
        self.process.wait()
        if pidfd is not None:
            check(has_ended(pidfd, 5), f"the supervisor was killed and its mail process {pid} lived on")
            os.close(pidfd)
        return at

    # -- questions

    def ask(self, *words):
        """`danewerk ... --json`; a failure carries what it said."""
        done = subprocess.run([self.binary, "--config", str(self.config), *words, "--json"], capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"danewerk {' '.join(words)}: exit {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def add_domains(self, sink, protocols=("smtp", "smtp")):
        for domain, port, protocol in zip(DOMAINS, sink.ports, protocols):
            self.ask("domain", "add", domain, "--tenant", "lab", "--route", f"{protocol}:127.0.0.1:{port}")

    def spool_files(self):
        return [p for p in (self.state / "mail" / "spool").rglob("*") if p.is_file()]

    def socket_identity(self):
        facts = (self.state / "control.sock").stat()
        return facts.st_ino, facts.st_ctime_ns

    def await_delivered(self, seconds):
        """Until nothing waits in the queue."""
        self._await(lambda: self.ask("status")["queue"], lambda queue: queue["messages"] == 0, seconds, "the queue still holds")

    def await_spool_empty(self, seconds=10):
        """Files go a moment after their rows."""
        self._await(lambda: len(self.spool_files()), lambda files: files == 0, seconds, "the number of spool files is")

    @staticmethod
    def _await(look, good, seconds, what):
        end, pause = time.monotonic() + seconds, threading.Event()
        while not good(seen := look()):
            check(time.monotonic() < end, f"after {seconds} s {what} {seen}")
            pause.wait(0.2)

    def strange_lines(self):
        return [line for log in self.logs for line in log.strange]

    def records(self, event):
        return [record for log in self.logs for record in log.all(event)]

    def end(self, keep):
        """Nothing of ours is left running; the directory goes unless somebody wants to look at it."""
        if self.process and self.process.poll() is None:
            self.kill_supervisor()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)
