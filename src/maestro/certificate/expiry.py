"""Expiry touches every entry of a group whatever the packet; when is it enough that each core expires its own?

If every path that touches the group first expires it, by one threshold f(now) that never decreases, then whenever an
entry is looked at, everything last touched at or before f(now) is gone: on its core just as in the sequential NF,
where earlier packets of other cores may have removed it sooner, unobserved. That needs that what expiry erases from
maps are keys of its own core: the cell behind an index holds a key that its writer's packet has.
"""

from __future__ import annotations

from collections.abc import Iterator

from maestro.certificate.cells import octets, unchanged
from maestro.certificate.judge import Judge
from maestro.certificate.locations import Atlas
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run, only_inputs
from maestro.ir.expr import Expr, binary, concat, const, eq, negate, substitute, sym, symbols
from maestro.ir.model import Model, Operation
from maestro.solver.answer import Answer

_Sweep = tuple[str, tuple[str, ...], Expr]
_SWEEPS = ("expire_map", "sketch_expire")


def check(model: Model, atlas: Atlas, judge: Judge) -> Iterator[Failure]:
    """What stands in the way of expiring the group on each core alone."""
    operations = [(r, o) for r in atlas.runs for o in atlas.group.operations(r)]
    one_by_one = [o for _, o in operations if o.method == "dchain_expire_one"]
    if one_by_one:
        yield about(one_by_one, "frees one entry a packet, so which ones are left depends on every core's packets")
    sweeps = {_sweep(r, o): o for r, o in operations if o.method in _SWEEPS}
    allocators = [allocator for allocator, _, _ in sweeps]
    if len(set(allocators)) != len(allocators):
        yield about(sweeps.values(), "expire one allocator in different ways")
        return
    for (_, _, threshold), o in sweeps.items():
        yield from _threshold(model, o, threshold, judge)
    ranges = {(o.object, o.related): o for _, o in operations if o.method == "expire_range"}
    for o in (*sweeps.values(), *ranges.values()):
        if o.related:
            yield from _keys_match(model, o, atlas, judge)
    for run in atlas.runs:
        yield from _expires_first(atlas, run, sweeps)


def _sweep(run: Run, o: Operation) -> _Sweep:
    return o.object, o.related, run.resolve(o.arg("time"))


def _expires_first(atlas: Atlas, run: Run, sweeps: dict[_Sweep, Operation]) -> Iterator[Failure]:
    pending = dict(sweeps)
    for o in atlas.group.operations(run):
        if o.method in _SWEEPS:
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


def _keys_match(model: Model, o: Operation, atlas: Atlas, judge: Judge) -> Iterator[Failure]:
    """Every key that ``o`` takes from a cell to erase it was put there by a packet that has this key itself."""
    keys = o.related[0]
    tables = o.related[1:] if o.method == "expire_map" else (o.object,)
    for run in atlas.runs:
        writes = [w for w in run.path.operations if w.object == keys and w.method == "vector_write"]
        for write in writes:
            for table in tables:
                yield from _cell_is_key(model, run, o, write, table, judge)
        written = {run.resolve(w.arg("index")) for w in writes}
        for new in run.path.operations:
            if not (new.method == "dchain_allocate" and new.object == o.object and run.holds(new.result("ok"))):
                continue
            index = run.resolve(new.result("index"))
            if index not in written:
                uses = [p for p in run.path.operations if any(run.resolve(v) is index for _, v in p.args)]
                yield about([new, *uses, o], f"the key is not written to {keys}, from which expiry takes it")


def _cell_is_key(model: Model, run: Run, o: Operation, write: Operation, table: str, judge: Judge) -> Iterator[Failure]:
    places = _key_places(model, table)
    held = _key_in_cell(places, run.resolve(write.arg("cell")))
    if held is not None and unchanged(run, write, places):
        return
    own = [run.resolve(k.arg("key")) for k in run.path.operations if k.object == table and "key" in dict(k.args)]
    own = [k for k in dict.fromkeys(own) if only_inputs(k) and held is not None and k.width == held.width]
    if held is None or not own:
        yield about([write, o], f"{write.object} is not written with the keys of {table}")
    elif held not in own:
        different = [negate(eq(held, k)) for k in own]
        answer = judge.ask([*model.axioms, *run.input_conditions, *different]).answer
        if answer is not Answer.UNSAT:
            why = f"the cell does not hold a key that the packet has (Z3: {answer.value})"
            yield about([write, o], why)


def _key_places(model: Model, table: str) -> list[int]:
    """Where in a cell the compared bytes of a table's keys lie, in ``key_layout`` order."""
    keys = model.object(table)
    return [keys.key_at + f.offset + i for f in keys.key_layout for i in range(f.size)]


def _key_in_cell(places: list[int], cell: Expr) -> Expr | None:
    return concat(*octets(cell, places)) if places and 8 * (max(places) + 1) <= cell.width else None
