#!/usr/bin/python3
"""A mail host that attacks STARTTLS, for the lab: one program, many modes, switched while it runs.

Purpose: RFC 7672 is worth what it does against an active attacker. This host plays one for each address it is given,
writes down every octet it received outside TLS (recorder.py tells the format and reads it back), and when set to
`honest` takes the mail it was refused. Modes: see modes.py. It shares no code with the product.

    smtp_host.py --listen 10.77.0.50 --listen fd77::50 --name mx.stripped.lab \\
        --key K --cert C --wrong-key K2 --wrong-cert C2 --expired-cert C3 \\
        --records records.jsonl --control mode --mail-folder stored

The control file is made with --mode if it does not exist. When every address listens, one JSON line appears on standard
output: {"listening": [["10.77.0.50", 25], ...]}. SIGTERM ends it.
"""

import argparse
import json
import signal
import socket
import ssl
import sys
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.hostile.channel import Channel, Ended  # noqa: E402
from lab.hostile.modes import MODES, Mode, parse_mode, read_mode, set_mode  # noqa: E402
from lab.hostile.recorder import Recorder  # noqa: E402
from lab.hostile.session import Session  # noqa: E402


@dataclass(frozen=True)
class Settings:
    """`chains` names key and certificate files by chain: host, and as far as the modes used need them wrong, expired, others.
    `fixed` holds addresses with a mode of their own, which the control file does not change."""

    name: str
    addresses: list[str]
    port: int
    chains: dict[str, tuple[Path, Path]]
    records: Path
    control: Path
    mail_folder: Path
    first_mode: str = "honest"
    fixed: dict[str, Mode] = field(default_factory=dict)


# Which version, and which ciphers, by Mode.tls.
OLD_TLS = {"1.0": (ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"), "1.1": (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
           "anonymous": (ssl.TLSVersion.TLSv1_2, "AECDH:ADH:@SECLEVEL=0"), "null": (ssl.TLSVersion.TLSv1_2, "eNULL:@SECLEVEL=0"),
           "static": (ssl.TLSVersion.TLSv1_2, "kRSA:@SECLEVEL=0")}


@dataclass
class Contexts:
    """TLS contexts by (chain, kind of TLS), made when first used."""

    chains: dict[str, tuple[Path, Path]]
    made: dict[tuple[str, str], ssl.SSLContext] = field(default_factory=dict)

    def get(self, mode: Mode) -> ssl.SSLContext:
        wanted = (mode.chain, mode.tls)
        if wanted not in self.made:
            self.made[wanted] = self._make(*wanted)
        return self.made[wanted]

    def _make(self, chain: str, tls: str) -> ssl.SSLContext:
        if chain not in self.chains:
            raise ValueError(f"no key and certificate were given for the chain '{chain}': add --{chain}-cert (and key), or --chain")
        key, cert = self.chains[chain]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if tls == "mutual":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cert)
        elif tls != "modern":
            version, ciphers = OLD_TLS[tls]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
            context.set_ciphers(ciphers)
        elif chain.startswith("weak"):
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(cert, key)
        context.sni_callback = keep_sni
        return context


def keep_sni(tls: ssl.SSLObject, name: Optional[str], _: ssl.SSLContext) -> None:
    tls.lab_sni = name


