"""One owner per index: what makes "the key of the map entry" a good name for everything that an index addresses.

In the groups that hold indices, an index in use belongs to exactly one key: it comes from one allocator, is stored
under one key, and is given back only together with the map entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.certificate.locations import Group, UnlocatedError, locate
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.ir.expr import Expr
from maestro.ir.model import Model, Operation


def check(model: Model, group: Group, runs: Sequence[Run]) -> Iterator[Failure]:
    """What lets two keys own one index, or lets a location mean two things."""
    yield from _one_space(group, runs)
    if group.indexed:
        yield from _initial(model, group)
        for run in runs:
            for o in group.operations(run):
                if o.method == "map_put" and not _owns(run, o):
                    yield about([o], f"stores {run.resolve(o.arg('value'))}, an index that another key may own")
                if o.method == "dchain_free":
                    yield from _freed(run, o)


def _one_space(group: Group, runs: Sequence[Run]) -> Iterator[Failure]:
    """Every object is reached by the keys of one map, or by indices from the packet: not by both."""
    reached: dict[str, dict[str, Operation]] = {}
    for run in runs:
        for o in group.operations(run):
            try:
                location = locate(run, o)
            except UnlocatedError:
                continue  # Reported where locations are gathered.
            if location:
                reached.setdefault(o.object, {}).setdefault(location.space, o)
    for spaces in reached.values():
        if len(spaces) > 1:
            names = " and ".join(sorted(f"keys of {s}" if s else "computed indices" for s in spaces))
            yield about(spaces.values(), f"one object is reached by {names}")


def _owns(run: Run, put: Operation) -> bool:
    """Whether the stored value is an index just allocated, or the one that the same key already has."""
    origin = run.origins.get(run.resolve(put.arg("value")))
    if origin is None:
        return False
    source = origin.operation
    if source.method == "map_get" and origin.result == "value":
        same_key = run.resolve(source.arg("key")) is run.resolve(put.arg("key"))
        return same_key and source.object == put.object and run.holds(source.result("found")) is True
    return source.method == "dchain_allocate" and origin.result == "index"


def _freed(run: Run, free: Operation) -> Iterator[Failure]:
    """A freed index leaves the map on the same path, and is not used again."""
    index = run.resolve(free.arg("index"))
    origin = run.origins.get(index)
    if origin is None:
        return  # An index from the packet owns itself.
    later = [o for o in run.path.operations if o.ordinal > free.ordinal and _mentions(run, o, index)]
    if later:
        yield about([free, *later], "the index is used after it was freed")
    source = origin.operation
    if source.method != "map_get" or not any(_erases(run, source, o) for o in run.path.operations):
        yield about([free, source], "the index is freed but its key stays in the map")


def _mentions(run: Run, o: Operation, index: Expr) -> bool:
    return any(run.resolve(arg) is index for _, arg in o.args)


def _erases(run: Run, get: Operation, o: Operation) -> bool:
    same = o.method == "map_erase" and o.object == get.object
    return same and run.resolve(o.arg("key")) is run.resolve(get.arg("key"))


def _initial(model: Model, group: Group) -> Iterator[Failure]:
    """What the NF put there while it initialised itself obeys the same rule."""
    members = [o for o in model.objects if o.name in group.objects]
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
