"""The pass ``flow-tables``: an allocator, the maps whose values are its indices and the vectors that these address,
fused into one table with a record an index (``runtime/include/maestro/flow.h``).

=================================  =========================================================
before                             after
=================================  =========================================================
``map_get``: slot with tag, key    ``flow_get``: slot of four bytes, then the key in the record
``vector_at``                      a member of the record
``dchain_refresh``: three cells    one store into the record
``expire_map``: the oldest cell    one comparison; the queue only when something may be due
element that nobody reads          gone (the keys that only expiry looked at)
=================================  =========================================================

Expiry erases the key that the *map* has for an index, where the NF's erases the key that the *vector* holds. The two
are the same if an index that is allocated always has one key, the same in both; :func:`_coherent` asks that of every
path. A group for which it cannot be seen keeps its structures as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maestro.codegen.capacity import Shares, index_owners
from maestro.codegen.memory import memory_bytes
from maestro.ir.expr import Expr, negate, signed, sym, symbols
from maestro.ir.model import Model, Operation, Path, StateObject
from maestro.ir.plan import Plan

_NOW = sym("now", 64)
_OWN = frozenset({"sharded", "steered"})
_ON_ALLOCATOR = frozenset({"dchain_allocate", "dchain_refresh", "dchain_test", "expire_map"})
_LARGEST_KEY = 64  # bytes


@dataclass(frozen=True)
class Table:
    """One group. ``vectors``: those in the records; ``dropped``: those that nobody reads."""

    allocator: str
    maps: tuple[str, ...]
    vectors: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.allocator, *self.maps, *self.vectors, *self.dropped)


@dataclass(frozen=True)
class Tables:
    """All groups of an NF, none by default."""

    tables: tuple[Table, ...] = ()

    def of(self, name: str) -> Table | None:
        """The table that an object is in."""
        return next((t for t in self.tables if name in t.names), None)

    @property
    def maps(self) -> frozenset[str]:
        return frozenset(name for t in self.tables for name in t.maps)

    @property
    def dropped(self) -> frozenset[str]:
        return frozenset(name for t in self.tables for name in t.dropped)

    @property
    def vectors(self) -> frozenset[str]:
        """Those that are no structures of their own any more."""
        return frozenset(name for t in self.tables for name in (*t.vectors, *t.dropped))


NO_TABLES = Tables()


def flow_tables(model: Model, plan: Plan, shares: Shares) -> Tables:
    """The groups that can be fused."""
    strategies = {o.name: o.strategy for o in plan.objects}
    own = [o for o in model.objects if strategies[o.name] in _OWN]
    found = (_table(o, own, model, shares) for o in own if o.kind == "dchain" and o.name in shares)
    return Tables(tuple(t for t in found if t is not None))


def _table(allocator: StateObject, own: Sequence[StateObject], model: Model, shares: Shares) -> Table | None:
    ops = _operations(model)
    mine = [op for op in ops if op.object == allocator.name]
    if allocator.contents or not all(_is_plain(op) for op in mine):
        return None
    owners = index_owners(model)
    maps = [o for o in own if o.kind == "map" and owners.get(o.name) == allocator.name]
    expiring = {op.related for op in mine if op.method == "expire_map"}
    if not maps or any(set(related[1:]) != {m.name for m in maps} for related in expiring):
        return None
    if not all(_fits(m, allocator, ops) for m in maps):
        return None
    keys = {related[0] for related in expiring}
    if not all(_coherent(path, allocator.name, maps, keys) for path in model.paths):
        return None
    vectors = [o for o in own if o.kind == "vector" and _is_in_record(o, allocator, model, shares)]
    read = {v.name for v in vectors if any(_reads(path, v.name) for path in model.paths)}
    return Table(
        allocator.name,
        tuple(m.name for m in maps),
        tuple(v.name for v in vectors if v.name in read),
        tuple(v.name for v in vectors if v.name not in read),
    )


def _reads(path: Path, vector: str) -> bool:
    """Whether what an element holds is for anything but writing it back."""
    cells = {op.result("cell") for op in path.operations if op.object == vector and op.method == "vector_read"}
    used = [*path.conditions, *(value for _, value in path.edits), *(e for pair in path.checksums for e in pair)]
    used += [path.verdict.port] if path.verdict.port is not None else []
    used += [value for op in path.operations if op.object != vector for _, value in op.args]
    return not cells.isdisjoint(symbols(*used))


def _operations(model: Model) -> list[Operation]:
    return [op for path in model.paths for op in path.operations]


def _is_plain(op: Operation) -> bool:
    """Whether the table can do ``op`` on its allocator: touches are now, expiry is for times before now."""
    if op.method not in _ON_ALLOCATOR:
        return False
    if op.method == "expire_map":
        time = op.arg("time")
        shifted = time.op == "add" and time.args[0] is _NOW and time.args[1].is_const
        return shifted and signed(time.args[1].value, 64) <= 0
    return op.method == "dchain_test" or op.arg("time") is _NOW


def _fits(table: StateObject, allocator: StateObject, ops: Sequence[Operation]) -> bool:
    methods = {op.method for op in ops if op.object == table.name}
    others = any(table.name in op.related and op.object != allocator.name for op in ops)
    plain = methods <= {"map_get", "map_put"} and not others and not table.contents
    return plain and table.key_bytes <= _LARGEST_KEY and table.capacity >= allocator.capacity


def _is_in_record(o: StateObject, allocator: StateObject, model: Model, shares: Shares) -> bool:
    """Whether the vector's elements belong to the allocator's indices, and nothing else is done with it."""
    share, owners = shares[allocator.name], index_owners(model)
    ops = [op for op in _operations(model) if o.name in (op.object, *op.related)]
    indices = {op.result("index") for op in _operations(model) if op.method == "dchain_allocate"}
    indices = {i for i in indices if any(op.object == allocator.name and _gives(op, i) for op in _operations(model))}
    reached = owners.get(o.name) == allocator.name
    whole = o.name not in shares and (share.numbered or share.steered)
    if whole:
        reached = any(op.object == o.name and dict(op.args).get("index") in indices for op in ops)
        others = (p.name for p in model.objects if p.kind == "dchain" and p.name != allocator.name)
        reached = reached and not any(_addresses(model, other, o.name) for other in others)
    divided = o.name in shares and shares[o.name].of == allocator.name and not (share.numbered or share.steered)
    plain = all(op.object == allocator.name or op.method in ("vector_read", "vector_write") for op in ops)
    fresh = not any(o.initial) and not o.contents and not o.cht_height
    return reached and (whole or divided) and plain and fresh and o.capacity == allocator.capacity


def _gives(op: Operation, index: Expr) -> bool:
    return op.method == "dchain_allocate" and op.result("index") is index


def _addresses(model: Model, allocator: str, vector: str) -> bool:
    """Whether a new index of the allocator addresses the vector."""
    ops = _operations(model)
    indices = {op.result("index") for op in ops if op.object == allocator and op.method == "dchain_allocate"}
    return any(op.object == vector and dict(op.args).get("index") in indices for op in ops)


# -- one index, one key


def _coherent(path: Path, allocator: str, maps: Sequence[StateObject], keys: set[str]) -> bool:
    """Whether on this path every new index gets one key, which was not there, in every map and in the vectors ``keys``;
    and nothing else changes the maps, or the keys in these vectors."""
    conditions, ops = set(path.conditions), path.operations
    new: list[Operation] = []
    for op in ops:
        if op.object == allocator and op.method == "dchain_allocate":
            if op.result("ok") in conditions:
                new.append(op)
            elif negate(op.result("ok")) not in conditions:
                return False
    names = {m.name for m in maps}
    puts = [op for op in ops if op.method == "map_put" and op.object in names]
    if len(new) > 1 or len(puts) != len(new) * len(maps):
        return False
    index = new[0].result("index") if new else None
    after = max((op.ordinal for op in ops if op.object == allocator and op.method == "expire_map"), default=-1)
    for table in maps if new else ():
        put = next((p for p in puts if p.object == table.name and p.arg("value") is index), None)
        if put is None or put.ordinal < new[0].ordinal or not _missed(put, ops, conditions, after):
            return False
        if not all(_holds(ops, vector, index, table, put.arg("key")) for vector in keys):
            return False
    if new and any(_between(op, new[0], puts) for op in ops if op.method == "map_get" and op.object in names):
        return False  # flow_get() must not meet an index that has no key yet
    writes = [op for op in ops if op.method == "vector_write" and op.object in keys]
    others = [w for w in writes if w.arg("index") is not index]
    return all(_keeps_key(w, ops, maps) for w in others) and not (new and others)


def _between(op: Operation, new: Operation, puts: Sequence[Operation]) -> bool:
    return new.ordinal < op.ordinal < max(p.ordinal for p in puts)


def _missed(put: Operation, ops: Sequence[Operation], conditions: set[Expr], after: int) -> bool:
    """Whether the map was asked for the key before, past all expiry, and did not have it."""
    return any(
        get.method == "map_get"
        and get.object == put.object
        and get.arg("key") is put.arg("key")
        and after < get.ordinal < put.ordinal
        and negate(get.result("found")) in conditions
        for get in ops
    )


def _key_at(table: StateObject) -> list[int]:
    """Where the bytes of the packed key are in an element that holds it."""
    return [table.key_at + f.offset + i for f in table.key_layout for i in range(f.size)]


def _holds(ops: Sequence[Operation], vector: str, index: Expr | None, table: StateObject, key: Expr) -> bool:
    """Whether the path leaves ``key`` in the element at ``index``."""
    cells = [op.arg("cell") for op in ops if op.object == vector and op.method == "vector_write"]
    wrote = [op for op in ops if op.object == vector and op.method == "vector_write" and op.arg("index") is index]
    if not wrote or len(cells) != len(wrote):
        return False
    held = memory_bytes(wrote[-1].arg("cell"))
    return all(held[at] is byte for at, byte in zip(_key_at(table), memory_bytes(key), strict=True))


def _keeps_key(write: Operation, ops: Sequence[Operation], maps: Sequence[StateObject]) -> bool:
    """Whether the element's keys stay what they were when it was read."""
    reads = [
        op
        for op in ops[: write.ordinal]
        if op.method == "vector_read" and op.object == write.object and op.arg("index") is write.arg("index")
    ]
    if not reads:
        return False
    was, now = memory_bytes(reads[-1].result("cell")), memory_bytes(write.arg("cell"))
    return all(now[at] is was[at] for table in maps for at in _key_at(table))
