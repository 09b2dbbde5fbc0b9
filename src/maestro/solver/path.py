"""Questions about a path: a growing set of constraints, sliced so that the solver sees only what matters.

Two constraints are related when they share a symbol. A question about an expression needs only the constraints
related to it, directly or through others, because the constraints of a path are satisfiable as a whole. Answers
are remembered across paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter

from maestro.ir.expr import FALSE, TRUE, Expr, const, eq, negate, symbols
from maestro.solver.answer import Answer
from maestro.solver.bitwuzla_backend import Backend


class Oracle:
    """Answers questions under constraints; shared by all paths of an exploration."""

    def __init__(self, seconds: float = 30.0) -> None:
        """``seconds``: wall time that all questions together may take; see :attr:`exhausted`."""
        self._deadline = perf_counter() + seconds
        self._backend = Backend()
        self._answers: dict[frozenset[Expr], Answer] = {}
        self._symbols: dict[Expr, frozenset[Expr]] = {}
        self.questions = 0

    @property
    def exhausted(self) -> bool:
        """Whether the time is over: whoever asks should give up and say so."""
        return perf_counter() > self._deadline

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
            answer = self._answers[key] = self._backend.check(list(asked))
        return answer

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
        found: list[int] = []
        while True:
            exclude = [negate(eq(e, const(v, e.width))) for v in found]
            answer, model = self._backend.model([*base, *exclude], [e])
            if answer is Answer.UNKNOWN:
                return None
            if answer is Answer.UNSAT:
                return sorted(found)
            found.append(model[0])
            if len(found) > limit:
                return None

    def solution(self, constraints: Sequence[Expr], wanted: Sequence[Expr]) -> list[int] | None:
        """Values of ``wanted`` in one solution of ``constraints``; None when there is none or it is unknown."""
        if any(c is FALSE for c in constraints):
            return None
        answer, model = self._backend.model(constraints, wanted)
        return model if answer is Answer.SAT else None
