"""Accesses: which entry of which object each state operation touches.

A location is (space, expression). Two accesses of one object touch the same entry when they are in one space and
their expressions have one value. Spaces: a map's name, for entries addressed by that map's key, be it in the map
itself or by the index that it holds; ``vector[]`` for entries addressed by a computed or constant index.

One entry may be reached through several maps. Accesses in different spaces need no requirement of their own: the
packet that put the index into the second map touched the entry through the first, and is tied to both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maestro.ir.expr import Expr
from maestro.ir.model import Operation
from maestro.sharding.groups import Group
from maestro.sharding.provenance import Trace

WHOLE_OBJECT = frozenset({"map_size", "expire_map", "dchain_expire_one"})
"""Methods that concern all entries at once: ``hazards`` judges them, they have no location."""


@dataclass(frozen=True)
class Access:
    """One operation on one entry. ``path`` is the path's number."""

    path: int
    operation: Operation
    space: str
    location: Expr

    @property
    def object(self) -> str:
        return self.operation.object

    @property
    def modifies(self) -> bool:
        return self.operation.kind.modifies


def accesses(paths: Sequence[Trace], group: Group) -> tuple[Access, ...]:
    """All accesses to those objects of ``group`` that some path modifies; the others constrain nothing."""
    return tuple(
        Access(trace.number, op, space, trace.settle(location))
        for trace in paths
        for op in trace.path.operations
        if op.object in group.modified and op.method not in WHOLE_OBJECT
        for space, location in locations(trace, op)
    )


def locations(trace: Trace, op: Operation) -> Iterator[tuple[str, Expr]]:
    """(space, expression) of every name under which the path knows the entry that ``op`` touches.

    None for an allocation that failed, and for one whose index no map ever gets (see ``hazards``).
    """
    if op.method in ("map_get", "map_put", "map_erase"):
        yield op.object, op.arg("key")
        return
    index = op.result("index") if op.method == "dchain_allocate" else op.arg("index")
    source = trace.source(index)
    if source is None:
        yield f"{op.object}[]", index
        return
    if source.method == "map_get":
        yield source.object, source.arg("key")
    for put in trace.puts(index):
        yield put.object, put.arg("key")
