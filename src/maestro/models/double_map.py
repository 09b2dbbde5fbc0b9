"""lib/verified/double-map.h: values found by either of two keys that they contain.

Decomposed into what the other models know: ``NAME.values``, a vector of the values, and ``NAME.a`` and ``NAME.b``, maps
from the keys to indices. Where in a value the keys are is told by the NF's own extraction function.
"""

from __future__ import annotations

from dataclasses import dataclass

from maestro.ir.expr import Expr, const
from maestro.ir.memory import Function, Object, Pointer, Scalar, uninitialised, zeros
from maestro.models.context import Args, Context, expr, model
from maestro.models.map import erase, get, new_map, put, size
from maestro.models.state import Handle, create, handle_of, shifted
from maestro.models.vector import borrow, element_layout, give_back

YES = const(1, 32)


@dataclass(eq=False)
class DoubleMap(Handle):
    """``copy``, ``destroy`` and ``pack`` are the NF's functions, or null pointers."""

    copy: Scalar = YES
    destroy: Scalar = YES
    pack: Scalar = YES


@model("dmap_allocate")
def dmap_allocate(ctx: Context, args: Args) -> Scalar:
    equal_a, _, equal_b, _, value_size, copy, destroy, extract, pack, capacity, keys_capacity, out = args
    keys = ctx.constant(keys_capacity, "a double map's capacity")
    values = Handle("vector", ctx.constant(capacity, "a double map's capacity"), ctx.user_span())
    values.elem_size = ctx.constant(value_size, "the size of a double map's values")
    values.initial = bytes(values.elem_size)
    if isinstance(copy, Function):
        values.elem_layout = element_layout(ctx, copy, values.elem_size)
    a, b = new_map(ctx, equal_a, keys), new_map(ctx, equal_b, keys)
    a.key_at, b.key_at = _extracted(ctx, extract, values.elem_size)
    dmap = DoubleMap("double-map", values.capacity, ctx.user_span(), copy=copy, destroy=destroy, pack=pack)
    dmap.parts = {"a": a, "b": b, "values": values}
    create(ctx, dmap, out)
    return YES


def _extracted(ctx: Context, extract: Scalar, value_size: int) -> tuple[int, int]:
    """Where in a value the keys are, in bytes."""
    value = ctx.new(Object("value", value_size, uninitialised("value")))
    slots = [ctx.new(Object("key pointer", 8, zeros)) for _ in "ab"]
    ctx.call(extract, value, *slots)
    keys = [ctx.load(slot, 8) for slot in slots]
    offsets = [k.offset.value for k in keys if isinstance(k, Pointer) and k.obj == value.obj and k.offset.is_const]
    if len(offsets) != 2:
        ctx.unsupported(
            "the function that extracts a double map's keys yields something else than parts of the value",
            "have it point at two fields of the value",
            "key-extraction",
        )
    return offsets[0], offsets[1]


def _parts(ctx: Context, pointer: Scalar) -> tuple[DoubleMap, Handle, Handle, Handle]:
    dmap = handle_of(ctx, pointer, "double-map")
    assert isinstance(dmap, DoubleMap)
    return dmap, dmap.parts["a"], dmap.parts["b"], dmap.parts["values"]


@model("dmap_get_a")
def dmap_get_a(ctx: Context, args: Args) -> Scalar:
    return get(ctx, _parts(ctx, args[0])[1], args[1], args[2])


@model("dmap_get_b")
def dmap_get_b(ctx: Context, args: Args) -> Scalar:
    return get(ctx, _parts(ctx, args[0])[2], args[1], args[2])


@model("dmap_put")
def dmap_put(ctx: Context, args: Args) -> Scalar:
    dmap, a, b, values = _parts(ctx, args[0])
    index = expr(args[2])
    cell = borrow(ctx, values, index)
    _copy(ctx, dmap, values, cell, args[1])
    give_back(ctx, values, index, cell)
    for keys in (a, b):
        put(ctx, keys, shifted(cell, keys.key_at), index)
    return YES


def _copy(ctx: Context, dmap: DoubleMap, values: Handle, to: Scalar, source: Scalar) -> None:
    if isinstance(dmap.copy, Function):
        ctx.call(dmap.copy, to, source)
    else:
        ctx.write(to, ctx.read(source, values.elem_size))


@model("dmap_erase")
def dmap_erase(ctx: Context, args: Args) -> Scalar:
    dmap, a, b, values = _parts(ctx, args[0])
    index: Expr = expr(args[1])
    cell = borrow(ctx, values, index)
    at = [shifted(cell, keys.key_at) for keys in (a, b)]
    for keys, key in zip((a, b), at, strict=True):
        erase(ctx, keys, key)
    if isinstance(dmap.pack, Function):
        ctx.call(dmap.pack, cell, *at)
    if isinstance(dmap.destroy, Function):
        ctx.call(dmap.destroy, cell)
    give_back(ctx, values, index, cell)
    return YES


@model("dmap_get_value")
def dmap_get_value(ctx: Context, args: Args) -> None:
    dmap, _, _, values = _parts(ctx, args[0])
    index = expr(args[1])
    cell = borrow(ctx, values, index)
    _copy(ctx, dmap, values, args[2], cell)
    give_back(ctx, values, index, cell)


@model("dmap_size")
def dmap_size(ctx: Context, args: Args) -> Scalar:
    return size(ctx, _parts(ctx, args[0])[1])
