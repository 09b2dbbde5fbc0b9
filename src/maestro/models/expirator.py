"""lib/verified/expirator.h, lib/unverified/expirator.h: freeing in an allocator and its maps, erasing a range."""

from __future__ import annotations

from maestro.ir.expr import Expr, binary, const, ite, land, symbols
from maestro.ir.memory import Scalar
from maestro.ir.model import Kind
from maestro.models.context import Args, Context, expr, model
from maestro.models.map import erase, forget
from maestro.models.state import Handle, handle_of
from maestro.models.vector import borrow, settle

ZERO = const(0, 32)


@model("expire_items_single_map")
def expire_items_single_map(ctx: Context, args: Args) -> Scalar:
    chain, vector, map_ = (handle_of(ctx, a, k) for a, k in zip(args, ("dchain", "vector", "map"), strict=False))
    return _expire(ctx, chain, vector, (map_,), expr(args[3]))


@model("expire_items")
def expire_items(ctx: Context, args: Args) -> Scalar:
    chain, dmap = handle_of(ctx, args[0], "dchain"), handle_of(ctx, args[1], "double-map")
    return _expire(ctx, chain, dmap.parts["values"], (dmap.parts["a"], dmap.parts["b"]), expr(args[2]))


@model("expire_items_single_map_offseted")
def expire_items_single_map_offseted(ctx: Context, args: Args) -> Scalar:
    if ctx.constant(args[4], "an offset from indices to cells"):
        ctx.unsupported(
            "expires keys that lie at an offset from their indices",
            "use a vector of its own for each allocator, and expire_items_single_map",
            "expire-offset",
        )
    chain, vector, map_ = (handle_of(ctx, a, k) for a, k in zip(args, ("dchain", "vector", "map"), strict=False))
    return _expire(ctx, chain, vector, (map_,), expr(args[3]))


def _expire(ctx: Context, chain: Handle, vector: Handle, maps: tuple[Handle, ...], time: Expr) -> Scalar:
    """Free all that was last touched at or before ``time``; how many that were."""
    if ctx.initialising:
        return ZERO
    settle(ctx, vector)
    related = (vector.name, *(m.name for m in maps))
    op = ctx.record(chain.name, "expire_map", Kind.EXPIRE, {"time": time}, {"count": 32}, related=related)
    for m in maps:
        forget(ctx, m.name)
    return op.result("count")


@model("expire_items_single_map_iteratively")
def expire_items_single_map_iteratively(ctx: Context, args: Args) -> Scalar:
    """Erase the keys in cells ``start`` … ``end`` - 1; how many cells that were."""
    vector, map_ = handle_of(ctx, args[0], "vector"), handle_of(ctx, args[1], "map")
    start, end = expr(args[2]), expr(args[3])
    if ctx.initialising:
        return _erase_initially(ctx, vector, map_, start, end)
    settle(ctx, vector)
    _check_range(ctx, vector, start, end)
    ctx.record(map_.name, "expire_range", Kind.FREE, {"start": start, "end": end}, {}, related=(vector.name,))
    forget(ctx, map_.name)
    return ite(binary("slt", start, end), binary("sub", end, start), ZERO)


def _erase_initially(ctx: Context, vector: Handle, map_: Handle, start: Expr, end: Expr) -> Scalar:
    first, last = (ctx.constant(e, "a range of cells during initialisation") for e in (start, end))
    for i in range(first, last):
        erase(ctx, map_, borrow(ctx, vector, const(i, 32)))
    return const(max(0, last - first), 32)


def _check_range(ctx: Context, vector: Handle, start: Expr, end: Expr) -> None:
    """Ranges that the NF computes must be proven; those that state gave it are the structures' own business."""
    if any("#" in s.name for s in symbols(start, end)):
        return
    outside = binary("or", binary("slt", start, ZERO), binary("slt", const(vector.capacity, 32), end))
    if ctx.may_equal(land(binary("slt", start, end), outside), const(1, 1)):
        ctx.fail(
            f"erases the keys in cells {start} to {end} of `{vector.name}`, which has {vector.capacity}",
            "check the range before this line",
            "bounds",
        )
