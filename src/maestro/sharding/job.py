"""From an analysis and a NIC to an outcome: the most that can be sharded, with keys for it, and why not the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from maestro.ir.plan import Constraint, Reason
from maestro.rss.explain import Infeasible
from maestro.rss.profile import Profile
from maestro.rss.requirement import NIC_ONLY, Requirement, base_type
from maestro.rss.solve import Configuration, configure
from maestro.sharding.analysis import Analysis, Subject
from maestro.sharding.notation import constraint
from maestro.sharding.requirements import Need, conflicting_types, merged
from maestro.sharding.rules import Kept, coarsest, conflict, rule_of, unusable_keys
from maestro.sharding.treatments import Treatment

Choice = tuple[Treatment, ...]

_MOST_CHOICES = 64
"""Combinations of treatments that are tried."""


@dataclass(frozen=True)
class Outcome:
    """``choice``: how the groups that need no lock are treated; ``kept``: their requirements, the coarsest only.

    ``locked``: the others. ``refusals``: why. ``second``: another choice with all the same groups and its
    configuration, which spreads worse. ``rivals``: locked groups that could be sharded instead of the chosen ones.
    """

    configuration: Configuration
    choice: Choice
    kept: tuple[Kept, ...]
    locked: tuple[Subject, ...] = ()
    refusals: tuple[Reason, ...] = ()
    second: tuple[Choice, Configuration] | None = None
    rivals: tuple[Subject, ...] = ()


@dataclass(frozen=True)
class Job:
    """What is asked. ``names``: port → name, for the explanations."""

    analysis: Analysis
    profile: Profile
    cores: int
    seed: int
    names: Mapping[int, str]
    _found: dict[Choice, Configuration | Reason] = field(default_factory=dict)
    _kept: dict[Choice, tuple[Kept, ...]] = field(default_factory=dict)

    def label(self, need: Need) -> str:
        return constraint(need, self.names)

    def outcome(self, unproven: tuple[Reason, ...] = ()) -> Outcome:
        """The most that can be sharded: all groups, or a maximal set that starts with those most paths touch.

        ``unproven``: groups with objects that these name are locked.
        """
        subjects, lost = self.analysis.subjects, {name for r in unproven for name in r.objects}
        possible = [s for s in subjects if s.treatments and lost.isdisjoint(s.group.objects)]
        refusals = [*unproven, *(r for s in subjects if not s.treatments for r in s.refusals)]
        best, why = self._best(possible)
        if best is not None:
            locked = tuple(s for s in subjects if s not in possible)
            return self._outcome(best, locked, refusals, ())
        chosen: list[Subject] = []
        best = self._best([])[0]
        dropped: list[Subject] = []
        for subject in sorted(possible, key=lambda s: -s.touches):
            more, why = self._best([*chosen, subject])
            if more is None:
                dropped.append(subject)
                refusals += [*why, *subject.refusals]
            else:
                chosen.append(subject)
                best = more
        assert best is not None, "without requirements every NIC has a configuration"
        locked = tuple(s for s in subjects if s not in chosen)
        rivals = tuple(s for s in dropped if chosen and self._best([s])[0] is not None)
        return self._outcome(best, locked, list(dict.fromkeys(refusals)), rivals)

    def all_locked(self, refusals: tuple[Reason, ...]) -> Outcome:
        """Nothing sharded, whatever could be: ``refusals`` say why, if there is a reason."""
        return Outcome(self.unconstrained(), (), (), self.analysis.subjects, refusals)

    def _outcome(
        self, ranked: list[Choice], locked: tuple[Subject, ...], refusals: list[Reason], rivals: tuple[Subject, ...]
    ) -> Outcome:
        choice, *others = ranked
        second = (others[0], self._configured(others[0])) if others else None
        return Outcome(self._configured(choice), choice, self.kept(choice), locked, tuple(refusals), second, rivals)

    def _configured(self, choice: Choice) -> Configuration:
        found = self._try(choice)
        assert isinstance(found, Configuration)
        return found

    def _best(self, subjects: Sequence[Subject]) -> tuple[list[Choice] | None, list[Reason]]:
        """The feasible choices that copy the fewest groups, best keys first; or None and why there is none."""
        why: list[Reason] = []
        choices = sorted(_choices(subjects), key=_copies)[:_MOST_CHOICES]
        for copies in sorted({_copies(c) for c in choices}):
            level = [c for c in choices if _copies(c) == copies]
            found = [c for c in level if isinstance(self._try(c), Configuration)]
            if found:
                return sorted(found, key=lambda c: _poverty(self._configured(c))), []
            why += [r for c in level if isinstance(r := self._try(c), Reason)]
        return None, list(dict.fromkeys(why))

    def _try(self, choice: Choice) -> Configuration | Reason:
        if choice not in self._found:
            self._found[choice] = self._solve(choice)
        return self._found[choice]

    def _solve(self, choice: Choice) -> Configuration | Reason:
        demanded = [n for t in choice for n in self.analysis.needs(t)]
        unusable = next(unusable_keys(demanded, self.profile), None)
        if unusable:
            return unusable
        kept = self.kept(choice)
        found = self.configuration([k.need for k in kept])
        return self._explain(found, kept) if isinstance(found, Infeasible) else found

    def kept(self, choice: Choice) -> tuple[Kept, ...]:
        """The requirements of a choice that no other one implies."""
        if choice not in self._kept:
            demanded = [n for t in choice for n in self.analysis.needs(t)]
            self._kept[choice] = coarsest(merged(self._simpler(demanded)))
        return self._kept[choice]

    def _simpler(self, needs: Sequence[Need]) -> Iterator[Need]:
        """``needs`` with those of packets that the NIC never hashes made one, if there are several.

        Such packets go to one core unless software moves them: what fields they have in common makes no difference.
        """
        blind = Counter(_kinds(n) for n in needs if self._is_unhashed(n))
        for n in needs:
            yield replace(n, rows=(), missing=()) if blind[_kinds(n)] > 1 else n

    def _is_unhashed(self, need: Need) -> bool:
        return any(all(map(self._is_blind, types)) for types in (need.left_types, need.right_types))

    def _is_blind(self, packet_type: str) -> bool:
        return packet_type.endswith(NIC_ONLY) and not self.profile.widest.get(base_type(packet_type))

    def unconstrained(self) -> Configuration:
        """Keys that spread well, for packets that may go to any core."""
        return self._configured(())

    def requirements(self, choice: Choice) -> tuple[tuple[Requirement, ...], Mapping[int, tuple[str, ...]]]:
        """What a choice asks of the NIC, and by port the packet types that must be steered."""
        needs = [k.need for k in self.kept(choice)]
        return tuple(map(self._requirement, needs)), conflicting_types(needs)

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

    def _explain(self, found: Infeasible, kept: Sequence[Kept]) -> Reason:
        needs = [k.need for k in kept]
        culprits = [n for n in needs if self.label(n) in found.conflict]
        at_port = [n for n in needs if found.port in (n.left_port, n.right_port)]
        reason = conflict(culprits or at_port, self.profile, found.reason)
        rule = rule_of(reason) or "R4"
        parts = {self.label(n): Constraint(self.label(n), rule, n.objects, n.spans) for n in culprits}
        return replace(reason, conflict=tuple(parts.values()))


def _kinds(need: Need) -> tuple[object, ...]:
    return need.left_port, need.left_types, need.right_port, need.right_types


def _choices(subjects: Sequence[Subject]) -> Iterator[Choice]:
    yield from product(*(s.treatments for s in subjects))


def _copies(choice: Choice) -> int:
    return sum(t.rule == "R7" for t in choice)


def _poverty(found: Configuration) -> tuple[int, ...]:
    """How badly keys spread, the worst port counting: rank missed first, then few bits to tell cores apart by."""
    ranks = [f.possible for f in found.quality.fields if not f.field] or [0]
    bits = [sum(f.count for f in p.fields) for p in found.ports]
    return -min(ranks), -min(bits, default=0)
