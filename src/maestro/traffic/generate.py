"""Traffic that reaches what network functions do: replies, expiry, full tables, bursts, packets NICs cannot hash.

Everything is decided by the seed. A stream is an iterator of (time in ns, port, frame) in the order of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path
from random import Random

from maestro.traffic.flows import Flow, FlowKey, inward_frame, make_flow, outward_frame
from maestro.traffic.odd import mutated, odd_frame
from maestro.traffic.packets import MIN_FRAME, TCP, UDP
from maestro.traffic.pcap import PcapWriter

Stream = Iterator[tuple[int, int, bytes]]

_START = 1_000_000_000_000  # ns; not zero, so that an NF may look back from its first packet
_SIZES = (60,) * 14 + (64, 128, 128, 590, 1024, 1514)


@dataclass(frozen=True)
class TrafficSpec:
    """What `mixed_traffic` makes.

    ``packets``: of all ports together, exactly. ``flows``: talking at once in the quiet phases. ``capacity_hint``:
    entries of the NF's largest table; the full-table phase opens a third more flows, each with its own LAN address.
    ``expiry_hint_ns``: after which the NF forgets; idle gaps fall on it exactly, 1 ns short of it, and far beyond.
    ``odd``, ``mutated``: shares of packets that NICs cannot hash, and of damaged ones. Flows are opened from
    ``lan_ports``, and by one packet in ten from ``wan_ports``.
    """

    packets: int
    flows: int = 1000
    seed: int = 1
    lan_ports: tuple[int, ...] = (0,)
    wan_ports: tuple[int, ...] = (1,)
    capacity_hint: int = 65536
    expiry_hint_ns: int = 1_000_000_000
    odd: float = 0.02
    mutated: float = 0.01


def mixed_traffic(spec: TrafficSpec, out_dir: Path) -> dict[int, Path]:
    """Writes ``port<N>.pcap`` for each port into ``out_dir`` and returns the paths."""
    return write_streams(mixed_stream(spec), (*spec.lan_ports, *spec.wan_ports), out_dir)


def uniform_traffic(
    out_dir: Path,
    *,
    flows: int,
    packets: int,
    seed: int = 1,
    size: int = MIN_FRAME,
    replies: bool = False,
    lan_port: int = 0,
    wan_port: int = 1,
) -> dict[int, Path]:
    """``flows`` flows visited in one random order after another, 1 µs apart: the benchmark's traffic.

    With ``replies`` every second packet is the same flow's answer from the WAN. Written as `mixed_traffic` does.
    """
    stream = islice(_uniform(Random(seed), flows, size, replies, lan_port, wan_port), packets)
    return write_streams(stream, (lan_port, wan_port), out_dir)


def write_streams(stream: Stream, ports: tuple[int, ...], out_dir: Path) -> dict[int, Path]:
    """One capture a port, a port without packets included."""
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = {port: out_dir / f"port{port}.pcap" for port in ports}
    with ExitStack() as stack:
        writers: Mapping[int, PcapWriter] = {p: stack.enter_context(PcapWriter(path)) for p, path in paths.items()}
        for time, port, frame in stream:
            writers[port].write(time, frame)
    return paths


def mixed_stream(spec: TrafficSpec) -> Stream:
    """The phases, over and over until there are enough packets, with odd and damaged packets strewn in."""
    return islice(_Mixer(spec).run(), spec.packets)


def _uniform(rng: Random, count: int, size: int, replies: bool, lan_port: int, wan_port: int) -> Stream:
    flows = [make_flow(_random_key(rng), lan_port, wan_port, size) for _ in range(count)]
    time = _START
    while True:
        rng.shuffle(flows)
        for flow in flows:
            yield time, lan_port, outward_frame(flow, time)
            time += 1000
            if replies:
                yield time, wan_port, inward_frame(flow, time)
                time += 1000


def _random_key(rng: Random) -> FlowKey:
    """LAN hosts in 10.0.0.0/8; outside of it the WAN's, with some well-known ports."""
    lan_ip = 0x0A000000 | rng.getrandbits(24)
    wan_ip = rng.getrandbits(32) | 0x40000000
    wan_l4 = rng.choice((53, 80, 443, rng.getrandbits(16)))
    return FlowKey(lan_ip, wan_ip, rng.getrandbits(16), wan_l4, rng.choice((TCP, UDP)))


