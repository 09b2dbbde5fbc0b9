"""Which field set each port gets, and which packet types software re-steers.

A candidate is judged by what every valid key of it has in common (``System``), before any key is drawn. Order of
preference, best first: the whole table is reached; plain TCP and UDP are steered by the NIC; more fields decide the
core; full rank on fields and their low-order runs; fewer re-steered types; more usable bits; fewer idle inputs.
Rare types (options, fragments, …) are re-steered rather than have everybody's hash made coarse for their sake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from maestro.ir.packet import PACKET_TYPES
from maestro.rss.profile import FieldSet, Profile
from maestro.rss.quality import Target, targets
from maestro.rss.requirement import Inputs, expand, merge
from maestro.rss.system import Compiled, Steering, System, ideal_usable

_COMMON = ("ipv4-tcp", "ipv4-udp")
_LIMIT = 64  # combinations of field sets tried before giving up
_SAME_COVERAGE = 6  # of those, how many that use equally many fields


@dataclass(frozen=True)
class Candidate:
    """One way to set up all ports. ``score``: lower is better."""

    system: System
    goals: tuple[Target, ...]
    score: tuple[int, ...]

    @property
    def steering(self) -> Mapping[int, Steering]:
        return self.system.steering

    @property
    def is_flawless(self) -> bool:
        together, common, _, flaws, resteered = self.score[:5]
        return not (together or common or flaws or resteered)


@dataclass(frozen=True)
class Problem:
    """``steer``: per port, the packet types that must reach their core, by the NIC or by software."""

    profile: Profile
    compiled: Compiled
    steer: Mapping[int, frozenset[str]]
    table_bits: int

    def main(self, port: int) -> str:
        """The port's main type: the first, in the usual order, of those to be steered."""
        return next((t for t in PACKET_TYPES if t in self.steer[port]), PACKET_TYPES[0])

    def ideal(self) -> dict[int, Steering]:
        """Every port with all the fields that the NIC can hash for its main type, in whatever set."""
        out = {}
        for port in self.steer:
            main = self.main(port)
            bits = dict.fromkeys(b for s in self.profile.field_sets for i in s.inputs[main] for b in expand(i))
            out[port] = Steering("all", {main: (merge(bits),)}, main)
        return out

    def useful_fields(self) -> dict[int, frozenset[str]]:
        """Per port, the fields that may decide the core as far as the requirements alone go."""
        ideal = self.ideal()
        usable = ideal_usable(self.compiled, ideal)
        return {p: frozenset(expand(s.owner_inputs)[i][0] for i in usable[p]) for p, s in ideal.items()}

    def steering(self, port: int, chosen: FieldSet) -> Steering:
        """The port with this set; every type that the NIC does not treat as the main one is re-steered."""
        main = self.main(port)
        others = (t for t in self.steer[port] if chosen.inputs[t] != (chosen.nominal(main),) and t != main)
        return Steering(chosen.name, chosen.inputs, main, frozenset(others))

    def system(self, steering: Mapping[int, Steering], only: Mapping[int, frozenset[str]] | None = None) -> System:
        key_bytes = self.profile.key_bytes
        return System(self.compiled, steering, key_bytes=key_bytes, table_bits=self.table_bits, only=only)


def candidates(problem: Problem, useful: Mapping[int, frozenset[str]]) -> Iterator[tuple[int, dict[int, Steering]]]:
    """(how many useful fields it hashes, how the ports are set up), most promising first."""
    ranked = []
    for port in problem.steer:
        main, choices = problem.main(port), []
        for order, s in enumerate(problem.profile.field_sets):
            names = {part.name for part in s.nominal(main)}
            if names:
                steering = problem.steering(port, s)
                covered = len(names & useful[port])
                key = (-covered, len(names - useful[port]), len(steering.resteered), order)
                choices.append((key, port, steering))
        ranked.append(sorted(choices, key=lambda c: c[0])[:_LIMIT])
    combinations = [(tuple(map(sum, zip(*(k for k, _, _ in c), strict=True))), c) for c in product(*ranked)]
    for key, chosen in sorted(combinations, key=lambda c: c[0])[:_LIMIT]:
        yield -key[0], {port: steering for _, port, steering in chosen}


def search(problem: Problem, useful: Mapping[int, frozenset[str]]) -> Candidate | None:
    """The best candidate found, or None when every one leaves some port without a choice of core."""
    best: Candidate | None = None
    coverage, seen = -1, 0
    for covered, steering in candidates(problem, useful):
        seen = seen + 1 if covered == coverage else 1
        if best and (seen > _SAME_COVERAGE or (covered < coverage and not best.score[0] and not best.score[3])):
            break
        coverage = covered
        found = judge(problem, steering)
        if found:
            found = _without_resteering(problem, found)
            best = found if best is None or found.score < best.score else best
            if best.is_flawless:
                break
    return best


def judge(problem: Problem, steering: Mapping[int, Steering]) -> Candidate | None:
    """The candidate with its score, or None when it leaves some port without a choice of core."""
    system = problem.system(steering)
    mains = {port: len(expand(s.owner_inputs)) for port, s in steering.items()}
    usable = {port: system.usable(port, length) for port, length in mains.items()}
    if not all(usable.values()):
        return None
    goals = targets(system, {port: _graded(s, problem.steer[port]) for port, s in steering.items()})
    whole = {t.port: t for t in reversed(goals) if not t.field}  # the first list of a port is its main one
    resteered = [t for s in steering.values() for t in s.resteered]
    used = {(p, expand(steering[p].owner_inputs)[i][0]) for p, positions in usable.items() for i in positions}
    score = (
        sum(problem.table_bits - t.possible for t in whole.values()),
        sum(t in _COMMON for t in resteered),
        -len(used),
        sum(t.flaws(problem.table_bits) for t in goals),
        len(resteered),
        -sum(map(len, usable.values())),
        sum(mains.values()),
    )
    return Candidate(system, goals, score)


def _graded(steering: Steering, steer: frozenset[str]) -> list[Inputs]:
    """The input lists whose spread matters: the main one, and those of other types that it does not begin with."""
    out = [steering.owner_inputs]
    for t in sorted(steer - steering.resteered, key=PACKET_TYPES.index):
        out += [i for i in steering.hashed(t) if not any(known[: len(i)] == i for known in out)]
    return out


def _without_resteering(problem: Problem, start: Candidate) -> Candidate:
    """Gives back to the NIC the types that it steers right without loss: all at once, or else one by one."""
    best = start
    types = sorted({t for s in start.steering.values() for t in s.resteered}, key=PACKET_TYPES.index)
    for group in [frozenset(types)] * (len(types) > 1) + [frozenset({t}) for t in types]:
        steering = {port: replace(s, resteered=s.resteered - group) for port, s in best.steering.items()}
        reliable = all(s.inputs[t] for port, s in steering.items() for t in group & problem.steer[port])
        found = judge(problem, steering) if reliable else None
        if found and found.score < best.score:
            best = found
        if not any(s.resteered for s in best.steering.values()):
            break
    return best
