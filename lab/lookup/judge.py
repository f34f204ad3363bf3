"""Submits one message for each case, and compares what became of it with what was expected, by three witnesses.

Danewerk's queue says what it did; the hosts' recordings say whether that is so; and for mail in clear only the recordings count.
Each case has a sender and a domain of its own, so that every octet of MAIL and RCPT belongs to one case.
"""
import re
import time
from collections import defaultdict
from dataclasses import dataclass

from ..hostile.recorder import cleartext_streams, connections
from ..net import LabError, ipv4, ipv6
from .internet import FORBIDDEN
from .table import Expected
from .world import LookupWorld

ADDRESS_OF = re.compile(rb"<(\w[\w-]*)@", re.ASCII)
SLOW = ("timeout", "resolver_unfit")  # kinds of failed lookups that a machine with too much to do brings about by itself


@dataclass(frozen=True)
class Case:
    """`label` names sender and recipient: <label>@contoso.lab, <label>@domain. `sni`: the name the handshake must ask for."""
    label: str
    name: str
    domain: str
    expected: Expected
    sni: str = ""

    @property
    def recipient(self) -> str:
        return f"{self.label}@{self.domain.rstrip('.')}"


@dataclass(frozen=True)
class Seen:
    """What the hosts recorded of one case: messages as (tls, sni), and lines of mail in clear."""
    messages: tuple = ()
    clear: tuple = ()


def settle(world: LookupWorld, cases: list[Case], seconds: float, say) -> dict[str, dict]:
    """Submits all and waits; label -> the recipient as Danewerk shows it. A message that waits where it should not, or for another
    reason, because a lookup took too long, is tried again: that is the machine's fault, and a safe end."""
    ids = world.submit([(f"{c.label}@contoso.lab", c.recipient) for c in cases])
    found: dict[str, dict] = {}
    tried: dict[str, int] = {}
    for tries_left in (2, 1, 0):
        wait_for(world, {c.label: ids[c.recipient] for c in cases if c.label not in found}, found, tried, seconds, say)
        slow = [c for c in cases if was_slow(c, found[c.label])]
        if not tries_left or not slow:
            break
        say(f"{len(slow)} messages wait because a lookup took too long here; tried again")
        time.sleep(2)  # what the resolver remembers of its failures is forgotten after this
        for case in slow:
            tried[case.label] = found.pop(case.label)["attempts"]
            world.danewerk.ask("queue.retry", id=ids[case.recipient], which="queued", why="the lab's machine was slow")
    return found


def was_slow(case: Case, recipient: dict) -> bool:
    error = (((recipient.get("evidence") or {}).get("fault") or {}).get("lookup") or {}).get("error") or {}
    as_expected = case.expected.state == "waiting" and re.fullmatch(case.expected.code, recipient.get("code", ""))
    return recipient["state"] == "waiting" and not as_expected and error.get("kind") in SLOW


def wait_for(world: LookupWorld, ids: dict[str, str], found: dict[str, dict], tried: dict[str, int], seconds: float, say) -> None:
    """Until each of `ids` was tried once more than `tried` says, or is over."""
    began = told = time.monotonic()
    while missing := [label for label in ids if label not in found]:
        for label in missing:
            recipient = world.settled(ids[label])
            if recipient and (recipient["attempts"] > tried.get(label, 0) or recipient["state"] != "waiting"):
                found[label] = recipient
        if time.monotonic() - told > 10:
            told = time.monotonic()
            say(f"{len(found)} messages tried, {len(ids) - len(found)} to go")
        if time.monotonic() - began > seconds:
            raise LabError(f"{len(missing)} of {len(ids)} messages were not tried within {seconds:.0f} s, first {missing[0]}")
        time.sleep(0.5)


