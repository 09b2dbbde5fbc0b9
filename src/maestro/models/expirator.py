"""lib/verified/expirator.h: free everything last touched at or before a time, in an allocator and its map."""

from __future__ import annotations

from maestro.ir.expr import const
from maestro.ir.memory import Scalar
from maestro.ir.model import Kind
from maestro.models.context import Args, Context, expr, model
from maestro.models.map import forget
from maestro.models.state import handle_of


@model("expire_items_single_map")
def expire_items_single_map(ctx: Context, args: Args) -> Scalar:
    chain, vector, map_ = (handle_of(ctx, a, k) for a, k in zip(args, ("dchain", "vector", "map"), strict=False))
    if ctx.initialising:
        return const(0, 32)
    op = ctx.record(
        chain.name,
        "expire_map",
        Kind.EXPIRE,
        {"time": expr(args[3])},
        {"count": 32},
        related=(vector.name, map_.name),
    )
    forget(ctx, map_.name)
    return op.result("count")
