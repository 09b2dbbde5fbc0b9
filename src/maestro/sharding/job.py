"""From an analysis and a NIC to an outcome: keys for all requirements, or the reasons why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from maestro.ir.plan import Reason
from maestro.rss.explain import Infeasible
from maestro.rss.profile import Profile
from maestro.rss.requirement import Requirement
from maestro.rss.solve import Configuration, configure
from maestro.sharding.analysis import Analysis
from maestro.sharding.notation import constraint
from maestro.sharding.requirements import Need, conflicting_types
from maestro.sharding.rules import Kept, coarsest, conflict, unusable_keys


@dataclass(frozen=True)
class Job:
    """What is asked. ``names``: port → name, for the explanations."""

    analysis: Analysis
    profile: Profile
    cores: int
    seed: int
    names: Mapping[int, str]

    @cached_property
    def kept(self) -> tuple[Kept, ...]:
        return coarsest(self.analysis.needs)

    def label(self, need: Need) -> str:
        return constraint(need, self.names)

    def shared_nothing(self) -> tuple[Configuration | None, tuple[Reason, ...]]:
        """The configuration that meets every requirement; or None, and the reasons against it."""
        refusals = (*self.analysis.obstacles, *unusable_keys(self.analysis.needs, self.profile))
        blamed = {name for r in refusals for name in r.objects}
        found = self.configuration([k.need for k in self.kept if not blamed & set(k.need.objects)])
        if isinstance(found, Infeasible):
            return None, (*refusals, self._explain(found))
        return (None, refusals) if refusals else (found, ())

    def unconstrained(self) -> Configuration:
        """Keys that spread well, for packets that may go to any core."""
        found = self.configuration([])
        assert isinstance(found, Configuration), "without requirements every NIC has a configuration"
        return found

    def configuration(self, needs: Sequence[Need]) -> Configuration | Infeasible:
        layout = self.analysis.layout.name
        ports = range(self.analysis.model.ports)
        return configure(
            self.profile,
            ports,
            [self._requirement(n) for n in needs],
            cores=self.cores,
            steer_types=conflicting_types(needs),
            seed=self.seed,
            owner_layouts=dict.fromkeys(ports, layout),
        )

    def _requirement(self, need: Need) -> Requirement:
        left, right = tuple(a for a, _ in need.rows), tuple(b for _, b in need.rows)
        return Requirement(
            need.left_port, need.left_types, left, need.right_port, need.right_types, right, self.label(need)
        )

    def _explain(self, found: Infeasible) -> Reason:
        needs = [k.need for k in self.kept]
        culprits = [n for n in needs if self.label(n) in found.conflict]
        at_port = [n for n in needs if found.port in (n.left_port, n.right_port)]
        return conflict(culprits or at_port, self.profile, found.reason)
