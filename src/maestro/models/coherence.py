"""What the structures of one group promise of each other: indices that cannot be the same.

An NF keeps, for every entry, an index that an allocator gave it, under a key in a map. As long as it does so, two
different keys have different indices, and an index just allocated is none of those found in the map. The models use
this along a path to tell borrowed cells apart without forking; whether the NF really keeps to it is checked over all
paths afterwards (:func:`violated`), and if it does not, exploration starts again without these promises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from maestro.ir.expr import Expr
from maestro.ir.model import Operation
from maestro.models.context import Context
from maestro.models.state import Handle


@dataclass(frozen=True)
class Found:
    """The index was found under ``key`` in a map."""

    map: str
    key: Expr


@dataclass(frozen=True)
class Fresh:
    """The index was allocated on this path."""

    chain: str


@dataclass(frozen=True)
class Reliance:
    """``map`` was taken to hold distinct indices, ``chain`` not to give an index twice on a path."""

    map: str | None
    chain: str | None


def remember(ctx: Context, index: Expr, origin: Found | Fresh) -> None:
    ctx.known.setdefault("origins", {})[index] = origin


def may_alias(ctx: Context, a: Expr, b: Expr) -> bool:
    """Whether two indices of one vector can be the same on this path."""
    return not (ctx.known.get("coherent") and _distinct(ctx, a, b)) and ctx.may_equal(a, b)


def _distinct(ctx: Context, a: Expr, b: Expr) -> bool:
    origins = ctx.known.get("origins", {})
    match origins.get(a), origins.get(b):
        case Found(map_, one), Found(other, two) if map_ == other and not ctx.may_equal(one, two):
            return _rely(ctx, Reliance(map_, None))
        case (Found(map_), Fresh(chain)) | (Fresh(chain), Found(map_)):
            return _rely(ctx, Reliance(map_, chain))
        case Fresh(chain), Fresh(other) if chain == other and a is not b:
            return _rely(ctx, Reliance(None, chain))
    return False


def _rely(ctx: Context, reliance: Reliance) -> bool:
    ctx.known.setdefault("relied", set()).add(reliance)
    return True


def violated(relied: Iterable[Reliance], handles: Iterable[Handle], paths: Iterable[tuple[Operation, ...]]) -> bool:
    """Whether some path breaks what exploration relied on."""
    filled = {h.name for h in handles if h.contents}
    everything = [list(path) for path in paths]
    return any(not _keeps(r, filled, everything) for r in set(relied))


def _keeps(reliance: Reliance, filled: set[str], paths: list[list[Operation]]) -> bool:
    """Every index put into the map is fresh from one allocator, put once, and leaves both together."""
    chains: set[str] = {reliance.chain} if reliance.chain else set()
    for path in paths:
        fresh = {op.result("index"): op.object for op in path if op.method == "dchain_allocate"}
        put = [op.arg("value") for op in path if op.method == "map_put" and op.object == reliance.map]
        if len(set(put)) != len(put) or not all(index in fresh for index in put):
            return False
        chains |= {fresh[index] for index in put}
    if len(chains) > 1 or filled & {*chains, reliance.map}:
        return False
    return all(_leaves_together(op, reliance.map, chains) for path in paths for op in path)


def _leaves_together(op: Operation, map_: str | None, chains: set[str]) -> bool:
    """Freed one by one: the order against the map's erase is not followed here, so it does not count as kept."""
    if op.object not in chains:
        return True
    if op.method == "expire_map":
        return map_ is None or map_ in op.related
    return op.method not in ("dchain_free", "dchain_expire_one")
