"""A NAT under two-way traffic for as long as you like: flows come and go, TCP and UDP, and some stay all the time.

    python tests/devices/soak.py --minutes 30      # as root; needs what docs/reference/dpdk.md names

Every byte comes back and is compared; the server tells which external port it sees, which must stay a flow's own. At
the end all external ports must be free again, the program must not have grown, and its counters must add up. Prints
one line every ten seconds; the exit status is 0 when nothing was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from socket import AF_INET, SO_RCVBUF, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, socket

from namespaces import CLIENT, EXTERNAL, SERVER, Namespaces, lab
from running import Running, build

PORTS = 4096  # external ports of the NAT, and so flows at a time
EXPIRE = 10.0  # seconds
ECHO = 7  # UDP and TCP port of the server
STAY_UDP, STAY_TCP, COME_UDP, COME_TCP = 40, 10, 90, 30
"""Flows at a time: those that stay, and those that come and go. What went holds its port until it expires, so the
ports are enough for some 350 new ones a second."""

GROWN = 2 << 20  # bytes: more than this is a leak
TRIES, WAIT = 16, 0.5  # a datagram may be lost where queues are full; then it is sent again, but a flow never expires


@dataclass
class Count:
    """What happened. ``wrong``: everything that must not be."""

    opened: int = 0
    closed: int = 0
    echoes: int = 0
    tcp_bytes: int = 0
    again: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Soak:
    spaces: Namespaces
    until: float
    random: Random = field(default_factory=lambda: Random(1))
    count: Count = field(default_factory=Count)
    owners: dict[int, object] = field(default_factory=dict)

    def bound(self, role: str, kind: int, port: int = 0) -> socket:
        made = self.spaces.socket(role, AF_INET, kind)
        made.setblocking(False)
        if role == "server":  # a second client on one port would be the same flow
            made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        made.bind((CLIENT if role == "client" else SERVER, port))
        return made

    def owns(self, port: int, flow: object) -> None:
        """The server sees ``flow`` come from ``port``, as from its first packet on, and nobody else does."""
        if self.owners.setdefault(port, flow) is not flow:
            self.count.wrong.append(f"external port {port} belongs to two flows at a time")
        elif sum(owner is flow for owner in self.owners.values()) != 1:
            self.count.wrong.append(f"a flow has moved to external port {port}")

    def disown(self, flow: object) -> None:
        self.owners = {port: owner for port, owner in self.owners.items() if owner is not flow}

    async def again_and_again(self, flow: Callable[[float], Awaitable[None]]) -> None:
        """A flow that lives up to two seconds, and then another."""
        while time.monotonic() < self.until:
            await flow(min(self.until, time.monotonic() + 2 * self.random.random()))

    # ---- UDP ----

    async def udp(self, until: float) -> None:
        """One flow: an echo every now and then."""
        flow, loop, number = object(), asyncio.get_running_loop(), 0
        with closing(self.bound("client", SOCK_DGRAM)) as one:
            self.count.opened += 1
            await loop.sock_connect(one, (SERVER, ECHO))
            while time.monotonic() < until:
                number += 1
                sent = number.to_bytes(4, "big") + self.random.randbytes(self.random.randrange(4, 1200))
                port = await self.echo(one, sent)
                if port is None:
                    self.count.wrong.append("a UDP flow was lost")
                    break
                self.owns(port, flow)
                self.count.echoes += 1
                await asyncio.sleep(0.1 + 0.4 * self.random.random())
        self.disown(flow)
        self.count.closed += 1

    async def echo(self, one: socket, sent: bytes) -> int | None:
        """The external port by which ``sent`` went to the server and came back."""
        loop = asyncio.get_running_loop()
        for attempt in range(TRIES):
            self.count.again += attempt > 0
            await loop.sock_sendall(one, sent)
            with suppress(TimeoutError):
                async with asyncio.timeout(WAIT):
                    while True:
                        got = await loop.sock_recv(one, 2000)
                        if got[2:] == sent:
                            return int.from_bytes(got[:2], "big")
                        if got[2:6] == sent[:4]:  # not a late one of before
                            self.count.wrong.append("a datagram came back changed")
        return None

    async def udp_server(self, one: socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            got, source = await loop.sock_recvfrom(one, 2000)
            if source[0] != EXTERNAL:
                self.count.wrong.append(f"the server sees {source[0]}")
            await loop.sock_sendto(one, source[1].to_bytes(2, "big") + got, source)

    # ---- TCP ----

    async def tcp(self, until: float) -> None:
        """One connection; both directions at once, as fast as they go, with pauses."""
        flow, loop = object(), asyncio.get_running_loop()
        one = self.bound("client", SOCK_STREAM)
        self.count.opened += 1
        try:
            async with asyncio.timeout(30):
                await loop.sock_connect(one, (SERVER, ECHO))
                reader, writer = await asyncio.open_connection(sock=one)
                self.owns(int.from_bytes(await reader.readexactly(2), "big"), flow)
            while time.monotonic() < until:
                sent = self.random.randbytes(self.random.randrange(1, 30000))
                writer.write(sent)
                async with asyncio.timeout(30):
                    got = await reader.readexactly(len(sent))
                if got != sent:
                    self.count.wrong.append("a stream came back changed")
                self.count.tcp_bytes += len(sent)
                await asyncio.sleep(0.1 + 0.4 * self.random.random())
            writer.close()
            await writer.wait_closed()
        except (OSError, EOFError, TimeoutError) as error:
            self.count.wrong.append(f"a TCP connection was lost: {error!r}")
        finally:
            one.close()
        self.disown(flow)
        self.count.closed += 1

    async def tcp_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            writer.write(writer.get_extra_info("peername")[1].to_bytes(2, "big"))
            while got := await reader.read(65536):
                writer.write(got)
                await writer.drain()
        writer.close()

    # ---- All of it ----

    async def run(self, report: Callable[[], None]) -> None:
        listener = self.bound("server", SOCK_STREAM, ECHO)
        tcp = await asyncio.start_server(self.tcp_server, sock=listener, backlog=256)
        with closing(self.bound("server", SOCK_DGRAM, ECHO)) as one:
            one.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 20)
            udp = asyncio.create_task(self.udp_server(one))
            reports = asyncio.create_task(every(10, report))
            flows = [self.udp(self.until) for _ in range(STAY_UDP)] + [self.tcp(self.until) for _ in range(STAY_TCP)]
            flows += [self.again_and_again(self.udp) for _ in range(COME_UDP)]
            flows += [self.again_and_again(self.tcp) for _ in range(COME_TCP)]
            await asyncio.gather(*flows)
            await asyncio.sleep(0.2)  # the server's ends of the last connections
            for task in (udp, reports):
                task.cancel()
        tcp.close()

    async def all_ports(self) -> set[int]:
        """The external ports that new flows get, many more at a time than there are ports."""
        loop = asyncio.get_running_loop()
        ports: set[int] = set()
        until = time.monotonic() + 60
        with closing(self.bound("server", SOCK_DGRAM, ECHO)) as server:
            server.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 20)
            while len(ports) < PORTS and time.monotonic() < until:
                for _ in range(256):  # no more than queues hold, also where the NF is slow
                    with closing(self.bound("client", SOCK_DGRAM)) as one:
                        await loop.sock_sendto(one, b"a port, please", (SERVER, ECHO))
                with suppress(TimeoutError):
                    while True:
                        _, source = await asyncio.wait_for(loop.sock_recvfrom(server, 2000), 0.05)
                        ports.add(source[1])
        return ports


async def every(seconds: float, work: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        work()


@dataclass(frozen=True)
class Outcome:
    """``wrong`` is empty when all is well. ``resident``: bytes, after the start and at the end."""

    count: Count
    packets: int
    resident: tuple[int, int]
    ports: int
    wrong: tuple[str, ...]


def soak(folder: Path, seconds: float, say: Callable[[str], object] = lambda _: None) -> Outcome:
    """Builds the NAT, runs it for so long, and looks at what is left."""
    program = build("nat-refresh", folder / "nf", "--max-flows", str(PORTS), "--expire", str(int(EXPIRE * 1e6)))
    with lab() as spaces:
        nf = Running(spaces, program, folder)
        nf.start()
        resident: list[int] = []

        def report() -> None:
            resident.append(nf.resident())
            left, count = run.until - time.monotonic(), asdict(run.count)
            say(f"{left:5.0f} s to go, {nf.stats()['packets']} packets, {resident[-1] >> 10} KiB: {count}")

        run = Soak(spaces, time.monotonic() + min(8, seconds / 2))
        asyncio.run(run.run(report))
        resident.append(nf.resident())  # once everything has been in use
        run.until = time.monotonic() + seconds
        asyncio.run(run.run(report))
        before, after = resident[0], nf.resident()
        time.sleep(EXPIRE + 0.5)
        ports = asyncio.run(run.all_ports())
        last = nf.stop()
    wrong = [*run.count.wrong]
    if len(ports) != PORTS:
        wrong.append(f"{PORTS - len(ports)} of {PORTS} external ports are not free again")
    if after - before > GROWN:
        wrong.append(f"the program has grown from {before} to {after} bytes of memory")
    if run.count.opened != run.count.closed:
        wrong.append("flows were not closed")
    return Outcome(run.count, last["packets"], (before, after), len(ports), tuple(wrong))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30, help="how long (default: 30)")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        found = soak(Path(folder), 60 * minutes, lambda line: print(line, flush=True))
    print(found)
    print("nothing was wrong" if not found.wrong else f"WRONG: {len(found.wrong)} things")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
