"""Ranks over pairs of fields: traffic often varies in two fields at once, a little in each.

For every two fields of one input list, the rank of the table bits over the n low-order bits of both together, n from 8
to 12. Two fields that reach the whole table each do so together as well; narrow ones must not reach the same part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from maestro.rss.system import System

RUNS = range(8, 13)
"""Real traffic varies in the low-order bits of a field: ranks are checked on runs of this many."""


class Field(Protocol):
    """``positions``: the usable input bits, least significant first. ``field`` is "" for an input list as a whole."""

    @property
    def port(self) -> int: ...
    @property
    def field(self) -> str: ...
    @property
    def positions(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class PairQuality:
    """The ``rank`` of the table bits over the ``bits`` low-order bits of two fields together, and the rank
    ``possible``; of the runs, the one that misses most, else the shortest."""

    port: int
    fields: tuple[str, str]
    bits: int
    rank: int
    possible: int


Missing = tuple[int, tuple[int, ...]]
"""Ranks missed, and the numbers of the two goals that miss them."""


class Pairs:
    """Grades keys on the pairs of fields among ``goals``, which list every input list's whole before its fields."""

    def __init__(self, system: System, goals: Sequence[Field]) -> None:
        self._system = system
        self._goals = goals
        self._mask = (1 << system.table_bits) - 1
        self._lows = [[system.window(t.port, i) for i in t.positions[: RUNS.stop - 1]] for t in goals]
        self._pairs = [pair for group in _lists(goals) for pair in combinations(group, 2)]
        self._possible: dict[tuple[int, int, int], int] = {}

    def missing(self, row: int) -> list[Missing]:
        """The pairs that miss ranks, summed over the runs, under a key row (``System.extended``)."""
        bases = {n: self._basis(row, n) for pair in self._pairs for n in pair}
        found: list[Missing] = []
        for a, b in self._pairs:
            lost = sum(possible - rank for _, rank, possible in self._runs(row, a, b, bases[a]))
            if lost:
                found.append((lost, (a, b)))
        return found

    def lost(self, row: int) -> int:
        return sum(lost for lost, _ in self.missing(row))

    def measure(self, row: int) -> tuple[PairQuality, ...]:
        return tuple(self._measure(row, a, b) for a, b in self._pairs)

    def _measure(self, row: int, a: int, b: int) -> PairQuality:
        runs = self._runs(row, a, b, self._basis(row, a))
        bits, rank, possible = max(runs, key=lambda run: (run[2] - run[1], -run[0]))
        return PairQuality(self._goals[a].port, (self._goals[a].field, self._goals[b].field), bits, rank, possible)

    def _basis(self, row: int, n: int) -> list[int]:
        """The echelon form of the windows of a field's shortest run by the highest bit; their number is in place 0."""
        echelon = [0] * (self._system.table_bits + 1)
        self._insert(echelon, row, self._lows[n][: RUNS.start])
        return echelon

    def _insert(self, echelon: list[int], row: int, lows: Sequence[int]) -> None:
        for low in lows:
            if echelon[0] > self._mask.bit_length() - 1:
                return
            value = row >> low & self._mask
            while value:
                known = echelon[top := value.bit_length()]
                if not known:
                    echelon[top] = value
                    echelon[0] += 1
                    break
                value ^= known

    def _runs(self, row: int, a: int, b: int, basis: list[int]) -> Iterator[tuple[int, int, int]]:
        """(bits of each, rank, possible rank) of every run, until the whole table is reached."""
        echelon, bits = basis.copy(), self._system.table_bits
        self._insert(echelon, row, self._lows[b][: RUNS.start])
        for n in RUNS:
            if n > RUNS.start:
                self._insert(echelon, row, self._lows[a][n - 1 : n] + self._lows[b][n - 1 : n])
            rank = echelon[0]
            yield n, rank, self._bound(a, b, n) if rank < bits else rank
            if rank == bits:
                return

    def _bound(self, a: int, b: int, n: int) -> int:
        """The rank that is possible; computed only when it is asked for, since most keys reach every one."""
        if (a, b, n) not in self._possible:
            positions = self._goals[a].positions[:n] + self._goals[b].positions[:n]
            self._possible[a, b, n] = self._system.possible_rank(self._goals[a].port, positions)
        return self._possible[a, b, n]


def _lists(goals: Sequence[Field]) -> list[list[int]]:
    """The numbers of the fields of each input list."""
    groups: list[list[int]] = []
    for n, goal in enumerate(goals):
        if not goal.field:
            groups.append([])
        else:
            groups[-1].append(n)
    return groups
