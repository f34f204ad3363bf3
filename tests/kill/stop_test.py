#!/usr/bin/python3
"""Starting over what an earlier run left, and stopping in order: nothing cut off, nothing delivered twice.

    stop_test.py PROGRAM

Kills are kill_test.py's matter. Here: a mail process left over by a dead supervisor is ended and replaced; a process that
merely has the number of an old one is spared; a second `serve` on the same directory is refused and harms nobody; SIGTERM
lets the message coming in and the delivery going out finish, however long within the promised patience; and under load it
costs neither a promise nor a duplicate.
"""
import argparse
import hashlib
import os
import socket
import subprocess
import sys
import time

from load import Client, Load, make_content
from program import DOMAINS, Failed, Program, check, has_ended, start_time
from sink import Sink
from verdict import by_recipient, judge_contents, judge_duplicates, judge_losses

NOBODY = 65534
LONGER_THAN_THE_SUPERVISOR_WAITED_ONCE = 22  # it used to SIGKILL after 20 s what was promised 30


def start_mail_process_alone(program):
    """What is left when a supervisor dies and its child, against all care, does not."""
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    process = subprocess.Popen([program.binary, "--config", str(program.config), "serve", "--worker"], stderr=subprocess.DEVNULL, **identity)
    (program.state / "run" / "mail.pid").write_text(f"{process.pid} {start_time(process.pid)}\n")
    return process


def await_answer(program, seconds=20):
    """Until somebody listens at the edge's port."""
    end = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", program.port), 1).close()
        except OSError:
            check(time.monotonic() < end, f"nobody listens after {seconds} s")


def leftovers(program, sink):
    program.start()
    check(program.stop() == 0, "an idle program did not stop with exit code 0")
    left = start_mail_process_alone(program)
    await_answer(program)
    program.start()
    check(left.poll() is not None or has_ended(os.pidfd_open(left.pid), 0), "the leftover still runs beside the new mail process")
    left.wait()
    check(any("leftover" in r["what"] for r in program.log.all("supervisor.child")), "the leftover was not reported")
    program.add_domains(sink)  # the new one has socket, store and port
    await_answer(program)


def recycled_number(program, sink):
    program.start()
    check(program.stop() == 0, "an idle program did not stop with exit code 0")
    stranger = subprocess.Popen(["/usr/bin/sleep", "600"])
    try:
        (program.state / "run" / "mail.pid").write_text(f"{stranger.pid} 1\n")
        program.start()
        check(stranger.poll() is None, "a process was killed because it has the number of an old one of ours")
    finally:
        stranger.kill()
        stranger.wait()


def second_serve(program, sink):
    program.start()
    mail = program.mail_pid()
    second = subprocess.run([program.binary, "--config", str(program.config), "serve"], capture_output=True, text=True, timeout=20)
    check(second.returncode == 1 and "run" in second.stderr, f"a second serve: exit {second.returncode}, said {second.stderr!r}")
    check(program.mail_pid() == mail and start_time(mail), "a second serve ended the mail process of the first")
    asked = subprocess.run([program.binary, "--config", str(program.config), "zone", "status"], capture_output=True, text=True, timeout=60)
    check(asked.returncode == 1 and "zone.name is not set" in asked.stderr, f"zone status without a zone: {asked.returncode}, {asked.stderr!r}")
    before = [(path.name, path.stat().st_mode, path.stat().st_uid, path.stat().st_mtime_ns) for path in sorted(program.state.iterdir())]
    other = program.config.with_name("other.toml")
    other.write_text(program.config.read_text().replace('mode = "external"', "").replace('user = "nobody"', 'user = "daemon"'))
    other.chmod(0o644)
    second = subprocess.run([program.binary, "--config", str(other), "serve"], capture_output=True, text=True, timeout=20)
    check(second.returncode == 1 and "run" in second.stderr, f"a serve with other settings: exit {second.returncode}, said {second.stderr!r}")
    after = [(path.name, path.stat().st_mode, path.stat().st_uid, path.stat().st_mtime_ns) for path in sorted(program.state.iterdir())]
    check(before == after, f"a refused serve changed the state directory of the first:\n{before}\n{after}")
    program.ask("status")


def edge_alerts(program):
    return [alert["what"] for alert in program.ask("status")["alerts"] if alert["subject"] == "edge"]


