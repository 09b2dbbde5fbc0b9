"""Outcomes as plans: what happens to each object, the constraints, and what is good to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maestro.diagnostics import Span
from maestro.ir.plan import Constraint, ObjectPlan, Plan, Reason
from maestro.rss.requirement import NIC_ONLY, OWNER_ONLY, base_type
from maestro.sharding.facts import facts
from maestro.sharding.job import Job, Outcome
from maestro.sharding.requirements import Need, needs, sites
from maestro.sharding.rules import rule_of
from maestro.sharding.treatments import Treatment


def plan_of(job: Job, outcome: Outcome) -> Plan:
    """The plan of an outcome: shared-nothing when no group is locked, locks when all are, else hybrid."""
    treated = {name: t for t in outcome.choice for name in t.group.modified}
    blamed = _blamed(outcome.refusals)
    subsumed = {name for k in outcome.kept for n in k.finer for name in n.objects}
    unspoken = _unspoken(kept.need for kept in outcome.kept)
    finest = subsumed - {name for k in outcome.kept if _is_spoken(k.need, unspoken) for name in k.need.objects}
    lines = job.analysis.lines
    objects = []
    for o in job.analysis.model.objects:
        strategy, rule = "read-only", None
        if o.name in treated:
            strategy = treated[o.name].strategy
            rule = treated[o.name].rule or ("R2" if o.name in finest else "R1")
        elif o.name in job.analysis.modified:
            strategy, rule = "locked", blamed.get(o.name)
        objects.append(ObjectPlan(o.name, o.kind, strategy, rule, lines[o.name]))
    ports = outcome.configuration.to_port_plans()
    return Plan(
        nf=job.analysis.model.nf,
        nic=job.profile.name,
        cores=job.cores,
        strategy=_name(outcome),
        objects=tuple(objects),
        ports=ports,
        constraints=_constraints(job, outcome),
        reasons=(*outcome.refusals, *_along(job, outcome), *facts(job, outcome, ports)),
        steering=tuple(s for t in outcome.choice for s in t.steering if s.port in _index_ports(job, t)),
        interchanges=tuple(i for t in outcome.choice for i in t.interchanges),
        replicas=tuple(r for t in outcome.choice for r in t.replicas),
    )


def _name(outcome: Outcome) -> str:
    if not outcome.locked:
        return "shared-nothing"
    return "hybrid" if outcome.choice else "locks"


def _blamed(refusals: Sequence[Reason]) -> dict[str, str | None]:
    rules: dict[str, str | None] = {}
    for reason in refusals:
        for name in reason.objects:
            rules[name] = rules.get(name) or rule_of(reason)
    return rules


def _constraints(job: Job, outcome: Outcome) -> tuple[Constraint, ...]:
    """The requirements that decide, as lines; those that differ in packet types only are one line."""
    merged: dict[str, tuple[str, dict[str, None], set[Span]]] = {}
    rules = {_terms(n): t.rule for t in outcome.choice if t.rule in ("R5", "R6") for n in _special(job, t)}
    unspoken = _unspoken(kept.need for kept in outcome.kept)
    for kept in outcome.kept:
        if _is_spoken(kept.need, unspoken):
            text = job.label(kept.need)
            own = rules.get(_terms(kept.need)) or kept.rule
            rule, objects, spans = merged.setdefault(text, (own, {}, set()))
            objects.update(dict.fromkeys(name for n in (kept.need, *kept.finer) for name in n.objects))
            spans.update(s for n in (kept.need, *kept.finer) for s in n.spans)
            merged[text] = (max(rule, own), objects, spans)
    return tuple(Constraint(t, rule, tuple(o), tuple(sorted(s))) for t, (rule, o, s) in merged.items())


def _terms(need: Need) -> tuple[object, ...]:
    return need.left_port, need.right_port, need.rows


def _special(job: Job, treatment: Treatment) -> list[Need]:
    """The requirements that a treatment makes of accesses by index."""
    analysis = job.analysis
    own = [a for a in treatment.accesses if a.owner]
    return list(needs(sites(own, analysis.paths, analysis.reach, analysis.layout, analysis.model.ports)))


def _index_ports(job: Job, treatment: Treatment) -> set[int]:
    """The ports at which packets name entries by index."""
    return {port for n in _special(job, treatment) for port in (n.left_port, n.right_port)}


def _unspoken(kept: Iterable[Need]) -> str:
    """The suffix of packet types whose requirements are not worth showing: they name bytes as nobody would.

    A NIC misreads some IPv4 packets (options, fragments); software takes IPv6 for IPv4.
    """
    types = [base_type(t) for need in kept for t in (*need.left_types, *need.right_types)]
    return OWNER_ONLY if all(t.startswith("ipv6") for t in types) else NIC_ONLY


def _is_spoken(need: Need, unspoken: str) -> bool:
    return not any(all(t.endswith(unspoken) for t in types) for types in (need.left_types, need.right_types))


def _along(job: Job, outcome: Outcome) -> Iterator[Reason]:
    """Groups that are locked though they could be sharded: a whole-NF form was asked for, or no proof was found."""
    blamed = _blamed(outcome.refusals)
    for subject in outcome.locked:
        names = tuple(n for n in subject.group.objects if n in subject.group.modified)
        if subject.treatments and not set(names) & set(blamed):
            yield Reason(
                "locked-along",
                f"{', '.join(f'`{n}`' for n in names)} could be sharded, but this plan locks all state that changes",
                names,
                tuple(sorted({s for n in names for s in job.analysis.lines[n]})),
                "--strategy auto shards what can be sharded",
            )
