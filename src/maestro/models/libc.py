"""The C library as far as NFs use it: memory, strings, numbers, byte order, and ways to stop.

Output is not modelled: printing does nothing. During initialisation what was last printed is kept, because it
explains why an NF refused its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from maestro.ir.expr import Expr, binary, byte_swap, concat, const, eq, extract, ite
from maestro.ir.memory import Object, Pointer, Scalar, byte_of, uninitialised, zeros
from maestro.models.context import Args, Context, expr, model

NULL = const(0, 64)
ZERO = const(0, 32)


@model("malloc")
def malloc(ctx: Context, args: Args) -> Scalar:
    size = ctx.bounded(args[0], "the size of a malloc")
    return ctx.new(Object("malloc", size, uninitialised("malloc"), span=ctx.user_span()))


@model("calloc")
def calloc(ctx: Context, args: Args) -> Scalar:
    size = ctx.bounded(args[0], "the size of a calloc") * ctx.bounded(args[1], "the size of a calloc")
    return ctx.new(Object("calloc", size, zeros, span=ctx.user_span()))


@model("realloc")
def realloc(ctx: Context, args: Args) -> Scalar:
    size = ctx.bounded(args[1], "the size of a realloc")
    new = ctx.new(Object("realloc", size, uninitialised("realloc"), span=ctx.user_span()))
    if isinstance(args[0], Pointer):
        kept = min(size, ctx.object(args[0]).size or 0)
        ctx.write(new, ctx.read(args[0], kept))
        free(ctx, args)
    return new


@model("rte_malloc", "rte_zmalloc")
def rte_malloc(ctx: Context, args: Args) -> Scalar:
    return ctx.new(Object("rte_malloc", ctx.bounded(args[1], "the size of an rte_malloc"), zeros, span=ctx.user_span()))


@model("free", "rte_free")
def free(ctx: Context, args: Args) -> None:
    if isinstance(args[0], Pointer):
        if not ctx.initialising and ctx.object(args[0]).persistent:
            ctx.unsupported("frees memory of the initialisation on the packet path", "keep it", "late-free")
        ctx.object(args[0]).freed = True


@model("memcpy", "memmove", "__memcpy_chk", "__memmove_chk", "rte_memcpy")
def memcpy(ctx: Context, args: Args) -> Scalar:
    size = ctx.bounded(args[2], "the size of a copy")
    ctx.write(args[0], ctx.read(args[1], size))
    return args[0]


@model("memset", "__memset_chk")
def memset(ctx: Context, args: Args) -> Scalar:
    size = ctx.bounded(args[2], "the size of a memset")
    ctx.write(args[0], [(extract(expr(args[1]), 7, 0), 0)] * size)
    return args[0]


@model("memcmp", "bcmp")
def memcmp(ctx: Context, args: Args) -> Scalar:
    size = ctx.bounded(args[2], "the size of a comparison")
    if size == 0:
        return ZERO
    a, b = (concat(*(expr(byte_of(v, k)) for v, k in ctx.read(p, size))) for p in args[:2])
    return ite(eq(a, b), ZERO, ite(binary("ult", a, b), const(-1, 32), const(1, 32)))


@model("strlen")
def strlen(ctx: Context, args: Args) -> Scalar:
    return const(len(ctx.text(args[0])), 64)


@model("strcmp")
def strcmp(ctx: Context, args: Args) -> Scalar:
    return _order(ctx.text(args[0]), ctx.text(args[1]))


@model("strncmp")
def strncmp(ctx: Context, args: Args) -> Scalar:
    n = ctx.constant(args[2], "the size of a comparison")
    return _order(ctx.text(args[0])[:n], ctx.text(args[1])[:n])


@model("strcasecmp")
def strcasecmp(ctx: Context, args: Args) -> Scalar:
    return _order(ctx.text(args[0]).lower(), ctx.text(args[1]).lower())


def _order(a: bytes, b: bytes) -> Expr:
    return const((a > b) - (a < b), 32)


@model("strchr")
def strchr(ctx: Context, args: Args) -> Scalar:
    assert isinstance(args[0], Pointer)
    at = (ctx.text(args[0]) + b"\0").find(ctx.constant(args[1], "a character") & 0xFF)
    return NULL if at < 0 else Pointer(args[0].obj, binary("add", args[0].offset, const(at, 64)))


@model("strdup")
def strdup(ctx: Context, args: Args) -> Scalar:
    text = ctx.text(args[0]) + b"\0"
    copy = ctx.new(Object("strdup", len(text), zeros))
    ctx.write(copy, [(const(byte, 8), 0) for byte in text])
    return copy


@model(
    "strtol", "strtoul", "strtoll", "strtoull", "strtoimax", "strtoumax",
    "__isoc23_strtol", "__isoc23_strtoul", "__isoc23_strtoll", "__isoc23_strtoull",
    "__isoc23_strtoimax", "__isoc23_strtoumax",
)  # fmt: skip
def strtol(ctx: Context, args: Args) -> Scalar:
    text, base = ctx.text(args[0]).decode("latin-1"), ctx.constant(args[2], "the base of a number")
    value, used = parse_number(text, base)
    if isinstance(args[1], Pointer):
        assert isinstance(args[0], Pointer)
        ctx.store(args[1], Pointer(args[0].obj, binary("add", args[0].offset, const(used, 64))), 8)
    return const(value, 64)


@model("atoi", "atol", "atoll")
def atoi(ctx: Context, args: Args) -> Scalar:
    return const(parse_number(ctx.text(args[0]).decode("latin-1"), 10)[0], 64)


def parse_number(text: str, base: int) -> tuple[int, int]:
    """C's strtol: the number at the start of ``text`` and how many characters it took (0 when there is none)."""
    m = re.match(r"\s*([+-]?)(0[xX](?=[0-9a-fA-F]))?", text)
    assert m is not None
    if m[2] and base not in (0, 16):
        m = re.match(r"\s*([+-]?)", text)
        assert m is not None
    prefixed = m.lastindex == 2 and bool(m[2])
    if base == 0:
        base = 16 if prefixed else 8 if text[m.end() :].startswith("0") else 10
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    end = m.end()
    while end < len(text) and text[end].lower() in digits:
        end += 1
    if end == m.end():
        return 0, 0
    value = int(text[m.end() : end], base)
    return (-value if m[1] == "-" else value), end


