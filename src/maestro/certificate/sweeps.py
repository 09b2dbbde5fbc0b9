"""``expire_range`` erases the keys that a run of cells holds: they have to be the cells of one index of the core."""

from __future__ import annotations

from collections.abc import Iterator

from maestro.certificate.judge import Judge
from maestro.certificate.locations import Atlas
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.ir.expr import Expr, binary, const, land, negate, symbols, zext
from maestro.ir.model import Operation
from maestro.ir.plan import Plan
from maestro.solver.answer import Answer


def check(plan: Plan, atlas: Atlas, judge: Judge) -> Iterator[Failure]:
    """The ranges that may reach cells of another core, unless the plan says that they do."""
    scales = _scales(atlas)
    for run in atlas.runs:
        for o in atlas.group.operations(run):
            if o.method == "expire_range" and not excused(plan, o):
                answer = _stays(run, o, scales.get(o.related[0], 1), atlas, judge)
                if answer is not Answer.UNSAT:
                    why = f"the cells may be those of other cores' indices ({answer.value})"
                    yield about([o], why)


def excused(plan: Plan, o: Operation) -> bool:
    """Whether the plan names it: the NF sweeps cells that are not the index's own, and what that means is assumed."""
    touched = {o.object, *o.related}
    return any(r.code == "own-sweep" and touched & set(r.objects) for r in plan.reasons)


def _scales(atlas: Atlas) -> dict[str, int]:
    """How many cells of a vector belong to each index."""
    found: dict[str, int] = {}
    for run in atlas.runs:
        for o, target in atlas.targets(run):
            if target.how == "own":
                found[o.object] = max(target.scale, found.get(o.object, 1))
    return found


def _stays(run: Run, o: Operation, scale: int, atlas: Atlas, judge: Judge) -> Answer:
    """UNSAT when the cells are those of an index of the core (or none)."""
    start, end = (run.resolve(o.arg(name)) for name in ("start", "end"))
    own = [s for s in symbols(start) if _is_own(run, s, atlas)]
    if len(own) != 1:
        return Answer.SAT
    first = binary("mul", zext(own[0], 64), const(scale, 64))
    last = binary("add", first, const(scale, 64))
    inside = land(binary("ule", first, zext(start, 64)), binary("ule", zext(end, 64), last))
    wrong = negate(binary("or", inside, binary("sle", end, start)))
    return judge.ask([*atlas.facts(run, own[0]), wrong]).answer


def _is_own(run: Run, symbol: Expr, atlas: Atlas) -> bool:
    origin = run.origins.get(symbol)
    if origin is None or origin.operation.object not in atlas.group.sharded:
        return False
    return (origin.operation.method, origin.result) in (("dchain_allocate", "index"), ("map_get", "value"))
