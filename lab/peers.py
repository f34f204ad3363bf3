"""Where other people's programs lie, once `lab/fetch-peers` has unpacked them.

The lab is made of programs that are not ours: Knot, Unbound, Postfix, Dovecot. Debian's mail servers
exclude each other and their packages start services, so nothing is installed: each group of packages is
unpacked into a tree of its own, and a lab host lays the trees it needs over /usr inside its own mount
namespace (see cell.py). One tree a mail server, because they all bring a /usr/sbin/sendmail.

    build/peers/dns/usr/sbin/knotd       build/peers/postfix/usr/lib/postfix/sbin/master   ...

DANEWERK_PEERS names another place than build/peers.
"""
import os
import shutil
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

# group: (the packages asked for, a file that proves the tree is whole, why)
GROUPS = {
    "dns": (["knot", "knot-dnsutils", "unbound", "python3-dnspython"], "usr/sbin/knotd",
            "the signed Internet, its validating resolver, and kdig to look at both"),
    "postfix": (["postfix"], "usr/lib/postfix/sbin/master", "the foreign provider, and mailbox host 2"),
    "dovecot": (["dovecot-core", "dovecot-lmtpd"], "usr/sbin/dovecot", "mailbox host 1"),
    "exim": (["exim4-daemon-light", "exim4-base"], "usr/sbin/exim4", "another DANE sender"),
    "opensmtpd": (["opensmtpd"], "usr/sbin/smtpd", "a sender without DANE (--all)"),
    "bind": (["bind9", "bind9-utils", "bind9-libs"], "usr/sbin/named", "another validating resolver, and a primary"),
    "dane": (["knot-resolver", "gnutls-bin", "ldnsutils"], "usr/bin/danetool", "a third resolver, and two programs that verify TLSA records"),
    "acme": (["uacme", "lego", "pebble"], "usr/bin/pebble", "ACME clients, and a CA to try them on (--all)"),
    "certbot": (["certbot", "python3-certbot", "python3-acme", "python3-josepy", "python3-configargparse", "python3-configobj", "python3-parsedatetime",
                 "python3-rfc3339", "python3-tz", "python3-requests", "python3-urllib3", "python3-idna", "python3-certifi", "python3-chardet",
                 "python3-charset-normalizer", "python3-cryptography", "python3-cffi-backend", "python3-openssl", "python3-six",
                 "python3-pkg-resources", "python3-distutils", "python3-lib2to3"], "usr/bin/certbot", "the ACME tool most operators have (--all)"),
    "pdns": (["pdns-server", "pdns-backend-sqlite3", "sqlite3"], "usr/sbin/pdns_server", "another primary, signing as it answers"),
    "nsd": (["nsd"], "usr/sbin/nsd", "a secondary"),
}
DEFAULT_GROUPS = ("dns", "postfix", "dovecot", "exim", "bind", "dane", "pdns", "nsd")

# Programs the lab itself calls; a group "tools" is made of the packages of those the machine lacks.
TOOLS = {"ip": "iproute2", "openssl": "openssl"}


class PeersMissing(Exception):
    """A tree is not there: the text says which, and the command that makes it."""


def peers_dir() -> Path:
    return Path(os.environ.get("DANEWERK_PEERS") or PROJECT / "build" / "peers").resolve()


def tree(group: str) -> Path:
    """The unpacked tree of a group. Raises PeersMissing if it is not whole."""
    path = peers_dir() / group
    if not (path / GROUPS[group][1]).exists():
        wanted = "lab/fetch-peers" + ("" if group in DEFAULT_GROUPS else " --all")
        raise PeersMissing(f"{path} does not hold {GROUPS[group][1]}: run {wanted} as root first")
    return path


def python_packages() -> str:
    """Where dnspython lies: for PYTHONPATH of programs that need it, run with `python3 -P` (lab/ has a dns.py)."""
    return str(tree("dns") / "usr/lib/python3/dist-packages")


def tool(name: str) -> list[str]:
    """The start of a command line for one of TOOLS: the machine's own program, else the unpacked one."""
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin", "/usr/bin"]:
        if folder and os.access(os.path.join(folder, name), os.X_OK):
            return [os.path.join(folder, name)]
    root = peers_dir() / "tools"
    for sub in ("usr/bin", "bin", "usr/sbin", "sbin"):
        if (root / sub / name).exists():
            libraries = ":".join(str(p) for p in sorted(root.glob("**/*-linux-gnu")) if p.is_dir())
            return [shutil.which("env") or "/usr/bin/env", f"LD_LIBRARY_PATH={libraries}", str(root / sub / name)]
    raise PeersMissing(f"no program `{name}` on this machine: run lab/fetch-peers as root first")
