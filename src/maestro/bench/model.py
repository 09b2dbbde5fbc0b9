"""The arithmetic of predictions: what caches, locks, the line and the bus make of costs measured on one core.

Times are in ns, rates in millions of packets per second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, sqrt

# ---- Caches: cost = base + Σ penalty × share of accesses that the level misses ----


@dataclass(frozen=True)
class CacheFit:
    """``levels``: bytes, ascending; ``penalties``: ns for what misses each. ``error``: relative, root mean square."""

    base: float
    levels: tuple[int, ...]
    penalties: tuple[float, ...]
    error: float

    def cost(self, own: float, shared: float) -> float:
        """Of a packet on a core that touches ``own`` bytes, while all cores touch ``shared`` ones of the last level."""
        footprints = [*[own] * (len(self.levels) - 1), max(own, shared)]
        misses = (_missing(size, used) for size, used in zip(self.levels, footprints, strict=True))
        return self.base + sum(ns * share for ns, share in zip(self.penalties, misses, strict=True))


def _missing(size: int, used: float) -> float:
    """The share of uniform accesses to ``used`` bytes that a cache of ``size`` bytes does not serve."""
    return max(0.0, 1 - size / used) if used else 0.0


def fit_caches(levels: Sequence[int], points: Sequence[tuple[float, float]]) -> CacheFit:
    """Least squares, with no negative penalties, over (bytes touched, ns a packet) ``points`` of one core."""
    columns = [[1.0] * len(points), *([_missing(size, used) for used, _ in points] for size in levels)]
    wanted = [ns for _, ns in points]
    best: tuple[float, list[float]] | None = None
    for count in range(len(levels) + 1):
        for chosen in combinations(range(1, len(levels) + 1), count):
            found = _least_squares([columns[0], *(columns[c] for c in chosen)], wanted)
            if found is None or min(found) < 0:
                continue
            full = [found[0], *([0.0] * len(levels))]
            for place, value in zip(chosen, found[1:], strict=True):
                full[place] = value
            made = [sum(f * c[i] for f, c in zip(full, columns, strict=True)) for i in range(len(points))]
            error = sqrt(sum((m / w - 1) ** 2 for m, w in zip(made, wanted, strict=True)) / len(points))
            if best is None or error < best[0]:
                best = (error, full)
    assert best is not None, "the mean alone always fits"
    return CacheFit(best[1][0], tuple(levels), tuple(best[1][1:]), best[0])


def fit_shared(levels: Sequence[int], points: Sequence[tuple[float, float]]) -> CacheFit:
    """The same with the last level as large as fits best, from what the machine says down to the level before it: on
    virtual machines others use it too."""
    least = levels[-2] if len(levels) > 1 else levels[-1] / 16
    sizes = [size for step in range(11) if (size := int(levels[-1] / 2 ** (step / 2))) > least] or [levels[-1]]
    return min((fit_caches([*levels[:-1], size], points) for size in sizes), key=lambda fit: fit.error)


def _least_squares(columns: list[list[float]], wanted: list[float]) -> list[float] | None:
    """Solves the normal equations by elimination; None when columns depend on each other."""
    n = len(columns)
    rows = [[_dot(a, b) for b in columns] + [_dot(a, wanted)] for a in columns]
    for at in range(n):
        pivot = max(range(at, n), key=lambda r: abs(rows[r][at]))
        if abs(rows[pivot][at]) < 1e-9 * len(wanted):
            return None
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for r in range(n):
            if r != at:
                factor = rows[r][at] / rows[at][at]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[at], strict=True)]
    return [rows[at][n] / rows[at][at] for at in range(n)]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


# ---- Locks: reads run side by side, a write has all cores to itself and takes every core's lock ----


@dataclass(frozen=True)
class LockFit:
    """Of one NF on one traffic. ``serial``: ns a packet that no other core can work in, fitted on 1 and 2 cores, what
    cores cost each other by moving cache lines included. ``each``: ns a packet that every further core's lock adds,
    measured alone. ``error``: relative, of the fitted two-core figure over the turns, root mean square."""

    serial: float
    each: float
    error: float

    def time(self, cost: float, cores: int) -> float:
        """ns between packets of all cores together; ``cost``: ns a packet on one core."""
        if cores == 1:
            return cost
        return max(0.0, cost - self.serial) / cores + self.serial + self.each * (cores - 1)


def fit_locks(turns: Sequence[tuple[float, float, float]], each: float) -> LockFit:
    """From (ns on one core, ns on one core with half of the packets, ns between packets of two cores) of each turn.

    Solves time(half, 2) = measured for the serial part, by least squares over the turns.
    """
    serial = sum(2 * (two - each - half / 2) for _, half, two in turns) / len(turns)
    fitted = LockFit(max(0.0, serial), each, 0.0)
    errors = [fitted.time(half, 2) / two - 1 for _, half, two in turns]
    return LockFit(fitted.serial, each, sqrt(sum(e * e for e in errors) / len(errors)))


# ---- The wire and the bus ----

PREAMBLE_AND_GAP = 20  # bytes of Ethernet that a frame has beside its own (IEEE 802.3)


def line_rate(gbps: float, size: float) -> float:
    """Of frames of ``size`` bytes, check sequence included: 148.8 at 100 Gbit/s and 64 bytes."""
    return gbps * 1e3 / (8 * (size + PREAMBLE_AND_GAP))


_PAYLOAD, _REQUEST = 256, 512  # bytes at most in a write or completion, and in one read request
_TLP = 24  # bytes around each packet of the bus: framing 4, sequence 2, header 12 or 16, check 4, rounded up
_DESCRIPTOR, _AT_A_TIME = 16, 4  # bytes of a ring's entry, and entries in one transfer
_LINK = 0.95  # what acknowledgements and credits leave


def pcie_rate(size: float, *, transfers: float = 8e9, lanes: int = 16) -> float:
    """What a PCIe 3 x16 slot carries each way, every packet received and sent (the default; 128 of 130 bits are data).

    To the host: the frame, its descriptor written back, requests for the frame and the descriptor to send. From it:
    the frame sent, and both rings' descriptors. After Neugebauer et al., "Understanding PCIe performance for end host
    networking", SIGCOMM 2018, section 3.
    """
    frame = size - 4
    ring = _DESCRIPTOR + _TLP / _AT_A_TIME
    to_host = frame + _TLP * ceil(frame / _PAYLOAD) + 2 * ring + _TLP * ceil(frame / _REQUEST) + 2 * _TLP / _AT_A_TIME
    from_host = frame + _TLP * ceil(frame / _PAYLOAD) + 2 * ring
    return transfers * lanes * 128 / 130 / 8 * _LINK / max(to_host, from_host) / 1e6


# ---- Cores ----


@dataclass(frozen=True)
class Bound:
    """``mpps``: what is possible. ``limit``: ``cores``, ``locks``, ``line`` or ``pcie``, whichever is least."""

    mpps: float
    limit: str


def least(bounds: dict[str, float]) -> Bound:
    limit = min(bounds, key=lambda name: bounds[name])
    return Bound(bounds[limit], limit)


def busiest_rate(loads: Sequence[int], costs: Sequence[float]) -> float:
    """All packets, when the core that takes longest is just busy."""
    longest = max(n * ns for n, ns in zip(loads, costs, strict=True))
    return 1e3 * sum(loads) / longest if longest else 0.0


def summed_rate(loads: Sequence[int], costs: Sequence[float]) -> float:
    """Each core's own rate, added up; cores without packets have none."""
    return sum(1e3 / ns for n, ns in zip(loads, costs, strict=True) if n)
