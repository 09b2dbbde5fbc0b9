"""Accesses: which entry of which object each state operation touches.

A location is (space, expression). Two accesses of one object touch the same entry when they are in one space and
their expressions have one value. Spaces: a map's name, for entries addressed by that map's key, be it in the map
itself or by the index that it holds; ``vector[]`` for entries addressed by a computed or constant index.

One entry may be reached through several maps. Accesses in different spaces need no requirement of their own: the
packet that put the index into the second map touched the entry through the first, and is tied to both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from maestro.ir.expr import FALSE, TRUE, Expr, rebuild, symbols, walk
from maestro.ir.model import Operation
from maestro.sharding.groups import Group
from maestro.sharding.provenance import INDEX_RESULTS, VERSION_IHL, Trace, with_header

WHOLE_OBJECT = frozenset(
    {
        "map_size",
        "expire_map",
        "expire_range",
        "dchain_expire_one",
        "cht_find",
        "sketch_expire",
        "lpm_lookup",
        "lpm_update",
    }
)
"""Methods that concern all entries at once: ``hazards`` judges them, they have no location."""


@dataclass(frozen=True)
class Access:
    """One operation on one entry. ``path`` is the path's number."""

    path: int
    operation: Operation
    space: str
    location: Expr
    owner: str = ""
    """What accesses of one space have in common although they are of several objects: all of them conflict."""
    words: int | None = None
    """The IPv4 header length (32-bit words) of the packets meant, if only those of one are."""

    @property
    def object(self) -> str:
        return self.owner or self.operation.object

    @property
    def modifies(self) -> bool:
        return bool(self.owner) or self.operation.kind.modifies


def accesses(paths: Sequence[Trace], group: Group) -> tuple[Access, ...]:
    """All accesses to those objects of ``group`` that some path modifies; the others constrain nothing."""
    return tuple(
        access
        for trace in paths
        for op in trace.path.operations
        if op.object in group.modified and op.method not in WHOLE_OBJECT
        for space, location in locations(trace, op)
        if not (group.allocated and is_computed(trace, op))
        for access in made(trace, op, space, location)
    )


def made(trace: Trace, op: Operation, space: str, location: Expr, owner: str = "") -> Iterator[Access]:
    """The access at ``location``: one for each way in which its choices may be taken and its bytes lie."""
    for e, words in placed(trace, location):
        for variant in variants(e):
            yield Access(trace.number, op, space, variant, owner, words)


def placed(trace: Trace, e: Expr) -> Iterator[tuple[Expr, int | None]]:
    """``e`` with the IPv4 header length of the path; if it may have several and ``e`` depends on it, for each."""
    e = trace.settle(e)
    follows = any(n.op == "ite" and VERSION_IHL in symbols(n.args[0]) for n in walk(e))
    if follows:
        yield from ((trace.settle(with_header(e, n)), n) for n in trace.header_lengths)
    else:
        yield e, trace.header_words


def locations(trace: Trace, op: Operation) -> Iterator[tuple[str, Expr]]:
    """(space, expression) of every name under which the path knows the entry that ``op`` touches.

    None for an allocation that failed, and for one whose index no map ever gets (see ``hazards``).
    """
    if "key" in dict(op.args):
        yield op.object, op.arg("key")
        return
    index = op.result("index") if op.method == "dchain_allocate" else op.arg("index")
    block = trace.block(index)
    if block is None:
        yield f"{op.object}[]", index
        return
    source, index = block.source, block.source.result(INDEX_RESULTS[block.source.method])
    if source.method == "map_get":
        yield source.object, source.arg("key")
    for put in trace.puts(index):
        yield put.object, put.arg("key")


def is_computed(trace: Trace, op: Operation) -> bool:
    """Whether ``op`` is addressed by an index that the NF computes itself."""
    index = dict(op.args).get("index")
    return index is not None and trace.block(index) is None


_CHOICES = 4


def variants(e: Expr) -> Iterator[Expr]:
    """``e`` with its choices (``ite``) taken in every way; many choices stay as they are."""
    tests = list(dict.fromkeys(n.args[0] for n in walk(e) if n.op == "ite"))
    if len(tests) > _CHOICES:
        yield e
        return
    for taken in product((TRUE, FALSE), repeat=len(tests)):
        chosen = dict(zip(tests, taken, strict=True))
        new: dict[Expr, Expr] = {}
        for n in walk(e):
            new[n] = chosen.get(n) or rebuild(n, tuple(new[a] for a in n.args))
        yield new[e]
