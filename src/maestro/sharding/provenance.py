"""Where the indices of one path come from, and what the path's branches have settled.

An index is a value by which the NF addresses a vector or an allocator. It comes out of a map (``map_get``) or out of
an allocator (``dchain_allocate``, ``dchain_expire_one``); anything else is computed by the NF itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from maestro.ir.expr import FALSE, TRUE, Expr, negate, packet_offset, rebuild, symbols, walk
from maestro.ir.model import Operation, Path

_INDEX_RESULTS = {"map_get": "value", "dchain_allocate": "index", "dchain_expire_one": "index"}


def conjuncts(conditions: tuple[Expr, ...]) -> Iterator[Expr]:
    """The conditions with their top-level conjunctions taken apart."""
    stack = list(reversed(conditions))
    while stack:
        e = stack.pop()
        if e.op == "and":
            stack.extend(reversed(e.args))
        else:
            yield e


def is_input(e: Expr) -> bool:
    """Whether ``e`` is decided by what a packet brings along: its bytes, length, arrival port and time."""
    return all(s.name in ("device", "pkt_len", "now") or packet_offset(s) is not None for s in symbols(e))


@dataclass(frozen=True)
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
        return {op.result(name): op for op in self.path.operations if (name := _INDEX_RESULTS.get(op.method))}

    def settle(self, e: Expr) -> Expr:
        """``e`` with the choices (``ite``) that the path's branches have decided taken."""
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

    def puts(self, index: Expr) -> Iterator[Operation]:
        """The ``map_put`` operations of the path that store ``index``."""
        wanted = self.symbol(index)
        for op in self.path.operations:
            if op.method == "map_put" and self.symbol(op.arg("value")) is wanted:
                yield op

    def failed(self, allocation: Operation) -> bool:
        """Whether the path is one on which ``allocation`` found no free index."""
        return self.facts.get(allocation.result("ok")) is FALSE


def traces(paths: tuple[Path, ...]) -> tuple[Trace, ...]:
    return tuple(Trace(i, p) for i, p in enumerate(paths))
