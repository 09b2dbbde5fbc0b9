"""How well a key spreads, and the search for a key that spreads as well as its requirements allow.

Everything is a rank: a Toeplitz hash is linear, so 2**n packets that differ in n input bits land on exactly 2**r
table entries, equally many on each, where r is the rank of the table bits over those input bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_, xor
from random import Random

from maestro.rss import gf2
from maestro.rss.requirement import GAP, Inputs, columns
from maestro.rss.system import System
from maestro.rss.together import RUNS, Missing, PairQuality, Pairs

_TRIES = 240
_PATIENCE = 12  # tries without a better key, before another one is tried
_KEEP = 2
_POLISH = 100
_FLIPS = 3  # free key bits at a time: small steps, that harm little else
_REMEMBER = 4096  # ranks of columns kept
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
    bits = columns(inputs)
    usable = [i for i in system.usable(port, inputs) if bits[i][0] != GAP]
    if not usable:
        return []
    fields: dict[str, list[int]] = {}
    for i in reversed(usable):
        fields.setdefault(bits[i][0], []).append(i)
    out = [_target(system, port, "", tuple(usable), ())]
    return out + [_target(system, port, name, tuple(p), RUNS) for name, p in reversed(fields.items())]


def _target(system: System, port: int, field: str, positions: tuple[int, ...], runs: Iterable[int]) -> Target:
    checkpoints: list[tuple[int, int]] = []
    for n in [*(n for n in runs if n < len(positions)), len(positions)]:
        full = checkpoints and checkpoints[-1][1] == system.table_bits
        checkpoints.append((n, system.table_bits if full else system.possible_rank(port, positions[:n])))
    return Target(port, field, positions, tuple(checkpoints))


class Grader:
    """Grades keys (rows of all ports' key bits) against targets.

    Grades are a list: per target, the ranks missed; then the number of usable input bits that move nothing.
    """

    def __init__(self, system: System, goals: Sequence[Target]) -> None:
        self.system = system
        self.goals = goals
        self._mask = (1 << system.table_bits) - 1
        self._fields = [[n for n, t in enumerate(goals) if t.port == p and t.field] for p in system.lanes]
        self._windows = [[system.window(t.port, i) for i in t.positions] for t in goals]
        self._reads = [_or(self._mask << low for low in lows) for lows in self._windows]
        self._usable = _or(1 << low for lows in self._windows for low in lows)
        self._ranks: dict[int, int] = {}
        self.pairs = Pairs(system, goals)

    def windows(self, row: int, goal: int) -> list[int]:
        """The windows of a target's input bits, on the table bits."""
        return [row >> low & self._mask for low in self._windows[goal]]

    def grade(self, row: int) -> list[int]:
        return [*(self._missed(row, n) for n in range(len(self.goals))), self._idle(row).bit_count()]

    def total(self, row: int, limit: int) -> int:
        """The sum of the grades of ``row``, or some number above ``limit`` as soon as that is certain."""
        lost = self._idle(row).bit_count()
        for n in range(len(self.goals)):
            if lost > limit:
                break
            lost += self._missed(row, n)
        return lost

    def within(self, row: int, limit: int, before: tuple[int, list[int]]) -> list[int] | None:
        """The grades of ``row``, as :meth:`grade` has them; None as soon as their sum is above ``limit``.

        ``before``: another row and its grades, reused for targets that see no difference.
        """
        changed = row ^ before[0]
        idle = self._idle(row).bit_count()
        grades, lost = [], idle
        for n, reads in enumerate(self._reads):
            missed = self._missed(row, n) if changed & reads else before[1][n]
            lost += missed
            if lost > limit:
                return None
            grades.append(missed)
        return [*grades, idle]

    def _missed(self, row: int, goal: int) -> int:
        lows = self._windows[goal]
        missed = done = rank = 0
        mask = self._mask
        echelon = [0] * (self.system.table_bits + 1)
        for count, possible in self.goals[goal].checkpoints:
            while done < count and rank < possible:
                value = row >> lows[done] & mask
                done += 1
                while value:
                    known = echelon[top := value.bit_length()]
                    if not known:
                        echelon[top] = value
                        rank += 1
                        break
                    value ^= known
            missed += max(0, possible - rank)
        return missed

    def _idle(self, row: int) -> int:
        """The usable windows that are all zero, each as the bit where it starts."""
        return self._usable & ~_or(row >> j for j in range(self.system.table_bits))

    def low(self, goal: int) -> list[int]:
        """Where the windows of a target's low-order input bits start."""
        return self._windows[goal][:_COUNT]

    def culprits(self, row: int, item: int) -> Iterable[int]:
        """The windows to look at for one of the grades: a target's low-order ones, or those that are all zero."""
        return self._windows[item][: RUNS.stop] if item < len(self.goals) else gf2.bits(self._idle(row))

    def lockstep(self, row: int) -> int:
        """The ranks lost when several fields of a port count up together; lower is better."""
        return sum(lost for lost, _ in self.cancelled(row))

    def cancelled(self, row: int) -> Iterator[Missing]:
        """The sets of targets (fields of one port) that lose ranks when they count up together, and how many."""
        for numbers in self._fields:
            columns = {n: self._column(row, n) for n in numbers}
            for chosen in (c for size in range(2, len(numbers) + 1) for c in combinations(numbers, size)):
                count = min(len(self._windows[n][:_COUNT]) for n in chosen)
                sums = _xor(columns[n] for n in chosen) & (1 << count * self.system.table_bits) - 1
                lost = min(count, self.system.table_bits) - self._rank(sums)
                if lost:
                    yield lost, chosen

    def _column(self, row: int, goal: int) -> int:
        """The low-order windows of a target side by side in one number, the first one lowest."""
        column = 0
        for low in reversed(self._windows[goal][:_COUNT]):
            column = column << self.system.table_bits | row >> low & self._mask
        return column

    def _rank(self, column: int) -> int:
        """The rank of the windows of a column. Most columns come again and again: small steps change few of them."""
        found = self._ranks.get(column)
        if found is None:
            width, rest, windows = self.system.table_bits, column, []
            while rest:
                windows.append(rest & self._mask)
                rest >>= width
            if len(self._ranks) >= _REMEMBER:
                self._ranks.clear()
            found = self._ranks[column] = gf2.rank(windows)
        return found


def _xor(values: Iterable[int]) -> int:
    return reduce(xor, values, 0)


def _or(values: Iterable[int]) -> int:
    return reduce(or_, values, 0)


def choose(system: System, goals: Sequence[Target], rng: Random) -> int:
    """A valid key row that reaches every target's possible rank, or comes as close as the search got.

    A random member of the solution space, mended where it falls short, then polished: pairs of fields should
    miss no ranks, and fields that count up in lockstep not cancel out.
    """
    grader = Grader(system, goals)
    best: tuple[int, int, int, int] | None = None
    tries = _TRIES
    for _ in range(_KEEP):
        row, grades, tries = _mend(grader, rng, tries)
        paired, lockstep, row = _polish(grader, rng, row, grades)
        found = (sum(grades), paired, lockstep, row)
        best = min(best or found, found)
        if tries <= 0 or not (paired or lockstep):
            break
    assert best is not None
    return best[3]


def _polish(grader: Grader, rng: Random, row: int, grades: list[int]) -> tuple[int, int, int]:
    """Flips a few free key bits behind low-order input bits of fields that cancel out, or that miss ranks in pairs,
    while nothing gets worse.

    Returns the ranks that pairs still miss, those still lost in lockstep, and the key row.
    """
    system, tries, limit = grader.system, _POLISH, sum(grades)
    cancelled, paired = list(grader.cancelled(row)), grader.pairs.missing(row)
    free: dict[int, list[int]] = {}
    while (cancelled or paired) and tries > 0:
        tries -= 1
        goal = rng.choice(rng.choice(paired or cancelled)[1])
        if goal not in free:
            free[goal] = list(gf2.bits(system.free_bits(grader.low(goal))))
        other = row ^ system.member(sum(1 << v for v in rng.sample(free[goal], min(_FLIPS, len(free[goal])))))
        changed = grader.within(other, limit, (row, grades))
        found = _better(grader, other, cancelled, paired) if changed is not None else None
        if changed is not None and found is not None:
            row, grades, (cancelled, paired) = other, changed, found
    return _sum(paired), _sum(cancelled), row


def _better(
    grader: Grader, row: int, cancelled: list[Missing], paired: list[Missing]
) -> tuple[list[Missing], list[Missing]] | None:
    """What ``row`` loses in lockstep and in pairs; None if that is more than the given. Pairs count first."""
    missing = grader.pairs.missing(row) if paired else None
    if missing is not None and _sum(missing) < _sum(paired):
        return list(grader.cancelled(row)), missing
    found = _at_most(grader.cancelled(row), _sum(cancelled))
    if found is None:
        return None
    missing = grader.pairs.missing(row) if missing is None else missing
    return None if _sum(missing) > _sum(paired) else (found, missing)


def _at_most(cancelled: Iterable[Missing], limit: int) -> list[Missing] | None:
    """All of them; None as soon as they lose more than ``limit`` ranks."""
    found, lost = [], 0
    for entry in cancelled:
        found.append(entry)
        lost += entry[0]
        if lost > limit:
            return None
    return found


def _sum(cancelled: Iterable[Missing]) -> int:
    return sum(lost for lost, _ in cancelled)


def _mend(grader: Grader, rng: Random, tries: int) -> tuple[int, list[int], int]:
    """Climbs from a random key: the free key bits behind a bad grade are drawn again while that does no harm. Where
    that leads nowhere for a while, another random key may be nearer to the top.

    Returns the key row, its grades, and the tries left.
    """
    row = _random(grader, rng)
    grades = grader.grade(row)
    best, idle = (row, grades), 0
    while any(grades) and tries > 0:
        tries -= 1
        idle += 1
        if idle > _PATIENCE:
            row, idle = _random(grader, rng), 0
            grades = grader.grade(row)
        else:
            item = rng.choice([n for n, lost in enumerate(grades) if lost])
            region = grader.system.free_bits(grader.culprits(row, item))
            other = row ^ grader.system.member(rng.getrandbits(grader.system.width) & region)
            changed = grader.within(other, sum(grades), (row, grades))
            if changed is not None:
                idle = idle if sum(changed) == sum(grades) else 0
                row, grades = other, changed
        best = min(best, (row, grades), key=lambda found: sum(found[1]))
    return *best, tries


def _random(grader: Grader, rng: Random) -> int:
    """A random valid key row."""
    return grader.system.member(rng.getrandbits(grader.system.width))


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
    all) low-order values, the worst field counting; ``ideal_bucket`` is what full rank would give. ``pairs``: ranks
    over two fields together."""

    fields: tuple[FieldQuality, ...]
    largest_bucket: float
    ideal_bucket: float
    pairs: tuple[PairQuality, ...] = ()

    @property
    def is_full(self) -> bool:
        return all(f.rank == f.possible for f in self.fields)


def measure(system: System, goals: Sequence[Target], row: int) -> Quality:
    """The quality of a key row."""
    grader = Grader(system, goals)
    windows = [grader.windows(row, n) for n in range(len(goals))]
    fields = tuple(FieldQuality(t.port, t.field, gf2.rank(w), t.possible) for t, w in zip(goals, windows, strict=True))
    counting = [w[:_COUNT] for t, w in zip(goals, windows, strict=True) if t.field]
    largest = max((2.0 ** -gf2.rank(w) for w in counting), default=1.0)
    ideal = max((2.0 ** -min(len(w), system.table_bits) for w in counting), default=1.0)
    return Quality(fields, largest, ideal, grader.pairs.measure(row))
