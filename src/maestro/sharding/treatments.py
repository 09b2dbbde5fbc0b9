"""Ways to treat a group of state objects, each with what it demands of the NIC.

==============  ==================================================================  =====================
rule            entries are reached by                                              demands
==============  ==================================================================  =====================
keys (R1, R2)   keys that the packet carries                                        equal keys, same core
interchange R5  an index that the packet names and a peer that it must then prove    equal peers, same core
steered R6      an index that the packet names and its core allocated               equal indices, same core
replicated R7   any core: nothing looks at it                                       nothing
==============  ==================================================================  =====================
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from maestro.ir.expr import binary, const, land, negate
from maestro.ir.model import Model, Operation
from maestro.ir.plan import Interchange, Reason, Replica, Steering
from maestro.sharding.accesses import Access, accesses, is_computed, placed
from maestro.sharding.groups import Group
from maestro.sharding.hazards import spans_of
from maestro.sharding.interchange import Matches, find_matches
from maestro.sharding.peel import moved, packet_bytes, peeled
from maestro.sharding.provenance import Trace, is_input
from maestro.sharding.reach import Solve
from maestro.sharding.replicate import replicas
from maestro.solver.answer import Answer

_MOST_VALUES = 24
"""Bits of a packet that may name an index: cores work out at start whose each index is."""


@dataclass(frozen=True, eq=False)
class Treatment:
    """One way to treat ``group``. ``rule``: R5, R6, R7, or None where R1 or R2 follows from the keys.

    ``strategy``: of the objects that change. ``accesses``: those that conflict. ``notes``: why
    other ways are closed; ``facts``: what is good to know of this one. The rest goes into the plan.
    """

    group: Group
    rule: str | None
    strategy: str
    accesses: tuple[Access, ...] = ()
    steering: tuple[Steering, ...] = ()
    interchanges: tuple[Interchange, ...] = ()
    replicas: tuple[Replica, ...] = ()
    notes: tuple[Reason, ...] = ()
    facts: tuple[Reason, ...] = ()


def treatments(
    model: Model, paths: Sequence[Trace], group: Group, obstacles: Sequence[Reason], solve: Solve
) -> tuple[tuple[Treatment, ...], tuple[Reason, ...]]:
    """What can be done with ``group``, best first; and why the other ways are closed."""
    found: list[Treatment] = []
    refusals = list(obstacles)
    if not obstacles:
        computed = _computed(paths, group) if group.allocated else []
        by_key = accesses(paths, group)
        if not computed:
            found.append(Treatment(group, None, "sharded", by_key))
        else:
            more, why = _by_index(model, paths, group, computed, by_key, solve)
            found += more
            refusals += why
    sweeps = tuple(_foreign_sweeps(paths, group, solve))
    found = [replace(t, facts=sweeps) for t in found]
    copies = replicas(model, paths, group)
    if isinstance(copies, Reason):
        refusals.append(copies)
    elif copies is not None:
        found.append(Treatment(group, "R7", "replicated", replicas=copies))
    return tuple(found), tuple(refusals)


def _foreign_sweeps(paths: Sequence[Trace], group: Group, solve: Solve) -> Iterator[Reason]:
    """Keys erased cell by cell, where the cells are not shown to be those of the packet's own entry."""
    foreign = [
        op for t in paths for op in t.path.operations
        if op.method == "expire_range" and op.object in group.objects and not _own_cells(t, op, solve)
    ]  # fmt: skip
    if foreign:
        keys = foreign[0].related[0]
        yield Reason(
            "own-sweep",
            f"keys that cells of `{keys}` hold are erased from `{foreign[0].object}`, and which entry the cells belong "
            "to cannot be shown: each core erases those of its own entries only",
            (foreign[0].object, keys),
            spans_of(foreign),
            "let the cells of entry i be i * n to i * n + n - 1, and sweep no others",
        )


def _own_cells(trace: Trace, op: Operation, solve: Solve) -> bool:
    first, last = (trace.block(op.arg(name)) for name in ("start", "end"))
    if first is None or last is None or (first.source, first.factor) != (last.source, last.factor):
        return False
    size = const(first.factor, 32)
    inside = land(binary("ule", first.rest, size), binary("ule", last.rest, size))
    return solve([*trace.path.conditions, negate(inside)]) is Answer.UNSAT


def _computed(paths: Sequence[Trace], group: Group) -> list[tuple[Trace, Operation]]:
    return [(t, op) for t in paths for op in t.path.operations if op.object in group.modified and is_computed(t, op)]


def _by_index(
    model: Model,
    paths: Sequence[Trace],
    group: Group,
    computed: Sequence[tuple[Trace, Operation]],
    by_key: tuple[Access, ...],
    solve: Solve,
) -> tuple[list[Treatment], list[Reason]]:
    """Entries that some packets name by their index."""
    names = tuple(n for n in group.objects if n in group.modified)
    strange = [op for t, op in computed if not is_input(t.settle(op.arg("index")))]
    if strange:
        hint = "let packets name the entry, or reach it by the key of a map"
        text = f"`{strange[0].object}` is reached by an index that depends on stored state"
        return [], [Reason("index-not-in-packet", text, names, spans_of(strange), hint)]
    found: list[Treatment] = []
    refusals: list[Reason] = []
    match find_matches(paths, group, solve):
        case Matches() as matches:
            interchange = Interchange(names, matches.vector, matches.bytes)
            found.append(Treatment(group, "R5", "sharded", by_key + matches.accesses, interchanges=(interchange,)))
        case Reason() as reason:
            refusals.append(reason)
    steered = _steered(model, group, computed, by_key)
    if isinstance(steered, Reason):
        refusals.append(steered)
    else:
        found.append(steered)
    notes = tuple(refusals)
    return [replace(t, notes=notes) for t in found], refusals


def _steered(
    model: Model, group: Group, computed: Sequence[tuple[Trace, Operation]], by_key: tuple[Access, ...]
) -> Treatment | Reason:
    """R6: the NIC sends every packet that names an index to the core that hands it out."""
    allocator = min(group.allocators)
    places = [(t, op, e, words) for t, op in computed for e, words in placed(t, op.arg("index"))]
    indices = [e for _, _, e, _ in places]
    own = tuple(
        Access(t.number, op, f"{allocator}[]", location, allocator, words)
        for (t, op, _, words), location in zip(places, peeled(indices), strict=True)
    )
    distinct = sorted(dict.fromkeys(indices), key=packet_bytes)
    if any(moved(distinct[0], e) is not e for e in distinct):
        return Reason(
            "index-not-in-packet",
            f"packets name the entries of `{allocator}` in different ways",
            (allocator,),
            spans_of([op for _, op in computed]),
            "read the index from the same bytes of every packet",
        )
    if len(packet_bytes(distinct[0])) * 8 > _MOST_VALUES:
        return Reason(
            "index-not-in-packet",
            f"the index into `{allocator}` is made of more than {_MOST_VALUES} bits of the packet",
            (allocator,),
            spans_of([op for _, op in computed]),
            "let packets name the index itself, as a NAT's external port does",
        )
    steering = tuple(Steering(allocator, port, distinct[0]) for port in range(model.ports))
    return Treatment(group, "R6", "steered", by_key + own, steering=steering)
