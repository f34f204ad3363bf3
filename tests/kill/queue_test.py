#!/usr/bin/python3
"""What people do to the queue of the shipped program, and what one bad destination may cost the others. (SMTP-02, RFC 5321 4.5.4.1)

    queue_test.py PROGRAM

hold: held mail stays held over SIGKILL, and goes out once after release. expire: the sender is told at once, and mail in delivery
is left alone. dead: a destination that takes connections and never speaks, with much mail, delays nobody else's. alerts: a resolver
that does not answer is one event and one line of `status`.
"""
import argparse
import pathlib
import socket
import subprocess
import sys
import time

from load import Book, Client
from program import DOMAINS, Failed, Program, check
from sink import Sink
from verdict import NOTICE, by_recipient, judge_contents, judge_duplicates, judge_losses

ONE, TWO = DOMAINS


def send(program, book, prefix, number, domain, size=2000):
    client = Client(program.port, book, tls=False)
    for n in range(number):
        check(client.send(f"{prefix}.{n}", size, [f"box@{domain}"]), f"{prefix}.{n} was refused")
    client.close()


def taken_for(sink, domain):
    with sink.changed:
        return taken_for_unlocked(sink, domain)


def notices_about(sink, domain):
    with sink.changed:
        return sum(1 for one in sink.deliveries if one.recipient.endswith("@" + domain) and one.id.startswith(NOTICE))


def queued(program):
    return program.ask("status")["queue"]


def hold(program, sink, book):
    sink.manners = "refuse"
    send(program, book, "one", 8, ONE)
    send(program, book, "two", 8, TWO)
    would = program.ask("queue", "hold", "--domain", ONE, "--dry-run")
    check(would["dry_run"] and would["recipients"] == 8 and would["first"], f"the rehearsal said {would}")
    check(queued(program)["held"] == 0, "a rehearsal held mail")
    check(program.ask("queue", "hold", "--domain", ONE, "--why", "test")["recipients"] == 8, "not all of them were held")
    sink.manners = "kind"
    sink.wait(lambda: taken_for_unlocked(sink, TWO) == 8, 30, "the mail that is not held")
    kill = program.kill_supervisor()
    program.start()
    check(queued(program)["held"] == 8, f"after SIGKILL the queue says {queued(program)}")
    check(taken_for(sink, ONE) == 0, "held mail was delivered")
    check(len(program.ask("queue", "list", "--which", "held")["messages"]) == 8, "list --which held does not list them")
    program.ask("queue", "release", "--domain", ONE)
    program.await_delivered(30)
    arrived = by_recipient(sink.deliveries)
    judge_contents(book, sink.deliveries)
    judge_losses(book, arrived)
    judge_duplicates(arrived, [kill])


def taken_for_unlocked(sink, domain):
    return sum(1 for one in sink.deliveries if one.recipient.endswith("@" + domain) and not one.id.startswith(NOTICE))


def expire(program, sink, book):
    sink.manners = "refuse"
    letter = program.directory / "letter"
    letter.write_text("Subject: hello\n\ntext\n")
    ids = [program.ask("send", "--from", f"ann@{TWO}", "--to", f"box@{ONE}", str(letter))["id"] for _ in range(3)]
    Program._await(lambda: [program.ask("queue", "show", one)["recipients"][0].get("code") for one in ids], lambda codes: all(codes), 20,
                   "a message has not been tried:")
    sink.manners = "kind"
    # What is being tried at this very moment is left alone, and said to be: it is delivered, or can be expired next.
    ended, left = 0, 3
    answer = program.ask("queue", "expire", "--domain", ONE, "--code", "4.*", "--why", "bankrupt")
    ended, left = answer["recipients"], answer["in_delivery"]
    program.await_delivered(30)
    states = [program.ask("queue", "show", one)["recipients"][0] for one in ids]
    check(sum(1 for one in states if one["state"] == "failed") == ended, f"{ended} were expired, the queue says {states}")
    for one in states:
        check(one["state"] == "delivered" or one["code"].startswith("5.") and "Given up by the operator" in one["what"], f"{one}")
    check(notices_about(sink, ONE) == ended, f"{ended} ended, {notices_about(sink, ONE)} notices came")
    check(taken_for(sink, ONE) == 3 - ended, "a message was both delivered and told of as failed")
    print(f"  {ended} expired, {left} in delivery")


def dead(program, sink, book):
    silent = socket.create_server(("127.0.0.1", 0), backlog=500)  # takes connections and says nothing: five minutes each (RFC 5321 4.5.3.2.1)
    program.ask("domain", "add", "dead.example", "--tenant", "large", "--route", f"smtp:127.0.0.1:{silent.getsockname()[1]}")
    send(program, book, "dead", 200, "dead.example")
    began = time.monotonic()
    send(program, book, "alive", 40, TWO)
    sink.wait(lambda: taken_for_unlocked(sink, TWO) == 40, 20, "the mail for who is alive")
    took = time.monotonic() - began
    rows = program.ask("queue", "destinations")["destinations"]
    row = next(one for one in rows if one["hop"] == "route:dead.example")
    check(row["waiting"] == 200 and 1 <= row["in_delivery"] <= 10, f"destinations said {row}")
    check(row["allowed"] >= 1 and row["why"], f"destinations said {row}")
    check(program.ask("queue", "expire", "--domain", "dead.example", "--dry-run")["recipients"] == 200, "expire would not find them")
    silent.close()
    print(f"  40 messages passed 200 for a silent host in {took:.1f} s")


def alerts(program, sink, book):
    program.log.wait("alert.raised", 0, 30)
    standing = program.ask("status")["alerts"]
    check([one["subject"] for one in standing] == ["resolver"], f"status shows {standing}")
    text = subprocess.run([program.binary, "--config", str(program.config), "status"], capture_output=True, text=True, timeout=60, check=True).stdout
    check("ALERT resolver since" in text, f"status said {text}")
    check(len(program.records("alert.raised")) == 1, "one fault, several alerts")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--only")
    options = parser.parse_args()
    failures = 0
    for case in (hold, expire, dead, alerts):
        if options.only and case.__name__ != options.only:
            continue
        program, sink, failed, began = Program(pathlib.Path(options.program)), Sink(1), True, time.monotonic()
        try:
            program.start()
            program.add_domains(sink)
            case(program, sink, Book())
            if case is dead:
                program.kill_supervisor()  # five connections hang, as they should: nothing to wait for
            else:
                check(program.stop() == 0, f"exit code {program.process.returncode}")
            failed = False
        except (Failed, TimeoutError) as what:
            print(f"FAILED {case.__name__}: {what}\nthe last lines of the log:\n" + "".join(program.log.last[-20:] if program.log else []))
        finally:
            program.end(keep=False)
        failures += failed
        print(f"{case.__name__}: {'failed' if failed else 'good'}, {time.monotonic() - began:.1f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
