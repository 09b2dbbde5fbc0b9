"""What a vector cell still holds from an index's previous owner must not show.

An allocator gives an index out again after it was freed or expired, and the cells behind it keep what they held. Whose
it was depends on all packets. So bytes of a cell that an allocating path leaves as they were are *stale*, and no path
may use them for anything but writing them back. When nothing is ever freed and the cells all start alike, a fresh cell
holds the same initial bytes on every core, and nothing is stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maestro.certificate.leaks import uses
from maestro.certificate.locations import Group
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.ir.expr import Expr, extract
from maestro.ir.model import Kind, Model, Operation

_Slice = tuple[Expr, int, int]


def check(model: Model, group: Group, runs: Sequence[Run]) -> Iterator[Failure]:
    """Every use of stale bytes of a vector in ``group``."""
    vectors = [o for o in model.objects if o.name in group.sharded and o.kind == "vector"]
    freed = any(o.kind in (Kind.FREE, Kind.EXPIRE) for r in runs for o in group.operations(r))
    for vector in vectors:
        if freed or vector.contents:
            stale: set[int] = set()
            for run in runs:
                stale |= _kept(run, group, vector.name, vector.elem_size)
            for run in runs:
                yield from _shown(run, vector.name, frozenset(stale))


def _kept(run: Run, group: Group, vector: str, size: int) -> set[int]:
    """Byte positions that the path does not write in the cells behind the indices it allocates in the group."""
    kept: set[int] = set()
    for o in group.operations(run):
        if o.method == "dchain_allocate" and run.holds(o.result("ok")) is True:
            index = o.result("index")
            writes = [w for w in _at(run, vector, index) if w.method == "vector_write"]
            if not writes:
                return set(range(size))
            kept |= {k for k in range(size) if _is_own_byte(run, writes[0], k)}
    return kept


def _at(run: Run, vector: str, index: Expr) -> list[Operation]:
    """The accesses to ``vector`` at ``index``, in order."""
    return [
        o
        for o in run.path.operations
        if o.object == vector and o.method.startswith("vector_") and run.resolve(o.arg("index")) is index
    ]


def _is_own_byte(run: Run, write: Operation, k: int) -> bool:
    """Whether the write leaves byte ``k`` of the cell as an earlier read of the same cell found it."""
    index = run.resolve(write.arg("index"))
    cell = run.resolve(write.arg("cell"))
    reads = [r for r in _at(run, write.object, index) if r.method == "vector_read" and r.ordinal < write.ordinal]
    return any(_octet(cell, k) is _octet(r.result("cell"), k) for r in reads)


def _octet(cell: Expr, k: int) -> Expr:
    top = cell.width - 1 - 8 * k
    return extract(cell, top, top - 7)


def _shown(run: Run, vector: str, stale: frozenset[int]) -> Iterator[Failure]:
    """Uses of stale bytes on one path; a cell read right after its index was allocated is stale as a whole."""
    cells = {
        r.result("cell"): frozenset(range(r.result("cell").width // 8)) if _is_fresh(run, r) else stale
        for r in run.path.operations
        if r.object == vector and r.method == "vector_read"
    }
    for e, where, using in uses(run):
        for symbol, hi, lo in _slices(_parts(run, e, where, using)):
            octets = range((symbol.width - 1 - hi) // 8, (symbol.width - 1 - lo) // 8 + 1)
            if symbol in cells and not cells[symbol].isdisjoint(octets):
                source = run.origins[symbol].operation
                place = f"{using.method} of {using.object}" if using else where
                why = f"bytes {octets[0]}…{octets[-1]} of {vector} may be a previous owner's but go into {place}"
                yield about([source, using] if using else [source], why)


def _is_fresh(run: Run, read: Operation) -> bool:
    index = run.resolve(read.arg("index"))
    origin = run.origins.get(index)
    allocated = origin is not None and origin.operation.method == "dchain_allocate"
    before = (o for o in _at(run, read.object, index) if o.ordinal < read.ordinal)
    return allocated and not any(o.method == "vector_write" for o in before)


def _parts(run: Run, e: Expr, where: str, using: Operation | None) -> Iterable[Expr]:
    """What of ``e`` counts as a use: all of it, but not the bytes that a write merely leaves in place."""
    e = run.resolve(e)
    if using is None or using.method != "vector_write" or where != "cell":
        return [e]
    return [_octet(e, k) for k in range(e.width // 8) if not _is_own_byte(run, using, k)]


def _slices(roots: Iterable[Expr]) -> set[_Slice]:
    """The symbols below ``roots`` with the bits of them that matter: (symbol, highest, lowest)."""
    found: set[_Slice] = set()
    seen: set[Expr] = set()
    stack = list(roots)
    while stack:
        e = stack.pop()
        if e in seen:
            continue
        seen.add(e)
        if e.op == "sym":
            found.add((e, e.width - 1, 0))
        elif e.op == "extract" and e.args[0].op == "sym":
            found.add((e.args[0], e.hi, e.lo))
        else:
            stack.extend(e.args)
    return found
