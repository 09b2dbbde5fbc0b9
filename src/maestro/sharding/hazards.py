"""What keeps a group from being divided among cores, whatever the NIC can hash.

Dividing a group gives each core its own map, vectors and allocator. Which free index an allocator gives out is its own
business: the sequential NF is right for any choice, and each core chooses from a part of its own. So an index may be
kept and sent. What decides over a packet, though, must not depend on other cores' entries: how many there are, which of
all is chosen, or whose entry an index is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.diagnostics import Span
from maestro.ir.expr import TRUE, Expr, negate, symbols
from maestro.ir.model import Assume, Model, Operation
from maestro.ir.plan import Reason
from maestro.sharding.accesses import accesses
from maestro.sharding.groups import Group
from maestro.sharding.provenance import INDEX_RESULTS, Trace, is_input
from maestro.sharding.reach import Solve
from maestro.solver.answer import Answer

_LEAK_HINT = "an index may address state, be stored and be sent; decide by the packet and by what the entry holds"


def hazards(model: Model, paths: Sequence[Trace], group: Group, solve: Solve) -> Iterator[Reason]:
    """Every obstacle in ``group``, each kind once an object."""
    yield from _index_leaks(paths, group)
    yield from _quantities(paths, group)
    yield from _choices(paths, group)
    yield from _table_updates(paths, group)
    yield from _blocks(model, paths, group, solve)
    yield from _filled_at_init(model, group)
    if not group.allocated:
        yield from _unlocated(paths, group)
        yield from _foreign_indices(model, paths, group)


def spans_of(operations: Sequence[Operation]) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(op.span for op in operations if op.span))


def uses(trace: Trace, group: Group) -> Iterator[tuple[Expr, str, Span | None]]:
    """Everything through which a value can matter on a path, except as an index into ``group`` or into its maps.

    (expression, what it does, where). Conditions that the API promises decide nothing.
    """
    for step in trace.path.steps:
        match step:
            case Assume(cond, span, given):
                if not (given or _compares_entries(trace, cond, group)):
                    yield trace.settle(cond), "decides a branch", span
            case Operation(method=method, object=name, args=args, span=span):
                for arg, value in args:
                    index = arg == "index" or (method == "map_put" and arg == "value")
                    if not (index and name in group.modified and trace.block(value)):
                        yield trace.settle(value), f"is part of the {arg} given to `{name}`", span
    verdict = trace.path.verdict
    if verdict.port:
        yield trace.settle(verdict.port), "chooses the output port", verdict.span
    for offset, value in trace.path.edits:
        yield trace.settle(value), f"is written into the packet (byte {offset})", verdict.span


def _compares_entries(trace: Trace, cond: Expr, group: Group) -> bool:
    """Whether a condition asks whether two indices are of one entry: that is the same whatever indices are called."""
    test = cond.args[0] if cond.op == "not" else cond
    sources = [trace.source(a) for a in test.args] if test.op == "eq" else []
    return bool(sources) and all(s is not None and s.object in group.objects for s in sources)


def _users(
    paths: Sequence[Trace], results: dict[str, str], group: Group
) -> Iterator[tuple[Operation, str, Span | None]]:
    """(producer, how it matters, where) for every use of the given results (method → result) of the group."""
    for trace in paths:
        made = {
            op.result(name): op
            for op in trace.path.operations
            if op.object in group.objects and (name := results.get(op.method))
        }
        for e, how, span in uses(trace, group) if made else ():
            for s in symbols(e):
                if s in made:
                    yield made[s], how, span


_ALLOWED = (
    "is written into the packet", "is part of the cell", "is part of the value", "is part of the start",
    "is part of the end",
)  # fmt: skip
"""What may be done with an index of one's own."""


def _index_leaks(paths: Sequence[Trace], group: Group) -> Iterator[Reason]:
    allowed = _ALLOWED if group.allocated else ()
    leaks = [u for u in _users(paths, INDEX_RESULTS, group) if group.divides(u[0]) and not u[1].startswith(allowed)]
    for name in dict.fromkeys(op.object for op, _, _ in leaks):
        own = [u for u in leaks if u[0].object == name]
        yield Reason(
            "index-leaks",
            f"an index that `{name}` yields {own[0][1]}, so it must be the same on one core and on many",
            group.objects,
            tuple(dict.fromkeys(span for op, _, at in own for span in (op.span, at) if span)),
            _LEAK_HINT,
        )


def _quantities(paths: Sequence[Trace], group: Group) -> Iterator[Reason]:
    used = list(_users(paths, {"map_size": "size", "expire_map": "count"}, group))
    for name, method in dict.fromkeys((op.object, op.method) for op, _, _ in used if op.object in group.modified):
        own = [u for u in used if (u[0].object, u[0].method) == (name, method)]
        what = "number of entries" if method == "map_size" else "number of expired entries"
        yield Reason(
            "global-quantity",
            f"the {what} of `{name}` {own[0][1]}; no core knows the entries of the others",
            (name,),
            tuple(dict.fromkeys(span for op, _, at in own for span in (op.span, at) if span)),
            "decide by the packet and its own entry only, or count per flow",
        )


