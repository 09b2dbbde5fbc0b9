"""Packets that reach state: per path conditions, arrival port and class of packets with one index function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from maestro.certificate.judge import Judge
from maestro.certificate.locations import Location
from maestro.certificate.steering import PacketClass, classes, reaches
from maestro.ir.expr import (
    FALSE,
    TRUE,
    Expr,
    concat,
    const,
    evaluate,
    extract,
    negate,
    packet_byte,
    rebuild,
    substitute,
    sym,
    symbols,
    walk,
)  # fmt: skip
from maestro.ir.model import Model, Operation
from maestro.ir.packet import is_type
from maestro.ir.plan import Plan, PortPlan
from maestro.solver.answer import Answer


@dataclass(frozen=True, eq=False)
class Site:
    """``operations`` that touch the entry ``location`` when a packet meets ``conditions``."""

    location: Location
    conditions: tuple[Expr, ...]
    operations: tuple[Operation, ...]

    @property
    def modifies(self) -> bool:
        return any(o.kind.modifies for o in self.operations)


@dataclass(frozen=True)
class Side:
    """One of the two packets of an obligation, over symbols of its own."""

    conditions: tuple[Expr, ...]
    key: Expr
    index: Expr


@dataclass(frozen=True, eq=False)
class View:
    """A site reached by packets of one class at one port."""

    site: Site
    port: PortPlan
    packets: PacketClass
    conditions: tuple[Expr, ...]
    key: Expr
    index: Expr

    @cached_property
    def first(self) -> Side:
        return self._side("p.")

    @cached_property
    def second(self) -> Side:
        return self._side("q.")

    def _side(self, prefix: str) -> Side:
        def rename(e: Expr) -> Expr:
            return substitute(e, lambda s: sym(prefix + s.name, s.width))

        return Side(tuple(map(rename, self.conditions)), rename(self.key), rename(self.index))

    def describe(self) -> str:
        return f"{'/'.join(self.packets.types)} packets at port {self.port.port}"

    def example(self, prefix: str, values: Mapping[str, int]) -> str:
        """The packet of a solution: its type, port and table index."""

        def value(s: Expr) -> int:
            return values.get(prefix + s.name, 0)

        kind = next(t for t in self.packets.types if evaluate(is_type(t), value))
        index = evaluate(self.index, value)
        return f"{kind} at port {self.port.port} (table index {index})"


@dataclass(frozen=True, eq=False)
class Views:
    """How sites are reached under a plan."""

    model: Model
    plan: Plan
    judge: Judge

    @cached_property
    def ports(self) -> tuple[tuple[PortPlan, tuple[PacketClass, ...]], ...]:
        return tuple((port, classes(port)) for port in self.plan.ports)

    def of(self, site: Site) -> Iterator[View]:
        """The ports and packet classes that can reach a site."""
        for port, packet_classes in self.ports:
            for packets in packet_classes:
                view = self.at(site, port, packets)
                if view:
                    yield view

    def at(self, site: Site, port: PortPlan, packets: PacketClass) -> View | None:
        """The site as packets of one class at one port reach it; None when they cannot."""
        device = {sym("device", 16): const(port.port, 16)}
        here = [substitute(c, device.get) for c in (*self.model.axioms, *site.conditions)]
        if any(c.is_false for c in here):
            return None
        conditions = (*(c for c in here if not c.is_true), packets.predicate)
        if _plainly_impossible(conditions, packets.types) or self.judge.may_hold(conditions) is Answer.UNSAT:
            return None
        key = _settled(substitute(site.location.key, device.get), conditions, self.judge)
        index = packets.index(_sure_length(packets, conditions, self.judge))
        return View(site, port, packets, conditions, key, index)


_ETHERTYPE = {"ipv4": (8, 0), "ipv6": (0x86, 0xDD)}


def _plainly_impossible(conditions: tuple[Expr, ...], types: tuple[str, ...]) -> bool:
    """Whether the EtherType that all of these types have contradicts a condition: spares Z3 the question."""
    families = {t[:4] for t in types}
    if len(families) != 1 or not families <= _ETHERTYPE.keys():
        return False
    octets = {packet_byte(12 + i): const(b, 8) for i, b in enumerate(_ETHERTYPE[families.pop()])}
    return any(substitute(c, octets.get).is_false for c in conditions)


def _settled(e: Expr, conditions: tuple[Expr, ...], judge: Judge) -> Expr:
    """``e`` with the choices (``ite``) taken that Z3 shows the conditions to imply.

    Where the ports lie follows the IHL, which a class of packets often fixes: spares Z3 all other layouts.
    """
    e = _behind_header(e, conditions)
    tests = dict.fromkeys(n.args[0] for n in walk(e) if n.op == "ite")
    new: dict[Expr, Expr] = {}
    for test in tests:
        if judge.may_hold([*conditions, negate(test)]) is Answer.UNSAT:
            new[test] = TRUE
        elif judge.may_hold([*conditions, test]) is Answer.UNSAT:
            new[test] = FALSE
    for n in walk(e):
        new.setdefault(n, rebuild(n, tuple(new[a] for a in n.args)))
    return new[e]


def _behind_header(e: Expr, conditions: tuple[Expr, ...]) -> Expr:
    """``e`` for the one IPv4 header length that the conditions allow, if they do; found without Z3."""
    first = packet_byte(14)
    if first not in symbols(e):
        return e

    def of_length(n: int, c: Expr) -> Expr:
        octet = concat(extract(first, 7, 4), const(n, 4))
        return substitute(c, lambda s: octet if s is first else None)

    own = [c for c in conditions if first in symbols(c)]
    lengths = [n for n in range(16) if not any(of_length(n, c).is_false for c in own)]
    return of_length(lengths[0], e) if len(lengths) == 1 else e


def _sure_length(packets: PacketClass, conditions: tuple[Expr, ...], judge: Judge) -> int:
    """How many of the bytes that the index reads are certain to be there: spares Z3 the case of short frames."""
    for at in packets.bytes_read():
        if judge.may_hold([*conditions, negate(reaches(at))]) is Answer.UNSAT:
            return at + 1
    return 0
