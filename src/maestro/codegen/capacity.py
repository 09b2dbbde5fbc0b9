"""How many entries of each state object one core gets.

An allocator that is written on the packet path is divided where the plan shards or steers it: core c of N allocates
from its own share, and the shares add up to what the NF asked for. What the allocator's indices address shrinks with
it. All else (objects never written, vectors indexed by anything else, maps that do not hold such indices) keeps its
full size on every core: dividing a table that the NF filled while it initialised itself, or whose indices come from
packets, would lose entries.

Where an index is visible (it is compared, stored, or sent in a packet, what it addresses is also reached by other
indices, a packet's for instance, or the element it addresses was given contents of its own), the cores' indices must
differ from one another too: they are numbered through, and the vectors stay whole. A steered allocator's indices are
any that the NIC sends to the core (``maestro.codegen.steering``); its vectors stay whole as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from maestro.diagnostics import UnsupportedError
from maestro.ir.expr import Expr, symbols
from maestro.ir.model import Assume, Kind, Model, Operation, Path, StateObject
from maestro.ir.plan import Plan


@dataclass(frozen=True)
class Share:
    """``times`` times the core's share of the allocator ``of``; of an allocator itself also which indices.

    ``numbered``: its indices start where those of the core before end, instead of at 0. ``steered``: they are those
    that the NIC steers to the core.
    """

    of: str
    times: int = 1
    numbered: bool = False
    steered: bool = False


Shares = dict[str, Share]
"""Objects that are divided; the others are whole on every core."""


def index_maps(model: Model) -> frozenset[str]:
    """The maps that hold an allocator's indices only."""
    allocators = {o.name: o for o in model.objects if o.kind == "dchain"}
    return _Origins(model, allocators).maps


def divide(model: Model, plan: Plan | None = None) -> Shares:
    """The shares of ``model``'s objects; without a plan, every allocator that packets change is divided.

    Raises UnsupportedError for an allocator that both has entries from the start and is written later.
    """
    written = {op.object for op in _operations(model) if op.kind.modifies}
    strategies = {o.name: o.strategy for o in plan.objects} if plan else {}
    allocators = {
        o.name: o
        for o in model.objects
        if o.kind == "dchain" and o.name in written and strategies.get(o.name, "sharded") in ("sharded", "steered")
    }
    for o in allocators.values():
        if o.contents:
            _refuse(o)
    origins = _Origins(model, allocators)
    steered = {name for name in allocators if strategies.get(name) == "steered"}
    shares: Shares = {}
    for o in model.objects:
        owner = origins.owner(o)
        if owner is not None and not (o.kind == "vector" and owner in origins.visible | steered):
            size = allocators[owner].capacity
            times = max(1, -(-o.capacity // size)) if o.kind == "map" else 1
            shares[o.name] = Share(owner, times, o.name in origins.visible - steered, o.name in steered)
    return shares


def index_owners(model: Model) -> dict[str, str]:
    """The allocator whose indices alone address an object, or are its values; objects without one are left out."""
    origins = _Origins(model, {o.name: o for o in model.objects if o.kind == "dchain"})
    return {o.name: owner for o in model.objects if (owner := origins.owner(o)) is not None}


def _refuse(o: StateObject) -> None:
    raise UnsupportedError(
        f"the allocator {o.name} has entries from the start and is changed by packets; "
        "dividing it among cores is not supported yet",
        span=o.span,
        hint="allocate its entries when packets need them, or never change it after nf_init",
        code="shared-init-contents",
    )


def _operations(model: Model) -> Iterator[Operation]:
    for path in model.paths:
        yield from path.operations


class _Origins:
    """Which allocator an index comes from, directly or through a map that holds nothing else."""

    def __init__(self, model: Model, allocators: dict[str, StateObject]) -> None:
        self._model = model
        self._allocators = allocators
        self._maps: dict[str, str] = {}
        self._symbols: dict[Expr, str] = {}
        for op in _operations(model):
            if op.object in allocators and op.kind in (Kind.ALLOCATE, Kind.EXPIRE):
                self._symbols |= {v: op.object for name, v in op.results if name == "index"}
        while self._link_maps():
            pass
        self.visible = frozenset(self._visible())

    @property
    def maps(self) -> frozenset[str]:
        return frozenset(self._maps)

    def _link_maps(self) -> bool:
        """Link one more map to the one allocator that every value ever put into it comes from."""
        for o in self._model.objects:
            if o.kind != "map" or o.contents or o.name in self._maps:
                continue
            ops = [op for op in _operations(self._model) if op.object == o.name]
            owners = {self._symbols.get(op.arg("value")) for op in ops if op.method == "map_put"}
            owner = owners.pop() if len(owners) == 1 else None
            if owner is not None:
                self._maps[o.name] = owner
                self._symbols |= {op.result("value"): owner for op in ops if op.method == "map_get"}
                return True
        return False

    def owner(self, o: StateObject) -> str | None:
        """The allocator that ``o`` is, or whose indices alone it is addressed by or holds."""
        if o.name in self._allocators:
            return o.name
        if o.kind == "map":
            owner = self._maps.get(o.name)
            return owner if owner is not None and o.capacity >= self._allocators[owner].capacity else None
        if o.kind != "vector":
            return None
        owners = {self._symbols.get(op.arg("index")) for op in _operations(self._model) if op.object == o.name}
        expiring = (op for op in _operations(self._model) if op.method == "expire_map")
        owners |= {op.object if op.object in self._allocators else None for op in expiring if o.name == op.related[0]}
        owner = owners.pop() if len(owners) == 1 else None
        return owner if owner is not None and o.capacity >= self._allocators[owner].capacity else None

    def _visible(self) -> Iterator[str]:
        for path in self._model.paths:
            for e in _observed(path, self._maps):
                yield from (self._symbols[s] for s in symbols(e) if s in self._symbols)
        for o in self._model.objects:
            owner = self.owner(o) if o.kind == "vector" and o.contents else None
            if owner is not None:
                yield owner
            yield from self._reached_otherwise(o)

    def _reached_otherwise(self, o: StateObject) -> Iterator[str]:
        """The allocators whose indices address ``o`` besides others that do not come from the same one."""
        args = [dict(op.args) for op in _operations(self._model) if op.object == o.name]
        owners = {self._symbols.get(given["index"]) for given in args if "index" in given}
        owners |= {o.name} & self._allocators.keys()
        if len(owners) > 1:
            yield from (owner for owner in owners if owner is not None)


def _observed(path: Path, index_maps: Collection[str]) -> Iterator[Expr]:
    """Every expression of a path that does more than address state or fill ``index_maps``."""
    for step in path.steps:
        if isinstance(step, Assume):
            if not step.given:
                yield step.cond
        else:
            address = "value" if step.object in index_maps else "index"
            yield from (value for name, value in step.args if name != address)
    yield from (value for _, value in path.edits)
    if path.verdict.port is not None:
        yield path.verdict.port
