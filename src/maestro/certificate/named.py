"""R6: packets name indices that the NF allocated; the NIC brings each to the core that may hand this index out.

The generated NF finds the owner of an index by asking its RSS for the core of an IPv4/UDP packet that names it. So the
core must be a function of the named index alone: equal for every packet that reaches the group by naming it and for any
UDP packet on the steering port that is long enough to bear the same number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from maestro.certificate.conflicts import declared, pair
from maestro.certificate.judge import Judge
from maestro.certificate.locations import Atlas, Location
from maestro.certificate.result import Failure, about
from maestro.certificate.steering import PacketClass, reaches
from maestro.certificate.views import Site, View, Views
from maestro.ir.expr import TRUE, Expr, binary, const, eq, negate, packet_byte, packet_offset, substitute, sym, symbols
from maestro.ir.model import Model, Operation
from maestro.ir.plan import Plan, Steering
from maestro.solver.answer import Answer


def check(model: Model, plan: Plan, atlas: Atlas, views: Views, judge: Judge) -> Iterator[Failure]:
    """What lets a packet name an index of another core, in the steered objects of a group."""
    sites = _sites(plan, atlas)
    seen = [v for site in sites for v in views.of(site)]
    yield from declared(seen)
    entries = {s.port: s for s in plan.steering if s.allocator in atlas.group.objects}
    tested = _tested(model, atlas)
    proven: list[View] = []
    for view in seen:
        entry = entries.get(view.port.port)
        if entry is None:
            where = f"port {view.port.port}, for which the plan steers nothing"
            yield about(view.site.operations, f"an index is named by packets at {where}")
        elif failure := _names(model, view, entry, tested, judge):
            yield failure
        else:
            proven.append(view)
    yield from _one_core(plan, entries, proven, views, judge)


def _sites(plan: Plan, atlas: Atlas) -> list[Site]:
    steered = {o.name for o in plan.objects if o.strategy == "steered"}
    found: dict[tuple[Location, tuple[Expr, ...]], list[Operation]] = {}
    for run in atlas.runs:
        for o, target in atlas.targets(run):
            if target.how == "named" and target.location and o.object in steered:
                found.setdefault((target.location, run.input_conditions), []).append(o)
    return [Site(place, conditions, tuple(ops)) for (place, conditions), ops in found.items()]


def _tested(model: Model, atlas: Atlas) -> frozenset[Operation]:
    """The operations at an index that the allocator has said to be in use: then it is less than its capacity."""
    found: set[Operation] = set()
    for run in atlas.runs:
        tests = [o for o in atlas.group.operations(run) if o.method == "dchain_test"]
        for test in tests:
            if run.holds(test.result("allocated")):
                room, index = model.object(test.object).capacity, run.resolve(test.arg("index"))
                found |= {
                    o for o in atlas.group.operations(run)
                    if o.ordinal > test.ordinal and run.resolve(dict(o.args).get("index", TRUE)) is index
                    and model.object(o.object).capacity >= room
                }  # fmt: skip
    return frozenset(found)


def _names(model: Model, view: View, entry: Steering, tested: frozenset[Operation], judge: Judge) -> Failure | None:
    """The operations address exactly ``entry.index``, and within their objects."""
    named = _at_port(entry)
    answer = Answer.UNSAT
    if _elsewhere(named, view.key) is not view.key:
        answer = judge.ask([*view.conditions, negate(eq(view.key, named))]).answer
    if answer is not Answer.UNSAT:
        why = f"the index {view.key} may differ from the steered one, {named} (Z3: {answer.value})"
        return about(view.site.operations, why)
    unsure = (o for o in view.site.operations if o.method != "dchain_test" and o not in tested)
    sizes = [model.object(o.object).capacity for o in unsure]
    if sizes:
        beyond = binary("ule", const(min(sizes), view.key.width), view.key)
        answer = judge.ask([*view.conditions, beyond]).answer
        if answer is not Answer.UNSAT:
            return about(view.site.operations, f"the index may be beyond the capacity (Z3: {answer.value})")
    return None


def _elsewhere(named: Expr, key: Expr) -> Expr:
    """``named``, read where ``key`` reads the packet: the same function of other bytes takes the same values."""
    ours, theirs = (sorted(k for s in symbols(e) if (k := packet_offset(s)) is not None) for e in (named, key))
    places = {packet_byte(a): packet_byte(b) for a, b in zip(ours, theirs, strict=False)}
    return substitute(named, places.get)


def _at_port(entry: Steering) -> Expr:
    device = {sym("device", 16): const(entry.port, 16)}
    return substitute(entry.index, device.get)


def _one_core(
    plan: Plan, entries: Mapping[int, Steering], seen: Sequence[View], views: Views, judge: Judge
) -> Iterator[Failure]:
    """Whoever names an index gets the core of any packet that bears it on a steering port."""
    bearers = []
    for number, packets in _bearing(entries, views):
        operations = tuple(o for v in seen for o in v.site.operations)
        named = _at_port(entries[number])
        last = max((at for s in symbols(named) if (at := packet_offset(s)) is not None), default=0)
        site = Site(Location("", named), (reaches(last),), operations)
        bearer = views.at(site, next(p for p in plan.ports if p.port == number), packets)
        bearers += [bearer] if bearer else []
    for v in seen:
        failure = next((f for b in bearers if (f := pair(v, b, judge, what="name one index"))), None)
        if failure:
            yield failure


def _bearing(entries: Mapping[int, Steering], views: Views) -> list[tuple[int, PacketClass]]:
    """The class of packets that the generated NF tries, with its port. It has one for every number."""
    return [(p.port, c) for p, all_ in views.ports if p.port in entries for c in all_ if "ipv4-udp" in c.types]
