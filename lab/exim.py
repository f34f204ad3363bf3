"""A real Exim that takes mail for some domains, in clear and over TLS, and stores it in one Maildir.

It stands beside Postfix and OpenSMTPD where a test asks what servers of different descent make of the same octets. Its settings
are Exim's own defaults but for what makes it run in a lab host; nothing of its parser is hardened or loosened.
"""
from . import maildir
from .certs import Certificate
from .net import Host

MAIL_ROOT = "/var/mail/vhosts"
CONFIGURE = "/etc/exim4/exim4.conf"  # the compiled-in name: Exim gives up its rights under any other

CONF = """\
primary_hostname = {hostname}
domainlist taken = {domains}
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
pid_file_path = /run/exim4.pid
keep_environment =
host_lookup =
rfc1413_hosts =
message_size_limit = 60M
tls_advertise_hosts = *
tls_certificate = /etc/exim4/cert.pem
tls_privatekey = /etc/exim4/key.pem
chunking_advertise_hosts = *
pipelining_advertise_hosts = *
smtp_enforce_sync = false
smtp_accept_max_per_connection = 0
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
rcpt:
  accept domains = +taken
  deny
data:
  accept
begin routers
box:
  driver = accept
  domains = +taken
  transport = box
begin transports
box:
  driver = appendfile
  directory = {mail_root}/all
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  user = vmail
  group = vmail
begin retry
* * F,2m,2s
"""


class Exim:
    """prepare() before the host is up, start() after; the rest works from any process."""

    def __init__(self, host: Host, domains: list[str]):
        self.host, self.domains_ = host, domains
        self.mail_root_ = host.dir / MAIL_ROOT.lstrip("/")

    def prepare(self) -> None:
        folder = self.host.dir / "etc/exim4"
        folder.mkdir(parents=True, exist_ok=True)
        (self.host.dir / CONFIGURE.lstrip("/")).write_text(
            CONF.format(hostname=self.host.hostname, domains=" : ".join(self.domains_), mail_root=MAIL_ROOT))

    def start(self, certificate: Certificate) -> None:
        for source, name in ((certificate.pem, "cert.pem"), (certificate.key, "key.pem")):
            (self.host.dir / "etc/exim4" / name).write_bytes(source.read_bytes())
        self.host.run(["sh", "-ec", f"""
            chown -R root:Debian-exim /etc/exim4 && chmod 640 /etc/exim4/key.pem /etc/exim4/cert.pem && chmod 644 {CONFIGURE}
            install -d -o Debian-exim -g Debian-exim /var/spool/exim4 /var/log/exim4
            install -d -o vmail -g vmail {MAIL_ROOT}"""])
        log = self.host.dir / "exim-start.log"
        daemon = self.host.popen(["exim4", "-bdf", "-q1m"], log=log)
        self.host.await_port(25, "tcp", daemon, log)

    def mailbox(self) -> list[maildir.StoredMessage]:
        return maildir.read(self.mail_root_)

    def waiting(self) -> int:
        """Messages taken and not yet in the Maildir."""
        return int(self.host.run(["exim4", "-bpc"]).stdout)
