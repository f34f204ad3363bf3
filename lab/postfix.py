"""Real Postfix instances: somebody else's mail provider, and a mailbox host that knows SMTPUTF8.

`foreign()` sends with DANE (smtp_tls_security_level=dane) and receives with TLS under its own key, whose
`3 1 1` the lab publishes; Postfix's own log then says "Verified TLS connection established to ...", which
is what the demo quotes. `mailbox_host()` takes plain SMTP from Danewerk. Both deliver into one Maildir that
tests read from outside. Postfix runs from its unpacked tree, without chroot (a chroot would have its own
resolv.conf, without trust-ad), without syslog (maillog_file), with retries every 2 to 5 seconds.
"""
import json
import re
from pathlib import Path

from . import maildir
from .certs import Certificate
from .net import Host, LabError

SIZE_LIMIT = 60 * 1024 * 1024
MAIL_ROOT = "/var/mail/vhosts"
LOG = "/var/log/mail/postfix.log"

MAIN_CF = """\
compatibility_level = 3.6
myhostname = {hostname}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8, [::1]/128
inet_interfaces = all
inet_protocols = all
queue_directory = /var/spool/postfix
data_directory = /var/lib/postfix
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
maillog_file = {log}
maillog_file_prefixes = /var/log
smtputf8_enable = yes
strict_smtputf8 = no
biff = no
message_drop_headers =
header_size_limit = 10485760
header_address_token_limit = 1000000
undisclosed_recipients_header =
append_dot_mydomain = no
message_size_limit = {size}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {mail_root}
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:77003
virtual_gid_maps = static:77003
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
smtp_tcp_port = 25
minimal_backoff_time = 2s
maximal_backoff_time = 5s
queue_run_delay = 2s
smtp_connection_cache_on_demand = no
"""

FOREIGN_CF = """\
smtp_tls_security_level = dane
smtp_dns_support_level = dnssec
smtp_host_lookup = dns
smtp_tls_loglevel = 1
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/postfix/cert.pem
smtpd_tls_key_file = /etc/postfix/key.pem
smtpd_tls_protocols = >=TLSv1.2
smtp_tls_protocols = >=TLSv1.2
smtp_tls_mandatory_protocols = >=TLSv1.2
"""

# service, type, private, unpriv, chroot, wakeup, maxproc, command; 25 as a number: /etc/services is our own
MASTER_CF = """\
25 inet n - n - - smtpd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

QUEUE_FOLDERS = "active bounce corrupt defer deferred flush hold incoming private saved trace"


class Postfix:
    """One instance on one host. prepare() before the host is up, start() after; the rest works from any process."""

    def __init__(self, host: Host, hostname: str, domains: list[str], extra: str = ""):
        self.host, self.hostname_, self.domains_, self.extra_ = host, hostname, domains, extra
        self.mail_root_ = host.dir / MAIL_ROOT.lstrip("/")
        self.log_ = host.dir / LOG.lstrip("/")

    def prepare(self) -> None:
        conf = self.host.dir / "etc/postfix"
        conf.mkdir(parents=True, exist_ok=True)
        (conf / "main.cf").write_text(MAIN_CF.format(
            hostname=self.hostname_, log=LOG, size=SIZE_LIMIT, domains=", ".join(self.domains_),
            mail_root=MAIL_ROOT) + self.extra_)
        (conf / "master.cf").write_text(MASTER_CF)

    def install_certificate(self, certificate: Certificate) -> None:
        """Copy a key and certificate to where FOREIGN_CF looks for them."""
        for source, name in ((certificate.pem, "cert.pem"), (certificate.key, "key.pem")):
            (self.host.dir / "etc/postfix" / name).write_bytes(source.read_bytes())
            (self.host.dir / "etc/postfix" / name).chmod(0o600)

    def start(self) -> None:
        """What `postfix start` would do, less its checks of an installed system: make the folders, run master."""
        self.host.run(["sh", "-ec", f"""
            cd /var && install -d -m 755 spool/postfix spool/postfix/pid log/mail && cd spool/postfix
            install -d -m 700 -o postfix -g root {QUEUE_FOLDERS} /var/lib/postfix
            install -d -m 730 -o postfix -g postdrop maildrop && install -d -m 710 -o postfix -g postdrop public
            install -d -m 755 -o vmail -g vmail {MAIL_ROOT}"""])
        log = self.host.dir / "master.log"
        master = self.host.popen(["/usr/lib/postfix/sbin/master", "-d", "-c", "/etc/postfix"], log=log,
                                 env={"MAIL_CONFIG": "/etc/postfix", "MAIL_LOGTAG": "postfix"})
        self.host.await_port(25, "tcp", master, log)

    # -- using it ----------------------------------------------------------------------------------------------

    def submit(self, path: Path | str, sender: str, recipients: list[str], *, body: str = "8BITMIME") -> None:
        """Hand the message in file `path` to sendmail. Returns when it is queued; LabError if Postfix refuses.

        `body` is what it is declared as, "7BIT" or "8BITMIME". sendmail finds out itself whether it needs SMTPUTF8.
        Postfix adds Message-Id and Date where they lack, drops nothing, and ends a last line that has no end.
        """
        self.submit_bytes(Path(path).read_bytes(), sender, recipients, body=body)

    def submit_bytes(self, message: bytes, sender: str, recipients: list[str], *, body: str = "8BITMIME") -> None:
        done = self.host.run(["/usr/sbin/sendmail", "-i", "-B", body, "-f", sender, "--", *recipients],
                             input=message, text=False, check=False)
        if done.returncode != 0:
            raise LabError(f"{self.hostname_}: sendmail refused {recipients} from {sender}: "
                           f"{done.stderr.decode(errors='replace').strip()}")

    def log_lines(self, containing: str = "") -> list[str]:
        """Lines of the mail log, oldest first; only those holding `containing`."""
        if not self.log_.exists():
            return []
        return [ln for ln in self.log_.read_text(errors="replace").splitlines() if containing in ln]

    def mailbox(self) -> list[maildir.StoredMessage]:
        """All mail delivered to the domains of this instance, whichever the recipient."""
        return maildir.read(self.mail_root_)

    def mailbox_count(self) -> int:
        return maildir.count(self.mail_root_)

    def queue(self) -> list[dict]:
        """The queue as postqueue -j tells it: queue_id, queue_name, sender, recipients with delay_reason."""
        return [json.loads(line) for line in self.host.run(["postqueue", "-j"]).stdout.splitlines() if line]

    def flush_queue(self) -> None:
        """Try everything again now."""
        self.host.run(["postqueue", "-f"])

    def verified_connections(self) -> list[str]:
        """Log lines of outgoing connections whose TLS peer DANE verified."""
        wanted = re.compile(r"postfix/smtp\[\d+\]: Verified TLS connection established to ")
        return [line for line in self.log_lines() if wanted.search(line)]


def foreign(host: Host, domains: list[str]) -> Postfix:
    """The foreign provider; give it its certificate with install_certificate() before start()."""
    return Postfix(host, host.hostname, domains, FOREIGN_CF)


def mailbox_host(host: Host, domains: list[str]) -> Postfix:
    """A tenant's mailbox host: plain SMTP with SMTPUTF8, from anybody in the lab."""
    return Postfix(host, host.hostname, domains)
