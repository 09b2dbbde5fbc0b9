"""lib/verified/lpm-dir-24-8.h: longest prefix match over addresses in host byte order."""

from __future__ import annotations

from typing import cast

from maestro.ir.expr import Expr, binary, const, eq, extract
from maestro.ir.memory import Scalar
from maestro.ir.model import Kind
from maestro.models.context import Args, Context, expr, model
from maestro.models.state import Handle, create, handle_of

YES, NO = const(1, 32), const(0, 32)
NONE = const(-1, 32)
MAX_VALUE = (1 << 15) - 1


@model("lpm_allocate")
def lpm_allocate(ctx: Context, args: Args) -> Scalar:
    create(ctx, Handle("lpm", 0, ctx.user_span()), args[0])
    return YES


@model("lpm_free")
def lpm_free(ctx: Context, args: Args) -> None:
    if not ctx.initialising:
        ctx.unsupported("frees a prefix table on the packet path", "keep it", "late-free")


@model("lpm_update_elem")
def lpm_update_elem(ctx: Context, args: Args) -> Scalar:
    handle = handle_of(ctx, args[0], "lpm")
    prefix, length, value = expr(args[1]), extract(expr(args[2]), 7, 0), extract(expr(args[3]), 15, 0)
    if ctx.initialising:
        return _update_initially(ctx, handle, prefix, length, value)
    ctx.known.pop(f"lpm {handle.name}", None)
    arguments = {"prefix": prefix, "length": length, "value": value}
    return ctx.record(handle.name, "lpm_update", Kind.WRITE, arguments, {"ok": 1}).result("ok")


def _update_initially(ctx: Context, handle: Handle, *route: Expr) -> Scalar:
    prefix, length, value = (ctx.constant(e, "a route added during initialisation") for e in route)
    if length > 32 or value > MAX_VALUE:
        return NO
    handle.contents[(prefix & _mask(length)).to_bytes(4, "big") + bytes([length])] = value
    return YES


def _mask(length: int) -> int:
    return (1 << 32) - (1 << (32 - length))


@model("lpm_lookup_elem")
def lpm_lookup_elem(ctx: Context, args: Args) -> Scalar:
    handle, address = handle_of(ctx, args[0], "lpm"), expr(args[1])
    if ctx.initialising:
        return _lookup_initially(handle, ctx.constant(address, "an address looked up during initialisation"))
    known: dict[Expr, Expr] = ctx.known.setdefault(f"lpm {handle.name}", {})
    if address not in known:
        value = ctx.record(handle.name, "lpm_lookup", Kind.READ, {"address": address}, {"value": 32}).result("value")
        ctx.learn(binary("or", eq(value, NONE), binary("ule", value, const(MAX_VALUE, 32))))
        known[address] = value
    return known[address]


def _lookup_initially(handle: Handle, address: int) -> Scalar:
    for length in range(32, -1, -1):
        prefix = (address & _mask(length)).to_bytes(4, "big") + bytes([length])
        if prefix in handle.contents:
            return const(cast(int, handle.contents[prefix]), 32)
    return NONE
