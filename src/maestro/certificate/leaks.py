"""Values that differ between N cores and the sequential NF must not show.

Which index an allocator hands out, how many entries a map has and how many were expired depend on all packets, not on
those of one core. An index of a sharded group may therefore be used to address the group and be stored in its maps,
and for nothing else; the counts for nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.certificate.locations import Group
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.ir.expr import Expr, symbols
from maestro.ir.model import Operation

_COUNTS = (("map_size", "size"), ("expire_map", "count"), ("dchain_expire_one", "ok"))
_INDICES = (("map_get", "value"), ("dchain_allocate", "index"), ("dchain_expire_one", "index"))


def check(group: Group, runs: Sequence[Run]) -> Iterator[Failure]:
    """Every use of a value of ``group`` that depends on other cores' packets."""
    for run in runs:
        secret = dict(_secrets(group, run))
        for e, where, using in uses(run):
            for symbol in symbols(run.resolve(e)):
                if symbol in secret and not _may_use(group, run, symbol, e, where, using):
                    source = secret[symbol]
                    place = f"{using.method} of {using.object}" if using else where
                    what = f"{symbol} depends on other cores' packets but goes into {place}"
                    yield about([source, using] if using else [source], what)


def _secrets(group: Group, run: Run) -> Iterator[tuple[Expr, Operation]]:
    for o in group.operations(run):
        for name, value in o.results:
            secret_index = group.indexed and o.object in group.sharded and (o.method, name) in _INDICES
            if secret_index or (o.method, name) in _COUNTS:
                yield value, o


def uses(run: Run) -> Iterator[tuple[Expr, str, Operation | None]]:
    """Every expression that decides something: (expression, what it is, the operation that takes it)."""
    for cond in run.decisions:
        yield cond, "a branch", None
    verdict = run.path.verdict
    if verdict.port is not None:
        yield verdict.port, f"the output port ({verdict.span})", None
    for at, value in run.path.edits:
        yield value, f"packet byte {at} on departure", None
    for o in run.path.operations:
        for name, arg in o.args:
            yield arg, name, o


def _may_use(group: Group, run: Run, symbol: Expr, e: Expr, where: str, using: Operation | None) -> bool:
    if using is None or using.object not in group.objects or run.resolve(e) is not symbol:
        return False
    return where == "index" or (using.method == "map_put" and where == "value")
