"""lib/verified/cht.h: consistent hashing. The table is filled at init, so that only finding a backend is symbolic."""

from __future__ import annotations

from typing import cast

from maestro.ir.expr import binary, const, zext
from maestro.ir.memory import Scalar
from maestro.ir.model import Kind
from maestro.models.context import Args, Context, expr, model
from maestro.models.state import Handle, handle_of

YES, NO = const(1, 32), const(0, 32)
PLACE = 4
"""Bytes of an element: one backend's number."""


@model("cht_fill_cht")
def cht_fill_cht(ctx: Context, args: Args) -> Scalar:
    handle = handle_of(ctx, args[0], "vector")
    height, backends = (ctx.constant(a, "the size of a consistent hashing table") for a in args[1:])
    if not ctx.initialising:
        ctx.unsupported("fills a consistent hashing table on the packet path", "fill it in nf_init", "cht")
    if handle.elem_size != PLACE or not height or not backends or handle.capacity != height * backends:
        ctx.fail(
            f"a table of {height} rows of {backends} backends is filled into a vector of {handle.capacity} elements of "
            f"{handle.elem_size} bytes",
            "give the vector height * backends elements of type uint32_t",
            "cht",
        )
    handle.contents = {i: b.to_bytes(PLACE, "little") for i, b in places(height, backends).items()}
    handle.cht_height = height
    return YES


def places(height: int, backends: int) -> dict[int, int]:
    """The backend at each place: in turns, every backend takes the next place in the row that it asks for."""
    taken = [0] * height
    filled: dict[int, int] = {}
    for turn in range(height):
        for backend in range(backends):
            skip = (backend % (height - 1) if height > 1 else 0) + 1
            row = ((backend * 31 & 0xFFFFFFFF) % height + skip * turn) % height
            place = row * backends + taken[row]
            taken[row] += 1
            if place < height * backends:
                filled[place] = backend
    return dict(sorted(filled.items()))


@model("cht_find_preferred_available_backend")
def cht_find_preferred_available_backend(ctx: Context, args: Args) -> Scalar:
    table, active = handle_of(ctx, args[1], "vector"), handle_of(ctx, args[2], "dchain")
    height, backends = (ctx.constant(a, "the size of a consistent hashing table") for a in args[3:5])
    if not table.cht_height or (height, backends) != (table.cht_height, table.capacity // table.cht_height):
        ctx.fail(
            f"`{table.name}` is not a table of {height} rows of {backends} backends",
            "fill it with cht_fill_cht in nf_init, and pass the same sizes here",
            "cht",
        )
    if ctx.initialising:
        return _find_initially(ctx, table, active, args)
    found = {"found": 1, "chosen": 32}
    arguments = {"hash": zext(expr(args[0]), 64)}
    op = ctx.record(active.name, "cht_find", Kind.TEST, arguments, found, related=(table.name,))
    if not ctx.decide(op.result("found")):
        return NO
    ctx.learn(binary("ult", op.result("chosen"), const(min(backends, active.capacity), 32)))
    ctx.store(args[5], op.result("chosen"), 4)
    return YES


def _find_initially(ctx: Context, table: Handle, active: Handle, args: Args) -> Scalar:
    row = ctx.constant(args[0], "a hash used during initialisation") % table.cht_height
    backends = table.capacity // table.cht_height
    for place in range(row * backends, (row + 1) * backends):
        backend = int.from_bytes(cast(bytes, table.contents.get(place, table.initial)), "little")
        if backend in active.contents:
            ctx.store(args[5], const(backend, 32), 4)
            return YES
    return NO
