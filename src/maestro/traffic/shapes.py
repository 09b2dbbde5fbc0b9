"""What traffic looks like to whoever measures: which flow sends next, how large the packet is, when flows are replaced.

Everything is decided by the seed. Packets are UDP over IPv4 (the mixes have TCP as well), LAN to WAN, with replies if
asked for. Sizes are those on the wire, with the 4 bytes of the frame check sequence, which captures do not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from random import Random

from maestro.diagnostics import UserError
from maestro.traffic.flows import Flow, FlowKey, inward_frame, make_flow, outward_frame
from maestro.traffic.generate import Stream
from maestro.traffic.packets import TCP, UDP

KINDS = ("uniform", "zipf", "imix", "internet", "datacentre", "elephant")
FLOWS, ZIPF = 40_000, 1.26
"""The paper's: flows of its uniform traffic, and the exponent that it fitted to a real trace."""

MIN_SIZE, MAX_SIZE, FCS = 64, 1518, 4
IMIX = (64,) * 7 + (594,) * 4 + (1518,)
"""Simple IMIX: 7 small, 4 medium, 1 large."""

DATACENTRE = (64,) * 6 + (128,) * 5 + (200,) * 5 + (576, 1024, 1280, 1400) + (1518,) * 10
"""Two peaks, below 200 and near 1500 bytes, as in data centres (Benson, Akella, Maltz, IMC 2010, figure 7);
synthetic."""

PACE = 10_000_000.0
"""Packets a second on the traffic's own clock."""

START = 1_000_000_000_000  # ns; an NF may look back from its first packet
KEY_BYTES = 13  # random bytes that make a flow
_CACHED = 400_000  # flows whose frames are kept


@dataclass(frozen=True)
class Shape:
    """``kind``: one of ``KINDS``. ``packets``: in all. ``size``: bytes on the wire, where the kind has no mix of its
    own.

    ``exponent``: of Zipf's law, the n-th flow sends in proportion to n**-exponent. ``churn``: flows replaced per
    minute at ``pace`` packets a second, one after another at even distances, so that each lives ``flows / (churn /
    60)`` seconds. ``cyclic``: the packets are to be repeated, so the end leads to the start: flows return, having
    been away for at least half of the packets, and where flows live longer than that, only as many of them are
    replaced as the rate wants. ``duration``: ns of the NF's clock that all packets take; None: as ``pace`` says."""

    kind: str = "uniform"
    flows: int = FLOWS
    packets: int = 100_000
    size: int = MIN_SIZE
    exponent: float = ZIPF
    churn: float = 0.0
    pace: float = PACE
    replies: bool = False
    seed: int = 1
    cyclic: bool = False
    duration: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"no traffic is called '{self.kind}'", hint=f"there is {', '.join(KINDS)}", code="traffic")
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            raise UserError(f"{self.size} bytes: frames have {MIN_SIZE} to {MAX_SIZE}", code="traffic")
        if not 0 <= self.exponent <= 10 or self.churn < 0 or self.flows < 1 or self.pace <= 0:
            raise UserError("traffic needs flows, a pace, and an exponent from 0 to 10", code="traffic")

    @property
    def count(self) -> int:
        """Flows that talk at a time."""
        return 1 if self.kind == "elephant" else self.flows


