"""Puts questions to linear algebra and Z3, and counts them."""

from __future__ import annotations

from collections.abc import Sequence

from maestro.certificate.linear import Linear
from maestro.ir.expr import Expr
from maestro.solver.answer import Answer
from maestro.solver.effort import Effort, Meter, Spent
from maestro.solver.z3_backend import Z3, Result


class Judge:
    """``obligations`` counts the questions whose answer has to be UNSAT; a question asked again is not asked again."""

    def __init__(self, timeout_ms: int, effort: Effort | None = None) -> None:
        """``timeout_ms``: for one question. ``effort``: for all together; None: no bound."""
        self._meter = Meter(effort) if effort else None
        self.gave_up: Spent | None = None
        """What was used up, so that questions stayed without an answer."""
        self._solver = Z3()
        self._linear = Linear()
        self._timeout_ms = timeout_ms
        self._answers: dict[frozenset[Expr], Result] = {}
        self.obligations = 0

    def ask(self, conditions: Sequence[Expr]) -> Result:
        """An obligation: these conditions must not hold together."""
        self.obligations += 1
        return self._solve(conditions)

    def may_hold(self, conditions: Sequence[Expr]) -> Answer:
        """A question that only saves work: UNKNOWN has to be treated like SAT."""
        return self._solve(conditions).answer

    def _solve(self, conditions: Sequence[Expr]) -> Result:
        key = frozenset(c for c in conditions if not c.is_true)
        if key not in self._answers:
            self._answers[key] = self._fresh([c for c in dict.fromkeys(conditions) if not c.is_true])
        return self._answers[key]

    def _fresh(self, conditions: Sequence[Expr]) -> Result:
        if any(c.is_false for c in conditions) or self._linear.refutes(conditions):
            return Result(Answer.UNSAT)
        self.gave_up = self.gave_up or (self._meter.spent if self._meter else None)
        if self.gave_up:
            return Result(Answer.UNKNOWN)
        return self._solver.solve(conditions, self._timeout_ms)
