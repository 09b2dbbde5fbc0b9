"""The main obligation: two packets that touch one entry, one of them to change it, get one table index.

Operations with one location and one set of packet conditions are one *site*. A site is looked at per arrival port and
per class of packets with one index function; for every pair of such views of one group, there must be no
``packets p and q, at these ports, of these classes, on these paths, with equal locations and different indices``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement, product

from maestro.certificate.judge import Judge
from maestro.certificate.locations import Atlas, Location, UnlocatedError
from maestro.certificate.ownership import named_objects
from maestro.certificate.result import Failure, about
from maestro.certificate.steering import undeclared
from maestro.certificate.views import Site, View, Views
from maestro.ir.expr import TRUE, Expr, eq, negate
from maestro.ir.model import Operation
from maestro.ir.plan import Plan
from maestro.solver.answer import Answer


def check(plan: Plan, atlas: Atlas, views: Views, judge: Judge) -> Iterator[Failure]:
    """What is not refuted, at most one failure a pair of sites; and operations without a location.

    Where the plan says how cores share indices that packets name, that has obligations of its own.
    """
    found: dict[tuple[Location, tuple[Expr, ...]], list[Operation]] = {}
    apart = named_objects(plan, atlas)
    for run in atlas.runs:
        for o in atlas.group.operations(run):
            try:
                target = atlas.target(run, o)
            except UnlocatedError as unlocated:
                yield about([o], str(unlocated))
                continue
            if target and target.location and not (target.how == "named" and o.object in apart):
                found.setdefault((target.location, run.input_conditions), []).append(o)
    sites = [Site(place, conditions, tuple(dict.fromkeys(ops))) for (place, conditions), ops in found.items()]
    if any(s.modifies for s in sites):
        seen = {site: [*views.of(site)] for site in sites}
        yield from declared(v for site in sites for v in seen[site])
        yield from _pairs(sites, seen, judge)


def declared(views: Iterable[View]) -> Iterator[Failure]:
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
            failure = next((f for p, q in pairs if (f := pair(p, q, judge))), None)
            if failure:
                yield failure


def apart(p: View, q: View) -> Expr:
    """Packet ``p.`` and packet ``q.`` get different table indices.

    Tables with different contents may send one index to two cores: then any two packets count as apart.
    """
    return negate(eq(p.first.index, q.second.index)) if p.port.reta == q.port.reta else TRUE


def pair(p: View, q: View, judge: Judge, and_: Sequence[Expr] = (), what: str = "touch one entry") -> Failure | None:
    """One obligation; when it does not hold, the failure with the two packets that break it.

    ``and_``: what the two packets have in common instead of equal keys.
    """
    one, other = p.first, q.second
    common = and_ or (eq(one.key, other.key),)
    result = judge.ask([*one.conditions, *other.conditions, *common, apart(p, q)])
    operations = [*p.site.operations, *q.site.operations]
    match result.answer:
        case Answer.UNSAT:
            return None
        case Answer.UNKNOWN:
            return about(operations, f"Z3 answers unknown for {p.describe()} and {q.describe()} that {what}")
    first, second = p.example("p.", result.values), q.example("q.", result.values)
    return about(operations, f"{first} and {second} {what} but may go to different cores")
