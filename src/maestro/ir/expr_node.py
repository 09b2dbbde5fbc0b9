"""Nodes of bit-vector expressions, interned, and what operators compute on constants. See ``maestro.ir.expr``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

COMPARISONS = frozenset({"eq", "ult", "ule", "slt", "sle"})


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Expr:
    """One node. ``value`` is set for ``const``; ``name`` for ``sym`` and ``uf``; ``hi``/``lo`` for ``extract``."""

    op: str
    width: int
    args: tuple[Expr, ...] = ()
    value: int = 0
    name: str = ""
    hi: int = 0
    lo: int = 0

    @property
    def is_const(self) -> bool:
        return self.op == "const"

    @property
    def is_true(self) -> bool:
        return self.op == "const" and self.width == 1 and self.value == 1

    @property
    def is_false(self) -> bool:
        return self.op == "const" and self.width == 1 and self.value == 0

    def __str__(self) -> str:
        from maestro.ir.expr_text import text

        return text(self)

    def __repr__(self) -> str:
        return f"<{self}:{self.width}>"


_Key = tuple[str, int, tuple[int, ...], int, str, int, int]
_table: dict[_Key, Expr] = {}


def node(
    op: str,
    width: int,
    args: tuple[Expr, ...] = (),
    value: int = 0,
    name: str = "",
    hi: int = 0,
    lo: int = 0,
) -> Expr:
    key = (op, width, tuple(map(id, args)), value, name, hi, lo)
    node = _table.get(key)
    if node is None:
        node = _table[key] = Expr(op, width, args, value, name, hi, lo)
    return node


def const(value: int, width: int) -> Expr:
    """The constant ``value`` modulo ``2**width``."""
    return node("const", width, value=value & ((1 << width) - 1))


TRUE = const(1, 1)
FALSE = const(0, 1)


def sym(name: str, width: int) -> Expr:
    """A free variable. The same name must always have the same width."""
    return node("sym", width, name=name)


def packet_byte(offset: int) -> Expr:
    """Byte ``offset`` of the packet as it arrived."""
    return sym(f"pkt[{offset}]", 8)


def packet_offset(e: Expr) -> int | None:
    """The offset k if ``e`` is the symbol ``pkt[k]``."""
    if e.op == "sym" and e.name.startswith("pkt["):
        return int(e.name[4:-1])
    return None


def uf(name: str, width: int, *args: Expr) -> Expr:
    """An application of an uninterpreted function (e.g. crc32)."""
    return node("uf", width, args, name=name)


def signed(value: int, width: int) -> int:
    return value - (1 << width) if value >> (width - 1) else value


def _div(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def fold(op: str, a: int, b: int, width: int) -> int:
    """SMT-LIB semantics on constants, division by zero included."""
    mask = (1 << width) - 1
    match op:
        case "add":
            return (a + b) & mask
        case "sub":
            return (a - b) & mask
        case "mul":
            return (a * b) & mask
        case "udiv":
            return a // b if b else mask
        case "urem":
            return a % b if b else a
        case "sdiv":
            sa, sb = signed(a, width), signed(b, width)
            return (_div(sa, sb) if sb else (1 if sa < 0 else -1)) & mask
        case "srem":
            sa, sb = signed(a, width), signed(b, width)
            return (sa - _div(sa, sb) * sb if sb else sa) & mask
        case "and":
            return a & b
        case "or":
            return a | b
        case "xor":
            return a ^ b
        case "shl":
            return (a << b) & mask if b < width else 0
        case "lshr":
            return a >> b if b < width else 0
        case "ashr":
            return (signed(a, width) >> min(b, width - 1)) & mask
        case "eq":
            return int(a == b)
        case "ult":
            return int(a < b)
        case "ule":
            return int(a <= b)
        case "slt":
            return int(signed(a, width) < signed(b, width))
        case "sle":
            return int(signed(a, width) <= signed(b, width))
    raise AssertionError(op)


def walk(*roots: Expr) -> Iterator[Expr]:
    """Every distinct node below ``roots``, operands before operators."""
    seen: set[Expr] = set()
    stack = [(r, False) for r in reversed(roots)]
    while stack:
        e, done = stack.pop()
        if done:
            yield e
        elif e not in seen:
            seen.add(e)
            stack.append((e, True))
            stack.extend((a, False) for a in reversed(e.args) if a not in seen)


def symbols(*roots: Expr) -> tuple[Expr, ...]:
    """The free variables of ``roots``, each once."""
    return _symbols(roots[0]) if len(roots) == 1 else tuple(e for e in walk(*roots) if e.op == "sym")


@lru_cache(maxsize=1 << 17)
def _symbols(root: Expr) -> tuple[Expr, ...]:
    return tuple(e for e in walk(root) if e.op == "sym")


def evaluate(e: Expr, env: Callable[[Expr], int]) -> int:
    """The value of ``e`` when symbols (and ``uf`` nodes) have the values that ``env`` gives them."""
    got: dict[Expr, int] = {}
    for n in walk(e):
        got[n] = apply(n, [got[a] for a in n.args], env)
    return got[e]


def apply(n: Expr, a: Sequence[int], env: Callable[[Expr], int]) -> int:
    """The value of ``n`` when its operands have the values ``a``."""
    match n.op:
        case "const":
            return n.value
        case "sym" | "uf":
            return env(n) & ((1 << n.width) - 1)
        case "extract":
            return a[0] >> n.lo & ((1 << n.width) - 1)
        case "concat":
            total = 0
            for part, value in zip(n.args, a, strict=True):
                total = total << part.width | value
            return total
        case "zext":
            return a[0]
        case "sext":
            return signed(a[0], n.args[0].width) & ((1 << n.width) - 1)
        case "ite":
            return a[1] if a[0] else a[2]
        case "not":
            return 1 - a[0]
    return fold(n.op, a[0], a[1], n.args[0].width)
