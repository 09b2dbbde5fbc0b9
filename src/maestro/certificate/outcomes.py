"""Two paths as one packet takes them in two states: can it, and can anybody tell?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from maestro.certificate.cells import unchanged
from maestro.certificate.locations import Group
from maestro.certificate.runs import Run, is_input
from maestro.ir.expr import FALSE, TRUE, Expr, eq, land, negate, packet_byte, substitute, sym, symbols
from maestro.ir.model import Operation


@dataclass(frozen=True)
class Pairing:
    """``together``: conditions under which one packet takes both paths. ``differ``: whether the outcomes do."""

    together: tuple[Expr, ...]
    differ: Expr


def modifications(run: Run, group: Group) -> list[Operation]:
    """What a path changes in a group, but for expiry and for writing back what a cell holds."""
    return [
        o
        for o in group.operations(run)
        if o.kind.modifies
        and o.method not in ("expire_map", "sketch_expire")
        and not (o.method == "vector_write" and unchanged(run, o))
    ]


def pairing(run: Run, other: Run, facts: Sequence[Expr], apart: Collection[Expr], group: Group) -> Pairing:
    """``run``, and ``other`` under ``facts``, in states that answer alike but for the results ``apart``.

    Operations that both paths start with, on equal arguments, have equal results; all later ones are unrelated.
    """
    shared = _shared(run, other, apart)

    def rename(e: Expr) -> Expr:
        return substitute(e, lambda s: None if is_input(s) or s in shared else sym(f"other.{s.name}", s.width))

    together = (*run.conditions, *map(rename, facts))
    one, two = run.path, other.path
    mine, others = _effects(run, group), _effects(other, group)
    same_form = (one.verdict.kind, one.head, one.checksums) == (two.verdict.kind, two.head, two.checksums)
    if not same_form or len(mine) != len(others):
        return Pairing(together, TRUE)
    same = [_equal(_port(run), rename(_port(other)))]
    for a, b in zip(mine, others, strict=True):
        same += [_same_call(run, a, other, b, shared)]
    edits, other_edits = dict(one.edits), dict(two.edits)
    for at in sorted(edits.keys() | other_edits.keys()):
        value, other_value = edits.get(at, _arrived(at)), other_edits.get(at, _arrived(at))
        same.append(_equal(run.resolve(value), rename(other.resolve(other_value))))
    return Pairing(together, negate(land(*same)))


def _equal(a: Expr, b: Expr) -> Expr:
    return eq(a, b) if a.width == b.width else FALSE


def _port(run: Run) -> Expr:
    port = run.path.verdict.port
    return TRUE if port is None else run.resolve(port)


def _arrived(at: int) -> Expr:
    """A byte that nobody edited; one before the frame's start equals nothing."""
    return packet_byte(at) if at >= 0 else sym(f"inserted[{at}]", 8)


def _shared(run: Run, other: Run, apart: Collection[Expr]) -> set[Expr]:
    shared: set[Expr] = set()
    for a, b in zip(run.path.operations, other.path.operations, strict=False):
        if a != b:
            break
        results = {s for _, s in a.results}
        if all(is_input(s) or s in shared for _, arg in a.args for s in symbols(arg)):
            shared |= results - set(apart)
    return shared


def _effects(run: Run, group: Group) -> list[Operation]:
    """What a path changes outside the group."""
    return [o for o in run.path.operations if o.object not in group.objects and o.kind.modifies]


def _same_call(run: Run, a: Operation, other: Run, b: Operation, shared: Collection[Expr]) -> Expr:
    """TRUE when both calls are certainly the same one: on inputs and shared results only."""
    if (a.object, a.method, a.related) != (b.object, b.method, b.related):
        return FALSE
    for (_, x), (_, y) in zip(a.args, b.args, strict=True):
        x, y = run.resolve(x), other.resolve(y)
        if x is not y or not all(is_input(s) or s in shared for s in symbols(x)):
            return FALSE
    return TRUE
