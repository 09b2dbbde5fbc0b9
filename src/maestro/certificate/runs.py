"""One path as the checker reads it: which tests of state succeeded, where symbols come from, which packets take it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from maestro.ir.expr import FALSE, TRUE, Expr, packet_offset, substitute, symbols
from maestro.ir.model import Assume, Operation, Path


def is_input(symbol: Expr) -> bool:
    """Whether a symbol is what a packet brings along: its bytes, length, arrival port and time."""
    return symbol.name in ("device", "pkt_len", "now") or packet_offset(symbol) is not None


def only_inputs(e: Expr) -> bool:
    return all(map(is_input, symbols(e)))


def conjuncts(cond: Expr) -> Iterator[Expr]:
    """The conditions whose conjunction ``cond`` is."""
    if cond.op == "and":
        for part in cond.args:
            yield from conjuncts(part)
    else:
        yield cond


def _literal(cond: Expr) -> Expr:
    """The symbol that ``cond`` is, or is the negation of; otherwise ``cond`` itself."""
    return cond.args[0] if cond.op == "not" else cond


@dataclass(frozen=True)
class Origin:
    """``operation`` returned the symbol as its result ``result``."""

    operation: Operation
    result: str


@dataclass(frozen=True)
class Run:
    """A path, read-only. Expressions are looked at after :meth:`resolve`, so that tests already decided are gone."""

    path: Path

    @cached_property
    def origins(self) -> dict[Expr, Origin]:
        """Where each symbol that a state operation returned comes from."""
        return {value: Origin(o, name) for o in self.path.operations for name, value in o.results}

    @cached_property
    def _known(self) -> dict[Expr, Expr]:
        """Tests (``found``, ``ok``) that the path's conditions decide; indices that they find equal to earlier ones."""
        known: dict[Expr, Expr] = {}
        for cond in self.path.conditions:
            for part in conjuncts(cond):
                if part.op == "sym":
                    known[part] = TRUE
                elif part.op == "not" and part.args[0].op == "sym":
                    known[part.args[0]] = FALSE
                elif part.op == "eq" and all(a in self.origins for a in part.args):
                    first, second = sorted(part.args, key=lambda a: self.origins[a].operation.ordinal)
                    known.setdefault(second, first)
        return known

    def resolve(self, e: Expr) -> Expr:
        """``e`` with the decided tests replaced by their outcome."""
        if e not in self._resolved:
            self._resolved[e] = substitute(e, self._known.get)
        return self._resolved[e]

    @cached_property
    def _resolved(self) -> dict[Expr, Expr]:
        return {}

    def holds(self, test: Expr) -> bool | None:
        """The outcome of a test on this path, or None when its conditions do not say."""
        outcome = self._known.get(test)
        return None if outcome is None else outcome is TRUE

    @cached_property
    def conditions(self) -> tuple[Expr, ...]:
        """All that the path demands, of the packet and of state; decided tests stand for themselves only."""
        parts = [p for cond in self.path.conditions for p in conjuncts(cond)]
        parts = [p if _literal(p) in self._known else self.resolve(p) for p in parts]
        return tuple(dict.fromkeys(p for p in parts if not p.is_true))

    @cached_property
    def input_conditions(self) -> tuple[Expr, ...]:
        """What the path demands of the packet alone.

        Conditions on state are dropped, which only lets more packets take the path: sound.
        """
        return tuple(c for c in self.conditions if only_inputs(c))

    @cached_property
    def decisions(self) -> tuple[Expr, ...]:
        """The conditions on which the NF branches, as opposed to what its API promises."""
        return tuple(self.resolve(s.cond) for s in self.path.steps if isinstance(s, Assume) and not s.given)
