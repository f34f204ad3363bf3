"""Trace and proof with the shipped program: deliver by DANE, trace, prove, and verify with the network gone.

    /usr/bin/python3 -m tests.lab.prove --run build/lab-prove      (as root, from the project's root)

The record is published in every way that needs another kind of proof: plainly, behind an alias, at the alias itself while the
name it leads to has none, from a wildcard; with NSEC and with NSEC3, below an unsigned domain, and below one that only an opt-out
span tells of. Each document is checked by `danewerk prove --verify` in a network namespace that has no network, and by dnspython,
which knows nothing of us; then changed documents must fail. Exit 1 if any case fails.
"""
import hashlib
import json
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import lab.danewerk
from lab import peers
from lab.danewerk import Danewerk
from lab.hostile_hosts import HostileHost
from lab.net import wait_until
from lab.world import World

sys.path.append(peers.python_packages())
import dns.dnssec  # noqa: E402
import dns.name  # noqa: E402
import dns.rdata  # noqa: E402
import dns.rdataclass  # noqa: E402
import dns.rdatatype  # noqa: E402
import dns.rrset  # noqa: E402

from . import frame
from .frame import Account, demand

KEEP = '[delivery]\nkeep_proofs = "dane"\n'


def by_dnspython(document: dict, anchor: str) -> int:
    """Every set verified with the keys of its signer, every key set by its DS, the root's by the anchor. How many."""
    sets = {}
    for one in document["sets"]:
        kind, name = dns.rdatatype.from_text(one["type"]), dns.name.from_text(one["name"])
        read = lambda octets, of: dns.rdata.from_wire(dns.rdataclass.IN, of, bytes.fromhex(octets), 0, len(octets) // 2)  # noqa: E731
        sets[name, kind] = (dns.rrset.from_rdata_list(name, 5, [read(o, kind) for o in one["rdata"]]),
                            dns.rrset.from_rdata_list(name, 5, [read(o, dns.rdatatype.RRSIG) for o in one["rrsig"]]))
    at = time.mktime(time.strptime(document["claim"]["at"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    anchor_ds = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DS, anchor.split(" DS ", 1)[1].strip())
    for (name, kind), (records, signatures) in sets.items():
        signer = signatures[0].signer
        keys = sets[signer, dns.rdatatype.DNSKEY][0]
        dns.dnssec.validate(records, signatures, {signer: keys}, now=at)
        if kind == dns.rdatatype.DNSKEY:
            vouching = [anchor_ds] if name == dns.name.root else list(sets[name, dns.rdatatype.DS][0])
            signing = next(k for k in keys if dns.dnssec.key_id(k) == signatures[0].key_tag)
            demand(dns.dnssec.make_ds(name, signing, "SHA256") in vouching, f"no DS for the keys of {name}")
        elif kind == dns.rdatatype.DS:
            demand(signer != name, f"{name} vouches for itself")
    return len(sets)


class Prove(Account):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__()
        self.program = program.resolve()
        self.folder = run_dir.with_name(run_dir.name + "-documents")  # outlives the lab
        self.folder.mkdir(parents=True, exist_ok=True)
        self.world = World(run_dir)
        lab.danewerk.CONFIG = lab.danewerk.CONFIG.replace("[delivery]\n", KEEP)
        self.danewerk = Danewerk(self.world.hosts["danewerk"], program)
        self.documents: dict[str, Path] = {}

    def up(self) -> None:
        self.world.up()
        for name in ("stripped", "wrongcert"):
            HostileHost(self.world, name).start()  # honest here: they take anybody's mail
        self.danewerk.start()
        address = self.world.hosts["mbox1"].ipv4
        self.danewerk.command("domain", "add", "contoso.lab", "--tenant", "contoso", "--route", f"lmtp:{address}:24", "--why", "test")
        self.anchor_text = (self.danewerk.host.dir / "etc/lab/root.key").read_text()
        self.anchor = self.folder / "root.key"
        self.anchor.write_text(self.anchor_text)

    # -- steps ---------------------------------------------------------------------------------------------------

    def deliver(self, recipient: str, subject: str = "prove") -> str:
        text = f"From: anna@contoso.lab\nTo: {recipient}\nMessage-ID: <{subject}-{time.monotonic_ns()}@contoso.lab>\nSubject: {subject}\n\ntext\n"
        queue_id = self.danewerk.json("send", "--from", "anna@contoso.lab", "--to", recipient, input=text.encode())["id"]
        wait_until(lambda: self.life(queue_id)["waiting"] == 0, f"{queue_id} to be delivered", 30, 0.2)
        return queue_id

    def life(self, subject: str) -> dict:
        return self.danewerk.json("trace", subject)["message"]

    def proven(self, queue_id: str, name: str) -> dict:
        """The document, exported and left in the run directory."""
        wait_until(lambda: self.life(queue_id)["attempts"][-1].get("proof") in ("kept", "failed"), "the proof", 30, 0.2)
        attempt = self.life(queue_id)["attempts"][-1]
        demand(attempt["proof"] == "kept", f"no proof: {attempt.get('no_proof')}")
        text = self.danewerk.command("prove", queue_id)
        self.documents[name] = self.folder / f"{name}.proof.json"
        self.documents[name].write_text(text)
        return json.loads(text)

    def verify(self, path: Path, *more: str) -> subprocess.CompletedProcess:
        """In a namespace without a network, without a configuration, beside a Danewerk that is not asked."""
        command = ["unshare", "--net", str(self.program), "--config", "/nonexistent", "prove", "--verify", str(path), "--trust-anchor", str(self.anchor), *more]
        return subprocess.run(command, text=True, capture_output=True, timeout=60, check=False)

    def holds(self, name: str, *said: str) -> str:
        """Verified by us and by a stranger; `said` must be in what is said."""
        done = self.verify(self.documents[name])
        demand(done.returncode == 0, done.stderr)
        for part in said:
            demand(part in done.stdout, f"'{part}' is not said:\n{done.stdout}")
        demand("LOG ONLY" in done.stdout, "what is the log's own statement is not said")
        count = by_dnspython(json.loads(self.documents[name].read_text()), self.anchor_text)
        return f"{count} sets, verified by dnspython too, {self.documents[name].stat().st_size} octets"

    def publish(self, name: str, kind: str, *data: str) -> None:
        self.world.dns.set_rrset(name, kind, 5, list(data))

    def flush(self) -> None:
        """Danewerk's own resolver and its cache forget within the TTL of 5 s."""
        time.sleep(6)

    # -- cases ---------------------------------------------------------------------------------------------------

    def plain(self) -> str:
        queue_id = self.deliver("boss@foreign.example", "plain")
        life = self.life(queue_id)
        attempt = life["attempts"][-1]["evidence"]
        questions = {one["question"]: one for one in attempt["lookups"]}
        demand(questions["_25._tcp.mx1.foreign.example TLSA"]["dnssec"] == "secure", "the trace does not show the TLSA answer")
        demand(life["arrival"]["by"] == "root" and attempt["tls"]["version"] == "TLSv1.3", f"the trace lacks: {life}")
        demand(self.life(life["message_id"])["id"] == queue_id, "not found by its Message-ID")
        listed = self.danewerk.run("trace", "boss@foreign.example")
        demand(queue_id in listed.stdout, "not found by its recipient: " + listed.stdout)
        text = self.danewerk.command("trace", queue_id)
        demand("DANE matched by 3 1 1" in text and "secure" in text, text)
        self.proven(queue_id, "plain")
        return self.holds("plain", "foreign.example. names mx1.foreign.example. as a mail exchanger", "_25._tcp.mx1.foreign.example. published TLSA 3 1 1")

    def many_share_one(self) -> str:
        ids = [self.deliver("boss@foreign.example", f"shared-{i}") for i in range(4)]
        for queue_id in ids:
            self.proven(queue_id, "shared")
        store = sqlite3.connect(f"file:{self.danewerk.host.dir}/var/lib/danewerk/mail/store.sqlite?mode=ro", uri=True)
        uses = store.execute("SELECT count(*), count(DISTINCT proof) FROM attempt_proof WHERE state = 2 AND message IN"
                             " (SELECT message FROM attempt WHERE hop = 'foreign.example')").fetchone()
        store.close()
        demand(uses[0] >= 5 and uses[1] <= 2, f"{uses[0]} deliveries rest on {uses[1]} chains")
        return f"{uses[0]} deliveries rest on {uses[1]} stored chain(s)"

    def alias(self, name: str) -> str:
        self.publish("alias.foreign.example", "CNAME", "mx1.foreign.example.")
        self.publish("foreign.example", "MX", "10 alias.foreign.example.")
        self.flush()
        self.proven(self.deliver("boss@foreign.example", name), name)
        return self.holds(name, "alias.foreign.example. (an alias of mx1.foreign.example.)")

    def denied_by(self, document: dict, kind: str) -> None:
        found = {one["type"] for one in document["sets"]} & {"NSEC", "NSEC3"}
        demand(found == {kind}, f"denied by {found}, not by {kind}")

    def at_the_alias(self, name: str, kind: str) -> str:
        """TLSA at the alias only; that the expanded name has none is part of the proof. Names of its own: chains are reused."""
        alias, target = f"orig-{kind.lower()}.foreign.example", f"{kind.lower()}-target.foreign.example"
        record = self.world.certificates["mx1.foreign.example"].tlsa()
        foreign = self.world.hosts["foreign"]
        self.publish(target, "A", foreign.ipv4)
        self.publish(alias, "CNAME", target + ".")
        self.publish(f"_25._tcp.{alias}", "TLSA", record)
        self.publish("foreign.example", "MX", f"10 {alias}.")
        self.flush()
        document = self.proven(self.deliver("boss@foreign.example", name), name)
        demand(document["claim"]["base"] == alias + ".", f"base: {document['claim']}")
        self.denied_by(document, kind)
        return self.holds(name, f"_25._tcp.{target}. TLSA, which comes first, is no_name")

    def wildcard(self, name: str, kind: str) -> str:
        host = f"wild-{kind.lower()}.foreign.example"
        record = self.world.certificates["mx1.foreign.example"].tlsa()
        self.publish(host, "A", self.world.hosts["foreign"].ipv4)
        self.publish(f"*.{host}", "TLSA", record)
        self.publish("foreign.example", "MX", f"10 {host}.")
        self.flush()
        self.denied_by(self.proven(self.deliver("boss@foreign.example", name), name), kind)
        return self.holds(name, f"made from the wildcard *.{host}.")

    def unsigned_domain(self, name: str, host: str, kind: str, *said: str) -> str:
        self.publish("attacker.lab", "MX", f"10 mx.{host}.lab.")
        self.flush()
        self.denied_by(self.proven(self.deliver("boss@attacker.lab", name), name), kind)
        done = self.verify(self.documents[name], "--json")
        demand(json.loads(done.stdout)["every_link_signed"] is False, "an unsigned link was glossed over")
        return self.holds(name, f"UNSIGNED  that mx.{host}.lab. takes mail for attacker.lab. is NOT proven", "The record is proven, but not every link", *said)

    def nsec3(self, label: str, opt_out: str) -> str:
        """From now on this server's zones deny by hashes."""
        server = next(s for s in self.world.dns.servers if s.label == label)
        server.knotc("conf-begin")
        for item, value in (("nsec3", "on"), ("nsec3-iterations", "5"), ("nsec3-opt-out", opt_out), ("nsec3-salt-length", "8")):
            server.knotc("conf-set", f"policy[lab].{item}", value)
        server.knotc("conf-commit")
        for zone in server.zones:
            server.knotc("zone-sign", "-b", zone.name, check=False)
        zone = server.zones[-1].name
        records = lambda: "IN\tNSEC3PARAM\t1 0 5" in self.world.dig(zone, "NSEC3PARAM", "+cd")  # noqa: E731
        wait_until(records, f"{zone} to have NSEC3", 20, 0.5)
        self.world.resolver.flush()
        self.flush()
        return f"zones of server {label}, opt-out {opt_out}"

    def nothing_to_prove(self) -> str:
        queue_id = self.deliver("someone@contoso.lab", "own-route")
        done = self.danewerk.run("prove", queue_id)
        demand(done.returncode == 1 and "nothing to prove" in done.stderr, done.stderr)
        return done.stderr.strip()

    def asked_for_later(self) -> str:
        """With the default setting nothing is kept; --gather has it as long as the signatures stand."""
        self.danewerk.stop()
        lab.danewerk.CONFIG = lab.danewerk.CONFIG.replace(KEEP, "[delivery]\n")
        self.danewerk.start()
        self.publish("foreign.example", "MX", "10 mx1.foreign.example.")
        self.flush()
        queue_id = self.deliver("boss@foreign.example", "later")
        none = self.danewerk.run("prove", queue_id)
        demand(none.returncode == 1 and "none was asked for" in none.stderr, none.stderr or none.stdout)
        said = self.danewerk.command("prove", queue_id, "--gather", "--out", "/var/later.json", "--trust-anchor", "/etc/lab/root.key")
        demand("PROVEN    _25._tcp.mx1.foreign.example. published TLSA" in said, said)
        self.documents["later"] = self.folder / "later.proof.json"
        self.documents["later"].write_text((self.danewerk.host.dir / "var/later.json").read_text())
        demand(self.life(queue_id)["attempts"][-1]["proof"] == "kept", "not kept")
        return self.holds("later")

    # -- with everything gone ------------------------------------------------------------------------------------

    def still_hold(self) -> str:
        for name, path in self.documents.items():
            done = self.verify(path)
            demand(done.returncode == 0, f"{name}: {done.stderr}")
        return f"{len(self.documents)} documents, lab down"

    def changed_fail(self) -> str:
        text = self.documents["plain"].read_bytes()
        changed, rng = self.folder / "changed.json", random.Random(1)
        places = rng.sample(range(len(text)), 60)
        for place in places:
            changed.write_bytes(text[:place] + bytes([text[place] ^ (1 << rng.randrange(7))]) + text[place + 1:])
            demand(self.verify(changed).returncode != 0, f"octet {place} was changed, and it verified")
        return f"{len(places)} changed octets of {len(text)}, seed 1"

    def forged_fails(self) -> str:
        """A forger who knows the format: the digest is made anew, so that only the signatures can tell."""
        said = []
        for change in ("record", "time", "domain"):
            document = json.loads(self.documents["plain"].read_text())
            if change == "record":
                tlsa = next(one for one in document["sets"] if one["type"] == "TLSA")
                tlsa["rdata"] = [tlsa["rdata"][0][:6] + "00" * 32]
                document["claim"]["record"] = tlsa["rdata"][0]
                document["claim"]["presented"][0]["spki_sha256"] = "00" * 32
            elif change == "time":
                document["claim"]["at"] = "2027-06-01T00:00:00Z"
            else:
                document["claim"]["next_hop"] = "example."
            del document["digest"]
            body = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
            document["digest"] = hashlib.sha256(body.encode()).hexdigest()
            path = self.folder / "forged.json"
            path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
            done = self.verify(path)
            demand(done.returncode == 1 and "NOT PROVEN" in done.stderr, f"{change}: {done.returncode} {done.stderr or done.stdout}")
            said.append(done.stderr.strip().split("NOT PROVEN: ", 1)[1][:70])
        return "; ".join(said)

    def other_roots_and_times_fail(self) -> str:
        done = self.verify(self.documents["plain"], "--at", "2027-06-01T00:00:00Z")
        demand(done.returncode == 1 and "expired" in done.stderr, done.stderr)
        own, self.anchor = self.anchor, Path("/usr/share/dns/root.key")
        if self.anchor.exists():
            other = self.verify(self.documents["plain"])
            demand(other.returncode == 1 and "none of the root's keys" in other.stderr, other.stderr)
        self.anchor = own
        return done.stderr.strip()[:100]

    def run(self) -> None:
        self.case("plain", self.plain)
        self.case("many deliveries share one chain", self.many_share_one)
        self.case("behind an alias", self.alias, "alias")
        self.case("at the alias, NSEC", self.at_the_alias, "at-alias-nsec", "NSEC")
        self.case("wildcard, NSEC", self.wildcard, "wildcard-nsec", "NSEC")
        self.case("an unsigned domain, NSEC", self.unsigned_domain, "unsigned-nsec", "stripped", "NSEC")
        self.case("NSEC3 below", self.nsec3, "leaves", "off")
        self.case("at the alias, NSEC3", self.at_the_alias, "at-alias-nsec3", "NSEC3")
        self.case("wildcard, NSEC3", self.wildcard, "wildcard-nsec3", "NSEC3")
        self.case("NSEC3 with opt-out above", self.nsec3, "top", "on")
        self.case("an unsigned domain, opt-out", self.unsigned_domain, "unsigned-opt-out", "wrongcert", "NSEC3", "in a span with opt-out")
        self.case("nothing to prove", self.nothing_to_prove)
        self.case("asked for later", self.asked_for_later)

    def offline(self) -> None:
        self.case("all verify with everything gone", self.still_hold)
        self.case("changed documents fail", self.changed_fail)
        self.case("forged documents fail", self.forged_fails)
        self.case("other times and other roots fail", self.other_roots_and_times_fail)


def play(test: Prove, _) -> None:
    test.up()
    test.run()
    test.danewerk.stop()
    test.world.down()
    test.offline()


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Prove(given.run, given.program), play))
