"""LLVM intrinsics, by the part of their name before the types."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from maestro.diagnostics import SourceError, UnsupportedError
from maestro.ir.expr import Expr, binary, byte_swap, concat, const, eq, extract, ite, negate, sext, uf, zext
from maestro.ir.memory import Scalar

if TYPE_CHECKING:
    from maestro.symex.instructions import Value
    from maestro.symex.machine import Machine

Args = list[Scalar]


def _copy(m: Machine, args: Args) -> None:
    size = m.bounded(args[2], "the size of a copy")
    m.write(args[0], m.read(args[1], size))


def _set(m: Machine, args: Args) -> None:
    size = m.bounded(args[2], "the size of a memset")
    m.write(args[0], [(args[1], 0)] * size)


def _bit_reverse(e: Expr) -> Expr:
    return concat(*(extract(e, i, i) for i in range(e.width)))


def _population(e: Expr) -> Expr:
    total = const(0, e.width)
    for i in range(e.width):
        total = binary("add", total, zext(extract(e, i, i), e.width))
    return total


def _leading_zeros(e: Expr) -> Expr:
    count = const(e.width, e.width)
    for i in range(e.width):
        count = ite(extract(e, i, i), const(e.width - 1 - i, e.width), count)
    return count


def _funnel_left(a: Expr, b: Expr, n: Expr) -> Expr:
    wide = concat(a, b)
    by = binary("urem", n, const(n.width, n.width))
    return extract(binary("shl", wide, zext(by, wide.width)), wide.width - 1, a.width)


def _funnel_right(a: Expr, b: Expr, n: Expr) -> Expr:
    wide = concat(a, b)
    by = binary("urem", n, const(n.width, n.width))
    return extract(binary("lshr", wide, zext(by, wide.width)), a.width - 1, 0)


def _choose(op: str, first: bool) -> Callable[..., Expr]:
    def pick(a: Expr, b: Expr) -> Expr:
        less = binary(op, a, b)
        return ite(less, a, b) if first else ite(less, b, a)

    return pick


def _saturating_sub(a: Expr, b: Expr) -> Expr:
    return ite(binary("ult", a, b), const(0, a.width), binary("sub", a, b))


_PURE: dict[str, Callable[..., Expr]] = {
    "bswap": byte_swap,
    "bitreverse": _bit_reverse,
    "ctpop": _population,
    "ctlz": lambda e, _poison: _leading_zeros(e),
    "cttz": lambda e, _poison: _leading_zeros(_bit_reverse(e)),
    "umin": _choose("ult", True),
    "umax": _choose("ult", False),
    "smin": _choose("slt", True),
    "smax": _choose("slt", False),
    "abs": lambda e, _poison: ite(binary("slt", e, const(0, e.width)), binary("sub", const(0, e.width), e), e),
    "fshl": _funnel_left,
    "fshr": _funnel_right,
    "usub.sat": _saturating_sub,
    "expect": lambda e, _likely: e,
    "expect.with.probability": lambda e, _likely, _p: e,
    "x86.sse42.crc32.32.8": lambda c, v: uf("crc32_8", 32, c, v),
    "x86.sse42.crc32.32.16": lambda c, v: uf("crc32_16", 32, c, v),
    "x86.sse42.crc32.32.32": lambda c, v: uf("crc32_32", 32, c, v),
    "x86.sse42.crc32.64.64": lambda c, v: uf("crc32_64", 64, c, v),
}

_OVERFLOW = {"uadd": ("add", zext), "usub": ("sub", zext), "umul": ("mul", zext)} | {
    "sadd": ("add", sext), "ssub": ("sub", sext), "smul": ("mul", sext),
}  # fmt: skip

_NOTHING = ("lifetime.", "dbg.", "assume", "donothing", "stackrestore", "prefetch", "experimental.noalias")


def _with_overflow(name: str, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    op, extend = _OVERFLOW[name]
    narrow = binary(op, a, b)
    wide = binary(op, extend(a, 2 * a.width), extend(b, 2 * a.width))
    return narrow, negate(eq(wide, extend(narrow, 2 * a.width)))


def call_intrinsic(m: Machine, name: str, args: Args) -> Value | None:
    """Execute the intrinsic ``llvm.<name>``. Raises UnsupportedError for one that Maestro does not know."""
    if name.startswith(_NOTHING):
        return None
    if name.startswith(("memcpy.", "memmove.")):
        _copy(m, args)
        return None
    if name.startswith("memset."):
        _set(m, args)
        return None
    if name.startswith("trap"):
        raise SourceError("reaches a trap", span=m.span, code="trap")
    for stem, function in _PURE.items():
        if name == stem or name.startswith(stem + "."):
            return function(*(m.number(a) for a in args))
    stem = name.split(".", 1)[0]
    if ".with.overflow." in name and stem in _OVERFLOW:
        return _with_overflow(stem, m.number(args[0]), m.number(args[1]))
    if name.startswith("objectsize"):
        return const(-1, 64)
    if name.startswith("stacksave"):
        return const(0, 64)
    if name.startswith("threadlocal."):
        raise UnsupportedError(
            "uses a thread-local variable",
            span=m.span,
            hint="an NF sees one packet after the other: keep state in a map, and other values in locals",
            code="unsupported-intrinsic",
        )
    raise UnsupportedError(
        f"the compiler intrinsic llvm.{name} is not supported", span=m.span, code="unsupported-intrinsic"
    )
