"""Which bytes are a key: found by executing the NF's own functions on symbolic keys.

Of a map, those that its equality function compares; of a sketch, those that its hash function reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from maestro.frontend.debug import Leaf
from maestro.ir.expr import FALSE, TRUE, Expr, binary, const, eq, land, negate, sym, symbols
from maestro.ir.memory import Cell, Function, Object
from maestro.ir.model import Field
from maestro.models.context import Context
from maestro.models.locals import pointed_layouts

MAX_KEY = 256
"""Bytes that an equality function may look at."""


def key_layout(ctx: Context, equality: Function) -> tuple[Field, ...]:
    """The fields that ``equality`` compares, by offset.

    Raises UnsupportedError when it is something else than the equality of some bytes.
    """
    a, b = (ctx.new(Object("key", MAX_KEY, _symbolic(side))) for side in "ab")
    same = FALSE
    for conditions, result in ctx.outcomes(equality, a, b):
        assert isinstance(result, Expr)
        same = binary("or", same, land(*conditions, negate(eq(result, const(0, result.width)))))
    compared = sorted(_offsets(same, "a") | _offsets(same, "b"))
    bytewise = land(TRUE, *(eq(sym(f"key.a[{o}]", 8), sym(f"key.b[{o}]", 8)) for o in compared))
    if not compared or not ctx.provable(eq(same, bytewise)):
        ctx.unsupported(
            f"the equality function `{equality.name}` does something else than comparing bytes of the two keys",
            "compare the fields of the key with == and nothing else",
            "equality",
        )
    return tuple(_fields(compared, _leaves(ctx, equality, compared)))


def hashed_layout(ctx: Context, hash_: Function) -> tuple[Field, ...]:
    """The fields that the hash function ``hash_`` depends on, by offset.

    Raises UnsupportedError when it depends on no byte of the key.
    """
    key = ctx.new(Object("key", MAX_KEY, _symbolic("a")))
    read: set[int] = set()
    for conditions, result in ctx.outcomes(hash_, key):
        assert isinstance(result, Expr)
        read |= {offset for e in (result, *conditions) for offset in _offsets(e, "a")}
    if not read:
        ctx.unsupported(
            f"the hash function `{hash_.name}` does not depend on the key",
            "compute the hash from the fields of the key",
            "hash",
        )
    return tuple(_fields(sorted(read), _leaves(ctx, hash_, sorted(read))))


def _symbolic(side: str) -> Callable[[int], Cell]:
    return lambda offset: (sym(f"key.{side}[{offset}]", 8), 0)


def _offsets(e: Expr, side: str) -> set[int]:
    found = (re.fullmatch(rf"key\.{side}\[(\d+)\]", s.name) for s in symbols(e))
    return {int(m[1]) for m in found if m}


def _leaves(ctx: Context, function: Function, compared: list[int]) -> list[Leaf]:
    """The members of the struct that the function's locals point to, if one covers ``compared``."""
    for layout in pointed_layouts(ctx.program, function.name):
        covered = {o for leaf in layout.leaves for o in range(leaf.offset, leaf.offset + leaf.size)}
        if covered.issuperset(compared):
            return list(layout.leaves)
    return []


def _fields(compared: list[int], leaves: list[Leaf]) -> list[Field]:
    """Whole members by name; bytes that are not whole members one by one."""
    rest, fields = set(compared), []
    for leaf in leaves:
        span = set(range(leaf.offset, leaf.offset + leaf.size))
        if span and span <= rest:
            fields.append(Field(leaf.name, leaf.offset, leaf.size))
            rest -= span
    fields += [Field(f"byte[{first}]", first, size) for first, size in _runs(sorted(rest))]
    return sorted(fields, key=lambda f: f.offset)


def _runs(offsets: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for o in offsets:
        if runs and sum(runs[-1]) == o:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((o, 1))
    return runs
