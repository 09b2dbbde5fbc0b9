"""Which state objects belong together, and under which key each operation reaches its entry.

Every index of an allocator is one core's own: cores allocate from disjoint parts. An index that the path allocated, or
that a map of the group yields, is therefore the packet's core's, and so is what it addresses; its location is the key
of that map. ``c * index + r`` with r < c belongs to the owner of ``index``. An index that the packet or a constant
gives is its own location. Anything else is refused (:class:`UnlocatedError`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from maestro.certificate.judge import Judge
from maestro.certificate.runs import Run, only_inputs
from maestro.ir.expr import Expr, binary, const, eq, land, negate, substitute, symbols, zext
from maestro.ir.model import Model, Operation
from maestro.ir.plan import Plan
from maestro.solver.answer import Answer

_INDEX_SOURCES = (("map_get", "value"), ("dchain_allocate", "index"), ("dchain_expire_one", "index"))
_BY_KEY = ("map_get", "map_put", "map_erase", "sketch_refresh", "sketch_fetch", "sketch_touch")
_BY_INDEX = (
    "vector_read", "vector_write", "dchain_refresh", "dchain_test", "dchain_free",
)  # fmt: skip
_WHOLE_OBJECT = ("map_size", "expire_map", "dchain_expire_one", "sketch_expire", "expire_range")
SHARDED = ("sharded", "steered")
"""Strategies of objects of which each core has a part of its own."""


class UnlocatedError(Exception):
    """Why the location of an operation cannot be established; never leaves the certificate."""


@dataclass(frozen=True)
class Location:
    """``space`` says what ``key`` is compared with: the name of the map that it is a key of, or ``""`` for an index."""

    space: str
    key: Expr


@dataclass(frozen=True)
class Target:
    """How an operation reaches what it touches.

    ``how``: ``key``; ``own`` (an index that this core allocated); ``named`` (an index from the packet, or a constant);
    or the name of a read-only map that holds the index. ``location``: None where nothing needs to be compared, an index
    in no map. ``scale``: the c of ``c * index + r``.
    """

    how: str
    location: Location | None
    scale: int = 1


@dataclass(frozen=True)
class Group:
    """Objects linked by indices, of which at least one is sharded or steered.

    ``sharded``: the ones that are written, steered ones included. ``indexed``: some object in it is addressed by index.
    """

    objects: frozenset[str]
    sharded: frozenset[str]
    indexed: bool

    def operations(self, run: Run) -> tuple[Operation, ...]:
        return tuple(o for o in run.path.operations if o.object in self.objects)


def groups(model: Model, plan: Plan, runs: Sequence[Run]) -> tuple[Group, ...]:
    """The groups with sharded or steered objects, in the order of ``model.objects``."""
    strategy = {o.name: o.strategy for o in plan.objects}
    kind = {o.name: o.kind for o in model.objects}
    return tuple(
        Group(
            frozenset(names),
            frozenset(n for n in names if strategy.get(n) in SHARDED),
            any(kind[n] not in ("map", "sketch") for n in names),
        )
        for names in linked(model, plan, runs)
        if any(strategy.get(n) in SHARDED for n in names)
    )


def linked(model: Model, plan: Plan, runs: Sequence[Run]) -> tuple[set[str], ...]:
    """The state objects, those that indices link together."""
    strategy = {o.name: o.strategy for o in plan.objects}
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
    return tuple(members.values())


def _linked(run: Run, o: Operation) -> Iterator[str]:
    yield from o.related
    for name, arg in o.args:
        if name in ("index", "start") or (o.method == "map_put" and name == "value"):
            yield from (source.object for source in _sources(run, run.resolve(arg)).values())


def _sources(run: Run, index: Expr) -> dict[Expr, Operation]:
    """The index results that occur in an expression, with the operations that returned them."""
    origins = {s: run.origins.get(s) for s in symbols(index)}
    return {s: o.operation for s, o in origins.items() if o and (o.operation.method, o.result) in _INDEX_SOURCES}


@dataclass(frozen=True, eq=False)
class Atlas:
    """The targets of a group's operations. ``judge`` shows that derived indices stay with their owner."""

    model: Model
    group: Group
    runs: tuple[Run, ...]
    judge: Judge
    _targets: dict[tuple[int, int], Target | UnlocatedError | None] = field(default_factory=dict)

    def target(self, run: Run, o: Operation) -> Target | None:
        """What ``o`` touches; None when it touches nothing, or all at once. Raises UnlocatedError."""
        key = (id(run), o.ordinal)
        if key not in self._targets:
            try:
                self._targets[key] = self._target(run, o)
            except UnlocatedError as unlocated:
                self._targets[key] = unlocated
        found = self._targets[key]
        if isinstance(found, UnlocatedError):
            raise found
        return found

    def targets(self, run: Run) -> Iterator[tuple[Operation, Target]]:
        """The operations of a run that touch an entry, without those that have no location: those are reported once."""
        for o in self.group.operations(run):
            try:
                target = self.target(run, o)
            except UnlocatedError:
                continue
            if target:
                yield o, target

    def _target(self, run: Run, o: Operation) -> Target | None:
        if o.method in _BY_KEY:
            return Target("key", Location(o.object, input_key(run, o.arg("key"))))
        if o.method in _WHOLE_OBJECT:
            return None
        if o.method == "dchain_allocate":
            return None if run.holds(o.result("ok")) is False else Target("own", _stored(run, o))
        if o.method in _BY_INDEX:
            return self.of_index(run, run.resolve(o.arg("index")))
        raise UnlocatedError(f"the checker does not know how to split {o.method}")

    def of_index(self, run: Run, index: Expr) -> Target:
        """What a (resolved) index stands for. Raises UnlocatedError."""
        if only_inputs(index):
            return Target("named", Location("", index))
        sources = _sources(run, index)
        if len(sources) == 1:
            (symbol, source), scale = next(iter(sources.items())), 1
            if index is not symbol:
                scale = self._scale(run, index, symbol)
            if source.method == "map_get":
                return self._of_entry(run, source, scale)
            if source.method == "dchain_allocate":
                return Target("own", _stored(run, source), scale)
        raise UnlocatedError(f"the index {index} comes neither from a map, an allocation, nor the packet")

    def _of_entry(self, run: Run, get: Operation, scale: int) -> Target:
        if run.holds(get.result("found")) is not True:
            raise UnlocatedError("the index is used although the map may not hold the key")
        how = "own" if get.object in self.group.sharded else get.object
        return Target(how, Location(get.object, input_key(run, get.arg("key"))), scale)

    def facts(self, run: Run, index: Expr) -> tuple[Expr, ...]:
        """What is known on a path, and that ``index``, one of the group's, is one that its allocator gives out."""
        sizes = [o.capacity for o in self.model.objects if o.kind == "dchain" and o.name in self.group.objects]
        return (
            *self.model.axioms,
            *run.conditions,
            *(binary("ult", index, const(size, index.width)) for size in sizes),
        )

    def _scale(self, run: Run, index: Expr, symbol: Expr) -> int:
        """The c for which Z3 shows ``index = c * symbol + r`` with r < c, without overflow. Raises UnlocatedError."""

        def at(value: int) -> Expr:
            return substitute(index, lambda s: const(value, s.width) if s is symbol else None)

        def only(e: Expr) -> Expr:
            return substitute(e, lambda s: const(0, s.width))

        scale = only(at(1)).value - only(at(0)).value
        if scale < 1:
            raise UnlocatedError(f"the index {index} is not a multiple of {symbol} and a rest")
        wide = binary("add", binary("mul", zext(symbol, 64), const(scale, 64)), zext(at(0), 64))
        right = land(eq(zext(index, 64), wide), binary("ult", at(0), const(scale, index.width)))
        answer = self.judge.ask([*self.facts(run, symbol), negate(right)]).answer
        if answer is not Answer.UNSAT:
            form = f"{scale} * {symbol} + r with r < {scale}"
            raise UnlocatedError(f"the index {index} may be another entry's: not shown to be {form} ({answer.value})")
        return scale


def _stored(run: Run, allocation: Operation) -> Location | None:
    """The first key under which the path stores what ``allocation`` returned; None when it does not."""
    if run.holds(allocation.result("ok")) is not True:
        raise UnlocatedError("the path does not test whether the allocation succeeds")
    index = allocation.result("index")
    puts = [p for p in run.path.operations if p.method == "map_put" and run.resolve(p.arg("value")) is index]
    return Location(puts[0].object, input_key(run, puts[0].arg("key"))) if puts else None


def input_key(run: Run, key: Expr) -> Expr:
    """``key`` resolved, if the packet alone decides it."""
    key = run.resolve(key)
    if not only_inputs(key):
        raise UnlocatedError(f"its key {key} depends on stored state")
    return key
