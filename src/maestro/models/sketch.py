"""lib/unverified/sketch.h: a count-min sketch that expires; one object, keyed by what the NF's hash function reads."""

from __future__ import annotations

from maestro.ir.expr import Expr, const, extract, zext
from maestro.ir.memory import Function, Scalar
from maestro.ir.model import Kind
from maestro.models.context import Args, Context, expr, model
from maestro.models.equality import hashed_layout
from maestro.models.state import Handle, create, handle_of, packed_key


@model("sketch_allocate")
def sketch_allocate(ctx: Context, args: Args) -> Scalar:
    hash_, capacity, threshold, out = args
    if not isinstance(hash_, Function):
        ctx.fail("the sketch has no hash function", "pass a function that hashes a key", "hash")
    handle = Handle("sketch", ctx.constant(capacity, "a sketch's capacity"), ctx.user_span())
    if handle.capacity == 0:
        ctx.fail("the sketch has no buckets", "give it a capacity", "bounds")
    handle.threshold = ctx.constant(threshold, "a sketch's threshold") & 0xFFFF
    handle.hash = hash_
    handle.key_layout = hashed_layout(ctx, hash_)
    create(ctx, handle, out)
    return const(1, 32)


@model("sketch_compute_hashes")
def sketch_compute_hashes(ctx: Context, args: Args) -> None:
    """The key and its hash count for what follows on this path."""
    handle = _sketch(ctx, args[0])
    assert handle.hash is not None
    key, hash_ = packed_key(ctx, handle, args[1]), ctx.call(handle.hash, args[1])
    assert isinstance(hash_, Expr)
    ctx.known[f"sketch {handle.name}"] = {"key": key, "hash": _fit(hash_)}


def _sketch(ctx: Context, pointer: Scalar) -> Handle:
    handle = handle_of(ctx, pointer, "sketch")
    if ctx.initialising:
        ctx.unsupported("uses a sketch during initialisation", "count packets only", "symbolic-init")
    return handle


def _fit(hash_: Expr) -> Expr:
    return extract(hash_, 31, 0) if hash_.width > 32 else zext(hash_, 32)


def _chosen(ctx: Context, handle: Handle) -> dict[str, Expr]:
    """The key that the path's last call of sketch_compute_hashes chose."""
    found: dict[str, Expr] | None = ctx.known.get(f"sketch {handle.name}")
    if found is None:
        ctx.fail(
            f"uses the sketch `{handle.name}` with the key of an earlier packet",
            "call sketch_compute_hashes before this line, for every packet",
            "sketch-key",
        )
    return found


@model("sketch_refresh")
def sketch_refresh(ctx: Context, args: Args) -> None:
    handle = _sketch(ctx, args[0])
    arguments = {**_chosen(ctx, handle), "time": expr(args[1])}
    ctx.record(handle.name, "sketch_refresh", Kind.REFRESH, arguments, {})


@model("sketch_fetch")
def sketch_fetch(ctx: Context, args: Args) -> Scalar:
    handle = _sketch(ctx, args[0])
    return ctx.record(handle.name, "sketch_fetch", Kind.READ, _chosen(ctx, handle), {"over": 1}).result("over")


@model("sketch_touch_buckets")
def sketch_touch_buckets(ctx: Context, args: Args) -> Scalar:
    handle = _sketch(ctx, args[0])
    arguments = {**_chosen(ctx, handle), "time": expr(args[1])}
    return ctx.record(handle.name, "sketch_touch", Kind.WRITE, arguments, {"ok": 1}).result("ok")


@model("sketch_expire")
def sketch_expire(ctx: Context, args: Args) -> None:
    handle = _sketch(ctx, args[0])
    ctx.record(handle.name, "sketch_expire", Kind.EXPIRE, {"time": expr(args[1])}, {})
