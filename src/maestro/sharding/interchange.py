"""R5: a packet that names an entry by its index must be the entry's peer, or it is treated as if there were none.

Then the index need not be hashed. What an entry's packets have in common is the peer that was stored with it, and a
stranger may be handled by any core: that it finds no such entry there changes nothing. It holds when

* whatever a packet finds, unless some stored bytes equal some of its fields its fate is that of a packet that names a
  free index (same verdict, same packet), and it changes nothing (writing back what was read is no change);
* those bytes are written when the index is allocated, from fields of that packet, and never again with other values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from maestro.diagnostics import Span
from maestro.ir.expr import FALSE, TRUE, Expr, concat, extract, symbols
from maestro.ir.model import Assume, Kind, Operation
from maestro.ir.plan import Reason
from maestro.sharding.accesses import Access, is_computed, made
from maestro.sharding.groups import Group
from maestro.sharding.hazards import spans_of
from maestro.sharding.provenance import Trace, conjuncts, is_input
from maestro.sharding.reach import Solve
from maestro.solver.answer import Answer


@dataclass(frozen=True)
class Matches:
    """The stored ``bytes`` (offset, size in the elements of ``vector``) that are compared, and the accesses by them."""

    vector: str
    bytes: tuple[tuple[int, int], ...]
    accesses: tuple[Access, ...]


@dataclass(frozen=True)
class _Run:
    """A path that names an entry by its index. ``peer``: (vector, byte) → the packet's byte that equals it."""

    trace: Trace
    named: tuple[Operation, ...]
    peer: Mapping[tuple[str, int], Expr]
    changes: tuple[Operation, ...]


def find_matches(paths: Sequence[Trace], group: Group, solve: Solve) -> Matches | Reason:
    """What R5 can compare instead of the index; or what stands in its way."""
    runs = [run for t in paths if (run := _run(t, group))]
    misses = [r for r in runs if _is_miss(r)]
    hits = []
    for run in runs:
        if run in misses:
            continue
        if run.peer and not _like_a_miss(run, misses, solve):
            hits.append(run)
        elif problem := _problem(run, misses, group, solve):
            return problem
    common = set.intersection(*(set(r.peer) for r in hits)) if hits else set()
    vectors = sorted({vector for vector, _ in common})
    if not vectors:
        return _no_peer(group, [op for r in hits or runs for op in r.named])
    vector = vectors[0]
    octets = sorted(k for name, k in common if name == vector)
    stored = _stored(paths, group, vector, octets)
    if isinstance(stored, Reason):
        return stored
    found = [
        *stored,
        *(
            a
            for r in hits
            for op in r.named
            for a in made(r.trace, op, f"{vector}=", _packed(r, vector, octets), vector)
        ),
    ]
    return Matches(vector, tuple(_runs(octets)), tuple(found))


def _packed(run: _Run, vector: str, octets: Sequence[int]) -> Expr:
    return concat(*(run.peer[vector, k] for k in octets))


