"""Questions about a path: a growing set of constraints, sliced so that the solver sees only what matters.

Two constraints are related when they share a symbol. A question about an expression needs only the constraints
related to it, directly or through others, because the constraints of a path are satisfiable as a whole. Answers
are remembered across paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maestro.ir.expr import FALSE, TRUE, Expr, const, eq, symbols, walk
from maestro.solver.answer import Answer
from maestro.solver.bitwuzla_backend import Backend
from maestro.solver.effort import Effort, Meter
from maestro.solver.witness import Witness, Witnesses

_SHARED = frozenset({"now", "pkt_len", "device"})
"""What most constraints of a path are about: fixed, they fall apart into easy ones."""


class Oracle:
    """Answers questions under constraints; shared by all paths of an exploration."""

    def __init__(self, effort: Effort | None = None) -> None:
        """``effort``: what exploration may take; see :attr:`meter`."""
        self.meter = Meter(effort or Effort())
        self._backend = Backend()
        self._answers: dict[frozenset[Expr], Answer] = {}
        self._symbols: dict[Expr, frozenset[Expr]] = {}
        self._hard: dict[Expr, bool] = {}
        self._witnesses = Witnesses()
        self._values: dict[tuple[frozenset[Expr], Expr, int], list[int] | None] = {}
        self.questions = 0

    def symbols(self, e: Expr) -> frozenset[Expr]:
        found = self._symbols.get(e)
        if found is None:
            found = self._symbols[e] = frozenset(symbols(e))
        return found

    def check(self, constraints: Iterable[Expr], query: Expr) -> Answer:
        """Whether ``query`` can be 1 together with ``constraints``, which are satisfiable by themselves."""
        if query.is_const:
            return Answer.SAT if query is TRUE else Answer.UNSAT
        asked = dict.fromkeys((*self.related(constraints, query), query))
        key = frozenset(asked)
        answer = self._answers.get(key)
        if answer is None:
            self.questions += 1
            answer = self._answers[key] = self._solve(list(asked), query)
        return answer

    def _solve(self, asked: list[Expr], query: Expr) -> Answer:
        """``asked`` ends with ``query``. Three ways, the cheapest first."""
        if self._witnesses.find(asked[::-1]):
            return Answer.SAT
        base = self._witnesses.find(asked[:-1])
        if base and any(map(self._is_hard, asked)):
            loose = [s for s in self.symbols(query) if s.name not in _SHARED] or self.symbols(query)
            fixed = dict.fromkeys(s for e in asked for s in self.symbols(e) if s not in loose)
            narrowed = [eq(s, const(base.values.get(s, 0), s.width)) for s in fixed]
            if narrowed and self._satisfied([*asked, *narrowed], base) is Answer.SAT:
                return Answer.SAT
        return self._satisfied(asked, base)

    def _satisfied(self, asked: list[Expr], base: Witness | None) -> Answer:
        """The solver's answer. A solution is remembered, and what it does not say is taken from ``base``."""
        wanted = list(dict.fromkeys(s for e in asked for s in self.symbols(e)))
        answer, found = self._backend.model(asked, wanted)
        if answer is Answer.SAT:
            self._witnesses.add({**(base.values if base else {}), **dict(zip(wanted, found, strict=True))})
        return answer

    def _is_hard(self, e: Expr) -> bool:
        """Whether it multiplies or divides: then it pays to ask with as few free symbols as possible first."""
        found = self._hard.get(e)
        if found is None:
            found = self._hard[e] = any(_multiplies(n) for n in walk(e))
        return found

    def related(self, constraints: Iterable[Expr], query: Expr) -> list[Expr]:
        """The constraints that share symbols with ``query``, directly or through others."""
        reached = set(self.symbols(query))
        rest = list(constraints)
        out: list[Expr] = []
        grew = True
        while grew:
            grew, left = False, []
            for c in rest:
                if self.symbols(c).isdisjoint(reached):
                    left.append(c)
                else:
                    reached |= self.symbols(c)
                    out.append(c)
                    grew = True
            rest = left
        return out

    def values(self, constraints: Sequence[Expr], e: Expr, limit: int) -> list[int] | None:
        """All values that ``e`` can take, ascending; None when there are more than ``limit`` or one is unknown."""
        base = self.related(constraints, e)
        key = (frozenset(base), e, limit)
        if key not in self._values:
            self._values[key] = self._backend.values(base, e, limit)
        return self._values[key]

    def solution(self, constraints: Sequence[Expr], wanted: Sequence[Expr]) -> list[int] | None:
        """Values of ``wanted`` in one solution of ``constraints``; None when there is none or it is unknown."""
        if any(c is FALSE for c in constraints):
            return None
        answer, model = self._backend.model(constraints, wanted)
        return model if answer is Answer.SAT else None


def _multiplies(e: Expr) -> bool:
    """Multiplications by constants are easy: additions."""
    return e.op in ("udiv", "urem", "sdiv", "srem") or (e.op == "mul" and not any(a.is_const for a in e.args))
