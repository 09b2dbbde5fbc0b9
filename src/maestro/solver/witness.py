"""Assignments that satisfied earlier questions: most later questions about a path are satisfied by one of them, too.

Looking is much cheaper than solving. That an assignment satisfies something is proof enough; that none does says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

from maestro.ir.expr import Expr
from maestro.ir.expr_node import apply

KEPT = 64


class Witness:
    """One assignment, and the values that expressions were found to have under it. Symbols not given are 0."""

    def __init__(self, values: Mapping[Expr, int]) -> None:
        self.values = dict(values)
        self._known: dict[Expr, int] = {}

    def value(self, e: Expr) -> int:
        known = self._known
        stack = [e]
        while stack:
            n = stack[-1]
            if n in known:
                stack.pop()
                continue
            missing = [a for a in n.args if a not in known]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            args = [known[a] for a in n.args]
            known[n] = apply(n, args, lambda s, args=args: self._free(s, args))  # type: ignore[misc]
        return known[e]

    def _free(self, e: Expr, args: Sequence[int]) -> int:
        """A symbol, or an uninterpreted function: any function will do, as long as it is one."""
        return self.values.get(e, 0) if e.op == "sym" else crc32(repr((e.name, args)).encode())

    def satisfies(self, exprs: Iterable[Expr]) -> bool:
        return all(self.value(e) for e in exprs)


class Witnesses:
    """The assignments that were of use last, the latest first."""

    def __init__(self) -> None:
        self._kept: list[Witness] = []

    def find(self, exprs: Sequence[Expr]) -> Witness | None:
        """One that satisfies all of ``exprs``. What fails most often should come first."""
        for i, witness in enumerate(self._kept):
            if witness.satisfies(exprs):
                self._kept.insert(0, self._kept.pop(i))
                return witness
        return None

    def add(self, values: Mapping[Expr, int]) -> None:
        self._kept.insert(0, Witness(values))
        del self._kept[KEPT:]
