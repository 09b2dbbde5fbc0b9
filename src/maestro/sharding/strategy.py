"""Outcomes as plans: what happens to each object, the constraints, and what is good to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.diagnostics import Span
from maestro.ir.plan import Constraint, ObjectPlan, Plan, PortPlan, Reason
from maestro.rss.requirement import NIC_ONLY
from maestro.rss.solve import Configuration
from maestro.sharding.groups import Group
from maestro.sharding.job import Job
from maestro.sharding.notation import port_name
from maestro.sharding.requirements import Need, conflicting_types
from maestro.sharding.rules import rule_of


def shared_nothing(job: Job, found: Configuration) -> Plan:
    """The plan in which every object that changes is sharded."""
    subsumed = {name for k in job.kept for n in k.finer for name in n.objects}
    finest = subsumed - {name for k in job.kept for name in k.need.objects}
    rules = {name: "R2" if name in finest else "R1" for name in job.analysis.modified}
    ports = found.to_port_plans()
    return _plan(job, "shared-nothing", "sharded", rules, ports, _constraints(job), tuple(_facts(job, ports)))


def locks(job: Job, found: Configuration, refusals: Sequence[Reason]) -> Plan:
    """The plan in which every object that changes is locked, and packets may go to any core."""
    rules: dict[str, str | None] = {}
    for reason in refusals:
        for name in reason.objects:
            rules[name] = rules.get(name) or rule_of(reason)
    along = tuple(_locked_along(job, refusals))
    return _plan(job, "locks", "locked", rules, found.to_port_plans(), (), (*refusals, *along))


def _plan(
    job: Job,
    strategy: str,
    treatment: str,
    rules: dict[str, str] | dict[str, str | None],
    ports: tuple[PortPlan, ...],
    constraints: tuple[Constraint, ...],
    reasons: tuple[Reason, ...],
) -> Plan:
    """``treatment``: the strategy of every object that changes; the others are read-only."""
    analysis = job.analysis
    objects = tuple(
        ObjectPlan(o.name, o.kind, treatment, rules.get(o.name), analysis.lines[o.name])
        if o.name in analysis.modified
        else ObjectPlan(o.name, o.kind, "read-only", None, analysis.lines[o.name])
        for o in analysis.model.objects
    )
    nf, nic = analysis.model.nf, job.profile.name
    return Plan(nf, nic, job.cores, strategy, objects, ports, constraints, reasons)


def _constraints(job: Job) -> tuple[Constraint, ...]:
    """The requirements that decide, as lines; those that differ in packet types only are one line."""
    merged: dict[str, tuple[str, dict[str, None], set[Span]]] = {}
    for kept in job.kept:
        if _is_spoken(kept.need):
            text = job.label(kept.need)
            rule, objects, spans = merged.setdefault(text, (kept.rule, {}, set()))
            objects.update(dict.fromkeys(name for n in (kept.need, *kept.finer) for name in n.objects))
            spans.update(s for n in (kept.need, *kept.finer) for s in n.spans)
            merged[text] = (max(rule, kept.rule), objects, spans)
    return tuple(Constraint(t, rule, tuple(o), tuple(sorted(s))) for t, (rule, o, s) in merged.items())


def _is_spoken(need: Need) -> bool:
    """Whether a requirement is worth showing: not the form it would take if the NIC steered what it misreads."""
    return not any(all(t.endswith(NIC_ONLY) for t in types) for types in (need.left_types, need.right_types))


def _facts(job: Job, ports: Sequence[PortPlan]) -> Iterator[Reason]:
    """What a user of the sharded NF should know."""
    if not job.analysis.modified:
        yield Reason("stateless", f"{job.analysis.model.nf} changes no state: any core can take any packet")
        return
    for group in job.analysis.groups:
        if group.allocators and job.cores > 1:
            yield _divided(job, group)
    reached = conflicting_types(job.analysis.needs)
    for port in ports:
        types = [t for t in port.resteered if t in reached.get(port.port, ())]
        if types:
            yield _resteered(job, port.port, types)


def _divided(job: Job, group: Group) -> Reason:
    capacities = {job.analysis.model.object(name).capacity for name in group.allocators}
    name = next((n for n in group.objects if n in group.index_maps & group.modified), group.objects[0])
    total = min(capacities)
    share, rest = divmod(total, job.cores)
    each = f"{share} or {share + 1}" if rest else f"{share}"
    return Reason(
        "divided-capacity",
        f"{name.removesuffix('.map')}: {total} entries → {each} a core on {job.cores} cores",
        tuple(n for n in group.objects if n in group.modified),
        (job.analysis.model.object(name).span,),
        "a core can be full while others are not; if that matters, raise the capacity",
    )


def _resteered(job: Job, port: int, types: Sequence[str]) -> Reason:
    needs = [k.need for k in job.kept if port in (k.need.left_port, k.need.right_port)]
    return Reason(
        "resteered",
        f"{port_name(port, job.names)}: {job.profile.title} does not hash {', '.join(types)} as the state needs; "
        "software sends those packets to the core that owns their state",
        tuple(dict.fromkeys(name for n in needs for name in n.objects)),
        tuple(sorted({s for n in needs for s in n.spans})),
        "costs a hand-over between cores for such packets only",
    )


def _locked_along(job: Job, refusals: Sequence[Reason]) -> Iterator[Reason]:
    blamed = {name for r in refusals for name in r.objects}
    for group in job.analysis.groups:
        if group.modified and not blamed & set(group.objects):
            names = tuple(n for n in group.objects if n in group.modified)
            yield Reason(
                "locked-along",
                f"{', '.join(f'`{n}`' for n in names)} could be sharded, but share the NF with state that cannot",
                names,
                tuple(sorted({s for n in names for s in job.analysis.lines[n]})),
                "sharding some objects and locking others is a later step",
            )
