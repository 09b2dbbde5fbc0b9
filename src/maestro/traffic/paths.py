"""Packets and state answers that take a given path, made by the solver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from random import Random

from maestro.ir.expr import (
    FALSE,
    TRUE,
    Expr,
    binary,
    const,
    eq,
    ite,
    land,
    negate,
    packet_offset,
    substitute,
    sym,
    symbols,
)  # fmt: skip
from maestro.ir.model import Model, Operation, Path
from maestro.ir.packet import LENGTH
from maestro.solver.effort import Effort
from maestro.solver.path import Oracle

Solution = Mapping[str, int]
"""The value of every symbol of a path, by name."""

DEVICE, NOW = sym("device", 16), sym("now", 64)

_OPENER = "opener:"
_LONGEST = 1514  # bytes; what a solution prefers to stay below
_READS = ("map_get", "vector_read")
_TOUCHES = (*_READS, "map_put", "map_erase", "vector_write")


class PathSolver:
    """Solutions of the paths of one model."""

    def __init__(self, model: Model, rng: Random, seconds: float = 3600.0) -> None:
        """``seconds``: of processor time; see :attr:`exhausted`."""
        self._model = model
        self._rng = rng
        self._oracle = Oracle(Effort(seconds))

    @property
    def exhausted(self) -> bool:
        """Whether the time is over: whoever asks for more should stop."""
        return self._oracle.meter.spent is not None

    def solutions(self, path: Path) -> Iterator[Solution]:
        """One as the solver likes it, one that is random where it can be, one where keys coincide that can.

        Fewer when the solver does not find them in its time.
        """
        base = self._kept(self._base(path), [_short()])
        wanted = symbols(*base, *_values(path), DEVICE, LENGTH, NOW)
        yield from self._solution(base, wanted)
        wishes = [eq(s, const(self._random(s), s.width)) for s in symbols(*base)]
        yield from self._solution(self._kept(base, wishes), wanted)
        if coincidences := _coincidences(path):
            yield from self._solution(self._kept(base, coincidences), wanted)

    def opened(self, path: Path, get: Operation, opener: Path, put: Operation) -> tuple[Solution, Solution] | None:
        """A packet of ``opener`` whose ``put`` makes the key of ``get`` present, and one of ``path`` that finds it."""
        theirs = [_renamed(c) for c in (*self._base(opener), _short())]
        found = get.result("found")
        same = eq(get.arg("key"), _renamed(put.arg("key")))
        base = [*self._base(path), *theirs, same, eq(found, const(1, found.width)), _short()]
        base = self._kept(base, [eq(s, const(self._random(s), s.width)) for s in symbols(*base)], depth=3)
        wanted = symbols(*base, *(e for s in (DEVICE, LENGTH, NOW) for e in (s, _renamed(s))))
        for solution in self._solution(base, wanted):
            cut = len(_OPENER)
            first = {name[cut:]: value for name, value in solution.items() if name.startswith(_OPENER)}
            return first, {name: value for name, value in solution.items() if not name.startswith(_OPENER)}
        return None

    def _base(self, path: Path) -> list[Expr]:
        return [*self._model.axioms, *path.conditions, *self._promises(path)]

    def _solution(self, constraints: Sequence[Expr], wanted: Sequence[Expr]) -> Iterator[Solution]:
        values = self._oracle.solution(constraints, wanted)
        if values is not None:
            free = set(wanted).difference(symbols(*constraints))
            yield {s.name: self._random(s) if s in free else v for s, v in zip(wanted, values, strict=True)}

    def _kept(self, base: Sequence[Expr], wishes: Sequence[Expr], depth: int = 2) -> list[Expr]:
        """``base`` and many of the ``wishes`` that can be had together, found by halving ``depth`` times."""
        if not wishes or self._oracle.solution([*base, *wishes], []) is not None:
            return [*base, *wishes]
        if len(wishes) == 1 or depth == 0:
            return list(base)
        half = len(wishes) // 2
        return self._kept(self._kept(base, wishes[:half], depth - 1), wishes[half:], depth - 1)

    def _random(self, s: Expr) -> int:
        match s.name.removeprefix(_OPENER).rpartition(".")[2]:
            case "pkt_len":
                return self._rng.randrange(14, 200)
            case "now":
                return self._rng.getrandbits(self._rng.choice((10, 32, 44, 62)))
            case "value" | "index":
                return self._rng.randrange(8)
        return self._rng.getrandbits(s.width)

    def _promises(self, path: Path) -> Iterator[Expr]:
        """What the structures promise: indices and values are in range, and one entry has one content."""
        for op in path.operations:
            if op.method in ("dchain_allocate", "dchain_expire_one"):
                capacity = const(self._model.object(op.object).capacity, 32)
                yield binary("or", negate(op.result("ok")), binary("ult", op.result("index"), capacity))
            if op.method in _READS:
                yield _consistent(path, op)
            if op.method == "lpm_lookup":
                value = op.result("value")
                yield binary("or", eq(value, const(-1, 32)), binary("ult", value, const(1 << 15, 32)))
            if op.method == "cht_find":
                table = self._model.object(op.related[0])
                backends = const(table.capacity // table.cht_height, 32)
                yield binary("or", negate(op.result("found")), binary("ult", op.result("chosen"), backends))


def _renamed(e: Expr) -> Expr:
    return substitute(e, lambda s: sym(_OPENER + s.name, s.width))


def _consistent(path: Path, read: Operation) -> Expr:
    """``read`` finds what the operations before it read or left at the same key or index."""
    holds = TRUE
    for op in path.operations[: read.ordinal]:
        swept = op.related[1:] if op.method == "expire_map" else (op.object,) if op.method == "expire_range" else ()
        if read.object in swept:
            holds = TRUE
        elif op.object == read.object and op.method in _TOUCHES:
            holds = ite(eq(op.args[0][1], read.args[0][1]), _same(op, read), holds)
    return holds


def _same(op: Operation, read: Operation) -> Expr:
    found = {"map_put": TRUE, "map_erase": FALSE}
    left = {"found": found.get(op.method, TRUE), **dict(op.args), **dict(op.results)}
    return land(*(eq(left[name], result) for name, result in read.results if name in left))


def _short() -> Expr:
    return binary("ule", LENGTH, const(_LONGEST, 16))


def _values(path: Path) -> Iterator[Expr]:
    for op in path.operations:
        yield from (e for _, e in (*op.args, *op.results))
    yield from (e for _, e in path.edits)
    if path.verdict.port is not None:
        yield path.verdict.port


def _coincidences(path: Path) -> list[Expr]:
    """Wishes: operations on one object mean one entry."""
    wishes = []
    for a, b in combinations(path.operations, 2):
        for x, y in ((x, y) for n, x in a.args for m, y in b.args if n == m and n in ("key", "index")):
            if a.object == b.object and not (wish := eq(x, y)).is_const:
                wishes.append(wish)
    return wishes


def frame_of(solution: Solution, rng: Random) -> bytes:
    """The packet of a solution; bytes that it does not care about are random."""
    frame = bytearray(rng.randbytes(solution["pkt_len"]))
    for name, value in solution.items():
        offset = packet_offset(sym(name, 8)) if name.startswith("pkt[") else None
        if offset is not None and offset < len(frame):
            frame[offset] = value
    return bytes(frame)
