"""A lab host's own /etc: users, resolver, host names, ports.

Without it the daemons would need users on the machine itself, and would read the machine's resolv.conf.
The numbers lie in a range of their own, so files they leave in the run directory belong to nobody here.
"""
from pathlib import Path

# name: number. Users and groups share numbers; postdrop is a group only in Debian, a user of its name is harmless.
ACCOUNTS = {
    "postfix": 77001, "postdrop": 77002, "vmail": 77003, "dovecot": 77004, "dovenull": 77005, "knot": 77006,
    "unbound": 77007, "danewerk": 77008, "danewerk-dns": 77009, "danewerk-resolver": 77010, "bind": 77011,
    "Debian-exim": 77012, "opensmtpd": 77013, "opensmtpq": 77014, "pdns": 77015, "nsd": 77016,
}

SERVICES = """\
smtp 25/tcp
lmtp 24/tcp
domain 53/tcp
domain 53/udp
http 80/tcp
https 443/tcp
submissions 465/tcp
submission 587/tcp
"""

NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"


def passwd() -> str:
    rows = ["root:x:0:0:root:/root:/bin/bash", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"]
    rows += [f"{n}:x:{i}:{i}:lab:/var/lib/{n}:/usr/sbin/nologin" for n, i in ACCOUNTS.items()]
    return "\n".join(rows) + "\n"


def group() -> str:
    rows = ["root:x:0:", "adm:x:4:", "tty:x:5:", "mail:x:8:", "shadow:x:42:", "nogroup:x:65534:"]
    rows += [f"{n}:x:{i}:" for n, i in ACCOUNTS.items()]
    return "\n".join(rows) + "\n"


def shadow() -> str:
    return "".join(f"{name}:*:19000:0:99999:7:::\n" for name in ("root", "nobody", *ACCOUNTS))


def write(etc: Path, hostname: str, resolvers: list[str]) -> None:
    """Write the files every host has. `resolvers` are addresses; with trust-ad the C library hands on the AD bit."""
    etc.mkdir(parents=True, exist_ok=True)
    lines = [f"nameserver {address}" for address in resolvers] + ["options edns0 trust-ad timeout:2 attempts:2"]
    texts = {
        "passwd": passwd(), "group": group(), "shadow": shadow(), "nsswitch.conf": NSSWITCH, "services": SERVICES,
        "protocols": "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\n",
        "hosts": f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {hostname}\n",
        "hostname": hostname + "\n", "mailname": hostname + "\n", "aliases": "", "resolv.conf": "\n".join(lines) + "\n",
    }
    for name, text in texts.items():
        (etc / name).write_text(text)
        (etc / name).chmod(0o600 if name == "shadow" else 0o644)
