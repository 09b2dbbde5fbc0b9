"""What one flow may find of another: bytes left in a cell by its last owner, and indices that outlive their entry.

Which flow last owned a freed index depends on the order of allocations, and that differs between one core and many.
So nothing that a packet can notice may depend on it, unless each core gives out indices of a part of its own: then the
last owner was a flow of the same core, and what it left is what the sequential NF would have found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from maestro.diagnostics import Span
from maestro.ir.expr import Expr, concat, eq, extract, negate, walk
from maestro.ir.model import Kind, Model, Operation, StateObject
from maestro.ir.plan import Reason
from maestro.sharding.accesses import locations
from maestro.sharding.groups import Group
from maestro.sharding.hazards import spans_of, uses
from maestro.sharding.provenance import Trace
from maestro.sharding.reach import Solve
from maestro.solver.answer import Answer


@dataclass
class _Cell:
    """Bit sets (masks) of one vector's cells: left over after an allocation, and looked at by some path."""

    stale: int = 0
    used: int = 0
    fresh_used: int = 0
    spans: list[Span] = field(default_factory=list)


def leftover_hazards(model: Model, paths: Sequence[Trace], group: Group, solve: Solve) -> Iterator[Reason]:
    if not group.allocators:
        return
    if not group.allocated:
        yield from _stale_cells(model, paths, group)
        yield from _stale_indices(paths, group)
    yield from _expired_keys(model, paths, group, solve)


def _stale_cells(model: Model, paths: Sequence[Trace], group: Group) -> Iterator[Reason]:
    """Reads of leftovers. Where nothing is ever freed and all cells start alike, there are none."""
    operations = (op for t in paths for op in t.path.operations if op.object in group.objects)
    freed = any(op.kind in (Kind.FREE, Kind.EXPIRE) for op in operations)
    for name in group.objects:
        obj = model.object(name)
        if name in group.modified and obj.kind == "vector" and (freed or obj.contents):
            cell = _Cell()
            for trace in paths:
                _follow(model, trace, obj, group, cell)
            if cell.fresh_used or cell.stale & cell.used:
                yield Reason(
                    "stale-cell",
                    f"a packet can read what the last owner of an index left in `{name}`",
                    (name,),
                    tuple(dict.fromkeys(cell.spans)),
                    "write the whole element when its index is allocated",
                )


def _follow(model: Model, trace: Trace, vector: StateObject, group: Group, cell: _Cell) -> None:
    """Adds to ``cell`` what one path leaves stale in a new entry, and what it looks at in any entry."""
    fresh = {
        op.result("index"): (1 << 8 * vector.elem_size) - 1
        for op in trace.path.operations
        if op.method == "dchain_allocate" and op.object in group.allocators and not trace.failed(op)
    }
    for op in trace.path.operations:
        if op.object == vector.name and op.method in ("vector_read", "vector_write"):
            index = trace.symbol(op.arg("index"))
            if op.method == "vector_write":
                if index in fresh:
                    fresh[index] &= _kept(op.arg("cell"), _reads(trace, op))
                continue
            used = _looked_at(trace, op, group)
            stale = used & fresh.get(index, 0)
            cell.fresh_used |= stale
            cell.used |= used if index not in fresh else 0
            cell.spans += spans_of([op]) if stale or index not in fresh else ()
        elif op.method == "expire_map" and op.related[0] == vector.name:
            cell.used |= _key_mask(vector, model.object(op.related[1]))
            cell.spans += spans_of([op])
    for left in fresh.values():
        cell.stale |= left


def _reads(trace: Trace, write: Operation) -> Callable[[Expr], bool]:
    """Tells what reads of the cell that ``write`` writes have returned."""
    cells = {
        op.result("cell")
        for op in trace.path.operations
        if op.method == "vector_read"
        and op.object == write.object
        and trace.symbol(op.arg("index")) is trace.symbol(write.arg("index"))
    }
    return cells.__contains__


def _slices(cell: Expr) -> Iterator[tuple[Expr, int]]:
    """The parts of a cell's value and the bit at which each starts (from the least significant)."""
    low = cell.width
    for part in cell.args if cell.op == "concat" else (cell,):
        low -= part.width
        yield part, low


def _is_kept(part: Expr, low: int, is_read: Callable[[Expr], bool]) -> bool:
    if part.op == "extract":
        return part.lo == low and is_read(part.args[0])
    return low == 0 and is_read(part)