def seen(records: list[dict], cases: list[Case]) -> tuple[dict[str, Seen], list[str]]:
    """By label, and what was heard in clear that belongs to no case."""
    sni = {r["connection"]: r.get("sni") for r in records if r["event"] == "tls"}
    messages, clear, strange = defaultdict(list), defaultdict(list), []
    labels = {c.label for c in cases}
    for record in records:
        if record["event"] == "message":
            found = ADDRESS_OF.search(record["recipients"][0].encode())
            messages[found[1].decode() if found else ""].append((record["tls"], sni.get(record["connection"])))
    for number, stream in cleartext_streams(records).items():
        label = None
        for line in stream.split(b"\r\n"):
            verb = line[:4].upper()
            if verb in (b"MAIL", b"RCPT"):
                found = ADDRESS_OF.search(line)
                label = found[1].decode() if found else None
            if verb in (b"MAIL", b"RCPT", b"DATA", b"BDAT") or (label and verb not in (b"QUIT", b"RSET", b"EHLO", b"NOOP", b"")):
                (clear[label] if label in labels else strange).append(line.decode("latin-1"))
    return {label: Seen(tuple(messages[label]), tuple(clear[label])) for label in labels}, [f"connection of nobody: {line}" for line in strange]


def faults_of(case: Case, recipient: dict, witness: Seen) -> list[str]:
    """In words; none if all is as it must be."""
    expected, faults = case.expected, []
    evidence = recipient.get("evidence") or {}
    if recipient["state"] != expected.state:
        faults.append(f"is {recipient['state']} {recipient.get('code', '')} instead of {expected.state}: {recipient.get('what')}")
    elif expected.state == "delivered":
        given = evidence.get("assurance", "").replace("-", "_")
        if given != expected.assurance:
            faults.append(f"was delivered {given} instead of {expected.assurance}")
    elif not re.fullmatch(expected.code, recipient.get("code", "")):
        faults.append(f"has code {recipient.get('code')} instead of {expected.code}: {recipient.get('what')}")
    copies = 1 if expected.state == "delivered" else 0
    if len(witness.messages) != copies:
        faults.append(f"the hosts were given {len(witness.messages)} copies, not {copies}")
    if any(tls == expected.in_clear for tls, _ in witness.messages):
        faults.append(f"the host says TLS {'on' if expected.in_clear else 'off'}")
    if witness.clear and not expected.in_clear:
        faults.append(f"IN CLEAR: {witness.clear[:3]}")
    if case.sni and witness.messages and witness.messages[0][1] != case.sni.rstrip("."):
        faults.append(f"the handshake asked for {witness.messages[0][1]}, not {case.sni}")
    return faults


def postfix_records(world: LookupWorld) -> list[dict]:
    """What the foreign Postfix took, as records like the zoo's: it writes into Received whether TLS was on."""
    return [{"event": "message", "connection": -1, "recipients": [f"<{message.header('To')}>"], "tls": "using TLSv1" in (message.header("Received") or "")}
            for message in world.foreign.mailbox()]


def judge(world: LookupWorld, cases: list[Case], found: dict[str, dict]) -> dict[str, list[str]]:
    """Label -> faults, of those that have any; "" -> what concerns no single case."""
    records = world.zoo.records() + postfix_records(world)
    witnesses, strange = seen(records, cases)
    wrong = {c.label: faults for c in cases if (faults := faults_of(c, found[c.label], witnesses[c.label]))}
    local = {ipv4(FORBIDDEN), ipv6(FORBIDDEN)}
    strange += [f"a connection to the address where nobody may connect, from {c['peer']}" for c in connections(records) if c["local"] in local]
    if strange:
        wrong[""] = strange
    return wrong


def octets_in_clear(world: LookupWorld, cases: list[Case]) -> tuple[int, int]:
    """Octets of mail heard in clear: where nothing may be, and where it may."""
    witnesses, strange = seen(world.zoo.records(), cases)
    may = {c.label: c.expected.in_clear for c in cases}
    counts = [0, 0]
    for label, witness in witnesses.items():
        counts[may[label]] += sum(len(line) + 2 for line in witness.clear)
    return counts[0] + sum(map(len, strange)), counts[1]
