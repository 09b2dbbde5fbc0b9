"""Expiry touches every entry of a group whatever the packet; when is it enough that each core expires its own?

If every path that touches the group first expires it, by one threshold f(now) that never decreases, then whenever an
entry is looked at, everything last touched at or before f(now) is gone: on its core just as in the sequential NF,
where earlier packets of other cores may have removed it sooner, unobserved. That needs that expiry removes exactly the
entry that an index owns: the key that the vector holds for an index is the key under which the map holds the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.certificate.judge import Judge
from maestro.certificate.locations import Group, UnlocatedError, of_index
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.ir.expr import Expr, binary, concat, const, extract, negate, substitute, sym, symbols
from maestro.ir.model import Model, Operation
from maestro.solver.answer import Answer

_Sweep = tuple[str, tuple[str, ...], Expr]


def check(model: Model, group: Group, runs: Sequence[Run], judge: Judge) -> Iterator[Failure]:
    """What stands in the way of expiring ``group`` on each core alone."""
    one_by_one = [o for r in runs for o in group.operations(r) if o.method == "dchain_expire_one"]
    if one_by_one:
        yield about(one_by_one, "frees one entry a packet, so which ones are left depends on every core's packets")
    expirations = [(r, o) for r in runs for o in group.operations(r) if o.method == "expire_map"]
    sweeps = {_sweep(r, o): o for r, o in expirations}
    allocators = [allocator for allocator, _, _ in sweeps]
    if len(set(allocators)) != len(allocators):
        yield about(sweeps.values(), "expire one allocator in different ways")
        return
    for (_, related, threshold), o in sweeps.items():
        yield from _threshold(model, o, threshold, judge)
        yield from _keys_match(model, o, related, runs, judge)
    for run in runs:
        yield from _expires_first(group, run, sweeps)


def _sweep(run: Run, o: Operation) -> _Sweep:
    return o.object, o.related, run.resolve(o.arg("time"))


def _expires_first(group: Group, run: Run, sweeps: dict[_Sweep, Operation]) -> Iterator[Failure]:
    pending = dict(sweeps)
    for o in group.operations(run):
        if o.method == "expire_map":
            pending.pop(_sweep(run, o), None)
        elif pending:
            yield about([o, *pending.values()], "a path touches the group without expiring it first")
            return


def _threshold(model: Model, o: Operation, threshold: Expr, judge: Judge) -> Iterator[Failure]:
    if any(s.name != "now" for s in symbols(threshold)):
        yield about([o], f"the expiry threshold {threshold} depends on more than the time")
        return
    early, late = sym("early", 64), sym("late", 64)

    def at(e: Expr, when: Expr) -> Expr:
        return substitute(e, lambda s: when if s.name == "now" else None)

    axioms = [at(a, when) for a in model.axioms for when in (early, late)]
    order = [binary("sle", const(0, 64), early), binary("sle", early, late)]
    falls = negate(binary("sle", at(threshold, early), at(threshold, late)))
    answer = judge.ask([*axioms, *order, falls]).answer
    if answer is not Answer.UNSAT:
        yield about([o], f"the expiry threshold {threshold} may decrease as time goes on (Z3: {answer.value})")


def _keys_match(
    model: Model, o: Operation, related: tuple[str, ...], runs: Sequence[Run], judge: Judge
) -> Iterator[Failure]:
    """Every cell of the keys' vector holds the key that owns its index, from when the map holds the index."""
    keys, table = related
    for run in runs:
        writes = [w for w in run.path.operations if w.object == keys and w.method == "vector_write"]
        for write in writes:
            yield from _cell_is_key(model, run, o, write, table, judge)
        written = {run.resolve(w.arg("index")) for w in writes}
        for put in run.path.operations:
            if put.object == table and put.method == "map_put" and run.resolve(put.arg("value")) not in written:
                yield about([put, o], f"the key is not written to {keys}, from which expiry takes it")


def _cell_is_key(model: Model, run: Run, o: Operation, write: Operation, table: str, judge: Judge) -> Iterator[Failure]:
    try:
        owner = of_index(run, run.resolve(write.arg("index")))
    except UnlocatedError:
        return  # Reported where locations are gathered.
    held = _key_in_cell(model, table, run.resolve(write.arg("cell")))
    if owner.space != table or held is None or held.width != owner.key.width:
        yield about([write, o], f"{write.object} is not written with the keys of {table}")
    elif held is not owner.key:
        different = negate(binary("eq", held, owner.key))
        answer = judge.ask([*model.axioms, *run.input_conditions, different]).answer
        if answer is not Answer.UNSAT:
            why = f"the cell does not hold the key that owns its index (Z3: {answer.value})"
            yield about([write, o], why)


def _key_in_cell(model: Model, table: str, cell: Expr) -> Expr | None:
    """The compared bytes of the key object that lies at the start of ``cell``, in ``key_layout`` order."""
    layout = model.object(table).key_layout
    octets = [f.offset + i for f in layout for i in range(f.size)]
    if not octets or 8 * (max(octets) + 1) > cell.width:
        return None
    top = cell.width - 1
    return concat(*(extract(cell, top - 8 * k, top - 8 * k - 7) for k in octets))