def _kept(cell: Expr, is_read: Callable[[Expr], bool]) -> int:
    """The bits that a write gives back as they were read."""
    return sum(((1 << p.width) - 1) << low for p, low in _slices(cell) if _is_kept(p, low, is_read))


def _looked_at(trace: Trace, read: Operation, group: Group) -> int:
    """The bits of a read cell that matter on the path, other than by being written back in place."""
    cell, mask = read.result("cell"), 0
    rewrites = [
        op.arg("cell")
        for op in trace.path.operations
        if op.method == "vector_write"
        and op.object == read.object
        and trace.symbol(op.arg("index")) is trace.symbol(read.arg("index"))
    ]
    for e, _, _ in uses(trace, group):
        parts = [p for p, low in _slices(e) if not _is_kept(p, low, lambda x: x is cell)] if e in rewrites else [e]
        for n in walk(*parts):
            if n.op == "extract" and n.args[0] is cell:
                mask |= ((1 << n.width) - 1) << n.lo
            elif cell in n.args or (n is cell and n in parts):
                mask |= (1 << cell.width) - 1
    return mask


def _key_mask(vector: StateObject, table: StateObject) -> int:
    width = 8 * vector.elem_size
    return sum(((1 << 8 * f.size) - 1) << width - 8 * (f.offset + f.size) for f in table.key_layout)


def _stale_indices(paths: Sequence[Trace], group: Group) -> Iterator[Reason]:
    """Indices that a map still holds, or a path still uses, after their allocator has taken them back."""
    maps = group.index_maps & group.modified
    found: dict[tuple[str, str], list[Operation]] = {}
    for trace in paths:
        for op in trace.path.operations:
            if op.object not in group.allocators:
                continue
            if op.method == "expire_map":
                held = maps - set(op.related[1:])
            elif op.method == "dchain_free":
                held = frozenset({name for name in maps if not _erases(trace, op, name)} | _late(trace, op))
            else:
                continue
            for name in held:
                found.setdefault((name, op.object), []).append(op)
    for (name, allocator), operations in sorted(found.items()):
        yield Reason(
            "stale-index",
            f"`{name}` still uses an index after `{allocator}` has freed it, so it may name another flow's entry",
            (name, allocator),
            spans_of(operations),
            "erase the key that holds the index when the index is freed, and free it last",
        )


def _erases(trace: Trace, free: Operation, table: str) -> bool:
    """Whether the path erases from ``table`` the key that held the freed index."""
    source = trace.source(free.arg("index"))
    return source is not None and any(
        op.method == "map_erase" and op.object == source.object == table and op.arg("key") is source.arg("key")
        for op in trace.path.operations
    )


def _late(trace: Trace, free: Operation) -> set[str]:
    """The objects in which the path uses the freed index later."""
    index = trace.symbol(free.arg("index"))
    later = (op for op in trace.path.operations if op.ordinal > free.ordinal)
    return {op.object for op in later if any(trace.symbol(value) is index for _, value in op.args)}


def _expired_keys(model: Model, paths: Sequence[Trace], group: Group, solve: Solve) -> Iterator[Reason]:
    """Expiry erases the key that a vector holds: it must be the one under which the map holds the index."""
    pairs = {op.related[:2] for t in paths for op in t.path.operations if op.method == "expire_map" and op.related}
    for vector, table in sorted(p for p in pairs if p[0] in group.objects):
        wrong = [
            op
            for t in paths
            for op in t.path.operations
            if op.method == "vector_write"
            and op.object == vector
            and not all(_holds(model.object(table), t, op, key, solve) for s, key in locations(t, op) if s == table)
        ]
        if wrong:
            yield Reason(
                "stale-index",
                f"`{vector}` gets another key than the one under which `{table}` holds the index; expiry will erase it",
                (vector, table),
                spans_of(wrong),
                f"write the same key to `{vector}` as to `{table}`",
            )


def _holds(table: StateObject, trace: Trace, write: Operation, key: Expr, solve: Solve) -> bool:
    cell = write.arg("cell")
    packed = concat(
        *(extract(cell, cell.width - 8 * f.offset - 1, cell.width - 8 * (f.offset + f.size)) for f in table.key_layout)
    )
    same = eq(packed, key)
    return same.is_true or solve([*trace.path.conditions, negate(same)]) is Answer.UNSAT
