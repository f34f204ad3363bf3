"""A tenant's mailbox host: real Dovecot taking LMTP on port 24, any user of any domain, into Maildirs.

Dovecot's LMTP knows no SMTPUTF8, which is why the other tenant's mailbox host is a Postfix. Messages are stored
with CRLF, so their octets are those that came over the wire (below the trace headers Dovecot adds on top).
"""
from . import maildir
from .net import Host

MAIL_ROOT = "/var/mail/vhosts"
PORT = 24

CONF = """\
protocols = lmtp
listen = *, ::
base_dir = /run/dovecot
state_dir = /var/lib/dovecot
log_path = /var/log/dovecot.log
ssl = no
hostname = {hostname}
postmaster_address = postmaster@{hostname}
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = dovenull
mail_location = maildir:{mail_root}/%u
mail_save_crlf = yes
mail_fsync = optimized
first_valid_uid = 77003
last_valid_uid = 77003
recipient_delimiter =
lda_mailbox_autocreate = yes
lmtp_save_to_detail_mailbox = no
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home={mail_root}/%u allow_all_users=yes
}}
service lmtp {{
  inet_listener lmtp {{
    address = * ::
    port = {port}
  }}
  process_min_avail = 2
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot:
    """prepare() before the host is up, start() after; the rest works from any process."""

    def __init__(self, host: Host):
        self.host = host
        self.mail_root_ = host.dir / MAIL_ROOT.lstrip("/")

    def prepare(self) -> None:
        (self.host.dir / "etc/dovecot").mkdir(parents=True, exist_ok=True)
        (self.host.dir / "etc/dovecot/dovecot.conf").write_text(
            CONF.format(hostname=self.host.hostname, mail_root=MAIL_ROOT, port=PORT))

    def start(self) -> None:
        self.host.run(["install", "-d", "-o", "vmail", "-g", "vmail", MAIL_ROOT])
        self.host.run(["install", "-d", "/var/lib/dovecot", "/run/dovecot"])
        log = self.host.dir / "dovecot-start.log"
        daemon = self.host.popen(["dovecot", "-F", "-c", "/etc/dovecot/dovecot.conf"], log=log)
        self.host.await_port(PORT, "tcp", daemon, log)

    def messages(self) -> list["maildir.StoredMessage"]:
        """All mail delivered, whichever the user."""
        return maildir.read(self.mail_root_)

    def message_count(self) -> int:
        return maildir.count(self.mail_root_)

    def log_lines(self) -> list[str]:
        path = self.host.dir / "var/log/dovecot.log"
        return path.read_text(errors="replace").splitlines() if path.exists() else []