class _Mixer:
    """One run of the generator: the clock, the flows that talk now, packets due later."""

    def __init__(self, spec: TrafficSpec) -> None:
        self.spec = spec
        self.rng = Random(spec.seed)
        self.time = _START
        self.number = 0
        self.later: list[tuple[int, int, Flow, bool]] = []  # heap: due, tie-break, flow, outward
        self.flows = [self.new_flow() for _ in range(max(1, spec.flows))]

    def run(self) -> Stream:
        rng, spec = self.rng, self.spec
        broken = spec.odd + spec.mutated
        for flow, outward in self.phases():
            port, frame = self.packet(flow, outward)
            yield self.time, port, frame
            draw = rng.random()
            if draw < spec.odd:
                yield self.time, port, odd_frame(flow.key, outward, rng)
            elif draw < broken:
                yield self.time, port, mutated(frame, rng)

    def phases(self) -> Iterator[tuple[Flow, bool]]:
        share = max(16, self.spec.packets // 5)
        while True:
            yield from self.steady(share)
            yield from self.churn(share)
            yield from self.full(share * 3 // 2)
            yield from self.bursts(share)

    # -- pieces ------------------------------------------------------------------------------------------------------

    def new_flow(self, lan_ip: int | None = None) -> Flow:
        rng, spec = self.rng, self.spec
        key = _random_key(rng)
        if lan_ip is not None:
            key = key._replace(lan_ip=lan_ip)
        return make_flow(key, rng.choice(spec.lan_ports), rng.choice(spec.wan_ports), rng.choice(_SIZES))

    def packet(self, flow: Flow, outward: bool) -> tuple[int, bytes]:
        self.number += 1
        if outward:
            return flow.lan_port, outward_frame(flow, self.number)
        return flow.wan_port, inward_frame(flow, self.number)

    def conversation(self, flows: list[Flow]) -> tuple[Flow, bool]:
        """A packet of one of the flows, either way; one in ten comes from the WAN unasked."""
        draw = self.rng.random()
        if draw < 0.1:
            return self.new_flow(), False
        return flows[int(self.rng.random() * len(flows))], draw < 0.55

    def due(self) -> Iterator[tuple[Flow, bool]]:
        """Packets whose time has come; the clock stands at each one's time while it is sent."""
        now = self.time
        while self.later and self.later[0][0] <= now:
            self.time, _, flow, outward = heappop(self.later)
            yield flow, outward
        self.time = now

    # -- phases ------------------------------------------------------------------------------------------------------

    def steady(self, count: int) -> Iterator[tuple[Flow, bool]]:
        """Two-way flows, each seen several times before it could expire."""
        gap = max(1, self.spec.expiry_hint_ns // (4 * len(self.flows)))
        for _ in range(count):
            self.time += self.rng.randrange(2 * gap)
            yield from self.due()
            yield self.conversation(self.flows)

    def churn(self, count: int) -> Iterator[tuple[Flow, bool]]:
        """Flows come and go, most idle about as long as the NF remembers, some for exactly so long."""
        rng, expiry = self.rng, self.spec.expiry_hint_ns
        gap = max(1, expiry // len(self.flows))
        for step in range(count):
            self.time += rng.randrange(2 * gap)
            yield from self.due()
            if rng.random() < 0.02:
                self.flows[rng.randrange(len(self.flows))] = self.new_flow()
            if rng.random() < 0.01:
                yield self.on_the_edge()
            if step % (count // 8 + 1) == 0:
                self.time += rng.choice((expiry, expiry + 1, 3 * expiry))
                yield from self.due()
            yield self.conversation(self.flows)

    def on_the_edge(self) -> tuple[Flow, bool]:
        """A new flow that speaks again when it is just about to be, or just has been, forgotten."""
        flow = self.new_flow()
        idle = self.spec.expiry_hint_ns + self.rng.choice((-1, 0, 1))
        heappush(self.later, (self.time + idle, self.number, flow, self.rng.random() < 0.5))
        return flow, True

    def full(self, count: int) -> Iterator[tuple[Flow, bool]]:
        """More flows than fit, all within the NF's memory; then all talk; then silence, so that all are forgotten."""
        wanted = self.spec.capacity_hint * 4 // 3 + 1
        flows: list[Flow] = []
        gap = max(1, self.spec.expiry_hint_ns // (8 * wanted))
        first = self.rng.getrandbits(24)
        for step in range(count):
            self.time += self.rng.randrange(2 * gap)
            yield from self.due()
            if step % 2 == 0 and len(flows) < wanted:
                flows.append(self.new_flow(0x0A000000 | (first + len(flows)) & 0xFFFFFF))
                yield flows[-1], True
            elif step % 2 == 1 and len(flows) < wanted:
                yield flows[-1], False
            else:
                yield self.conversation(flows)
        self.time += 2 * self.spec.expiry_hint_ns

    def bursts(self, count: int) -> Iterator[tuple[Flow, bool]]:
        """Trains of packets from the WAN to few popular and many other LAN hosts, back to back, then a pause."""
        rng = self.rng
        left = count
        while left > 0:
            flow = self.flows[int(len(self.flows) * rng.random() ** 3)]
            for _ in range(min(left, rng.choice((1, 2, 8, 64)))):
                self.time += rng.randrange(2000)
                yield from self.due()
                yield flow, False
                left -= 1
            self.time += rng.choice((0, 1000, 1_000_000, self.spec.expiry_hint_ns // 100))