def _choices(paths: Sequence[Trace], group: Group) -> Iterator[Reason]:
    """Consistent hashing asks for the first of all entries that is alive."""
    for name in sorted(group.modified):
        own = [op for t in paths for op in t.path.operations if op.method == "cht_find" and op.object == name]
        if own:
            yield Reason(
                "global-choice",
                f"a packet is given one of all the entries alive in `{name}`, whichever packets keep them alive",
                (name,),
                spans_of(own),
                "entries that all packets choose from are every core's: keep them few and rarely changed",
            )


def _table_updates(paths: Sequence[Trace], group: Group) -> Iterator[Reason]:
    own = [op for t in paths for op in t.path.operations if op.object in group.objects and op.method == "lpm_update"]
    if own:
        yield Reason(
            "global-choice",
            f"a packet changes a prefix of `{own[0].object}`, which decides over packets of many addresses",
            (own[0].object,),
            spans_of(own),
            "fill the table in nf_init, and leave it alone afterwards",
        )


def _blocks(model: Model, paths: Sequence[Trace], group: Group, solve: Solve) -> Iterator[Reason]:
    """Indices computed from an allocated one must stay in a block that is that one's own."""
    for name in group.objects:
        lost = [
            op
            for t in paths
            for op in t.path.operations
            if op.object == name and "index" in dict(op.args) and not _in_block(model, t, op, solve)
        ]
        if lost:
            yield Reason(
                "foreign-index",
                f"`{name}` is reached by an index that is stored or computed, and may be another entry's",
                (name,),
                spans_of(lost),
                "use the index that a map or the allocator gave, or index * n + k after testing that k is below n",
            )


def _in_block(model: Model, trace: Trace, op: Operation, solve: Solve) -> bool:
    block = trace.block(op.arg("index"))
    if block is None or block.factor == 1:
        return block is not None or is_input(trace.settle(op.arg("index")))
    return solve([*trace.path.conditions, negate(block.inside)]) is Answer.UNSAT


def _unlocated(paths: Sequence[Trace], group: Group) -> Iterator[Reason]:
    for name in group.objects:
        lost = [
            op
            for trace in paths
            for op in trace.path.operations
            if op.method == "dchain_allocate" and op.object == name and not _is_located(trace, op)
        ]
        if lost:
            yield Reason(
                "unlocated-allocation",
                f"an index allocated from `{name}` is not put into exactly one map on the same path, so no key says "
                "whose it is",
                (name,),
                spans_of(lost),
                "test whether the allocation succeeded and put the index into one map under the packet's key",
            )


def _is_located(trace: Trace, allocation: Operation) -> bool:
    """Whether the path knows that ``allocation`` failed, or that it succeeded and under which key it is kept."""
    puts = list(trace.puts(allocation.result("index")))
    return trace.failed(allocation) or (trace.facts.get(allocation.result("ok")) is TRUE and len(puts) == 1)


def _foreign_indices(model: Model, paths: Sequence[Trace], group: Group) -> Iterator[Reason]:
    """Entries with more than one owner, or with an owner whom no key names."""
    for name in group.objects:
        if name in group.modified & group.index_maps:
            puts = [(t, op) for t in paths for op in t.path.operations if op.object == name and op.method == "map_put"]
            stray = [op for t, op in puts if not _owns(t, op)]
            yield from _foreign(name, "stores an index that no allocator gave out for that key", stray)
    reached: dict[str, dict[str, Operation]] = {}
    for access in accesses(paths, group):
        reached.setdefault(access.object, {}).setdefault(access.space, access.operation)
    for name, spaces in reached.items():
        if len(spaces) > 1:
            ways = " and ".join("computed indices" if s.endswith("[]") else f"the keys of `{s}`" for s in spaces)
            yield from _foreign(name, f"is reached by {ways}", list(spaces.values()))
    if len(group.allocators) > 1:
        allocations = [op for t in paths for op in t.path.operations if op.method == "dchain_allocate"]
        yield from _foreign(
            min(group.allocators), "is not the only allocator of the indices that it gives out", allocations
        )
    for name in sorted(group.index_maps - group.modified):
        values = [value for value, _ in model.object(name).contents]
        if group.modified and len(set(values)) < len(values):
            yield Reason(
                "shared-index",
                f"several keys of `{name}` hold the same index, so packets with different keys share an entry",
                (name, *sorted(group.modified)),
                (model.object(name).span,),
                "give every key an entry of its own",
            )


def _owns(trace: Trace, put: Operation) -> bool:
    """Whether the value that is put is an index just allocated, or the one that the same key already has."""
    source = trace.source(put.arg("value"))
    if source is None or source.method != "map_get":
        return source is not None
    return source.object == put.object and trace.settle(source.arg("key")) is trace.settle(put.arg("key"))


def _foreign(name: str, what: str, operations: list[Operation]) -> Iterator[Reason]:
    if operations:
        hint = "reach an entry by the key of one map only; computed indices need steered allocation, a later step"
        yield Reason("foreign-index", f"`{name}` {what}", (name,), spans_of(operations), hint)


def _filled_at_init(model: Model, group: Group) -> Iterator[Reason]:
    if not group.allocators:
        return
    for name in group.objects:
        obj = model.object(name)
        if name in group.modified and obj.kind != "vector" and obj.contents:
            yield Reason(
                "filled-at-init",
                f"`{name}` already holds entries when the NF starts ({len(obj.contents)}) and changes later",
                (name,),
                (obj.span,),
                "keep entries made at start-up in a map of their own that no packet changes",
            )
