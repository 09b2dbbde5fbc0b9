"""Where the indices of one path come from, and what the path's branches have settled.

An index is a value by which the NF addresses a vector or an allocator. It comes out of a map (``map_get``) or out of
an allocator (``dchain_allocate``, ``dchain_expire_one``); anything else is computed by the NF itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from maestro.ir.expr import (
    FALSE,
    TRUE,
    Expr,
    binary,
    concat,
    const,
    extract,
    negate,
    packet_byte,
    packet_offset,
    rebuild,
    substitute,
    symbols,
    walk,
)  # fmt: skip
from maestro.ir.model import Operation, Path

INDEX_RESULTS = {"map_get": "value", "dchain_allocate": "index", "dchain_expire_one": "index"}


def conjuncts(conditions: tuple[Expr, ...]) -> Iterator[Expr]:
    """The conditions with their top-level conjunctions taken apart, negated disjunctions too."""
    stack = list(reversed(conditions))
    while stack:
        e = stack.pop()
        if e.op == "and" and e.width == 1:
            stack.extend(reversed(e.args))
        elif e.op == "not" and e.args[0].op == "or":
            stack.extend(negate(a) for a in reversed(e.args[0].args))
        else:
            yield e


@dataclass(frozen=True)
class Block:
    """An index ``factor * i + rest``, where ``source`` returned i: with rest < factor, a place in the block of i."""

    source: Operation
    factor: int
    rest: Expr

    @property
    def inside(self) -> Expr:
        """The condition that the place lies in the block."""
        return binary("ult", self.rest, const(self.factor, self.rest.width))


VERSION_IHL = packet_byte(14)


def with_header(e: Expr, words: int) -> Expr:
    """``e`` for packets with an IPv4 header of so many 32-bit words: says where what follows it lies."""
    known = concat(extract(VERSION_IHL, 7, 4), const(words, 4))
    return substitute(e, lambda s: known if s is VERSION_IHL else None)


def is_input(e: Expr) -> bool:
    """Whether ``e`` is decided by what a packet brings along: its bytes, length, arrival port and time."""
    return all(s.name in ("device", "pkt_len", "now") or packet_offset(s) is not None for s in symbols(e))


@dataclass(frozen=True, eq=False)
class Trace:
    """One path with its index sources at hand. ``number`` is the path's position in the model."""

    number: int
    path: Path

    @cached_property
    def facts(self) -> Mapping[Expr, Expr]:
        """Width-1 expressions that the path has decided, and the constant that each one is."""
        known: dict[Expr, Expr] = {}
        for c in conjuncts(self.path.conditions):
            known[c], known[negate(c)] = TRUE, FALSE
        return known

    @cached_property
    def sources(self) -> Mapping[Expr, Operation]:
        """The operation that produced each index symbol."""
        return {op.result(name): op for op in self.path.operations if (name := INDEX_RESULTS.get(op.method))}

    @cached_property
    def header_lengths(self) -> tuple[int, ...]:
        """The IPv4 header lengths (32-bit words) that the path's conditions allow its packets."""
        own = [c for c in conjuncts(self.path.conditions) if is_input(c) and VERSION_IHL in symbols(c)]
        return tuple(n for n in range(16) if all(with_header(c, n) is not FALSE for c in own))

    @property
    def header_words(self) -> int | None:
        """The only one of them, if there is only one."""
        return self.header_lengths[0] if len(self.header_lengths) == 1 else None

    def settle(self, e: Expr) -> Expr:
        """``e`` with the choices (``ite``) that the path's branches have decided taken."""
        if self.header_words is not None:
            e = with_header(e, self.header_words)
        if all(n.op != "ite" for n in walk(e)):
            return e
        new: dict[Expr, Expr] = {}
        for n in walk(e):
            new[n] = self.facts.get(n) or rebuild(n, tuple(new[a] for a in n.args))
        return new[e]

    def symbol(self, index: Expr) -> Expr:
        """The index expression without width extensions."""
        e = self.settle(index)
        while e.op in ("zext", "sext"):
            e = e.args[0]
        return e

    def source(self, index: Expr) -> Operation | None:
        """The operation that ``index`` is exactly a result of, if any."""
        return self.sources.get(self.symbol(index))

    def block(self, index: Expr) -> Block | None:
        """How ``index`` is made of one that an operation returned; None when it is not, or from several."""
        source = self.source(index)
        if source is not None:
            return Block(source, 1, const(0, 32))
        e = self.settle(index)
        found = [s for s in symbols(e) if s in self.sources]
        if len(found) != 1:
            return None
        linear = _linear(e, found[0])
        return Block(self.sources[found[0]], *linear) if linear and linear[0] > 1 else None

    def puts(self, index: Expr) -> Iterator[Operation]:
        """The ``map_put`` operations of the path that store ``index``."""
        wanted = self.symbol(index)
        for op in self.path.operations:
            if op.method == "map_put" and self.symbol(op.arg("value")) is wanted:
                yield op

    def failed(self, allocation: Operation) -> bool:
        """Whether the path is one on which ``allocation`` found no free index."""
        return self.facts.get(allocation.result("ok")) is FALSE


def _linear(e: Expr, i: Expr) -> tuple[int, Expr] | None:
    """(factor, rest) with e = factor * i + rest, modulo 2 ** e.width. Indices are small: extending them is exact."""
    if i not in symbols(e):
        return 0, e
    parts = [_linear(a, i) for a in e.args]
    match e.op, parts:
        case "sym", _:
            return 1, const(0, e.width)
        case (("zext" | "sext"), [(factor, rest)]) if rest.is_const and rest.value == 0:
            return factor, const(0, e.width)
        case "extract", [(factor, rest)] if e.lo == 0:
            return factor, extract(rest, e.hi, 0)
        case "add", [(f, a), (g, b)]:
            return f + g, binary("add", a, b)
        case "sub", [(f, a), (0, b)]:
            return f, binary("sub", a, b)
        case "mul", [(f, a), (0, b)] if b.is_const:
            return f * b.value, binary("mul", a, b)
        case "mul", [(0, a), (g, b)] if a.is_const:
            return g * a.value, binary("mul", a, b)
        case "shl", [(f, a), (0, b)] if b.is_const:
            return f << b.value, binary("shl", a, b)
    return None


def traces(paths: tuple[Path, ...]) -> tuple[Trace, ...]:
    return tuple(Trace(i, p) for i, p in enumerate(paths))
