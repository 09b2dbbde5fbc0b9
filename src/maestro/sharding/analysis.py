"""What a model demands of any NIC: its groups, the ways to treat each, and what stands in the way of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

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
from maestro.sharding.treatments import Treatment, treatments


@dataclass(frozen=True)
class Subject:
    """A group that packets change: the ways to treat it, best first, and why others are closed.

    ``touches``: how many paths use it.
    """

    group: Group
    treatments: tuple[Treatment, ...]
    refusals: tuple[Reason, ...]
    touches: int


@dataclass(frozen=True)
class Analysis:
    """``subjects``: the groups that packets change. ``lines``: object → the C lines that use it, or that define it."""

    model: Model
    groups: tuple[Group, ...]
    subjects: tuple[Subject, ...]
    lines: dict[str, tuple[Span, ...]]
    paths: tuple[Trace, ...]
    reach: Reach
    _needs: dict[Treatment, tuple[Need, ...]] = field(default_factory=dict)

    @property
    def modified(self) -> frozenset[str]:
        return frozenset(name for g in self.groups for name in g.modified)

    @cached_property
    def layout(self) -> Layout:
        made = [a for s in self.subjects for t in s.treatments for a in t.accesses]
        return choose_layout(made, self.paths, self.reach, self.model.ports)

    def needs(self, treatment: Treatment) -> tuple[Need, ...]:
        """The requirements of one treatment."""
        if treatment not in self._needs:
            found = sites(treatment.accesses, self.paths, self.reach, self.layout, self.model.ports)
            self._needs[treatment] = needs(found)
        return self._needs[treatment]


def analyse(model: Model, solve: Solve) -> Analysis:
    """Everything about ``model`` that does not depend on the NIC. ``solve`` answers satisfiability questions."""
    paths = traces(model.paths)
    found = groups(model, paths)
    subjects = tuple(_subject(model, paths, group, solve) for group in found if group.modified)
    return Analysis(model, found, subjects, _lines(model, paths), paths, Reach(model, solve))


def _subject(model: Model, paths: tuple[Trace, ...], group: Group, solve: Solve) -> Subject:
    obstacles = tuple(_obstacles(model, paths, group, solve))
    ways, refusals = treatments(model, paths, group, obstacles, solve)
    touches = sum(any(op.object in group.objects for op in t.path.operations) for t in paths)
    return Subject(group, ways, refusals, touches)


def _obstacles(model: Model, paths: tuple[Trace, ...], group: Group, solve: Solve) -> Iterable[Reason]:
    yield from hazards(model, paths, group, solve)
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
