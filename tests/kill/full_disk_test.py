#!/usr/bin/python3
"""A disk that runs full: 452 in time, 452 or 451 when it is too late, and nothing lost. (SMTP-02, RFC 5321 4.5.3.1.10)

    full_disk_test.py PROGRAM        needs root for a small tmpfs of its own; skipped without (exit 77)

The sink refuses, so all that is accepted stays. Then the disk gets larger, as when an operator makes room, and without any
restart all of it must go out, once: also what was in delivery while its result could not be written down.
"""
import argparse
import os
import pathlib
import smtplib
import subprocess
import sys
import tempfile
import time

from load import Book, Client
from program import DOMAINS, Failed, Program, check
from sink import Sink
from verdict import by_recipient, judge_contents, judge_duplicates, judge_losses

SKIPPED = 77
LARGE, SMALL = 300 * 1024, 3000  # in the spool, in the database


class SmallDisk:
    """A tmpfs of our own, in a directory that goes with it."""

    def __init__(self, size):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="danewerk-full-"))
        self._mount("-t", "tmpfs", "-o", f"size={size},mode=0755", "danewerk-full")

    def _mount(self, *words):
        done = subprocess.run(["/usr/bin/mount", *words, str(self.path)], capture_output=True, text=True)
        if done.returncode != 0:
            raise PermissionError(done.stderr.strip())

    def grow(self, size):
        self._mount("-o", f"remount,size={size}")

    def fill(self):
        """Takes what is left, to the last page."""
        with open(self.path / "ballast", "ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                pass

    def empty(self):
        (self.path / "ballast").unlink()

    def end(self):
        subprocess.run(["/usr/bin/umount", "--lazy", str(self.path)], check=False)
        self.path.rmdir()


def send_some(program, book, prefix, number, size):
    """A connection each, as strangers come. Broken connections are failures here: nothing was killed."""
    taken = 0
    for n in range(number):
        try:
            client = Client(program.port, book, tls=False)
            taken += client.send(f"{prefix}.{n}", size, [f"box@{DOMAINS[n % 2]}"])
            client.close()
        except (OSError, smtplib.SMTPException) as broken:
            raise Failed(f"{prefix}.{n}: the connection broke: {broken!r}") from None
    return taken


def judge_replies(book):
    odd = [words for words in book.refusals if not any(f": {code} 4." in words for code in (452, 451))]
    check(not odd, f"replies that are neither 250, 451 nor 452: {odd[:5]}")


def judge_all_out(program, book, sink, seconds=60):
    sink.manners = "kind"
    program.await_delivered(seconds)
    arrived = by_recipient(sink.deliveries)
    judge_contents(book, sink.deliveries)
    judge_losses(book, arrived)
    program.await_spool_empty()
    return arrived


def watermark(program, disk, sink, book):
    """Below server.min_free_space the sender hears it at MAIL, before it sends anything."""
    taken = send_some(program, book, "mark", 120, LARGE)
    check(0 < taken < 120 and book.refusals, f"{taken} of 120 large messages were taken by a disk of 24 MiB that keeps 8 MiB free")
    late = [words for words in book.refusals if not words.startswith("MAIL: 452 4.3.1")]
    check(not late, f"below the watermark the reply was not 452 4.3.1 to MAIL: {late[:3]}")
    check(program.records("edge.disk_low"), "the operator was not told")
    disk.grow("96m")
    check(send_some(program, book, "room", 5, LARGE) == 5, "with room again it takes no mail")
    judge_duplicates(judge_all_out(program, book, sink), [])
    print(f"  {taken} taken, {len(book.refusals)} answered 452 at MAIL")


def to_the_brim(program, disk, sink, book):
    """No watermark: every write may fail. What was promised before, and what is in delivery meanwhile, must survive."""
    before = send_some(program, book, "before", 30, SMALL) + send_some(program, book, "large", 10, LARGE)
    check(before == 40, f"only {before} of 40 were taken while there was room")
    disk.fill()
    full = send_some(program, book, "full", 40, LARGE) + send_some(program, book, "full-small", 40, SMALL)
    check(book.refusals, "a full disk took everything")
    judge_replies(book)
    # Deliveries went on against the refusing sink; their results cannot be written down. Now some succeed, too.
    sink.manners = "kind"
    sink.wait(lambda: len(sink.deliveries) >= 5, 30, "deliveries from a full disk")
    disk.empty()
    arrived = judge_all_out(program, book, sink)
    withheld, _ = judge_duplicates(arrived, [])
    check(program.ask("status").get("store") is None, "the store refuses writes although there is room again")
    print(f"  {before} taken before, {full} of 80 on the full disk, {len(book.refusals)} refused; {withheld} duplicates")


def killed_when_full(program, disk, sink, book):
    """The worst moment: killed with a full disk, started on it, and only then there is room."""
    check(send_some(program, book, "before", 30, SMALL) + send_some(program, book, "large", 10, LARGE) == 40, "there was room")
    disk.fill()
    send_some(program, book, "full", 20, SMALL)
    kills = [program.kill_supervisor()]
    disk.fill()
    program.start()  # no room is needed to start: what waits can be delivered
    disk.empty()
    judge_duplicates(judge_all_out(program, book, sink), kills)


def started_when_full(program, disk, sink, book):
    """After a stop in good order there is no pid file and no log of the database, so a start needs some room. Where there is none
    the supervisor stays and tries again: when there is room, nobody need start it."""
    check(send_some(program, book, "before", 30, SMALL) + send_some(program, book, "large", 10, LARGE) == 40, "there was room")
    check(program.stop() == 0, "it did not stop with exit code 0")
    disk.fill()
    program.spawn()
    program.log.wait("supervisor.child", 0)
    disk.empty()
    program.await_ready()
    judge_duplicates(judge_all_out(program, book, sink), [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    binary = parser.parse_args().program
    if os.geteuid() != 0:
        print("SKIPPED: needs root to mount a small tmpfs")
        return SKIPPED
    failures = 0
    for case, floor in ((watermark, "8 MiB"), (to_the_brim, "0 B"), (killed_when_full, "0 B"), (started_when_full, "0 B")):
        try:
            disk = SmallDisk("24m")
        except PermissionError as what:
            print(f"SKIPPED: cannot mount a tmpfs here: {what}")
            return SKIPPED
        program, sink, failed, began = Program(binary, state_parent=disk.path, min_free_space=floor), Sink(1), True, time.monotonic()
        try:
            program.start()
            program.add_domains(sink)
            sink.manners = "refuse"
            case(program, disk, sink, Book())
            check(program.stop() == 0, f"exit code {program.process.returncode}")
            failed = False
        except (Failed, TimeoutError) as what:
            print(f"FAILED {case.__name__}: {what}\nthe last lines of the log:\n" + "".join(program.log.last[-20:] if program.log else []))
        finally:
            program.end(keep=False)
            disk.end()
        failures += failed
        print(f"{case.__name__}: {'failed' if failed else 'good'}, {time.monotonic() - began:.1f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
