"""A balancer in front of an edge, and a secondary name server that can be behind: two small programs for one lab host.

    python3 front.py ADDRESS... --edge HOST --primary HOST --control FILE

Port 25 of each ADDRESS hands connections to the edge; where that does not listen just now, a connection waits for it, as behind a
balancer that queues. Port 53 (UDP) answers with what the primary answers; the control file says how:

    fresh      as it is now
    behind     as it was when this question was asked before; questions it has not heard get SERVFAIL
    unsigned   without signatures
"""
import argparse
import asyncio
import socket
import time
from pathlib import Path

PATIENCE = 40.0  # seconds a connection waits for the edge


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.write_eof()
    except OSError:
        sink.close()


async def edge_connection(edge: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return await asyncio.open_connection(edge, 25)
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.02)


async def hand_on(edge: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        inner_reader, inner_writer = await edge_connection(edge)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
        inner_writer.close()
    except OSError:
        pass
    writer.close()


def question_of(query: bytes) -> bytes:
    """Name, type and class, and whether signatures are wanted."""
    at = 12
    while query[at]:
        at += query[at] + 1
    option = query.find(b"\0\0\x29", at + 5)
    return query[12:at + 5].lower() + (query[option + 7:option + 8] if option >= 0 else b"\0")


def without_do(query: bytes) -> bytes:
    option = query.find(b"\0\0\x29", 12)
    return query if option < 0 else query[:option + 7] + bytes([query[option + 7] & 0x7F]) + query[option + 8:]


class Secondary(asyncio.DatagramProtocol):
    def __init__(self, primary: str, control: Path):
        self.primary, self.control = primary, control
        self.remembered: dict[bytes, bytes] = {}

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, query: bytes, sender) -> None:
        asyncio.get_running_loop().run_in_executor(None, self.answer, query, sender)

    def answer(self, query: bytes, sender) -> None:
        mode, key = self.control.read_text().strip(), question_of(query)
        if mode == "behind":
            kept = self.remembered.get(key)
            reply = query[:2] + kept[2:] if kept else query[:2] + bytes([0x80 | query[2], 2]) + query[4:]
        else:
            reply = self.ask_primary(without_do(query) if mode == "unsigned" else query)
            if reply and mode == "fresh":
                self.remembered[key] = reply
        if reply:
            self.transport.sendto(reply, sender)

    def ask_primary(self, query: bytes) -> bytes | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(2)
            line.connect((self.primary, 53))
            try:
                line.send(query)
                return line.recv(65535)
            except OSError:
                return None


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("addresses", nargs="+")
    parser.add_argument("--edge", required=True)
    parser.add_argument("--primary", required=True)
    parser.add_argument("--control", type=Path, required=True)
    told = parser.parse_args()
    loop = asyncio.get_running_loop()
    for address in told.addresses:
        await asyncio.start_server(lambda r, w: hand_on(told.edge, r, w), address, 25)
        await loop.create_datagram_endpoint(lambda: Secondary(told.primary, told.control), local_addr=(address, 53))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
