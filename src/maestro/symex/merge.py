"""Both sides of a branch on one path: executed one after the other, then chosen from by the condition.

before:  assume c → x = 1 → …             after:  x = ite(c, 1, 2) → …
         assume !c → x = 2 → …

Only where an NF would have too many paths otherwise. While a side is executed its condition holds, so that divisions
and accesses are checked as on a path of its own; an assertion in it becomes a promise under that condition. A side that
would fork is not merged, and the branch is one of the path as usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maestro.diagnostics import Span
from maestro.ir import program as ir
from maestro.ir.expr import Expr, ite, negate
from maestro.ir.memory import Cell, Memory, Scalar, Writes, cells_of, join, word_at
from maestro.symex.ends import AssertionFailed, CannotMerge
from maestro.symex.instructions import Frame, Value
from maestro.symex.regions import Regions, fails

if TYPE_CHECKING:
    from maestro.symex.machine import Machine


@dataclass
class Merging:
    """What one exploration with merged branches shares: the shapes of functions, the assertions taken to hold."""

    regions: Regions = field(default_factory=Regions)
    assumed: set[tuple[Span | None, str]] = field(default_factory=set)


class Merger:
    """Merges branches on one machine."""

    def __init__(self, machine: Machine, merging: Merging) -> None:
        self._machine = machine
        self._merging = merging

    def merge(self, function: ir.Function, frame: Frame, block: int, cond: Expr) -> int | None:
        """Execute both sides of the branch that ends ``block`` up to the block where they meet, which is returned.

        Its phis have got their values. None when the branch is to be taken as usual; then nothing has happened.
        """
        if self._decided(cond) is not None:
            return None
        run, span = self._machine.run, self._machine.span
        run.require_defined(cond, span, "a decision")
        target = self._merging.regions.join(function, block)
        if target is None:
            return self._asserted(function, frame, block, cond)
        before, depth = run.checkpoint(), self._machine.memory.depth
        try:
            self._arrive(function, frame, target, self._both(function, frame, block, cond, target))
        except CannotMerge:
            run.restore(before)
            self._machine.memory.undo(depth)
            self._machine.span = span
            return None
        return target

    def _asserted(self, function: ir.Function, frame: Frame, block: int, cond: Expr) -> int | None:
        """The block behind an assertion, which is taken to hold; None when the branch is not one, or leads to phis."""
        last = function.blocks[block].instructions[-1]
        assert isinstance(last, ir.Branch)
        after = [b for b in (last.then, last.otherwise) if not fails(function.blocks[b])]
        if len(after) != 1 or function.blocks[after[0]].phis:
            return None
        return self._taken(function, frame, last, cond)

    def _decided(self, cond: Expr) -> bool | None:
        """The truth of ``cond`` where it is known without asking the solver.

        What only the solver could rule out is chosen as well, by a condition that is never true: that is right all
        the same, and questions about values that were merged are the expensive ones.
        """
        return bool(cond.value) if cond.is_const else self._machine.run.facts.get(cond)

    def _both(self, function: ir.Function, frame: Frame, block: int, cond: Expr, stop: int) -> list[Value]:
        """What the phis of ``stop`` become; memory is merged."""
        last = function.blocks[block].instructions[-1]
        assert isinstance(last, ir.Branch)
        yes, written = self._side(function, frame, (block, last.then), cond, stop)
        no, otherwise = self._side(function, frame, (block, last.otherwise), negate(cond), stop)
        _merge_memory(self._machine.memory, cond, written, otherwise)
        return [_choice(cond, a, b) for a, b in zip(yes, no, strict=True)]

    def _side(
        self, function: ir.Function, frame: Frame, edge: tuple[int, int], guard: Expr, stop: int
    ) -> tuple[list[Value], Writes]:
        memory, run = self._machine.memory, self._machine.run
        memory.begin()
        before = run.guard(guard)
        values = self._walk(function, frame, edge, stop)
        run.unguard(before)
        return values, memory.take()

    def _walk(self, function: ir.Function, frame: Frame, edge: tuple[int, int], stop: int) -> list[Value]:
        """Execute from ``edge`` (from block, to block) to the block ``stop``; what its phis become from there."""
        previous, current = edge
        arrived = False
        while current != stop:
            block = function.blocks[current]
            if not arrived:
                self._arrive(function, frame, current, _incoming(block, frame, previous))
            arrived = False
            last = self._machine.straight(block, frame)
            if not isinstance(last, ir.Branch):
                raise CannotMerge
            if last.condition is None:
                previous, current = current, last.then
                continue
            cond = self._machine.number(frame[last.condition])
            taken = self._taken(function, frame, last, cond)
            if taken is not None:
                previous, current = current, taken
                continue
            inner = self._merging.regions.join(function, current)
            if inner is None:
                raise CannotMerge
            values = self._both(function, frame, current, cond, inner)
            if inner == stop:
                return values
            self._arrive(function, frame, inner, values)
            current, arrived = inner, True
        return _incoming(function.blocks[stop], frame, previous)

    def _arrive(self, function: ir.Function, frame: Frame, block: int, values: Sequence[Value]) -> None:
        for phi, value in zip(function.blocks[block].phis, values, strict=True):
            frame[phi.dest] = value

    def _taken(self, function: ir.Function, frame: Frame, branch: ir.Branch, cond: Expr) -> int | None:
        """The only block that ``branch`` can lead to here; the other one may be a failed assertion."""
        decided = self._decided(cond)
        if decided is not None:
            target = branch.then if decided else branch.otherwise
            if fails(function.blocks[target]):
                raise CannotMerge
            return target
        for good, bad, holds in ((branch.then, branch.otherwise, cond), (branch.otherwise, branch.then, negate(cond))):
            if fails(function.blocks[bad]):
                self._assume(function.blocks[bad], frame, holds, branch.span)
                return good
        return None

    def _assume(self, failing: ir.Block, frame: Frame, holds: Expr, span: Span | None) -> None:
        """``holds`` is promised while the conditions of this side hold."""
        try:
            self._machine.straight(failing, frame)
        except AssertionFailed as end:
            self._merging.assumed.add((end.span, end.text))
        self._machine.run.promise(holds, span)


def _incoming(block: ir.Block, frame: Frame, previous: int) -> list[Value]:
    return [frame[p.incoming[previous]] for p in block.phis]


def _choice(cond: Expr, a: Value, b: Value) -> Value:
    if a == b:
        return a
    if isinstance(a, Expr) and isinstance(b, Expr):
        return ite(cond, a, b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return tuple(_choice(cond, x, y) for x, y in zip(a, b, strict=True))
    raise CannotMerge


def _merge_memory(memory: Memory, cond: Expr, yes: Writes, no: Writes) -> None:
    """Memory after both sides, each of which wrote what is given; in words where one side wrote words."""
    done: set[tuple[int, int]] = set()
    for obj, offset in sorted({*yes, *no}):
        if (obj, offset) in done:
            continue
        size = max(word_at(yes, obj, offset), word_at(no, obj, offset))
        places = [(obj, offset + i) for i in range(size)]
        done.update(places)
        before = memory.load(obj, offset, size)
        a, b = ([side.get(p) or cell for p, cell in zip(places, before, strict=True)] for side in (yes, no))
        memory.store(obj, offset, a if a == b else _merged_cells(cond, a, b))


def _merged_cells(cond: Expr, a: list[Cell], b: list[Cell]) -> list[Cell]:
    x, y = join(a), join(b)
    if x is None or y is None:
        raise CannotMerge
    value: Value = _choice(cond, x, y)
    assert not isinstance(value, tuple)
    merged: Scalar = value
    return cells_of(merged, len(a))
