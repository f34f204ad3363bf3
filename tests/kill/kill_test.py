#!/usr/bin/python3
"""Kills the shipped program at random moments under load, and shows that it keeps its promises. (SMTP-02, RFC 5321 6.1)

    kill_test.py PROGRAM [--rounds N] [--seed S] [--clients C] [--keep]

Clients send, in clear and over STARTTLS, by DATA and by BDAT, small bodies and middling ones (kept in the database) and large ones (kept in the
spool), some of them to mailboxes that do not exist, of which their senders must hear. A sink takes what is delivered, by SMTP for
one domain and by LMTP for the other, and drops, delays and refuses some. Each round waits for a random number of promises, bodies
begun or deliveries taken, and then kills the mail process, or the supervisor, or the mail process while it is still
opening its store. At the end the queue drains and verdict.py says what must hold. The seed is printed; it settles what
is killed after how many of which events, not how the kernel schedules us.
"""
import argparse
import os
import random
import sqlite3
import sys
import threading
import time

from load import Load
from program import MOST_UNDER_WAY, Failed, Program, check, has_ended
from sink import Sink
from verdict import NOTICE, by_recipient, judge_contents, judge_duplicates, judge_losses, judge_notices

KILLS = ("mail", "mail", "supervisor", "mail, again while it starts", "supervisor, again while it starts")
LONGEST_ROUND = 60


class Moments:
    """Waits until n more of some event happened: that is the random moment."""

    def __init__(self, load, sink):
        self.load, self.sink = load, sink

    def _counts(self):
        return {**self.load.book.counts, "taken": len(self.sink.deliveries)}

    def wait(self, kind, more):
        source = self.sink.changed if kind == "taken" else self.load.book.changed
        with source:
            enough = self._counts()[kind] + more
            check(source.wait_for(lambda: self._counts()[kind] >= enough, LONGEST_ROUND),
                  f"only {self._counts()} within {LONGEST_ROUND} s, waiting for {more} more '{kind}'")


def await_starting(program, old_pid, dice):
    """Until the next mail process runs, and a random moment longer: it is opening its store, or about to."""
    end, pause = time.monotonic() + 10, threading.Event()
    while program.mail_pid() in (0, old_pid):
        check(time.monotonic() < end, "no new mail process within 10 s")
        pause.wait(0.001)
    pidfd = os.pidfd_open(program.mail_pid())
    has_ended(pidfd, dice.uniform(0, 0.08))
    os.close(pidfd)


def one_kill(program, what, dice):
    """Kills, and sees to it that the program runs again. Returns the instants of the kills."""
    socket, old = program.socket_identity(), program.mail_pid()
    if what.startswith("mail"):
        at, mark = program.kill_mail()
        kills = [at]
        if "again" in what:
            await_starting(program, old, dice)
            at, mark = program.kill_mail()
            kills.append(at)
    else:
        kills, mark = [program.kill_supervisor()], 0
        if "again" in what:
            program.spawn()
            await_starting(program, old, dice)
            kills.append(program.kill_supervisor())
        program.spawn()
    program.await_ready(mark)
    check(program.socket_identity() != socket, "the control socket of the killed process was not replaced")
    program.ask("status")  # and behind it somebody answers
    return kills


def judge_program(program):
    check(not program.strange_lines(), f"lines that are no log records: {program.strange_lines()[:5]}")
    swept = program.records("store.swept")
    missing = [record for record in swept if record["missing"] != "0"]
    check(not missing, f"the store opened with bodies missing: {missing}")
    for event in ("delivery.no_room", "edge.store_failed", "delivery.not_recorded", "worker.edge_failed"):
        check(not program.records(event), f"unexpected: {program.records(event)[:3]}")
    return sum(int(record["orphans"]) for record in swept)


def judge_store(program):
    """After an orderly stop: sound, nothing waiting, no body kept."""
    database = sqlite3.connect(program.state / "mail" / "store.sqlite")
    [(sound,)] = database.execute("PRAGMA integrity_check").fetchall()
    check(sound == "ok", f"the database is damaged: {sound}")
    for sql, what in (("SELECT count(*) FROM message WHERE waiting > 0", "messages wait"),
                      ("SELECT count(*) FROM recipient WHERE state = 0", "recipients wait"),
                      ("SELECT count(*) FROM body", "bodies are kept")):
        [(count,)] = database.execute(sql).fetchall()
        check(count == 0, f"after draining {count} {what}")
    database.close()
    check(not list((program.state / "run").glob("*.pid")), "an orderly stop leaves pid files")


def run(program, sink, arguments):
    dice = random.Random(arguments.seed)
    program.start()
    program.add_domains(sink, ("smtp", "lmtp"))
    sink.manners = "rough"
    load = Load(program.port, arguments.clients, arguments.seed, nobody=0.25)
    moments = Moments(load, sink)
    load.start()
    kills, since_supervisor = [], 0
    for number in range(1, arguments.rounds + 1):
        # A mail process that keeps dying is started again more and more slowly: the third time it is the supervisor's turn.
        what = dice.choice([one for one in KILLS if since_supervisor < 2 or one.startswith("supervisor")])
        kind, more = dice.choice(["sent", "promised", "taken"]), dice.randint(1, 150)
        moments.wait(kind, more)
        began = time.monotonic()
        these = one_kill(program, what, dice)
        kills += these
        since_supervisor = 0 if what.startswith("supervisor") else since_supervisor + len(these)
        print(f"round {number}: after {more} more '{kind}' killed {what}; back after {time.monotonic() - began:.2f} s; "
              f"{load.book.counts}, taken {len(sink.deliveries)}", flush=True)
    moments.wait("promised", 20)
    load.stop()
    sink.manners = "kind"
    program.await_delivered(60)
    arrived = by_recipient(sink.deliveries)
    judge_contents(load.book, sink.deliveries)
    judge_losses(load.book, arrived)
    notices = judge_notices(load.book, arrived, sink.notice_ids)
    check(sink.by_lmtp and notices, f"{sink.by_lmtp} messages came by LMTP, {notices} notices were owed: this test has seen nothing of them")
    withheld, by_kill = judge_duplicates(arrived, kills)
    orphans = judge_program(program)
    program.await_spool_empty()
    check(not load.book.refusals, f"replies that were neither 250 nor a broken connection: {load.book.refusals[:5]}")
    check(program.stop() == 0, f"exit code {program.process.returncode} after SIGTERM")
    judge_store(program)
    unpromised = sum(1 for unit in arrived if unit not in load.book.promised and not unit[0].startswith(NOTICE))
    print(f"{len(load.book.promised)} deliveries promised, none lost, {sink.by_lmtp} messages by LMTP; {notices} senders told; {unpromised} came that were never promised; {len(kills)} kills; "
          f"duplicates: {withheld} after lost replies, {sum(by_kill)} by kills (at most {len(kills)} x {MOST_UNDER_WAY}); "
          f"{orphans} orphans swept")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--keep", action="store_true", help="leave the state directory")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    program, failed = Program(arguments.program), True
    try:
        run(program, Sink(arguments.seed), arguments)
        failed = False
    except (Failed, TimeoutError) as what:
        print(f"FAILED (seed {arguments.seed}): {what}\nstate kept in {program.directory}; the last lines of the log:\n"
              + "".join(program.log.last[-20:] if program.log else []))
    finally:
        program.end(keep=failed or arguments.keep)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
