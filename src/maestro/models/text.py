"""<string.h> on text that is known: what NFs do with their arguments and files while they start."""

from __future__ import annotations

import os

from maestro.ir.expr import binary, const
from maestro.ir.memory import Object, Pointer, Scalar, zeros
from maestro.models.context import Args, Context, model

NULL = const(0, 64)


def put(ctx: Context, at: Scalar, data: bytes) -> None:
    """Write ``data`` to memory."""
    ctx.write(at, [(const(byte, 8), 0) for byte in data])


def place(pointer: Scalar, by: int) -> Pointer:
    """The address ``by`` bytes behind ``pointer``."""
    assert isinstance(pointer, Pointer)
    return Pointer(pointer.obj, binary("add", pointer.offset, const(by, 64)))


@model("strcpy", "__strcpy_chk", "stpcpy")
def strcpy(ctx: Context, args: Args) -> Scalar:
    put(ctx, args[0], ctx.text(args[1]) + b"\0")
    return args[0]


@model("strncpy", "__strncpy_chk")
def strncpy(ctx: Context, args: Args) -> Scalar:
    n = ctx.constant(args[2], "the size of a copy")
    put(ctx, args[0], ctx.text(args[1])[:n].ljust(n, b"\0"))
    return args[0]


@model("rte_strscpy", "rte_strlcpy", "strlcpy")
def strlcpy(ctx: Context, args: Args) -> Scalar:
    text, n = ctx.text(args[1]), ctx.constant(args[2], "the size of a copy")
    put(ctx, args[0], (text[: n - 1] + b"\0") if n else b"")
    return const(len(text), 64)


@model("strcat", "strncat")
def strcat(ctx: Context, args: Args) -> Scalar:
    more = ctx.text(args[1])
    if len(args) > 2:
        more = more[: ctx.constant(args[2], "the size of a copy")]
    put(ctx, place(args[0], len(ctx.text(args[0]))), more + b"\0")
    return args[0]


@model("strrchr")
def strrchr(ctx: Context, args: Args) -> Scalar:
    at = (ctx.text(args[0]) + b"\0").rfind(ctx.constant(args[1], "a character") & 0xFF)
    return NULL if at < 0 else place(args[0], at)


@model("strstr")
def strstr(ctx: Context, args: Args) -> Scalar:
    at = ctx.text(args[0]).find(ctx.text(args[1]))
    return NULL if at < 0 else place(args[0], at)


@model("strspn")
def strspn(ctx: Context, args: Args) -> Scalar:
    return const(_span(ctx.text(args[0]), ctx.text(args[1]), inside=True), 64)


@model("strcspn")
def strcspn(ctx: Context, args: Args) -> Scalar:
    return const(_span(ctx.text(args[0]), ctx.text(args[1]), inside=False), 64)


def _span(text: bytes, members: bytes, *, inside: bool) -> int:
    return next((i for i, byte in enumerate(text) if (byte in members) is not inside), len(text))


@model("strtok")
def strtok(ctx: Context, args: Args) -> Scalar:
    return _token(ctx, args[0] if isinstance(args[0], Pointer) else ctx.known.get("strtok", NULL), args[1])


def _token(ctx: Context, start: Scalar, separators: Scalar) -> Scalar:
    if not isinstance(start, Pointer):
        return NULL
    text, between = ctx.text(start), ctx.text(separators)
    skipped = _span(text, between, inside=True)
    length = _span(text[skipped:], between, inside=False)
    end = skipped + length
    ctx.known["strtok"] = place(start, end + 1) if end < len(text) else NULL
    if not length:
        return NULL
    if end < len(text):
        put(ctx, place(start, end), b"\0")
    return place(start, skipped)


@model("strerror")
def strerror(ctx: Context, args: Args) -> Scalar:
    text = os.strerror(ctx.constant(args[0], "an error number")).encode() + b"\0"
    copy = ctx.new(Object("strerror", len(text), zeros))
    put(ctx, copy, text)
    return copy


@model("__ctype_b_loc")
def ctype_table(ctx: Context, args: Args) -> Scalar:
    """The table that <ctype.h>'s macros look into: a pointer to a pointer to the entry of character 0."""
    if "ctype" not in ctx.known:
        table = ctx.new(Object("ctype", 2 * 384, zeros))
        entries = b"".join(_kinds(byte).to_bytes(2, "little") for byte in range(128))
        put(ctx, place(table, 2 * 128), entries)
        ctx.known["ctype"] = ctx.new(Object("ctype", 8, zeros))
        ctx.store(ctx.known["ctype"], place(table, 2 * 128), 8)
    return ctx.known["ctype"]  # type: ignore[no-any-return]


def _kinds(byte: int) -> int:
    """The bits of <ctype.h> in the GNU C library, little-endian."""
    c = chr(byte)
    tests = (
        c in " \t", byte < 32 or byte == 127, c.isprintable() and not c.isalnum() and c != " ", c.isalnum(),
        False, False, False, False,
        c.isupper(), c.islower(), c.isalpha(), c.isdigit(), c in "0123456789abcdefABCDEF",
        c in " \t\n\v\f\r", c.isprintable(), c.isprintable() and c != " ",
    )  # fmt: skip
    return sum(1 << bit for bit, holds in enumerate(tests) if holds)
