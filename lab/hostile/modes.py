"""The ways in which a hostile host misbehaves, as a table, and the control file that switches between them.

One process stays up while the lab switches attacks on and off ("when the attack stops, the message goes out by
itself"), so the mode is read anew from the control file at each connection; a connection keeps the mode it began with.
The file holds one mode's name and, if wanted, `delay=SECONDS` for `slow` and `chain=NAME` for one of the chains the host was
given. An address may be given a mode of its own for good (smtp_host.py --listen ADDRESS=MODE).
"""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Mode:
    """How one connection is treated. `offer` is the EHLO keyword shown before TLS; `starttls` the code answered to
    STARTTLS; `after_220` what follows a 220; `chain` which certificate is shown; `tls` which TLS is spoken; `recipient` the reply to RCPT."""

    name: str
    meaning: str
    greeting: int = 220
    early: str = ""  # a keyword offered in clear and no more in TLS
    offer: str = "STARTTLS"
    starttls: int = 220
    after_220: str = "handshake"  # handshake | inject | reset | close | garbage
    chain: str = "host"  # host | wrong | expired | any name given with --chain
    tls: str = "modern"  # modern | mutual (a client certificate is demanded) | 1.0 | 1.1; and in 1.2: anonymous (no certificate) | null (no encryption) | static (no forward secrecy)
    delay: float = 0.0  # seconds before each octet sent in clear
    offer_in_tls: str = ""
    recipient: str = "250 2.1.5 recipient noted"


MODES = {
    mode.name: mode
    for mode in (
        Mode("honest", "STARTTLS with the right certificate; takes mail"),
        Mode("strip", "STARTTLS is not offered, and 502 if asked for", offer="", starttls=502),
        Mode("garble", "the offer reads XTARTTLS, and STARTTLS gets 502", offer="XTARTTLS", starttls=502),
        Mode("refuse454", "STARTTLS is offered and answered 454", starttls=454),
        Mode("reset-after-220", "220 to STARTTLS, then the connection is reset at the client's first octet",
        after_220="reset"),
        Mode("wrongcert", "TLS with another key than the TLSA record names", chain="wrong"),
        Mode("inject", "a clear 250-REQUIRETLS rides in the segment of the 220", after_220="inject"),
        Mode("refuse501", "STARTTLS is offered and answered 501", starttls=501),
        Mode("close-after-220", "220 to STARTTLS, then the connection is closed in good order at the client's first octet",
             after_220="close"),
        Mode("garbage-after-220", "220 to STARTTLS, then octets that are no TLS", after_220="garbage"),
        Mode("early-requiretls", "REQUIRETLS is offered before TLS, and no more in TLS", early="REQUIRETLS"),
        Mode("tls10only", "speaks no TLS above 1.0", tls="1.0"),
        Mode("tls11only", "speaks no TLS above 1.1", tls="1.1"),
        Mode("anonymous", "speaks TLS 1.2 with anonymous key exchange only", tls="anonymous"),
        Mode("static", "speaks TLS 1.2 with static RSA key exchange only", tls="static"),
        Mode("null", "speaks TLS 1.2 with ciphers that do not encrypt only", tls="null"),
        Mode("mutual", "demands a certificate of the client, which in TLS 1.3 is told after the handshake", tls="mutual"),
        Mode("expired", "the right key in a certificate that expired a month ago", chain="expired"),
        Mode("slow", "each clear reply dribbles out octet by octet", delay=0.05),
        Mode("requiretls", "honest, and offers REQUIRETLS within TLS (RFC 8689)", offer_in_tls="REQUIRETLS"),
        Mode("nobody", "honest, but knows no recipient", recipient="550 5.1.1 no such mailbox here"),
        Mode("421", "greets with 421 and closes", greeting=421),
    )
}


def parse_mode(text: str) -> Mode:
    """Raises ValueError that names what was wrong and what would be right."""
    words = text.split()
    if not words or words[0] not in MODES:
        raise ValueError(f"no such mode: {text.strip()[:80]!r}; known are {', '.join(MODES)}")
    mode = MODES[words[0]]
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name == "chain" and re.fullmatch(r"[\w-]+", value):
            mode = replace(mode, chain=value)
            continue
        if name != "delay":
            raise ValueError(f"unknown setting {word!r} after mode {mode.name}; only delay=SECONDS and chain=NAME may follow")
        if not re.fullmatch(r"\d{1,3}(\.\d{1,6})?", value):
            raise ValueError(f"delay={value!r} after mode {mode.name} is no number of seconds, such as 0.05")
        mode = replace(mode, delay=float(value))
    return mode


def set_mode(control: Path | str, text: str) -> None:
    """Switches a running host: connections that arrive after the return see the new mode."""
    parse_mode(text)
    control = Path(control)
    fresh = control.with_name(control.name + ".new")
    fresh.write_text(text + "\n")
    os.replace(fresh, control)


def read_mode(control: Path | str) -> Mode:
    return parse_mode(Path(control).read_text())
