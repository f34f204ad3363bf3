"""A real OpenSMTPD that takes mail for some domains, in clear and over TLS, and stores it in one Maildir.

It stands beside Postfix and Exim where a test asks what servers of different descent make of the same octets.
"""
from . import maildir
from .certs import Certificate
from .net import Host

MAIL_ROOT = "/var/mail/vhosts"
CONFIGURE = "/etc/smtpd.conf"

CONF = """\
table boxes {{ "@" = "vmail" }}
pki own cert "/etc/opensmtpd/cert.pem"
pki own key "/etc/opensmtpd/key.pem"
smtp max-message-size "60M"
listen on eth0 port 25 tls pki own hostname {hostname}
listen on lo port 25 hostname {hostname}
action "box" maildir "{mail_root}/all" virtual <boxes>
match from any for domain {{ {domains} }} action "box"
"""


class OpenSmtpd:
    """prepare() before the host is up, start() after; the rest works from any process."""

    def __init__(self, host: Host, domains: list[str]):
        self.host, self.domains_ = host, domains
        self.mail_root_ = host.dir / MAIL_ROOT.lstrip("/")

    def prepare(self) -> None:
        (self.host.dir / "etc/opensmtpd").mkdir(parents=True, exist_ok=True)
        (self.host.dir / CONFIGURE.lstrip("/")).write_text(
            CONF.format(hostname=self.host.hostname, domains=", ".join(f'"{d}"' for d in self.domains_), mail_root=MAIL_ROOT))

    def start(self, certificate: Certificate) -> None:
        for source, name in ((certificate.pem, "cert.pem"), (certificate.key, "key.pem")):
            (self.host.dir / "etc/opensmtpd" / name).write_bytes(source.read_bytes())
        self.host.run(["sh", "-ec", f"""
            chmod 600 /etc/opensmtpd/key.pem {CONFIGURE}
            install -d -m 711 /var/spool/smtpd && install -d -m 755 /var/lib/opensmtpd /var/lib/opensmtpd/empty
            install -d -o vmail -g vmail {MAIL_ROOT} /var/lib/vmail"""])
        log = self.host.dir / "smtpd.log"
        daemon = self.host.popen(["smtpd", "-d", "-f", CONFIGURE], log=log)
        self.host.await_port(25, "tcp", daemon, log)

    def mailbox(self) -> list[maildir.StoredMessage]:
        return maildir.read(self.mail_root_)

    def waiting(self) -> int:
        """Messages taken and not yet in the Maildir."""
        return sum(1 for _ in (self.host.dir / "var/spool/smtpd/queue").rglob("message"))
