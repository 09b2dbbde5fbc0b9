"""How well a key spreads, and the search for a key that spreads as well as its requirements allow.

Everything is a rank: a Toeplitz hash is linear, so 2**n packets that differ in n input bits land on exactly 2**r
table entries, equally many on each, where r is the rank of the table bits over those input bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from maestro.rss import gf2
from maestro.rss.requirement import Inputs, expand
from maestro.rss.system import System

RUNS = range(8, 13)
"""Real traffic varies in the low-order bits of a field: ranks are checked on runs of this many."""

_TRIES = 120
_KEEP = 3
_COUNT = 10  # low-order bits of a field that counts up, 1024 packets


@dataclass(frozen=True)
class Target:
    """Input bits of one port over which the table bits should have full rank.

    ``field`` is a field's name, or "" for all inputs. ``positions`` are the usable input bits, the field's least
    significant first; ``checkpoints`` are (how many of them, possible rank), increasing.
    """

    port: int
    field: str
    positions: tuple[int, ...]
    checkpoints: tuple[tuple[int, int], ...]

    @property
    def possible(self) -> int:
        return self.checkpoints[-1][1]

    def flaws(self, table_bits: int) -> int:
        """By how much the possible ranks miss full rank, summed."""
        return sum(min(n, table_bits) - possible for n, possible in self.checkpoints)


def targets(system: System, graded: Mapping[int, Iterable[Inputs]]) -> tuple[Target, ...]:
    """The targets of each port's input lists: the list as a whole, then its fields. Unusable fields have none."""
    return tuple(target for port, lists in graded.items() for inputs in lists for target in _of(system, port, inputs))


def _of(system: System, port: int, inputs: Inputs) -> list[Target]:
    bits = expand(inputs)
    usable = system.usable(port, len(bits))
    if not usable:
        return []
    fields: dict[str, list[int]] = {}
    for i in reversed(usable):
        fields.setdefault(bits[i][0], []).append(i)
    out = [_target(system, port, "", tuple(usable), ())]
    return out + [_target(system, port, name, tuple(p), RUNS) for name, p in reversed(fields.items())]


def _target(system: System, port: int, field: str, positions: tuple[int, ...], runs: Iterable[int]) -> Target:
    counts = [n for n in runs if n < len(positions)] + [len(positions)]
    checkpoints = tuple((n, system.possible_rank(port, positions[:n])) for n in counts)
    return Target(port, field, positions, checkpoints)


class Grader:
    """Grades keys (rows of all ports' key bits) against targets."""

    def __init__(self, system: System, goals: Sequence[Target]) -> None:
        self.system = system
        self.goals = goals
        self._mask = (1 << system.table_bits) - 1
        self._shifts = {(t.port, i): system.lanes[t.port].window(i) for t in goals if not t.field for i in t.positions}

    def windows(self, row: int) -> dict[tuple[int, int], int]:
        """Per (port, input bit), its window on the table bits."""
        return {place: row >> shift & self._mask for place, shift in self._shifts.items()}

    def flaws(self, windows: Mapping[tuple[int, int], int]) -> list[tuple[int, Target]]:
        """The targets that are missed, with the number of ranks they miss; input bits that move nothing count as one
        target missed."""
        out = [(_missed(t, windows), t) for t in self.goals]
        dead = [(1, Target(port, "", (i,), ((1, 1),))) for (port, i), window in windows.items() if not window]
        return [flaw for flaw in out if flaw[0]] + dead

    def lockstep(self, windows: Mapping[tuple[int, int], int]) -> int:
        """The ranks lost when several fields of a port count up together; lower is better."""
        lost = 0
        for port in self.system.lanes:
            fields = [t.positions[:_COUNT] for t in self.goals if t.port == port and t.field]
            for n in range(2, len(fields) + 1):
                for chosen in combinations(fields, n):
                    together = zip(*chosen, strict=False)
                    sums = [_xor(windows[port, i] for i in column) for column in together]
                    lost += min(len(sums), self.system.table_bits) - gf2.rank(sums)
        return lost


def _xor(values: Iterable[int]) -> int:
    out = 0
    for value in values:
        out ^= value
    return out


def _missed(target: Target, windows: Mapping[tuple[int, int], int]) -> int:
    basis: list[int] = []
    missed = done = 0
    for count, possible in target.checkpoints:
        while done < count and len(basis) < possible:
            value = windows[target.port, target.positions[done]]
            done += 1
            for known in basis:
                value = min(value, value ^ known)
            if value:
                basis.append(value)
        missed += max(0, possible - len(basis))
    return missed


def choose(system: System, goals: Sequence[Target], rng: Random) -> int:
    """A valid key row that reaches every target's possible rank, or comes as close as the search got.

    Random members of the solution space, mended where they fall short. Of a few flawless ones, that which spreads
    fields counting up in lockstep best.
    """
    grader = Grader(system, goals)
    best: tuple[int, int, int] | None = None
    tries = _TRIES
    for _ in range(_KEEP):
        row, lost, tries = _mend(system, grader, rng, tries)
        found = (lost, grader.lockstep(grader.windows(row)), row)
        best = min(best, found) if best else found
        if tries <= 0:
            break
    assert best is not None
    return best[2]


def _mend(system: System, grader: Grader, rng: Random, tries: int) -> tuple[int, int, int]:
    """Climbs from a random key: the free key bits behind a missed target are drawn again while that does no harm.

    Returns the key row, the ranks it still misses, and the tries left.
    """
    row = gf2.complete(system.basis, rng.getrandbits(system.width))
    flaws = grader.flaws(grader.windows(row))
    while flaws and tries > 0:
        tries -= 1
        region = _free_bits(system, rng.choice(flaws)[1])
        other = gf2.complete(system.basis, row ^ rng.getrandbits(system.width) & region)
        changed = grader.flaws(grader.windows(other))
        if _sum(changed) <= _sum(flaws):
            row, flaws = other, changed
    return row, _sum(flaws), tries


def _sum(flaws: Iterable[tuple[int, Target]]) -> int:
    return sum(missed for missed, _ in flaws)


def _free_bits(system: System, target: Target) -> int:
    """The free key bits that the low-order end of a target depends on."""
    region = 0
    for i in target.positions[: RUNS.stop]:
        for form in system.symbols(target.port, i):
            region |= form
    return region


@dataclass(frozen=True)
class FieldQuality:
    """``rank`` of the table bits over a field (or over all inputs: ``field`` is ""), and the rank ``possible``."""

    port: int
    field: str
    rank: int
    possible: int


@dataclass(frozen=True)
class Quality:
    """``largest_bucket``: the share of packets on the fullest table entry when one field counts up over its 1024 (or
    all) low-order values, the worst field counting; ``ideal_bucket`` is what full rank would give."""

    fields: tuple[FieldQuality, ...]
    largest_bucket: float
    ideal_bucket: float

    @property
    def is_full(self) -> bool:
        return all(f.rank == f.possible for f in self.fields)


def measure(system: System, goals: Sequence[Target], row: int) -> Quality:
    """The quality of a key row."""
    windows = Grader(system, goals).windows(row)

    def rank(target: Target, count: int) -> int:
        return gf2.rank(windows[target.port, i] for i in target.positions[:count])

    fields = tuple(FieldQuality(t.port, t.field, rank(t, len(t.positions)), t.possible) for t in goals)
    counting = [(rank(t, _COUNT), min(len(t.positions), _COUNT, system.table_bits)) for t in goals if t.field]
    largest = max((2.0**-r for r, _ in counting), default=1.0)
    return Quality(fields, largest, max((2.0**-full for _, full in counting), default=1.0))