def port_taken(program, sink):
    """By another mail server, or by a second program of ours, whose sockets could share the address."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", program.port))
        other.listen()
        program.spawn()
        program.log.wait("worker.edge_failed", 0)
        told = edge_alerts(program)
        check(told and "already in use" in told[0], f"status does not say that the port is taken: {told}")
        mark = program.log.mark()
    program.log.wait("worker.edge_listens", mark)
    check(not edge_alerts(program), "the alert stands although the edge listens")


class RawClient:
    """For what smtplib cannot do: stop in the middle."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.lines = self.socket.makefile("rb")
        self.reply()

    def reply(self):
        while True:
            line = self.lines.readline()
            if line[3:4] != b"-":
                return line.decode().rstrip()

    def ask(self, line):
        self.socket.sendall(line + b"\r\n")
        return self.reply()


def await_refusal(port, seconds=10):
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            pass  # it was in the queue of a socket that closed just then
        check(time.monotonic() < end, "after SIGTERM it still takes connections")


def under_way(program, sink):
    program.start()
    program.add_domains(sink)
    load = Load(program.port, 0, 0)
    sink.manners = "hold"
    check(Client(program.port, load.book, tls=True).send("going-out", 4000, [f"box@{DOMAINS[0]}"]), "a plain message was refused")
    sink.wait(lambda: sink.held == 1, 20, "the delivery to hold")
    idle, sender = RawClient(program.port), RawClient(program.port)
    for line in (b"EHLO client.example", b"MAIL FROM:<a@sender.example>", f"RCPT TO:<box@{DOMAINS[1]}>".encode(), b"DATA"):
        said = sender.ask(line)
    check(said.startswith("354"), f"DATA was answered {said}")
    content = make_content("coming-in", 400_000)
    quoted = content.replace(b"\r\n.", b"\r\n..")
    sender.socket.sendall(quoted[:300_000])
    program.process.terminate()
    began = time.monotonic()
    check((said := idle.reply()).startswith("421"), f"an idle peer heard {said!r}")
    await_refusal(program.port)
    sender.socket.sendall(quoted[300_000:] + b".\r\n")
    check((said := sender.reply()).startswith("250"), f"the message under way was answered {said!r}")
    load.book.digests["coming-in"] = hashlib.sha256(content).hexdigest()
    load.book.promise("coming-in", [f"box@{DOMAINS[1]}"], load.book.digests["coming-in"])
    check((said := sender.reply()).startswith("421"), f"and then {said!r}")
    program.log.wait("edge.stopped", 0)
    try:
        code = program.process.wait(began + LONGER_THAN_THE_SUPERVISOR_WAITED_ONCE - time.monotonic())
        raise Failed(f"it ended (exit code {code}) while a delivery was under way")
    except subprocess.TimeoutExpired:
        sink.let_go()
    check(program.process.wait(10) == 0, f"exit code {program.process.returncode}")
    program.start()
    program.await_delivered(20)
    judge(load.book, sink)
    program.await_spool_empty()


def under_load(program, sink):
    program.start()
    program.add_domains(sink)
    sink.manners = "rough"
    load = Load(program.port, 8, 1)
    load.start()
    for _ in range(3):
        with load.book.changed:
            enough = load.book.counts["promised"] + 60
            check(load.book.changed.wait_for(lambda: load.book.counts["promised"] >= enough, 60), "the load does not flow")
        check(program.stop() == 0, f"exit code {program.process.returncode}")
        program.start()
    load.stop()
    sink.manners = "kind"
    program.await_delivered(60)
    judge(load.book, sink)
    program.await_spool_empty()
    odd = [words for words in load.book.refusals if " 421 " not in words]
    check(not odd, f"replies other than 250 and 421: {odd[:5]}")
    print(f"  {len(load.book.promised)} deliveries promised")


def judge(book, sink):
    arrived = by_recipient(sink.deliveries)
    judge_contents(book, sink.deliveries)
    judge_losses(book, arrived)
    judge_duplicates(arrived, [])  # no kill, no excuse


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    failures = 0
    binary = parser.parse_args().program
    for case in (leftovers, recycled_number, second_serve, port_taken, under_load, under_way):
        program, failed, began = Program(binary), True, time.monotonic()
        try:
            case(program, Sink(1))
            failed = False
        except (Failed, TimeoutError, OSError) as what:
            print(f"FAILED {case.__name__}: {what}\nstate kept in {program.directory}; the last lines of the log:\n"
                  + "".join(program.log.last[-20:] if program.log else []))
        finally:
            program.end(keep=failed)
        failures += failed
        print(f"{case.__name__}: {'failed' if failed else 'good'}, {time.monotonic() - began:.1f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