@model("htons", "ntohs")
def htons(ctx: Context, args: Args) -> Scalar:
    return byte_swap(extract(expr(args[0]), 15, 0))


@model("htonl", "ntohl")
def htonl(ctx: Context, args: Args) -> Scalar:
    return byte_swap(expr(args[0]))


@model(
    "printf", "fprintf", "vprintf", "vfprintf", "puts", "fputs", "putchar", "fputc", "putc", "fflush", "perror",
    "rte_log", "syslog",
)  # fmt: skip
def printf(ctx: Context, args: Args) -> Scalar:
    if ctx.initialising:
        ctx.known["printed"] = _formatted(ctx, args)
    return ZERO


def _formatted(ctx: Context, args: Args) -> str:
    """What was printed, roughly: enough to quote it."""
    for i, arg in enumerate(args):
        if not isinstance(arg, Pointer):
            continue
        text = ctx.text(arg).decode("utf-8", "replace")
        return _substituted(ctx, text, iter(args[i + 1 :]))
    return ""


def _substituted(ctx: Context, text: str, rest: Iterator[Scalar]) -> str:
    return re.sub(r"%[-+ #0-9.]*(?:hh|h|ll|l|z|j|t)?([diouxXcspn%])", lambda m: _conversion(ctx, m, rest), text)


def _conversion(ctx: Context, m: re.Match[str], rest: Iterator[Scalar]) -> str:
    if m[1] == "%":
        return "%"
    value = next(rest, None)
    if m[1] == "s" and isinstance(value, Pointer):
        return ctx.text(value).decode("utf-8", "replace")
    if isinstance(value, Expr) and value.is_const:
        return chr(value.value & 0xFF) if m[1] == "c" else str(value.value)
    return "?"


@model("snprintf", "sprintf", "vsnprintf", "__snprintf_chk")
def snprintf(ctx: Context, args: Args) -> Scalar:
    """Text is for people: an empty string will do, except that initialisation may make file names."""
    text = _formatted(ctx, args[1:]).encode() if ctx.initialising else b""
    if isinstance(args[1], Expr) and args[1].is_const:
        text = text[: max(args[1].value - 1, 0)]
    ctx.write(args[0], [(const(byte, 8), 0) for byte in text + b"\0"])
    return const(len(text), 32)


@model("exit", "_exit", "abort", "rte_exit", "rte_panic_", "__rte_panic")
def stop(ctx: Context, args: Args) -> None:
    if ctx.initialising:
        printed = _formatted(ctx, args) or ctx.known.get("printed", "")
        said = f': "{printed.strip()}"' if printed.strip() else ""
        ctx.fail(f"the NF stopped while initialising itself{said}", "check the NF's arguments (after --)", "init-exit")
    ctx.fail("the NF may stop the whole program on the packet path", "drop the packet instead", "stops")


@model("__assert_fail", "__assert_rtn", "__assert")
def assert_fail(ctx: Context, args: Args) -> None:
    ctx.assertion_failed(ctx.text(args[0]).decode("utf-8", "replace") if isinstance(args[0], Pointer) else "")


@model("__errno_location")
def errno_location(ctx: Context, args: Args) -> Scalar:
    if "errno" not in ctx.known:
        ctx.known["errno"] = ctx.new(Object("errno", 4, zeros))
    return ctx.known["errno"]  # type: ignore[no-any-return]


START = 1_700_000_000
"""Seconds since 1970: when an NF is taken to start."""


@model("time")
def time(ctx: Context, args: Args) -> Scalar:
    _start_only(ctx, "the time of day")
    if isinstance(args[0], Pointer):
        ctx.store(args[0], const(START, 64), 8)
    return const(START, 64)


@model("clock_gettime", "gettimeofday")
def clock_gettime(ctx: Context, args: Args) -> Scalar:
    _start_only(ctx, "the time of day")
    at = next(a for a in args if isinstance(a, Pointer))
    ctx.store(at, const(START, 128), 16)
    return ZERO


def _start_only(ctx: Context, what: str) -> None:
    """Not the same whenever the NF runs: on the packet path that would be an input of its own."""
    if not ctx.initialising:
        ctx.unsupported(f"asks for {what} on the packet path", "use `now`, the time of the packet", "clock")


@model("getenv", "secure_getenv")
def getenv(ctx: Context, args: Args) -> Scalar:
    """NFs are analysed with an empty environment."""
    return NULL
