"""Values that differ between N cores and the sequential NF must not show.

How many entries a map has and how many were expired depend on all packets, not on those of one core. Which index an
allocator hands out is its own business (the allocation assumption), so an index may go into a packet or a cell: the
sequential NF would do the same with that index. It may not decide a branch, the output port or a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from maestro.certificate.locations import Atlas
from maestro.certificate.ownership import index_maps
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.ir.expr import Expr, symbols
from maestro.ir.model import Operation

_COUNTS = (("map_size", "size"), ("expire_map", "count"), ("dchain_expire_one", "ok"))
_INDICES = (("dchain_allocate", "index"), ("dchain_expire_one", "index"))
_ADDRESSES = ("index", "start", "end")


def check(atlas: Atlas) -> Iterator[Failure]:
    """Every use of a value of the group that depends on other cores' packets, or on the allocator's choice."""
    holders = index_maps(atlas)
    for run in atlas.runs:
        secret = dict(_secrets(atlas, run, holders))
        for e, where, using in uses(run):
            if where == "a branch" and _compares(e, secret):
                continue  # whether two indices are one entry's is the same whatever they are called
            for symbol in symbols(run.resolve(e)):
                if symbol in secret and not _may_use(atlas, run.origins[symbol].result, where, using):
                    source = secret[symbol]
                    place = f"{using.method} of {using.object}" if using else where
                    what = f"{symbol} depends on other cores' packets but goes into {place}"
                    yield about([source, using] if using else [source], what)


def _compares(cond: Expr, secret: Mapping[Expr, Operation]) -> bool:
    test = cond.args[0] if cond.op == "not" else cond
    return test.op == "eq" and all(a in secret and a.width == 32 for a in test.args)


def _secrets(atlas: Atlas, run: Run, holders: frozenset[str]) -> Iterator[tuple[Expr, Operation]]:
    for o in atlas.group.operations(run):
        for name, value in o.results:
            held = o.method == "map_get" and name == "value" and o.object in holders & atlas.group.sharded
            if held or (o.method, name) in _INDICES or (o.method, name) in _COUNTS:
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


def _may_use(atlas: Atlas, result: str, where: str, using: Operation | None) -> bool:
    """Counts never; an index where it addresses its group, in values that are stored, and in the packet."""
    if result in ("size", "count", "ok"):
        return False
    if using is None:
        return where.startswith("packet byte")
    if where in _ADDRESSES:
        return using.object in atlas.group.objects
    return (using.method, where) in (("map_put", "value"), ("vector_write", "cell"))