@dataclass(frozen=True)
class Churn:
    """Of ``slots`` places for flows, ``churning`` get another flow every ``life`` packets (of those that flows choose
    to send, replies not counted), one after another. ``kinds``: after so many its first flow returns; 0: never."""

    slots: int
    churning: int
    life: float
    kinds: int

    def flow(self, slot: int, turn: int) -> int:
        """Which flow has ``slot`` at packet ``turn``; the first ones are numbered like their slots."""
        place = slot * self.churning // self.slots
        if not self.churning or -(-place * self.slots // self.churning) != slot:
            return slot
        generation = 1 + int(turn // self.life) - (turn % self.life < place * self.life / self.churning)
        generation = generation % self.kinds if self.kinds else generation
        return slot + self.slots * generation

    def opened(self, turns: int) -> float:
        """Flows that replace others in so many packets."""
        return self.churning * turns / self.life if self.churning else 0.0


def churn_of(shape: Shape) -> Churn:
    """How flows are replaced."""
    flows, turns = shape.count, _turns(shape)
    share = shape.churn / 60 / shape.pace * (2 if shape.replies else 1)  # of the turns
    if share == 0:
        return Churn(flows, 0, 1.0, 0)
    if not shape.cyclic:
        return Churn(flows, flows, flows / share, 0)
    wanted = max(2.0, turns * share)
    kinds = max(2, round(wanted / flows))
    return Churn(flows, min(flows, max(1, round(wanted / kinds))), turns / kinds, kinds)


def opening(shape: Shape) -> float:
    """The share of packets that open a flow once all have been seen."""
    return churn_of(shape).opened(_turns(shape)) / shape.packets


def stream(shape: Shape, lan_port: int = 0, wan_port: int = 1) -> Stream:
    """(time in ns, port, frame) of every packet."""
    churn, frames = churn_of(shape), _Frames(shape, lan_port, wan_port)
    turns = _turns(shape)
    gap = gap_of(shape)
    for turn, slot, size in zip(range(turns), senders(shape), _sizes(shape)):  # noqa: B905 - endless but the first
        flow = frames.flow(churn.flow(slot, turn) if churn.churning else slot, size)
        time = START + int(turn * gap)
        yield time, lan_port, outward_frame(flow, turn)
        if shape.replies and 2 * turn + 1 < shape.packets:
            yield time + int(gap / 2), wan_port, inward_frame(flow, turn)


def gap_of(shape: Shape) -> float:
    """ns from one turn to the next."""
    gap = 1e9 / shape.pace if shape.duration is None else shape.duration / shape.packets
    return gap * (1 + shape.replies)


def _turns(shape: Shape) -> int:
    return -(-shape.packets // 2) if shape.replies else shape.packets


def senders(shape: Shape) -> Iterator[int]:
    """Slots: in one random order after another, or by Zipf's law."""
    rng = Random(f"{shape.seed} senders")
    if shape.kind in ("zipf", "internet", "datacentre"):
        weights = list(accumulate(n**-shape.exponent for n in range(1, shape.count + 1)))
        while True:
            yield from rng.choices(range(shape.count), cum_weights=weights, k=10_000)
    order = list(range(shape.count))
    while True:
        rng.shuffle(order)
        yield from order


def _sizes(shape: Shape) -> Iterator[int]:
    """Frames' bytes, without the frame check sequence. Mixes have their exact shares in every block."""
    mix = {"imix": IMIX, "internet": IMIX, "datacentre": DATACENTRE}.get(shape.kind)
    if mix is None:
        return repeat(shape.size - FCS)
    rng = Random(f"{shape.seed} sizes")
    return chain.from_iterable(rng.sample([s - FCS for s in block], len(block)) for block in repeat(mix))


class _Frames:
    """Flows by number, each from random bytes of its own."""

    def __init__(self, shape: Shape, lan_port: int, wan_port: int) -> None:
        self._ports, self._mixed = (lan_port, wan_port), shape.kind in ("internet", "datacentre")
        self._seed, self._count = shape.seed, shape.count
        self._bytes: dict[int, bytes] = {}  # by generation
        self._flows: dict[tuple[int, int], Flow] = {}

    def flow(self, number: int, size: int) -> Flow:
        known = self._flows.get((number, size))
        if known is None:
            known = make_flow(self._key(number), *self._ports, size)
            if len(self._flows) < _CACHED:
                self._flows[number, size] = known
        return known

    def _key(self, number: int) -> FlowKey:
        """LAN hosts in 10.0.0.0/8; outside of it the WAN's. Four flows in five of the mixes are TCP."""
        generation, slot = divmod(number, self._count)
        if generation not in self._bytes:
            self._bytes[generation] = Random(f"{self._seed} flows {generation}").randbytes(KEY_BYTES * self._count)
        at = slot * KEY_BYTES
        draw = int.from_bytes(self._bytes[generation][at : at + KEY_BYTES], "big")
        proto = TCP if self._mixed and (draw >> 88) % 5 else UDP
        return FlowKey(
            0x0A000000 | draw & 0xFFFFFF, draw >> 24 & 0xFFFFFFFF | 0x40000000, draw >> 56 & 0xFFFF,
            draw >> 72 & 0xFFFF, proto,
        )  # fmt: skip


def mean_size(shape: Shape) -> float:
    """Bytes of a packet on the wire."""
    mix = {"imix": IMIX, "internet": IMIX, "datacentre": DATACENTRE}.get(shape.kind, (shape.size,))
    return sum(mix) / len(mix)
