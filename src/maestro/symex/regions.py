"""Which branches can be executed on both sides and merged: diamonds of a few harmless blocks.

A branch qualifies when everything that it can lead to, but for blocks that fail an assertion, comes to one block, the
*join*, before it returns, loops or calls anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from maestro.ir.program import (
    Binary,
    Block,
    Branch,
    Call,
    Cast,
    Compare,
    ExtractValue,
    Freeze,
    Function,
    GetElementPtr,
    InsertValue,
    Instruction,
    Load,
    Select,
    Store,
    Unreachable,
)  # fmt: skip

MAX_BLOCKS = 32
MAX_INSTRUCTIONS = 400

_SIMPLE = (Binary, Cast, Compare, ExtractValue, Freeze, GetElementPtr, InsertValue, Load, Select, Store)
_ASSERTS = frozenset({"__assert_fail", "__assert_rtn", "__assert"})


class Regions:
    """The joins of branches, worked out once each."""

    def __init__(self) -> None:
        self._joins: dict[tuple[str, int], int | None] = {}

    def join(self, function: Function, branch: int) -> int | None:
        """The block where both sides of the branch that ends block ``branch`` meet; None when they are not simple."""
        key = (function.name, branch)
        if key not in self._joins:
            self._joins[key] = _join(function, branch)
        return self._joins[key]


def fails(block: Block) -> bool:
    """Whether the block only fails an assertion."""
    *body, last = block.instructions
    calls = [i for i in body if isinstance(i, Call)]
    harmless = all(isinstance(i, Call) or _is_simple(i) for i in body)
    return isinstance(last, Unreachable) and harmless and [c.callee in _ASSERTS for c in calls] == [True]


def _is_simple(ins: Instruction) -> bool:
    if isinstance(ins, Call):
        return ins.callee is not None and ins.callee.startswith("llvm.") and not ins.callee.startswith("llvm.mem")
    return isinstance(ins, _SIMPLE)


def _join(function: Function, branch: int) -> int | None:
    """The candidate with the smallest region, so that nothing is executed twice that need not be."""
    best: tuple[int, int] | None = None
    for candidate in _reachable(function, branch):
        region = _region(function, branch, candidate)
        if region is not None and (best is None or len(region) < best[0]):
            best = (len(region), candidate)
    return None if best is None else best[1]


def _successors(function: Function, block: int) -> tuple[int, ...]:
    """Where a block leads to, failed assertions apart; nowhere when it ends otherwise than with a branch."""
    last = function.blocks[block].instructions[-1]
    if not isinstance(last, Branch):
        return ()
    return tuple(b for b in dict.fromkeys((last.then, last.otherwise)) if not fails(function.blocks[b]))


def _reachable(function: Function, branch: int) -> Iterator[int]:
    """The blocks behind ``branch``, nearest first, as many as a region may have."""
    seen = list(_successors(function, branch))
    for n, block in enumerate(seen):
        if n == MAX_BLOCKS:
            return
        yield block
        seen += [b for b in _successors(function, block) if b not in seen]


def _region(function: Function, branch: int, join: int) -> set[int] | None:
    """The blocks between; None when they are too many, not simple, or lead elsewhere than to ``join``."""
    done: set[int] = set()
    open_: set[int] = set()

    def visit(block: int) -> bool:
        if block == join or block in done:
            return True
        if block == branch or block in open_ or len(done) + len(open_) >= MAX_BLOCKS:
            return False
        body = function.blocks[block].instructions
        if not isinstance(body[-1], Branch) or not all(map(_is_simple, body[:-1])):
            return False
        open_.add(block)
        after = _successors(function, block)
        good = bool(after) and all(map(visit, after))
        open_.discard(block)
        done.add(block)
        return good

    targets = _successors(function, branch)
    if join == branch or len(targets) < 2 or not all(map(visit, targets)):
        return None
    return done if sum(len(function.blocks[b].instructions) for b in done) <= MAX_INSTRUCTIONS else None
