"""What a user of the parallel NF should know about it, as reasons of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.diagnostics import Span
from maestro.ir.plan import PortPlan, Reason
from maestro.sharding.groups import Group
from maestro.sharding.job import Job, Outcome
from maestro.sharding.notation import port_name
from maestro.sharding.requirements import conflicting_types
from maestro.sharding.treatments import Treatment


def facts(job: Job, outcome: Outcome, ports: Sequence[PortPlan]) -> Iterator[Reason]:
    """What is divided, copied, steered or re-steered, and which choices were made."""
    if not job.analysis.modified:
        yield Reason("stateless", f"{job.analysis.model.nf} changes no state: any core can take any packet")
        return
    for treatment in outcome.choice:
        yield from _of(job, treatment)
        yield from treatment.facts
    if outcome.second:
        yield from _rule_choice(job, outcome)
    if outcome.locked and outcome.choice:
        yield _hybrid(job, outcome)
    reached = conflicting_types([n for t in outcome.choice for n in job.analysis.needs(t)])
    for port in ports:
        types = [t for t in port.resteered if t in reached.get(port.port, ())]
        if types:
            yield _resteered(job, outcome, port.port, types)


def _of(job: Job, treatment: Treatment) -> Iterator[Reason]:
    names = tuple(n for n in treatment.group.objects if n in treatment.group.modified)
    spans = _lines(job, names)
    match treatment.rule:
        case "R5":
            peer = treatment.interchanges[0]
            yield Reason(
                "interchanged",
                f"packets name an entry of `{peer.vector}` by its index, but only the peer that is stored with it gets "
                "further than if there were none: that peer stands for the index",
                names,
                spans,
                "a packet of anybody else may be handled by any core, which drops it as the sequential NF does",
            )
        case "R6":
            yield _steered(treatment, names, spans)
        case "R7":
            yield Reason(
                "replicated",
                f"{_quoted(names)}: no packet's fate depends on it, so every core keeps its own, and they are merged "
                "when read",
                names,
                spans,
                "nf_merged() in the generated code gives the merged values",
            )
    for name in names:
        if job.analysis.model.object(name).kind == "sketch":
            yield Reason(
                "sketch",
                f"`{name}`: each core has a whole sketch of its own, so fewer keys collide than in one for all",
                (name,),
                (job.analysis.model.object(name).span,),
                "a key is counted too often less frequently than in the sequential NF, never more",
            )
    if treatment.rule not in ("R6", "R7") and treatment.group.allocators and job.cores > 1:
        yield _divided(job, treatment.group)


def _steered(treatment: Treatment, names: tuple[str, ...], spans: tuple[Span, ...]) -> Reason:
    allocator = treatment.steering[0].allocator
    return Reason(
        "steered",
        f"packets name an entry by the index that `{allocator}` gave it: each core hands out only indices whose "
        "packets the NIC steers to it",
        names,
        spans,
        "the NIC's hash decides how many indices a core has; plan.json and the report give the numbers",
    )


def _rule_choice(job: Job, outcome: Outcome) -> Iterator[Reason]:
    assert outcome.second is not None
    others, found = outcome.second
    for own, other in zip(outcome.choice, others, strict=True):
        if own.rule != other.rule:
            names = tuple(n for n in own.group.objects if n in own.group.modified)
            bits = [min(sum(f.count for f in p.fields) for p in c.ports) for c in (outcome.configuration, found)]
            yield Reason(
                "rule-choice",
                f"{own.rule} and {other.rule} both hold for {_quoted(names)}; {own.rule} is used, since its keys "
                f"spread better: {bits[0]} bits of the packet decide on the poorest port, {bits[1]} with {other.rule}",
                names,
                _lines(job, names),
            )


def _hybrid(job: Job, outcome: Outcome) -> Reason:
    sharded = tuple(n for t in outcome.choice for n in t.group.objects if n in t.group.modified)
    locked = tuple(n for s in outcome.locked for n in s.group.objects if n in s.group.modified)
    text = f"no lock is needed for {_quoted(sharded)}, one is for {_quoted(locked)}"
    if outcome.rivals:
        rivals = _quoted([n for s in outcome.rivals for n in s.group.objects if n in s.group.modified])
        text += f"; {rivals} could be sharded instead, but that would spare no more paths the lock"
    return Reason("hybrid-choice", text, sharded + locked, (), "a packet that touches no locked state takes no lock")


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _lines(job: Job, names: Sequence[str]) -> tuple[Span, ...]:
    return tuple(sorted({s for n in names for s in job.analysis.lines[n]}))


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


def _resteered(job: Job, outcome: Outcome, port: int, types: Sequence[str]) -> Reason:
    needs = [k.need for k in outcome.kept if port in (k.need.left_port, k.need.right_port)]
    return Reason(
        "resteered",
        f"{port_name(port, job.names)}: {job.profile.title} does not hash {', '.join(types)} as the state needs; "
        "software sends those packets to the core that owns their state",
        tuple(dict.fromkeys(name for n in needs for name in n.objects)),
        tuple(sorted({s for n in needs for s in n.spans})),
        "costs a hand-over between cores for such packets only",
    )