def _runs(octets: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = previous = octets[0]
    for k in [*octets[1:], None]:
        if k != previous + 1:
            yield start, previous + 1 - start
            start = k if k is not None else 0
        previous = k if k is not None else 0


def _run(trace: Trace, group: Group) -> _Run | None:
    own = [op for op in trace.path.operations if op.object in group.objects]
    named = tuple(op for op in own if op.object in group.modified and is_computed(trace, op))
    if not named:
        return None
    changes = tuple(
        op for op in trace.path.operations
        if op.kind.modifies and op.kind is not Kind.EXPIRE and not _writes_back(trace, op)
    )  # fmt: skip
    return _Run(trace, named, dict(_peer(trace, named)), changes)


def _writes_back(trace: Trace, op: Operation) -> bool:
    """Whether a write leaves the cell as it was read."""
    if op.method != "vector_write":
        return False
    cell = trace.settle(op.arg("cell"))
    reads = (o for o in trace.path.operations if o.method == "vector_read" and o.object == op.object)
    return any(cell is r.result("cell") and r.arg("index") is op.arg("index") for r in reads)


def _peer(trace: Trace, named: Sequence[Operation]) -> Iterator[tuple[tuple[str, int], Expr]]:
    """Which stored bytes the path has found equal to what the packet carries."""
    cells = {op.result("cell"): op.object for op in named if op.method == "vector_read"}
    for cond in conjuncts(trace.path.conditions):
        if cond.op != "eq":
            continue
        for cell_side, other in (cond.args, reversed(cond.args)):
            if is_input(other):
                yield from _equal_bytes(cell_side, other, cells)


def _equal_bytes(e: Expr, other: Expr, cells: Mapping[Expr, str]) -> Iterator[tuple[tuple[str, int], Expr]]:
    """Whole bytes of cells among the parts of ``e``, each with the byte of ``other`` that it equals."""
    low = e.width
    for part in e.args if e.op == "concat" else (e,):
        low -= part.width
        cell = part.args[0] if part.op == "extract" else part
        if cell not in cells or part.width % 8:
            continue
        top = part.hi if part.op == "extract" else cell.width - 1
        for i in range(part.width // 8):
            high = top - 8 * i
            if (high + 1) % 8 == 0:
                at = low + part.width - 8 * i
                yield (cells[cell], (cell.width - 1 - high) // 8), extract(other, at - 1, at - 8)


def _is_miss(run: _Run) -> bool:
    """Whether the path has learnt from the allocator that the index is free, and goes on without the entry."""
    tests = (op for op in run.named if op.method == "dchain_test")
    return any(run.trace.facts.get(op.result("allocated")) is FALSE for op in tests)


def _like_a_miss(run: _Run, misses: Sequence[_Run], solve: Solve) -> bool:
    return not run.changes and bool(misses) and _differing(run, misses, solve) is None


def _differing(run: _Run, misses: Sequence[_Run], solve: Solve) -> _Run | None:
    """A path of misses that the same packet may take, with another fate."""
    for miss in misses:
        one, other = run.trace.path, miss.trace.path
        same = (one.verdict.kind, one.verdict.port, one.edits, one.head, one.checksums) == (
            other.verdict.kind, other.verdict.port, other.edits, other.head, other.checksums,
        )  # fmt: skip
        if not same:
            both = [c for r in (run, miss) for c in conjuncts(r.trace.path.conditions) if is_input(c)]
            if solve(both) is not Answer.UNSAT:
                return miss
    return None


def _problem(run: _Run, misses: Sequence[_Run], group: Group, solve: Solve) -> Reason | None:
    """Why a path that proves no peer is more than a miss."""
    names = tuple(n for n in group.objects if n in group.modified)
    if not misses:
        return _no_test(group, run)
    if run.changes:
        first = run.changes[0]
        check = _check(run)
        if check is None:
            return _no_peer(group, run.named)
        what = "the refresh" if first.kind is Kind.REFRESH else f"the {first.kind.value} of `{first.object}`"
        return Reason(
            "refresh-before-check",
            f"{what} at {first.span} comes before the check at {check}: a stranger's packet changes the entry",
            names,
            tuple(s for s in (first.span, check) if s),
            f"move it after {check}, and what the check compares can stand for the index",
        )
    miss = _differing(run, misses, solve)
    if miss is None:
        return None
    return Reason(
        "mismatch-differs",
        "a packet that names another's entry does not fare like one that names a free index",
        names,
        tuple(s for s in (run.trace.path.verdict.span, miss.trace.path.verdict.span) if s),
        "give both the same verdict and leave the packet alone",
    )


def _check(run: _Run) -> Span | None:
    """Where the path has found that the packet is a stranger's."""
    cells = {op.result("cell") for op in run.named if op.method == "vector_read"}
    for step in run.trace.path.steps:
        if isinstance(step, Assume) and not step.given and cells & set(symbols(step.cond)):
            return step.span
    return None


def _no_test(group: Group, run: _Run) -> Reason:
    allocator = min(group.allocators)
    return Reason(
        "mismatch-differs",
        f"a packet names an index, and nothing asks `{allocator}` whether it is in use",
        (allocator,),
        spans_of(run.named),
        "call dchain_is_index_allocated first, and drop the packet if it is not",
    )


def _no_peer(group: Group, named: Sequence[Operation]) -> Reason:
    names = tuple(n for n in group.objects if n in group.modified)
    return Reason(
        "index-not-in-packet",
        f"packets name the entries of {', '.join(f'`{n}`' for n in names)} by an index, "
        "and no stored field is compared with the packet",
        names,
        spans_of(named),
        "compare what the entry holds of its peer with the packet before using it",
    )


def _stored(paths: Sequence[Trace], group: Group, vector: str, octets: Sequence[int]) -> list[Access] | Reason:
    """What every allocating path stores in these bytes, as accesses; other writes must keep them."""
    out: list[Access] = []
    for trace in paths:
        fresh = {
            op.result("index"): op
            for op in trace.path.operations
            if op.method == "dchain_allocate"
            and op.object in group.allocators
            and trace.facts.get(op.result("ok")) is TRUE
        }
        for op in trace.path.operations:
            if op.object != vector or op.method != "vector_write":
                continue
            index = trace.symbol(op.arg("index"))
            if index in fresh:
                value = concat(*(_octet(trace.settle(op.arg("cell")), k) for k in octets))
                if not is_input(value):
                    return _unknown_peer(vector, [op])
                out += made(trace, fresh.pop(index), f"{vector}=", value, vector)
            elif not _keeps(trace, op, octets):
                return _unknown_peer(vector, [op])
        if fresh:
            return _unknown_peer(vector, list(fresh.values()))
    return out


def _octet(cell: Expr, k: int) -> Expr:
    high = cell.width - 1 - 8 * k
    return extract(cell, high, high - 7)


def _keeps(trace: Trace, write: Operation, octets: Sequence[int]) -> bool:
    cell = trace.settle(write.arg("cell"))
    reads = [r for r in trace.path.operations if r.method == "vector_read" and r.object == write.object]
    return any(
        r.arg("index") is write.arg("index") and all(_octet(cell, k) is _octet(r.result("cell"), k) for k in octets)
        for r in reads
    )


def _unknown_peer(vector: str, operations: Sequence[Operation]) -> Reason:
    return Reason(
        "mismatch-differs",
        f"what `{vector}` holds of an entry's peer is not written once, from the packet, when the index is allocated",
        (vector,),
        spans_of(operations),
        "write the peer's fields with the allocation and do not change them afterwards",
    )
