"""Traffic that goes down every path of a model: solved packets, each with what must come before it and what may follow.

Whether a path is taken depends on state as well. So a packet comes with packets that fill the tables it looks into,
comes again, is answered, comes as fragment, with options, tagged, cut; and all of it again after some time, and once
more after everything has expired. At last come bursts of long packets, for NFs that count packets or bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from maestro.ir.model import Model, Operation, Path
from maestro.traffic.flows import FlowKey
from maestro.traffic.generate import Stream
from maestro.traffic.mirror import mirrored, ports_at
from maestro.traffic.odd import KINDS, Ends, mutated
from maestro.traffic.packets import TCP, UDP
from maestro.traffic.paths import PathSolver, Solution, frame_of

Arrival = tuple[int, bytes]
"""(port, frame)"""

_START = 2_000_000_000_000  # ns
_OPENERS_TRIED = 4  # paths, for each lookup
_BURST, _BURSTS, _LONG = 100, 100, 1514  # packets, sequences, bytes


@dataclass(frozen=True)
class Sequence:
    """``before``: what makes the packet find something. ``others``: its flow in other forms."""

    packet: Arrival
    before: tuple[Arrival, ...]
    others: tuple[Arrival, ...]


def sequences(model: Model, seed: int, seconds: float) -> tuple[list[Sequence], int]:
    """Sequences for the paths of ``model``, and for how many paths there are some.

    ``seconds``: how long the solver may search. First every path gets a packet, then those get more that time is
    left for.
    """
    rng = Random(seed)
    solver = PathSolver(model, rng, seconds)
    searches = [solver.solutions(path) for path in model.paths]
    first = [s for search in searches for s in _in_time(solver, islice(search, 1))]
    more = [s for search in searches for s in _in_time(solver, search)]
    opened = [pair for path in model.paths for pair in _opened(model, solver, path)]
    pairs = (*(((), s) for s in (*first, *more)), *opened)
    return [_sequence(model, before, s, rng) for before, s in pairs], len(first)


def _in_time(solver: PathSolver, search: Iterator[Solution]) -> Iterator[Solution]:
    """The solutions that are found before the solver's time is over."""
    while not solver.exhausted:
        found = next(search, None)
        if found is None:
            return
        yield found


def _opened(model: Model, solver: PathSolver, path: Path) -> Iterator[tuple[tuple[Solution, ...], Solution]]:
    """Solutions whose lookups succeed, with the packets that must come before."""
    puts = [(p, op) for p in model.paths for op in p.operations if op.method == "map_put"]
    for get in (op for op in path.operations if op.method == "map_get"):
        for opener, put in _shortest(puts, get)[:_OPENERS_TRIED]:
            if solver.exhausted:
                break
            if pair := solver.opened(path, get, opener, put):
                yield (pair[0],), pair[1]
                break


def _shortest(puts: list[tuple[Path, Operation]], get: Operation) -> list[tuple[Path, Operation]]:
    return sorted(((p, put) for p, put in puts if put.object == get.object), key=lambda pair: len(pair[0].steps))


def _sequence(model: Model, before: tuple[Solution, ...], solution: Solution, rng: Random) -> Sequence:
    first = tuple((s["device"], frame_of(s, rng)) for s in before)
    port, frame = solution["device"], frame_of(solution, rng)
    elsewhere = [p for p in range(model.ports) if p != port] or [port]
    answers = tuple((p, mirrored(frame)) for p in elsewhere)
    others = (*answers, *((port, f) for f in _variants(frame, rng)), (rng.choice(elsewhere), frame))
    return Sequence((port, frame), first or answers[:1], others)


def _variants(frame: bytes, rng: Random) -> Iterator[bytes]:
    """The frame's flow, or a flow of its addresses, in all forms that NICs treat differently; and the frame damaged."""
    key = _flow(frame)
    if key is not None:
        yield from (kind(Ends(key, outward=True), rng) for kind in KINDS)
    yield mutated(frame, rng)
    yield frame[: rng.randrange(14, len(frame) + 1)]


def _flow(frame: bytes) -> FlowKey | None:
    at = ports_at(frame)
    if at is None:
        return None
    src, dst = (int.from_bytes(frame[i : i + 4]) for i in (26, 30))
    sport, dport = (int.from_bytes(frame[i : i + 2]) for i in (at, at + 2))
    return FlowKey(src, dst, sport, dport, frame[23] if frame[23] in (TCP, UDP) else UDP)


def path_stream(found: list[Sequence], seed: int, expiry_ns: int) -> Stream:
    """All sequences one after another; then again in another order; after everything expired, without openers first."""
    rng, time = Random(seed), _START
    for opened, gap in ((True, expiry_ns // 2), (True, expiry_ns), (False, expiry_ns + 1), (True, 0)):
        for sequence in rng.sample(found, len(found)):
            for port, frame in _arrivals(sequence, opened):
                yield time, port, frame
                time += rng.choice((0, 1, 1000, 100_000))
        time += gap
    for sequence in rng.sample(found, min(len(found), _BURSTS)):
        port, frame = sequence.packet
        yield from ((time, port, frame.ljust(_LONG, b"\0")) for _ in range(_BURST))
        time += 1000


def _arrivals(sequence: Sequence, opened: bool) -> Iterator[Arrival]:
    if opened:
        yield from sequence.before
    yield sequence.packet
    yield sequence.packet
    yield from sequence.others
    yield sequence.packet
