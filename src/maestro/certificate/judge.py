"""Puts questions to Z3 and counts them."""

from __future__ import annotations

from collections.abc import Sequence

from maestro.ir.expr import Expr
from maestro.solver.answer import Answer
from maestro.solver.z3_backend import Z3, Result


class Judge:
    """``obligations`` counts the questions whose answer has to be UNSAT."""

    def __init__(self, timeout_ms: int) -> None:
        self._solver = Z3()
        self._timeout_ms = timeout_ms
        self.obligations = 0

    def ask(self, conditions: Sequence[Expr]) -> Result:
        """An obligation: these conditions must not hold together."""
        self.obligations += 1
        return self._solver.solve(conditions, self._timeout_ms)

    def may_hold(self, conditions: Sequence[Expr]) -> Answer:
        """A question that only saves work: UNKNOWN has to be treated like SAT."""
        return self._solver.check(conditions, self._timeout_ms)
