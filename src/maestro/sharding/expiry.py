"""When expiry, which concerns every entry, may be left to each core for its own entries.

An entry is visible to a packet iff it was last touched after the packet's threshold. That is a matter of the entry
and the packet alone, hence the same on one core and on many, when every packet that looks at the group first
expires it, all with one threshold expression that never decreases in time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.ir.expr import Expr, binary, const, negate, signed, substitute, sym, symbols
from maestro.ir.model import Operation
from maestro.ir.plan import Reason
from maestro.sharding.groups import Group
from maestro.sharding.hazards import spans_of
from maestro.sharding.provenance import Trace
from maestro.sharding.reach import Solve
from maestro.solver.answer import Answer

_NOW = sym("now", 64)

SWEEPS = ("expire_map", "sketch_expire")
"""Operations that remove all entries last touched at or before a time."""


def expiry_hazards(paths: Sequence[Trace], group: Group, solve: Solve) -> Iterator[Reason]:
    """Every way in which the expiry of ``group`` would differ on several cores."""
    operations = [op for t in paths for op in t.path.operations if op.object in group.objects]
    single = [op for op in operations if op.method == "dchain_expire_one"]
    if single:
        yield Reason(
            "expires-one",
            f"a packet frees the oldest entry of `{single[0].object}` only: which one that is depends on all cores",
            (single[0].object,),
            spans_of(single),
            "expire everything that is too old, with expire_items_single_map",
        )
    for name in group.objects:
        sweeps = [op for op in operations if op.method in SWEEPS and op.object == name]
        if sweeps:
            yield from _threshold(name, sweeps, solve)
            yield from _elsewhere(paths, group, name, sweeps)


def _threshold(name: str, sweeps: list[Operation], solve: Solve) -> Iterator[Reason]:
    thresholds = [op.arg("time") for op in sweeps]
    ways = {(op.arg("time"), op.related) for op in sweeps}
    hint = "expire with one threshold everywhere: the packet's time minus a constant"
    if len(ways) > 1:
        message = f"`{name}` is expired in different ways on different paths"
    elif not _never_decreases(thresholds[0], solve):
        message = f"the age at which `{name}` expires, {thresholds[0]}, is not a constant time before the packet's"
    else:
        return
    yield Reason("expiry-elsewhere", message, (name,), spans_of(sweeps), hint)


def _never_decreases(threshold: Expr, solve: Solve) -> bool:
    """Whether a later ``now`` never gives a smaller threshold (signed, ns). Time starts at 0 or later (nf.h)."""
    if any(s is not _NOW for s in symbols(threshold)):
        return False
    if threshold is _NOW or threshold.is_const:
        return True
    if threshold.op == "add" and threshold.args[0] is _NOW and threshold.args[1].is_const:
        return signed(threshold.args[1].value, 64) <= 0
    later = sym("now'", 64)
    then = substitute(threshold, lambda s: later if s is _NOW else None)
    start = const(0, 64)
    question = [
        binary("sle", start, _NOW), binary("sle", _NOW, later), negate(binary("sle", threshold, then)),
    ]  # fmt: skip
    return solve(question) is Answer.UNSAT


def _elsewhere(paths: Sequence[Trace], group: Group, name: str, sweeps: list[Operation]) -> Iterator[Reason]:
    early: list[Operation] = []
    for trace in paths:
        for op in trace.path.operations:
            if op.method in SWEEPS and op.object == name:
                break
            if op.object in group.objects:
                early.append(op)
    if early:
        touched = tuple(dict.fromkeys(op.object for op in early))
        yield Reason(
            "expiry-elsewhere",
            f"some packets use {', '.join(f'`{t}`' for t in touched)} without expiring `{name}` first: "
            "they would still see entries that a packet on another core would have expired",
            (name, *(t for t in touched if t != name)),
            (*spans_of(early), *spans_of(sweeps)),
            "expire at the start of every packet, before the state is used",
        )
