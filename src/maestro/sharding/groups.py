"""Groups: state objects linked by indices, which therefore share their entries.

A map whose values index a vector, the allocator that those indices come from, and whatever an expiry clears
together are one group: entry i of the vector belongs to the key that the map holds i for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maestro.ir.model import Model, Operation
from maestro.sharding.provenance import Trace


@dataclass(frozen=True)
class Group:
    """``objects`` in the model's order. ``modified``: those that some path changes.

    ``index_maps``: maps whose values are indices into the group's vectors and allocators.
    ``allocators``: those that some path allocates from; their indices are divided among cores.
    ``allocated``: there is one allocator, and all indices in the group's maps come from it. Then every core owns a part
    of the indices, and what is stored under them, outright.
    """

    objects: tuple[str, ...]
    modified: frozenset[str]
    index_maps: frozenset[str]
    allocators: frozenset[str]
    allocated: bool = False

    def divides(self, source: Operation) -> bool:
        """Whether ``source`` yields an index whose value differs between one core and many."""
        if source.object not in self.objects:
            return False
        return source.method != "map_get" or source.object in self.index_maps & self.modified


def groups(model: Model, paths: Sequence[Trace]) -> tuple[Group, ...]:
    """All objects of ``model``, each in exactly one group."""
    leader = {o.name: o.name for o in model.objects}
    modified = modified_objects(paths)

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for a, b in _links(paths, modified):
        leader[find(b)] = find(a)
    members: dict[str, list[str]] = {}
    for o in model.objects:
        members.setdefault(find(o.name), []).append(o.name)
    return tuple(_group(model, paths, tuple(names), modified) for names in members.values())


def _links(paths: Sequence[Trace], modified: frozenset[str]) -> Iterator[tuple[str, str]]:
    """A vector that never changes is a function of its index: reading it links nothing."""
    for trace in paths:
        for op in trace.path.operations:
            if op.method == "vector_read" and op.object not in modified:
                continue
            for other in op.related:
                yield op.object, other
            for name, value in op.args:
                if name == "index" or (op.method == "map_put" and name == "value"):
                    block = trace.block(value) if name == "index" else None
                    source = block.source if block else trace.source(value)
                    if source:
                        yield op.object, source.object


def modified_objects(paths: Sequence[Trace]) -> frozenset[str]:
    """Every object that some path changes, by itself or through an expiry (whose key vector is only read)."""
    out: set[str] = set()
    for trace in paths:
        for op in trace.path.operations:
            if op.kind.modifies:
                out |= {op.object, *op.related[1:]}
    return frozenset(out)


def _group(model: Model, paths: Sequence[Trace], names: tuple[str, ...], modified: frozenset[str]) -> Group:
    kinds = {name: model.object(name).kind for name in names}
    indexed = any(kind in ("vector", "dchain") for kind in kinds.values())
    operations = [(t, op) for t in paths for op in t.path.operations if op.object in kinds]
    allocators = {op.object for _, op in operations if op.method == "dchain_allocate"}
    maps = {n for n, kind in kinds.items() if kind == "map" and indexed}
    if len(allocators) == 1:
        # Maps that are only ever given plain numbers are data of their keys, not ways to an entry.
        puts = [(op.object, t.source(op.arg("value"))) for t, op in operations if op.method == "map_put"]
        found = {op.object for op in _index_lookups(operations)}
        data = {n for n in maps & modified if n not in found and not any(s for name, s in puts if name == n)}
        maps -= data
        strays = any(source is None for name, source in puts if name in maps)
        allocated = maps <= modified and not strays
    else:
        allocated = False
    return Group(names, modified & set(names), frozenset(maps), frozenset(allocators), allocated)


def _index_lookups(operations: Sequence[tuple[Trace, Operation]]) -> Iterator[Operation]:
    """The lookups whose value addresses something."""
    for trace, op in operations:
        for name, value in op.args:
            block = trace.block(value) if name == "index" else None
            if block and block.source.method == "map_get":
                yield block.source
