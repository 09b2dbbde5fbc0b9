"""lib/verified/map.h: a hash map from keys to ints. Mirrors runtime/compat/libvig/lib/verified/map.h.

Along one path the model remembers what it knows of each key, so that a second lookup of the same key is not a second
operation, and a lookup after a put or an erase answers what was put; keys that may be equal fork the path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from maestro.ir.expr import Expr, const, eq
from maestro.ir.memory import Function, Object, Pointer, Scalar, uninitialised
from maestro.ir.model import Kind
from maestro.models.coherence import Found, remember
from maestro.models.context import Args, Context, expr, model
from maestro.models.equality import key_layout
from maestro.models.state import Handle, create, handle_of, packed_key

TRUE32, FALSE32 = const(1, 32), const(0, 32)


@dataclass
class _Known:
    """What the path knows of one key: its value, or None when it is absent."""

    key: Expr
    value: Expr | None
    changed: bool


def forget(ctx: Context, name: str) -> None:
    """What is known of a map's keys no longer holds: something expired."""
    ctx.known.pop(f"map {name}", None)


@model("map_allocate")
def map_allocate(ctx: Context, args: Args) -> Scalar:
    equality, _hash, capacity, out = args
    create(ctx, new_map(ctx, equality, ctx.constant(capacity, "a map's capacity")), out)
    return TRUE32


def new_map(ctx: Context, equality: Scalar, capacity: int) -> Handle:
    """An empty map whose keys ``equality`` compares."""
    if not isinstance(equality, Function):
        ctx.fail("the map has no equality function", "pass a function that compares two keys", "equality")
    handle = Handle("map", capacity, ctx.user_span())
    handle.key_layout = key_layout(ctx, equality)
    return handle


@model("map_get")
def map_get(ctx: Context, args: Args) -> Scalar:
    return get(ctx, handle_of(ctx, args[0], "map"), args[1], args[2])


def get(ctx: Context, handle: Handle, key_at: Scalar, out: Scalar) -> Scalar:
    """Look up the key at ``key_at``; its value goes to ``out``."""
    key = packed_key(ctx, handle, key_at)
    value = _initial(ctx, handle, key) if ctx.initialising else _lookup(ctx, handle, key)
    if value is None:
        return FALSE32
    ctx.store(out, value, 4)
    return TRUE32


def _initial(ctx: Context, handle: Handle, key: Expr) -> Expr | None:
    found = handle.contents.get(_bytes(ctx, key))
    return None if found is None else const(cast(int, found), 32)


def _bytes(ctx: Context, key: Expr) -> bytes:
    return ctx.constant(key, "a key used during initialisation").to_bytes(key.width // 8, "big")


def _lookup(ctx: Context, handle: Handle, key: Expr) -> Expr | None:
    log: list[_Known] = ctx.known.setdefault(f"map {handle.name}", [])
    for known in reversed(log):
        same = known.key is key
        if not same and known.changed and ctx.may_equal(known.key, key):
            same = ctx.decide(eq(known.key, key))
        if same:
            return known.value
    op = ctx.record(handle.name, "map_get", Kind.READ, {"key": key}, {"found": 1, "value": 32})
    value = op.result("value") if ctx.decide(op.result("found")) else None
    if value is not None:
        remember(ctx, value, Found(handle.name, key))
    log.append(_Known(key, value, changed=False))
    return value


@model("map_put")
def map_put(ctx: Context, args: Args) -> None:
    put(ctx, handle_of(ctx, args[0], "map"), args[1], expr(args[2]))


def put(ctx: Context, handle: Handle, key_at: Scalar, value: Expr) -> None:
    key = packed_key(ctx, handle, key_at)
    if ctx.initialising:
        handle.contents[_bytes(ctx, key)] = ctx.constant(value, "a value put during initialisation")
        return
    ctx.record(handle.name, "map_put", Kind.WRITE, {"key": key, "value": value}, {})
    ctx.known.setdefault(f"map {handle.name}", []).append(_Known(key, value, changed=True))


@model("map_erase")
def map_erase(ctx: Context, args: Args) -> None:
    erase(ctx, handle_of(ctx, args[0], "map"), args[1])
    ctx.store(args[2], _trash(ctx), 8)


def erase(ctx: Context, handle: Handle, key_at: Scalar) -> None:
    key = packed_key(ctx, handle, key_at)
    if ctx.initialising:
        handle.contents.pop(_bytes(ctx, key), None)
        return
    ctx.record(handle.name, "map_erase", Kind.FREE, {"key": key}, {})
    ctx.known.setdefault(f"map {handle.name}", []).append(_Known(key, None, changed=True))


def _trash(ctx: Context) -> Pointer:
    """The erased key's storage, which the NF gets back and may not look into."""
    return ctx.new(Object("erased key", 0, uninitialised("erased key")))


@model("map_size")
def map_size(ctx: Context, args: Args) -> Scalar:
    return size(ctx, handle_of(ctx, args[0], "map"))


def size(ctx: Context, handle: Handle) -> Scalar:
    if ctx.initialising:
        return const(len(handle.contents), 32)
    return ctx.record(handle.name, "map_size", Kind.READ, {}, {"size": 32}).result("size")
