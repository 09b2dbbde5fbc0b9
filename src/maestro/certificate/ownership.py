"""One core per index: what makes "the core of the packet" a good name for the owner of all that an index addresses.

Cores allocate from disjoint parts, so an index belongs to a core for good, whatever becomes of it. It has to stay
there: a map that yields indices gets only those that the storing packet's core allocated, or has from its own maps.
"""

from __future__ import annotations

from collections.abc import Iterator

from maestro.certificate.locations import Atlas, Target, UnlocatedError
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.ir.expr import symbols
from maestro.ir.model import Kind, Model, Operation
from maestro.ir.plan import Plan


def check(model: Model, plan: Plan, atlas: Atlas) -> Iterator[Failure]:
    """What lets two cores own one index, or lets an index mean two things."""
    yield from _one_way(plan, atlas)
    if atlas.group.indexed:
        yield from _initial(model, atlas)
        holders = index_maps(atlas)
        for run in atlas.runs:
            for o in atlas.group.operations(run):
                if o.method == "map_put" and o.object in holders and not _owns(atlas, run, o):
                    yield about([o], f"stores {run.resolve(o.arg('value'))}, which may not be an index of its own core")


def index_maps(atlas: Atlas) -> frozenset[str]:
    """The maps of a group whose values address something; those of others are plain data."""
    found = set()
    for run in atlas.runs:
        for o in atlas.group.operations(run):
            for name, arg in o.args:
                if name in ("index", "start", "end"):
                    origins = (run.origins.get(s) for s in symbols(run.resolve(arg)))
                    found |= {g.operation.object for g in origins if g and g.operation.method == "map_get"}
    return frozenset(found)


def named_objects(plan: Plan, atlas: Atlas) -> frozenset[str]:
    """The objects of a group for which the plan says how cores share indices that packets name (R5, R6)."""
    by_peer = {name for i in plan.interchanges for name in i.objects}
    steered = {o.name for o in plan.objects if o.strategy == "steered"}
    return frozenset(atlas.group.objects & (by_peer | steered))


def _one_way(plan: Plan, atlas: Atlas) -> Iterator[Failure]:
    """Every object is reached by indices of its own core, or of one constant map, or from the packet: by one of them.

    Both by own and by named ones only where the plan says how (R5, R6), and then the index itself, not a multiple.
    """
    reached: dict[str, dict[tuple[str, int], Operation]] = {}
    for run in atlas.runs:
        for o, target in atlas.targets(run):
            if target.how != "key":
                reached.setdefault(o.object, {}).setdefault((target.how, target.scale), o)
    both = {("own", 1), ("named", 1)}
    for name, ways in reached.items():
        if len(ways) > 1 and not (name in named_objects(plan, atlas) and set(ways) <= both):
            yield about(ways.values(), f"one object is reached by {' and '.join(sorted(map(_way, ways)))}")


def _way(way: tuple[str, int]) -> str:
    how, scale = way
    words = {"own": "allocated indices", "named": "computed indices"}.get(how, f"keys of {how}")
    return words if scale == 1 else f"{words} times {scale}"


def _owns(atlas: Atlas, run: Run, put: Operation) -> bool:
    """Whether the stored value is an index that the packet's core has: just allocated, or from a map of the group."""
    try:
        target: Target = atlas.of_index(run, run.resolve(put.arg("value")))
    except UnlocatedError:
        return False
    return target.how == "own" and target.scale == 1


def _initial(model: Model, atlas: Atlas) -> Iterator[Failure]:
    """What the NF put there while it initialised itself belongs to one core, and is never given out again."""
    members = [o for o in model.objects if o.name in atlas.group.objects]
    allocators = [o for o in members if o.kind == "dchain"]
    spans = tuple(o.span for o in members)
    names = tuple(o.name for o in members)
    if len(allocators) > 1:
        text = " and ".join(f"{o.name} ({o.span})" for o in allocators)
        yield Failure(f"{text}: two allocators give out the indices of one group", names, spans)
    taken = [value for o in members if o.kind == "map" for value, _ in o.contents]
    if len(set(taken)) != len(taken):
        yield Failure(f"{', '.join(names)}: after init two keys hold one index", names, spans)
    for allocator in allocators:
        if set(taken) - {index for index, _ in allocator.contents}:
            why = f"after init a map holds an index that {allocator.name} may give out again"
            yield Failure(f"{allocator.name} ({allocator.span}): {why}", names, spans)
        if allocator.contents and (freeing := [*_freeing(atlas, allocator.name)]):
            yield about(freeing, f"frees indices that {allocator.name} had allocated at init, so they are no core's")


def _freeing(atlas: Atlas, allocator: str) -> Iterator[Operation]:
    for run in atlas.runs:
        for o in run.path.operations:
            if o.object == allocator and o.kind in (Kind.FREE, Kind.EXPIRE):
                yield o
