"""Which state objects belong together, and under which key each operation reaches its entry.

An index that a map yields, or that an allocator hands out and the path then stores in a map, stands for the map's
key: the key is the location of everything reached through the index. An index that the packet or a constant gives is
its own location. Anything else is refused (:class:`UnlocatedError`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maestro.certificate.runs import Run, only_inputs
from maestro.ir.expr import Expr, symbols
from maestro.ir.model import Model, Operation
from maestro.ir.plan import Plan

_INDEX_SOURCES = (("map_get", "value"), ("dchain_allocate", "index"), ("dchain_expire_one", "index"))
_BY_INDEX = (
    "vector_read", "vector_write", "dchain_refresh", "dchain_test", "dchain_free",
)  # fmt: skip
_WHOLE_OBJECT = ("map_size", "expire_map", "dchain_expire_one")


class UnlocatedError(Exception):
    """Why the location of an operation cannot be established; never leaves the certificate."""


@dataclass(frozen=True)
class Location:
    """``space`` says what ``key`` is compared with: the name of the map that it is a key of, or ``""`` for an index."""

    space: str
    key: Expr


@dataclass(frozen=True)
class Group:
    """Objects linked by indices, of which at least one is sharded.

    ``sharded``: the ones that are written. ``indexed``: some object in it is addressed by index, so the group's maps
    hold indices; otherwise their values are plain data.
    """

    objects: frozenset[str]
    sharded: frozenset[str]
    indexed: bool

    def operations(self, run: Run) -> tuple[Operation, ...]:
        return tuple(o for o in run.path.operations if o.object in self.objects)


def groups(model: Model, plan: Plan, runs: Sequence[Run]) -> tuple[Group, ...]:
    """The groups with sharded objects, in the order of ``model.objects``."""
    strategy = {o.name: o.strategy for o in plan.objects}
    kind = {o.name: o.kind for o in model.objects}
    parent = {o.name: o.name for o in model.objects}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for run in runs:
        for o in run.path.operations:
            # A constant vector is a function of its index: looking something up in it links nothing.
            if not (o.method == "vector_read" and strategy.get(o.object) == "read-only"):
                for other in _linked(run, o):
                    parent[root(other)] = root(o.object)
    members: dict[str, set[str]] = {}
    for name in parent:
        members.setdefault(root(name), set()).add(name)
    return tuple(
        Group(
            frozenset(names),
            frozenset(n for n in names if strategy.get(n) == "sharded"),
            any(kind[n] != "map" for n in names),
        )
        for names in members.values()
        if any(strategy.get(n) == "sharded" for n in names)
    )


def _linked(run: Run, o: Operation) -> Iterator[str]:
    yield from o.related
    for name, arg in o.args:
        if name == "index" or (o.method == "map_put" and name == "value"):
            for symbol in symbols(run.resolve(arg)):
                origin = run.origins.get(symbol)
                if origin and (origin.operation.method, origin.result) in _INDEX_SOURCES:
                    yield origin.operation.object


def locate(run: Run, o: Operation) -> Location | None:
    """The entry that ``o`` touches; None when it touches none, or all at once.

    Raises UnlocatedError.
    """
    if o.method in ("map_get", "map_put", "map_erase"):
        return Location(o.object, input_key(run, o.arg("key")))
    if o.method in _WHOLE_OBJECT:
        return None
    if o.method == "dchain_allocate":
        return None if run.holds(o.result("ok")) is False else stored(run, o)
    if o.method in _BY_INDEX:
        return of_index(run, run.resolve(o.arg("index")))
    raise UnlocatedError(f"the checker does not know the operation {o.method}")


def of_index(run: Run, index: Expr) -> Location:
    """The location that a (resolved) index stands for."""
    origin = run.origins.get(index)
    if origin and origin.operation.method == "map_get" and origin.result == "value":
        get = origin.operation
        if run.holds(get.result("found")) is not True:
            raise UnlocatedError("the index is used although the map may not hold the key")
        return Location(get.object, input_key(run, get.arg("key")))
    if origin and origin.operation.method == "dchain_allocate" and origin.result == "index":
        return stored(run, origin.operation)
    if only_inputs(index):
        return Location("", index)
    raise UnlocatedError(f"the index {index} comes neither from a map, an allocation, nor the packet")


def stored(run: Run, allocation: Operation) -> Location:
    """The key under which the path stores what ``allocation`` returned."""
    if run.holds(allocation.result("ok")) is not True:
        raise UnlocatedError("the path does not test whether the allocation succeeds")
    index = allocation.result("index")
    puts = [p for p in run.path.operations if p.method == "map_put" and run.resolve(p.arg("value")) is index]
    if len(puts) != 1:
        times = "never" if not puts else f"{len(puts)} times"
        raise UnlocatedError(f"the allocated index is stored in a map {times}, so no one key owns it")
    return Location(puts[0].object, input_key(run, puts[0].arg("key")))


def input_key(run: Run, key: Expr) -> Expr:
    """``key`` resolved, if the packet alone decides it."""
    key = run.resolve(key)
    if not only_inputs(key):
        raise UnlocatedError(f"its key {key} depends on stored state")
    return key
