"""The main obligation: two packets that touch one entry, one of them to change it, get one table index.

Operations with one location and one set of packet conditions are one *site*. A site is looked at per arrival port and
per class of packets with one index function; for every pair of such views of one group, Z3 has to refute
``packets p and q exist, at these ports, of these classes, on these paths, with equal locations and different indices``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product

from maestro.certificate.judge import Judge
from maestro.certificate.locations import Group, Location, UnlocatedError, locate
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.certificate.steering import PacketClass, classes, reaches, undeclared
from maestro.ir.expr import FALSE, TRUE, Expr, const, eq, evaluate, negate, rebuild, substitute, sym, walk
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


def check(model: Model, plan: Plan, group: Group, runs: Sequence[Run], judge: Judge) -> Iterator[Failure]:
    """What Z3 does not refute, at most one failure a pair of sites; and operations without a location."""
    found: dict[tuple[Location, tuple[Expr, ...]], list[Operation]] = {}
    for run in runs:
        for o in group.operations(run):
            try:
                location = locate(run, o)
            except UnlocatedError as unlocated:
                yield about([o], str(unlocated))
                continue
            if location:
                found.setdefault((location, run.input_conditions), []).append(o)
    sites = [Site(place, conditions, tuple(dict.fromkeys(ops))) for (place, conditions), ops in found.items()]
    if any(s.modifies for s in sites):
        ports = [(port, classes(port)) for port in plan.ports]
        views = {site: [*_views(model, ports, site, judge)] for site in sites}
        yield from _declared(v for site in sites for v in views[site])
        yield from _pairs(sites, views, judge)


def _views(
    model: Model, ports: Sequence[tuple[PortPlan, tuple[PacketClass, ...]]], site: Site, judge: Judge
) -> Iterator[View]:
    """The ports and packet classes that can reach a site."""
    for port, packet_classes in ports:
        device = {sym("device", 16): const(port.port, 16)}
        here = [substitute(c, device.get) for c in (*model.axioms, *site.conditions)]
        if any(c.is_false for c in here):
            continue
        key = substitute(site.location.key, device.get)
        for packets in packet_classes:
            conditions = (*(c for c in here if not c.is_true), packets.predicate)
            if judge.may_hold(conditions) is not Answer.UNSAT:
                index = packets.index(_sure_length(packets, conditions, judge))
                yield View(site, port, packets, conditions, _settled(key, conditions, judge), index)


def _settled(e: Expr, conditions: tuple[Expr, ...], judge: Judge) -> Expr:
    """``e`` with the choices (``ite``) taken that Z3 shows the conditions to imply.

    Where the ports lie follows the IHL, which a class of packets often fixes: spares Z3 all other layouts.
    """
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


def _sure_length(packets: PacketClass, conditions: tuple[Expr, ...], judge: Judge) -> int:
    """How many of the bytes that the index reads are certain to be there: spares Z3 the case of short frames."""
    for at in packets.bytes_read():
        if judge.may_hold([*conditions, negate(reaches(at))]) is Answer.UNSAT:
            return at + 1
    return 0


def _declared(views: Iterable[View]) -> Iterator[Failure]:
    """The plan's statement of what the core depends on is part of the result, so it has to be true."""
    reached = {(v.port.port, t): v.port for v in views for t in v.packets.types}
    for (number, packet_type), port in reached.items():
        for name in undeclared(port, packet_type):
            text = f"port {number}: the core of {packet_type} packets depends on more of {name}"
            yield Failure(f"{text} than the plan's fields say")


def _pairs(sites: Sequence[Site], views: Mapping[Site, Sequence[View]], judge: Judge) -> Iterator[Failure]:
    for a, b in combinations_with_replacement(sites, 2):
        if a.location.space == b.location.space and (a.modifies or b.modifies):
            pairs = combinations_with_replacement(views[a], 2) if a is b else product(views[a], views[b])
            failure = next((f for p, q in pairs if (f := _pair(p, q, judge))), None)
            if failure:
                yield failure


def _pair(p: View, q: View, judge: Judge) -> Failure | None:
    """One obligation; when it does not hold, the failure with the two packets that break it."""
    one, other = p.first, q.second
    # Tables with different contents may send one index to two cores: then no two packets may share the entry.
    apart = negate(eq(one.index, other.index)) if p.port.reta == q.port.reta else TRUE
    result = judge.ask([*one.conditions, *other.conditions, eq(one.key, other.key), apart])
    operations = [*p.site.operations, *q.site.operations]
    match result.answer:
        case Answer.UNSAT:
            return None
        case Answer.UNKNOWN:
            return about(operations, f"Z3 answers unknown for {p.describe()} and {q.describe()} on one entry")
    first, second = p.example("p.", result.values), q.example("q.", result.values)
    return about(operations, f"{first} and {second} touch one entry but may go to different cores")
