"""lib/verified/double-chain.h: an allocator of indices that remembers when each was last touched."""

from __future__ import annotations

from maestro.ir.expr import binary, const, negate
from maestro.ir.memory import Scalar
from maestro.ir.model import Kind
from maestro.models.coherence import Fresh, remember
from maestro.models.context import Args, Context, expr, model
from maestro.models.state import Handle, create, handle_of

YES, NO = const(1, 32), const(0, 32)


@model("dchain_allocate")
def dchain_allocate(ctx: Context, args: Args) -> Scalar:
    create(ctx, Handle("dchain", ctx.constant(args[0], "an allocator's index range"), ctx.user_span()), args[1])
    return YES


@model("dchain_allocate_new_index")
def dchain_allocate_new_index(ctx: Context, args: Args) -> Scalar:
    chain, out, time = args
    handle = handle_of(ctx, chain, "dchain")
    if ctx.initialising:
        return _allocate_initially(ctx, handle, out)
    op = ctx.record(handle.name, "dchain_allocate", Kind.ALLOCATE, {"time": expr(time)}, {"ok": 1, "index": 32})
    if not ctx.decide(op.result("ok")):
        return NO
    ctx.learn(binary("ult", op.result("index"), const(handle.capacity, 32)))
    remember(ctx, op.result("index"), Fresh(handle.name))
    ctx.store(out, op.result("index"), 4)
    return YES


def _allocate_initially(ctx: Context, handle: Handle, out: Scalar) -> Scalar:
    free = next((i for i in range(handle.capacity) if i not in handle.contents), None)
    if free is None:
        return NO
    handle.contents[free] = b""
    ctx.store(out, const(free, 32), 4)
    return YES


@model("dchain_rejuvenate_index")
def dchain_rejuvenate_index(ctx: Context, args: Args) -> Scalar:
    handle = handle_of(ctx, args[0], "dchain")
    if ctx.initialising:
        return YES
    arguments = {"index": expr(args[1]), "time": expr(args[2])}
    return ctx.record(handle.name, "dchain_refresh", Kind.REFRESH, arguments, {"ok": 1}).result("ok")


@model("dchain_is_index_allocated")
def dchain_is_index_allocated(ctx: Context, args: Args) -> Scalar:
    handle = handle_of(ctx, args[0], "dchain")
    if ctx.initialising:
        return YES if ctx.constant(args[1], "an index during initialisation") in handle.contents else NO
    index = expr(args[1])
    allocated = ctx.record(handle.name, "dchain_test", Kind.TEST, {"index": index}, {"allocated": 1}).result(
        "allocated"
    )
    in_range = binary("ult", index, const(handle.capacity, 32))
    ctx.learn(binary("or", negate(allocated), in_range))
    return allocated


@model("dchain_free_index")
def dchain_free_index(ctx: Context, args: Args) -> Scalar:
    handle = handle_of(ctx, args[0], "dchain")
    if ctx.initialising:
        index = ctx.constant(args[1], "an index during initialisation")
        return NO if handle.contents.pop(index, None) is None else YES
    return ctx.record(handle.name, "dchain_free", Kind.FREE, {"index": expr(args[1])}, {"ok": 1}).result("ok")


@model("dchain_expire_one_index")
def dchain_expire_one_index(ctx: Context, args: Args) -> Scalar:
    chain, out, time = args
    handle = handle_of(ctx, chain, "dchain")
    if ctx.initialising:
        return NO
    op = ctx.record(handle.name, "dchain_expire_one", Kind.EXPIRE, {"time": expr(time)}, {"ok": 1, "index": 32})
    if not ctx.decide(op.result("ok")):
        return NO
    ctx.learn(binary("ult", op.result("index"), const(handle.capacity, 32)))
    ctx.store(out, op.result("index"), 4)
    return YES
