"""The servers under test, each as start, stop, release and a CPU meter. One class a server.

Postfix gets what a careful operator would give it for throughput: no chroot, no anvil, no in_flow_delay, no
per-client limits, no reverse lookups, process limits above the number of connections, a connection a message
towards the mailbox host (its connection cache costs more than it saves there), and no log (`log=True` writes
one, to see what it did and what the log costs). Its durability is left as it is: 250 comes after the fsync of
the queue file.
"""
import os
import signal
import time

from cpu import CpuMeter
from lab import postfix as lab_postfix
from lab.net import LabError, wait_until
from stage import PLAIN_SINK, Stage

BASE_CF = """\
compatibility_level = 3.6
myhostname = mail.bench.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
queue_directory = /var/spool/postfix
data_directory = /var/lib/postfix
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}
maillog_file_prefixes = /var/log
biff = no
append_dot_mydomain = no
local_header_rewrite_clients =
message_size_limit = 60000000
in_flow_delay = 0
default_process_limit = 250
qmgr_message_active_limit = 100000
qmgr_message_recipient_limit = 100000
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_recipient_restrictions = permit_mynetworks, reject
receive_override_options = no_address_mappings, no_header_body_checks, no_unknown_recipient_checks
smtpd_tls_security_level = may
smtpd_tls_chain_files = /etc/postfix/key.pem, /etc/postfix/cert.pem
smtpd_tls_loglevel = {tls_log}
smtp_tls_loglevel = {tls_log}
default_destination_concurrency_limit = 100
initial_destination_concurrency = 20
"""

IN_CF = """\
relayhost = [{address}]:{port}
smtp_host_lookup = native
smtp_tls_security_level = none
smtp_connection_cache_on_demand = no
"""

OUT_CF = """\
smtp_tls_security_level = dane
smtp_dns_support_level = dnssec
smtp_host_lookup = dns
smtp_connection_cache_on_demand = {reuse}
smtp_tls_connection_reuse = {reuse}
smtp_connection_reuse_count_limit = {per_connection}
"""

LOG = "/var/log/mail/postfix.log"
QUEUE_MANAGER = "qmgr unix n - n 300 1 qmgr\n"


class NotThere(Exception):
    """The server cannot be measured here: the text says what is missing."""


class PostfixServer(lab_postfix.Postfix):
    """Debian's Postfix. direction `in`: relays to the plain sink; `out`: delivers by DANE, queue manager held back."""

    name = "postfix"
    address = "127.0.0.1:25"

    def __init__(self, stage: Stage, direction: str, *, connections: int = 20, per_connection: int = 1, resume: bool = False, log: bool = False,
                 settings: list[str] | None = None):
        super().__init__(stage.host, stage.host.hostname, [])
        self.stage_, self.direction_, self.logging_ = stage, direction, log
        self.connections_, self.per_connection_, self.settings_ = connections, per_connection, list(settings or [])
        if resume:
            self.settings_.append("smtp_tls_session_cache_database = btree:/var/lib/postfix/smtp_scache")
        self.meter = CpuMeter(self.name)

    def prepare(self) -> None:
        conf = self.host.dir / "etc/postfix"
        text = BASE_CF.format(log=LOG if self.logging_ else "", tls_log=1 if self.logging_ else 0)
        if self.direction_ == "in":
            text += IN_CF.format(address=PLAIN_SINK[0], port=PLAIN_SINK[1])
        else:
            text += OUT_CF.format(reuse="yes" if self.per_connection_ > 1 else "no", per_connection=self.per_connection_)
        (conf / "main.cf").write_text(text + "".join(f"{setting}\n" for setting in self.settings_))
        (conf / "master.cf").write_text(self.services_(with_queue_manager=self.direction_ == "in"))

    def services_(self, with_queue_manager: bool) -> str:
        rows = lab_postfix.MASTER_CF.replace("25 inet n", "127.0.0.1:25 inet n")
        rows = rows.replace("smtp unix - - n - - smtp\n", f"smtp unix - - n - {self.connections_} smtp\n")
        rows += "tlsproxy unix - - n - 0 tlsproxy\n"
        return rows if with_queue_manager else rows.replace(QUEUE_MANAGER, "")

    def start(self) -> None:
        if QUEUE_MANAGER not in lab_postfix.MASTER_CF:
            raise LabError("lab/postfix.py's master.cf changed: servers.QUEUE_MANAGER must name its qmgr line")
        self.prepare()
        self.install_certificate(self.stage_.certificate)
        self.host.meter = self.meter
        self.begin_master_()
        self.host.meter = None

    def begin_master_(self) -> None:
        folders = lab_postfix.QUEUE_FOLDERS
        self.host.run(["sh", "-ec", f"""
            cd /var && install -d -m 755 spool/postfix spool/postfix/pid log/mail && cd spool/postfix
            install -d -m 700 -o postfix -g root {folders} /var/lib/postfix
            install -d -m 730 -o postfix -g postdrop maildrop && install -d -m 710 -o postfix -g postdrop public"""])
        log = self.host.dir / "master.log"
        self.master_ = self.host.popen(["/usr/lib/postfix/sbin/master", "-d", "-c", "/etc/postfix"], log=log,
                                       env={"MAIL_CONFIG": "/etc/postfix", "MAIL_LOGTAG": "postfix"})

        def ready() -> bool:
            if self.master_.poll() is not None:
                raise LabError(f"Postfix's master ended: {log.read_text(errors='replace')[-1500:]}")
            try:
                self.stage_.connect(("127.0.0.1", 25)).close()
                return True
            except LabError:
                return False
        wait_until(ready, "Postfix's port 25")

    def hold(self) -> None:
        """Direction out: nothing to do, the queue manager was never there."""

    def release(self) -> float:
        """Direction out: lets the preloaded queue go; returns the instant (seconds since the epoch)."""
        (self.host.dir / "etc/postfix/master.cf").write_text(self.services_(with_queue_manager=True))
        began = time.time()
        os.kill(self.master_.pid, signal.SIGHUP)
        return began

    def verified(self) -> int:
        """Outgoing connections whose certificate matched TLSA, by its own log (all since the start of the stage)."""
        return len(self.log_lines("Verified TLS connection established to "))

    def queued(self) -> int:
        """Messages in its queue."""
        spool = self.host.dir / "var/spool/postfix"
        return sum(1 for part in ("incoming", "active", "deferred") for f in (spool / part).rglob("*") if f.is_file())

    def stop(self) -> None:
        self.master_.terminate()
        self.master_.wait(20)
        wait_until(lambda: not self.meter.pids(), "Postfix's processes to end")
        self.meter.close()


class CannedServer:
    """The yardstick: bench/canned on 127.0.0.1:2501. It relays nothing."""

    name = "canned"
    address = "127.0.0.1:2501"

    def __init__(self, stage: Stage):
        self.stage_ = stage
        self.meter = CpuMeter(self.name)

    def start(self) -> None:
        self.stage_.host.meter = self.meter
        log = self.stage_.host.dir / "canned.log"
        log.unlink(missing_ok=True)
        self.process_ = self.stage_.host.popen(
            [self.stage_.tools / "canned", "--listen", self.address, "--starttls", "--cert",
             self.stage_.certificate.pem, "--key", self.stage_.certificate.key], log=log)
        self.stage_.host.meter = None
        wait_until(lambda: "ready" in log.read_text(), "bench/canned")

    def queued(self) -> int:
        return 0

    def stop(self) -> None:
        self.process_.terminate()
        self.process_.wait(10)
        self.meter.close()
