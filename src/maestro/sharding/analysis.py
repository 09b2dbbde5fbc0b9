"""What a model demands of any NIC: its groups, the obstacles in each, and the requirements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from maestro.diagnostics import Span
from maestro.ir.model import Model
from maestro.ir.plan import Reason
from maestro.sharding.accesses import accesses
from maestro.sharding.expiry import expiry_hazards
from maestro.sharding.groups import Group, groups
from maestro.sharding.hazards import hazards
from maestro.sharding.leftovers import leftover_hazards
from maestro.sharding.provenance import Trace, traces
from maestro.sharding.reach import Reach, Solve
from maestro.sharding.requirements import Layout, Need, choose_layout, needs, sites
from maestro.sharding.rules import stored_keys


@dataclass(frozen=True)
class Analysis:
    """``obstacles``: why groups cannot be divided at all. ``needs``: the requirements of the groups that can.

    ``lines``: object → the C lines that use it, or that of its definition.
    """

    model: Model
    groups: tuple[Group, ...]
    obstacles: tuple[Reason, ...]
    needs: tuple[Need, ...]
    layout: Layout
    lines: dict[str, tuple[Span, ...]]

    @property
    def modified(self) -> frozenset[str]:
        return frozenset(name for g in self.groups for name in g.modified)


def analyse(model: Model, solve: Solve) -> Analysis:
    """Everything about ``model`` that does not depend on the NIC. ``solve`` answers satisfiability questions."""
    paths = traces(model.paths)
    found = groups(model, paths)
    obstacles: list[Reason] = []
    sound: list[Group] = []
    for group in found:
        own = list(_obstacles(model, paths, group, solve)) if group.modified else []
        obstacles += own
        if not own:
            sound.append(group)
    made = {group: accesses(paths, group) for group in sound}
    reach = Reach(model, solve)
    layout = choose_layout([a for group in sound for a in made[group]], paths, reach, model.ports)
    demands = [n for own in made.values() for n in needs(sites(own, paths, reach, layout, model.ports))]
    return Analysis(model, found, tuple(obstacles), tuple(demands), layout, _lines(model, paths))


def _obstacles(model: Model, paths: tuple[Trace, ...], group: Group, solve: Solve) -> Iterable[Reason]:
    yield from hazards(model, paths, group)
    yield from expiry_hazards(paths, group, solve)
    yield from leftover_hazards(model, paths, group, solve)
    yield from stored_keys(accesses(paths, group))


def _lines(model: Model, paths: tuple[Trace, ...]) -> dict[str, tuple[Span, ...]]:
    used: dict[str, set[Span]] = {}
    for trace in paths:
        for op in trace.path.operations:
            for name in (op.object, *op.related):
                used.setdefault(name, set()).update({op.span} if op.span else ())
    return {o.name: tuple(sorted(used.get(o.name) or {o.span})) for o in model.objects}