class SmtpHost:
    """Listens and serves, a thread a connection, until `stop`. Also usable inside a test's own process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._contexts = Contexts(settings.chains)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._count = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        settings.mail_folder.mkdir(parents=True, exist_ok=True)
        settings.records.parent.mkdir(parents=True, exist_ok=True)
        if not settings.control.exists():
            set_mode(settings.control, settings.first_mode)
        self._mode = read_mode(settings.control)
        self._recorder = Recorder(settings.records)
        self._listeners = [self._listen(address) for address in settings.addresses]
        self.listening = [listener.getsockname()[:2] for listener in self._listeners]

    def _listen(self, address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, self._settings.port))
        listener.listen(128)
        return listener

    def start(self) -> None:
        self._recorder.write("listening", addresses=self.listening, mode=self._mode.name)
        for listener in self._listeners:
            self._spawn(self._accept, listener)

    def _spawn(self, work, *arguments) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        with self._lock:
            self._threads = [known for known in self._threads if known.is_alive() or known.ident is None] + [thread]
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connected, peer = listener.accept()
            except OSError:
                return
            with self._lock:
                self._count += 1
                self._open.add(connected)
                number = self._count
            local = connected.getsockname()[0]
            self._spawn(self._serve, connected, peer, number, self._settings.fixed.get(local) or self._current_mode())

    def _current_mode(self) -> Mode:
        """The control file's mode; if it cannot be read, the last good one, and a record that says so."""
        try:
            self._mode = read_mode(self._settings.control)
        except (OSError, ValueError) as error:
            self._recorder.write("control-error", reason=str(error), kept=self._mode.name)
        return self._mode

    def _serve(self, connected: socket.socket, peer: tuple, number: int, mode: Mode) -> None:
        facts = {"connection": number, "peer": f"[{peer[0]}]:{peer[1]}", "mode": mode.name}
        self._recorder.write("accepted", **facts, local=connected.getsockname()[0])
        try:
            channel = Channel(connected, self._recorder, facts, self._stopping, mode.delay)
            Session(channel, mode, self._settings.name, self._contexts.get(mode), self._settings.mail_folder,
                    number).run()
        except Ended as end:
            self._recorder.write("closed", **facts, reason=str(end))
        except Exception as error:  # a fault of the instrument must be on record, or silence would look like innocence
            self._recorder.write("closed", **facts, reason=f"fault of the host: {type(error).__name__}: {error}")
            raise
        finally:
            with self._lock:
                self._open.discard(connected)
            connected.close()

    def stop(self) -> None:
        """Closes everything and waits for the threads; what was received is on file afterwards."""
        self._stopping.set()
        with self._lock:
            sockets, threads = [*self._listeners, *self._open], list(self._threads)
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in threads:
            thread.join(timeout=5)
        for listener in self._listeners:
            listener.close()
        self._recorder.close()


def settings_from(arguments: list[str]) -> Settings:
    parser = argparse.ArgumentParser(description="A mail host that attacks STARTTLS and records what it saw.",
                                     epilog="modes: " + "; ".join(
                                     f"{mode.name}: {mode.meaning}" for mode in MODES.values()))
    parser.add_argument("--listen", action="append", required=True, metavar="ADDRESS[=MODE]",
            help="IPv4 or IPv6; may be repeated; with a mode, this address keeps it")
    parser.add_argument("--chain", action="append", default=[], metavar="NAME=KEY,CERT", help="a further chain, for modes with chain=NAME")
    parser.add_argument("--port", type=int, default=25)
    parser.add_argument("--name", required=True, help="in the greeting and the EHLO reply")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--wrong-key", type=Path)
    parser.add_argument("--wrong-cert", type=Path)
    parser.add_argument("--expired-cert", type=Path, help="of the key given with --key")
    parser.add_argument("--records", type=Path, required=True, help="JSON lines, appended to")
    parser.add_argument("--control", type=Path, required=True, help="file that holds the mode")
    parser.add_argument("--mail-folder", type=Path, required=True, help="where accepted messages go")
    parser.add_argument("--mode", default="honest", help="written to the control file if that does not exist")
    given = parser.parse_args(arguments)
    try:
        parse_mode(given.mode)
    except ValueError as error:
        parser.error(str(error))
    chains = {"host": (given.key, given.cert)}
    if given.wrong_key and given.wrong_cert:
        chains["wrong"] = (given.wrong_key, given.wrong_cert)
    if given.expired_cert:
        chains["expired"] = (given.key, given.expired_cert)
    try:
        fixed = {address: parse_mode(mode) for address, _, mode in (each.partition("=") for each in given.listen) if mode}
    except ValueError as error:
        parser.error(str(error))
    for name, _, files in (each.partition("=") for each in given.chain):
        key, _, cert = files.partition(",")
        chains[name] = (Path(key), Path(cert))
    return Settings(given.name, [each.partition("=")[0] for each in given.listen], given.port, chains, given.records, given.control, given.mail_folder,
            given.mode, fixed)


def main(arguments: list[str]) -> int:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        host = SmtpHost(settings_from(arguments))
    except (OSError, ValueError) as error:
        print(f"smtp_host: cannot start: {error}", file=sys.stderr)
        return 1
    host.start()
    print(json.dumps({"listening": host.listening}), flush=True)
    ended.wait()
    host.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
