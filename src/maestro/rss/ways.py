"""All ways to set a NIC's ports up under which given keys meet requirements.

A requirement couples two ports at most, so ports are set up one after the other, and a way is given up as soon as two
of them do not fit together: nothing is left out, and many ports do not take long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import xor

from maestro.rss import gf2, toeplitz
from maestro.rss.profile import FieldSet
from maestro.rss.requirement import STRIDE, Requirement, columns
from maestro.rss.search import Problem
from maestro.rss.system import Compiled, Steering


def variants(problem: Problem, port: int, sets: Sequence[FieldSet]) -> list[Steering]:
    """The port with each set: all types left to the NIC, where it is known what that does with them; those that are
    not treated as the main type left to software, or of these the ones of the main type's family only."""
    out: dict[tuple[str, frozenset[str]], Steering] = {}
    for s in sets:
        software = problem.steering(port, s)
        if not (s.inputs[software.main] and software.owner_inputs):
            continue
        family = software.main.partition("-")[0]
        near = frozenset(t for t in software.resteered if t.startswith(family))
        for left in (frozenset(), near, software.resteered):
            if all(s.inputs[t] for t in problem.steer[port] - left):
                out[s.name, left] = Steering(s.name, s.inputs, software.main, left)
    return list(out.values())


class Ways:
    """``choices``: the variants of every port, in the order in which they are tried."""

    def __init__(
        self,
        problem: Problem,
        requirements: Sequence[Requirement],
        keys: Mapping[int, bytes],
        choices: Mapping[int, Sequence[Steering]],
    ) -> None:
        self._choices = choices
        self._ports = list(choices)
        self._mask = (1 << problem.table_bits) - 1
        self._keys = keys
        self._known: dict[tuple[int, int, int, int], bool] = {}
        between: dict[tuple[int, int], list[Requirement]] = {}
        for r in requirements:
            between.setdefault(self._pair(r.left_port, r.right_port), []).append(r)
        self._compiled = {pair: Compiled(some, problem.profile.hashable) for pair, some in between.items()}
        self._windows = {port: [w & self._mask for w in _windows(key)] for port, key in keys.items()}

    def _pair(self, p: int, q: int) -> tuple[int, int]:
        """The two ports, in the order in which they are set up."""
        return (p, q) if self._ports.index(p) <= self._ports.index(q) else (q, p)

    def solutions(self, done: tuple[int, ...] = ()) -> Iterator[dict[int, Steering]]:
        """Every way that meets the requirements. ``done``: the variants of the first ports."""
        if len(done) == len(self._ports):
            yield {port: self._choices[port][n] for port, n in zip(self._ports, done, strict=True)}
            return
        last = len(done)
        for n in range(len(self._choices[self._ports[last]])):
            ways = (*done, n)
            if all(self._fit(i, ways[i], last, n) for i in range(last + 1)):
                yield from self.solutions(ways)

    def _fit(self, i: int, m: int, j: int, n: int) -> bool:
        """Whether variant m of the i-th port and n of the j-th meet the requirements between them."""
        compiled = self._compiled.get((self._ports[i], self._ports[j]))
        if compiled is None:
            return True
        if (i, m, j, n) not in self._known:
            chosen = {self._ports[k]: self._choices[self._ports[k]][v] for k, v in ((i, m), (j, n))}
            self._known[i, m, j, n] = all(
                self._index(p, x, before) == self._index(q, y, after)
                for p, before, q, after, conditions in compiled.conditions(chosen)
                for x, y in conditions
            )
        return self._known[i, m, j, n]

    def _index(self, port: int, string: int, length: int) -> int:
        windows = self._windows[port]
        return reduce(xor, (windows[length - 1 - bit] for bit in gf2.bits(string)), 0)

    def rank(self, port: int, steering: Steering) -> int:
        """How many of the table bits the port's main type reaches: 2 to the power of it is the number of entries."""
        windows = self._windows[port]
        places = (divmod(i, STRIDE) for i in columns(steering.owner_inputs))
        return gf2.rank(windows[i] ^ windows[i + distance] if distance else windows[i] for distance, i in places)


def _windows(key: bytes) -> list[int]:
    return toeplitz.windows(key, 8 * len(key) - toeplitz.WINDOW + 1)
