"""Bit-vector expressions: immutable, interned, simplified as they are built.

Every value the symbolic executor computes is an :class:`Expr` of a fixed width in bits. Equal expressions
are the same object, so ``is`` and ``==`` agree and hashing is cheap. Semantics are those of SMT-LIB QF_BV,
with C's names: comparison results have width 1.

Operators: ``const`` ``sym`` | ``add sub mul udiv urem sdiv srem and or xor shl lshr ashr`` (same width) |
``eq ult ule slt sle`` (width 1) | ``concat`` (most significant first) ``extract`` (``hi``, ``lo``)
``zext sext ite`` | ``uf`` (uninterpreted function ``name``).

Well-known symbols: ``device`` (16 bits, arrival port), ``pkt_len`` (16 bits, bytes), ``now`` (64 bits,
nanoseconds), ``pkt[k]`` (8 bits, byte k of the packet as received, Ethernet header first). Results of state
operations are named ``<object>#<ordinal>.<result>``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from maestro.ir.expr_node import (
    COMPARISONS,
    FALSE,
    TRUE,
    Expr,
    const,
    evaluate,
    fold,
    node,
    packet_byte,
    packet_offset,
    signed,
    sym,
    symbols,
    uf,
    walk,
)
from maestro.ir.expr_text import text

__all__ = [
    "FALSE", "TRUE", "Expr", "binary", "byte_swap", "concat", "const", "eq", "evaluate", "extract", "ite",
    "land", "negate", "packet_byte", "packet_offset", "rebuild", "sext", "signed", "substitute", "sym", "symbols",
    "text", "uf", "walk", "zext",
]  # fmt: skip

_COMMUTATIVE = frozenset({"add", "mul", "and", "or", "xor", "eq"})


def binary(op: str, a: Expr, b: Expr) -> Expr:
    """``a op b`` for the arithmetic, bitwise and comparison operators; both operands of one width."""
    assert a.width == b.width, (op, a, b)
    width = 1 if op in COMPARISONS else a.width
    if a.is_const and b.is_const:
        return const(fold(op, a.value, b.value, a.width), width)
    if op in _COMMUTATIVE and a.is_const:
        a, b = b, a
    if op in ("and", "or", "xor") and a.op == b.op == "zext" and a.args[0].width == b.args[0].width:
        return zext(binary(op, a.args[0], b.args[0]), a.width)
    simple = _identity(op, a, b) or _compare(op, a, b)
    return simple if simple is not None else node(op, width, (a, b))


def _identity(op: str, a: Expr, b: Expr) -> Expr | None:
    if a is b:
        match op:
            case "and" | "or":
                return a
            case "xor" | "sub":
                return const(0, a.width)
            case "eq" | "ule" | "sle":
                return TRUE
            case "ult" | "slt":
                return FALSE
    if not b.is_const:
        return None
    ones = (1 << a.width) - 1
    if b.value == 0:
        match op:
            case "add" | "sub" | "or" | "xor" | "shl" | "lshr" | "ashr":
                return a
            case "and" | "mul":
                return b
            case "ult":
                return FALSE
    if b.value == 1 and op in ("mul", "udiv", "sdiv"):
        return a
    if b.value == ones and op == "and":
        return a
    if b.value == ones and op == "or":
        return b
    return _by_constant(op, a, b)


def _by_constant(op: str, a: Expr, b: Expr) -> Expr | None:
    """Operators that become moves of bits when the second operand is a constant."""
    n, w = b.value, a.width
    match op:
        case "add" if a.op == "add" and a.args[1].is_const:
            return binary("add", a.args[0], binary("add", a.args[1], b))
        case "sub":
            return binary("add", a, const(-n, w))
        case "shl":
            return const(0, w) if n >= w else concat(extract(a, w - n - 1, 0), const(0, n))
        case "lshr":
            return const(0, w) if n >= w else concat(const(0, n), extract(a, w - 1, n))
        case "and" if n & (n + 1) == 0:
            k = n.bit_length()
            return zext(extract(a, k - 1, 0), w)
        case "and" if a.op == "concat" or a.op == "zext":
            return _mask(a, n)
        case "or" if a.op in ("concat", "zext"):
            return _bytewise("or", a, b)
    return None


def _mask(a: Expr, n: int) -> Expr | None:
    """``a & n`` when every run of set bits in n is a slice: parts kept or zeroed, no operator left."""
    parts: list[Expr] = []
    bit = a.width
    while bit:
        keep = n >> (bit - 1) & 1
        low = bit
        while low and (n >> (low - 1) & 1) == keep:
            low -= 1
        parts.append(extract(a, bit - 1, low) if keep else const(0, bit - low))
        bit = low
    return concat(*parts) if len(parts) <= 8 else None


def _bytewise(op: str, a: Expr, b: Expr) -> Expr | None:
    """Push ``or`` into the parts of a concatenation when one side of every part is zero or the parts line up."""
    pa, pb = _parts(a), _parts(b)
    cuts = sorted(_cuts(pa) | _cuts(pb), reverse=True)
    out: list[Expr] = []
    high = a.width
    for low in cuts:
        x, y = extract(a, high - 1, low), extract(b, high - 1, low)
        zero = const(0, high - low)
        if x is not zero and y is not zero and not (x.is_const and y.is_const):
            return None
        out.append(y if x is zero else x if y is zero else binary(op, x, y))
        high = low
    return concat(*out)


def _parts(e: Expr) -> tuple[Expr, ...]:
    if e.op == "concat":
        return e.args
    if e.op == "zext":
        return (const(0, e.width - e.args[0].width), *_parts(e.args[0]))
    return (e,)


def _cuts(parts: tuple[Expr, ...]) -> set[int]:
    cuts, low = set(), sum(p.width for p in parts)
    for part in parts:
        low -= part.width
        cuts.add(low)
    return cuts


def _compare(op: str, a: Expr, b: Expr) -> Expr | None:
    """Comparisons against constants, through extensions and boolean-valued operands."""
    if op in ("or", "xor", "add") and not b.is_const and a.op in ("concat", "zext") and op == "or":
        return _bytewise("or", a, b)
    if op in ("eq", "ult", "ule") and (a.op == "zext" or b.op == "zext"):
        narrow = _narrowed(op, a, b)
        if narrow is not None:
            return narrow
    if not b.is_const:
        return None
    if op == "xor" and a.width == 1 and b.value == 1:
        return negate(a)
    if op != "eq":
        return None
    if a.width == 1:
        return a if b.value else negate(a)
    if a.op in ("zext", "concat"):
        first = _parts(a)[0]
        if first.is_const:
            rest = a.width - first.width
            if first.value != b.value >> rest:
                return FALSE
            return binary("eq", extract(a, rest - 1, 0), extract(b, rest - 1, 0))
    if a.op == "sext":
        inner = a.args[0]
        low = const(b.value, inner.width)
        return binary("eq", inner, low) if sext(low, a.width) is b else FALSE
    if a.op == "ite" and a.args[1].is_const and a.args[2].is_const:
        yes, no = a.args[1] is b, a.args[2] is b
        if yes and no:
            return TRUE
        if not yes and not no:
            return FALSE
        return a.args[0] if yes else negate(a.args[0])
    if a.op == "mul" and a.args[1].is_const:
        return _divided(a.args[0], a.args[1].value, b.value, a.width)
    if a.op == "xor" and a.args[1].is_const:
        return binary("eq", a.args[0], binary("xor", a.args[1], b))
    return None


def _divided(x: Expr, factor: int, product: int, width: int) -> Expr | None:
    """``x * factor == product`` where the product of an extended ``x`` cannot wrap around."""
    if x.op != "zext" or factor == 0 or ((1 << x.args[0].width) - 1) * factor >> width:
        return None
    return FALSE if product % factor else binary("eq", x, const(product // factor, x.width))


def _narrowed(op: str, a: Expr, b: Expr) -> Expr | None:
    """Compare before extending: ``zext(x) op zext(y)`` and ``zext(x) op constant``."""
    width = max(
        e.args[0].width if e.op == "zext" else e.value.bit_length() for e in (a, b) if e.op in ("zext", "const")
    )
    if width == 0 or width >= a.width or not all(e.op in ("zext", "const") for e in (a, b)):
        return None
    return binary(op, extract(a, width - 1, 0), extract(b, width - 1, 0))


def negate(e: Expr) -> Expr:
    """Logical not of a width-1 expression."""
    assert e.width == 1
    if e.is_const:
        return FALSE if e.value else TRUE
    if e.op == "not":
        return e.args[0]
    if e.op == "ult":
        return binary("ule", e.args[1], e.args[0])
    if e.op == "ule":
        return binary("ult", e.args[1], e.args[0])
    if e.op == "slt":
        return binary("sle", e.args[1], e.args[0])
    if e.op == "sle":
        return binary("slt", e.args[1], e.args[0])
    return node("not", 1, (e,))


def extract(e: Expr, hi: int, lo: int) -> Expr:
    """Bits ``hi``…``lo`` of ``e`` (bit 0 is the least significant)."""
    assert 0 <= lo <= hi < e.width, (e, hi, lo)
    width = hi - lo + 1
    if width == e.width:
        return e
    match e.op:
        case "const":
            return const(e.value >> lo, width)
        case "extract":
            return extract(e.args[0], e.lo + hi, e.lo + lo)
        case "concat":
            return concat(*_slices(e.args, hi, lo))
        case "zext":
            inner = e.args[0]
            if lo >= inner.width:
                return const(0, width)
            return zext(extract(inner, min(hi, inner.width - 1), lo), width)
        case "sext" if hi < e.args[0].width:
            return extract(e.args[0], hi, lo)
        case "and" | "or" | "xor":
            return binary(e.op, extract(e.args[0], hi, lo), extract(e.args[1], hi, lo))
        case "ite":
            return ite(e.args[0], extract(e.args[1], hi, lo), extract(e.args[2], hi, lo))
        case "add" | "sub" | "mul" if lo == 0:
            return binary(e.op, extract(e.args[0], hi, 0), extract(e.args[1], hi, 0))
    return node("extract", width, (e,), hi=hi, lo=lo)


def _slices(parts: tuple[Expr, ...], hi: int, lo: int) -> Iterator[Expr]:
    low = sum(p.width for p in parts)
    for part in parts:
        top, low = low - 1, low - part.width
        if low <= hi and top >= lo:
            yield extract(part, min(hi, top) - low, max(lo, low) - low)


def concat(*parts: Expr) -> Expr:
    """Concatenation, most significant part first; adjacent slices of one value are joined again."""
    flat: list[Expr] = []
    for part in parts:
        for p in part.args if part.op == "concat" else (part,) if part.width else ():
            joined = _join(flat[-1], p) if flat else None
            if joined is None:
                flat.append(p)
            else:
                flat[-1] = joined
    if len(flat) == 1:
        return flat[0]
    if flat[0].is_const and flat[0].value == 0 and len(flat) == 2:
        return zext(flat[1], flat[0].width + flat[1].width)
    return node("concat", sum(p.width for p in flat), tuple(flat))


def _join(a: Expr, b: Expr) -> Expr | None:
    if a.is_const and b.is_const:
        return const(a.value << b.width | b.value, a.width + b.width)
    base_a, lo_a = (a.args[0], a.lo) if a.op == "extract" else (a, 0)
    base_b, hi_b, lo_b = (b.args[0], b.hi, b.lo) if b.op == "extract" else (b, b.width - 1, 0)
    if base_a is base_b and a is not b and lo_a == hi_b + 1:
        hi_a = a.hi if a.op == "extract" else a.width - 1
        return extract(base_a, hi_a, lo_b)
    if a.op == "extract" and a.lo == b.width and b.op in ("add", "sub", "mul") and extract(a.args[0], a.lo - 1, 0) is b:
        return extract(a.args[0], a.hi, 0)  # the low slice of a sum is itself a sum
    if a.op == b.op == "ite" and a.args[0] is b.args[0]:
        return ite(a.args[0], concat(a.args[1], b.args[1]), concat(a.args[2], b.args[2]))
    return None


def zext(e: Expr, width: int) -> Expr:
    """Zero extension to ``width`` bits."""
    if width == e.width:
        return e
    assert width > e.width
    if e.is_const:
        return const(e.value, width)
    if e.op == "zext":
        return zext(e.args[0], width)
    if e.op == "concat" and e.args[0].is_const:
        return concat(const(0, width - e.width), *e.args)
    return node("zext", width, (e,))


def sext(e: Expr, width: int) -> Expr:
    """Sign extension to ``width`` bits."""
    if width == e.width:
        return e
    if e.is_const:
        return const(signed(e.value, e.width), width)
    if e.op == "zext" or (e.op == "concat" and e.args[0].is_const and e.args[0].value == 0):
        return zext(e, width)
    if e.op == "sext":
        return sext(e.args[0], width)
    return node("sext", width, (e,))


def ite(cond: Expr, yes: Expr, no: Expr) -> Expr:
    """``cond ? yes : no``."""
    assert cond.width == 1
    assert yes.width == no.width
    if cond.is_const:
        return yes if cond.value else no
    if yes is no:
        return yes
    if cond.op == "not":
        return ite(cond.args[0], no, yes)
    if yes.is_true and no.is_false:
        return cond
    if yes.is_false and no.is_true:
        return negate(cond)
    return node("ite", yes.width, (cond, yes, no))


def land(*args: Expr) -> Expr:
    """Conjunction of width-1 expressions."""
    out = TRUE
    for a in args:
        out = binary("and", out, a)
    return out


def eq(a: Expr, b: Expr) -> Expr:
    return binary("eq", a, b)


def byte_swap(e: Expr) -> Expr:
    """``e`` with its bytes in the opposite order."""
    return concat(*(extract(e, 8 * i + 7, 8 * i) for i in range(e.width // 8)))


def rebuild(e: Expr, args: tuple[Expr, ...]) -> Expr:
    """The same operator over other operands, simplified again."""
    if args == e.args:
        return e
    match e.op:
        case "extract":
            return extract(args[0], e.hi, e.lo)
        case "concat":
            return concat(*args)
        case "zext":
            return zext(args[0], e.width)
        case "sext":
            return sext(args[0], e.width)
        case "ite":
            return ite(*args)
        case "not":
            return negate(args[0])
        case "uf":
            return uf(e.name, e.width, *args)
    return binary(e.op, *args)


def substitute(e: Expr, replace: Callable[[Expr], Expr | None]) -> Expr:
    """``e`` with every symbol s for which ``replace(s)`` is not None replaced by it."""
    new: dict[Expr, Expr] = {}
    for n in walk(e):
        if n.op == "sym":
            new[n] = replace(n) or n
        else:
            new[n] = rebuild(n, tuple(new[a] for a in n.args))
    return new[e]
