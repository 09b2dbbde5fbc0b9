"""Which field set each port gets, and which packet types software re-steers.

A candidate is judged by what every valid key of it has in common (``System``), before any key is drawn. Order of
preference, best first: the whole table is reached; plain TCP and UDP are steered by the NIC; more fields decide the
core; full rank on fields and their low-order runs; fewer re-steered types; more usable bits; fewer idle inputs.
Rare types (options, fragments, …) are re-steered rather than have everybody's hash made coarse for their sake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import islice

from maestro.ir.packet import PACKET_TYPES
from maestro.rss.profile import FieldSet, Profile
from maestro.rss.quality import Target, targets
from maestro.rss.requirement import Inputs, columns, expand, masked
from maestro.rss.system import Compiled, Steering, System, ideal_usable

_COMMON = ("ipv4-tcp", "ipv4-udp")
_LIMIT = 64  # combinations of field sets tried before giving up

Choice = tuple[tuple[int, int, int, int], int, Steering]
"""A port set up one way: (key, port, steering); the lower the key the more promising."""


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
    def is_full_rank(self) -> bool:
        """Nothing lost on any target, and software has only rare types to steer."""
        together, common, _, flaws, *_ = self.score
        return not (together or common or flaws)

    @property
    def is_flawless(self) -> bool:
        return self.is_full_rank and not self.score[4]


@dataclass(frozen=True)
class Problem:
    """``steer``: per port, the packet types that must reach their core, by the NIC or by software.

    ``software``: whether there is some that can send packets on. ``robust``: keys must be valid both when the NIC packs
    the chosen fields and when it leaves them where they are, with zeros in place of the others.
    """

    profile: Profile
    compiled: Compiled
    steer: Mapping[int, frozenset[str]]
    table_bits: int
    software: bool = True
    robust: bool = False

    def main(self, port: int) -> str:
        """The port's main type: the first, in the usual order, of those to be steered."""
        return next((t for t in PACKET_TYPES if t in self.steer[port]), PACKET_TYPES[0])

    def ideal(self) -> dict[int, Steering]:
        """Every port with all the fields that the NIC can hash for its main type, in whatever set."""
        mains = {port: self.main(port) for port in self.steer}
        return {port: Steering("all", {t: (self.profile.widest[t],)}, t) for port, t in mains.items()}

    def useful_fields(self) -> dict[int, frozenset[str]]:
        """Per port, the fields that may decide the core as far as the requirements alone go."""
        ideal = self.ideal()
        usable = ideal_usable(self.compiled, ideal, {port: frozenset({s.main}) for port, s in ideal.items()})
        return {p: _names(s, usable[p]) for p, s in ideal.items()}

    def steering(self, port: int, chosen: FieldSet) -> Steering:
        """The port with this set; every type that the NIC does not treat as the main one is re-steered."""
        main = self.main(port)
        if not self.software:
            return Steering(chosen.name, chosen.inputs, main)
        others = (t for t in self.steer[port] if chosen.inputs[t] != (chosen.nominal(main),) and t != main)
        return Steering(chosen.name, chosen.inputs, main, frozenset(others))

    def system(self, steering: Mapping[int, Steering], only: Mapping[int, frozenset[str]] | None = None) -> System:
        others = [layout for layout in [masked_steering(self.profile, steering)] if self.robust and layout != steering]
        size = self.profile.key_bytes
        return System(self.compiled, steering, key_bytes=size, table_bits=self.table_bits, only=only, others=others)


def masked_steering(profile: Profile, steering: Mapping[int, Steering]) -> dict[int, Steering]:
    """The same choice on a NIC that puts zeros in place of the fields that are not chosen.

    Software, which sends packets on, hashes the fields as before.
    """

    def of(s: Steering) -> Steering:
        zeroed = {t: tuple(masked(i, profile.widest[t]) for i in inputs) for t, inputs in s.inputs.items()}
        return s if zeroed == s.inputs else replace(s, inputs=zeroed, owner=s.owner_inputs)

    return {port: of(s) for port, s in steering.items()}


def candidates(
    problem: Problem, useful: Mapping[int, frozenset[str]]
) -> Iterator[tuple[tuple[int, ...], dict[int, Steering]]]:
    """How the ports may be set up, most promising first, each with its rank: fewer useful fields left out, fewer idle
    ones hashed, fewer types to re-steer (before any is given back)."""
    ranked = []
    for port in problem.steer:
        main = problem.main(port)
        choices: list[Choice] = []
        for order, s in enumerate(problem.profile.field_sets):
            names = {part.name for part in s.nominal(main)}
            if names and (problem.software or all(s.inputs[t] for t in problem.steer[port])):
                steering = problem.steering(port, s)
                covered = len(names & useful[port])
                key = (len(useful[port]) - covered, len(names - useful[port]), len(steering.resteered), order)
                choices.append((key, port, steering))
        ranked.append(sorted(choices, key=lambda c: c[0])[:_LIMIT])
    for rank, chosen in islice(cheapest(ranked), _LIMIT):
        yield rank[:3], {port: steering for _, port, steering in chosen}


def cheapest(ranked: Sequence[Sequence[Choice]]) -> Iterator[tuple[tuple[int, ...], tuple[Choice, ...]]]:
    """One choice of each list, in the order of the sums of their keys; the lists are in the order of theirs."""

    def entry(at: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        keys = [choices[n][0] for choices, n in zip(ranked, at, strict=True)]
        return tuple(map(sum, zip(*keys, strict=True))), at

    first = (0,) * len(ranked)
    heap = [entry(first)] if all(ranked) else []
    seen = {first}
    while heap:
        total, at = heappop(heap)
        yield total, tuple(choices[n] for choices, n in zip(ranked, at, strict=True))
        for port, choices in enumerate(ranked):
            after = (*at[:port], at[port] + 1, *at[port + 1 :])
            if at[port] + 1 < len(choices) and after not in seen:
                seen.add(after)
                heappush(heap, entry(after))


def search(problem: Problem, useful: Mapping[int, frozenset[str]]) -> Candidate | None:
    """The best candidate found, or None when every one leaves some port without a choice of core."""
    best: Candidate | None = None
    best_rank: tuple[int, ...] = ()
    for rank, steering in candidates(problem, useful):
        if best and best.is_full_rank and rank > best_rank:
            break
        found = judge(problem, steering) or judge(problem, spared(problem, steering))
        if found:
            found = _without_resteering(problem, found)
            if best is None or found.score < best.score:
                best, best_rank = found, rank
            if best.is_flawless:
                break
    return best


def judge(problem: Problem, steering: Mapping[int, Steering]) -> Candidate | None:
    """The candidate with its score, or None when it leaves some port without a choice of core."""
    system = problem.system(steering)
    mains = {port: len(expand(s.owner_inputs)) for port, s in steering.items()}
    usable = {port: system.usable(port, s.owner_inputs) for port, s in steering.items()}
    if not all(usable.values()):
        return None
    goals = goals_of(problem, system)
    whole = {t.port: t for t in reversed(goals) if not t.field}  # the first list of a port is its main one
    resteered = [t for s in steering.values() for t in s.resteered]
    score = (
        sum(problem.table_bits - t.possible for t in whole.values()),
        sum(t in _COMMON for t in resteered),
        -_used(steering, usable),
        sum(t.flaws(problem.table_bits) for t in goals),
        len(resteered),
        -sum(map(len, usable.values())),
        sum(mains.values()),
    )
    return Candidate(system, goals, score)


def goals_of(problem: Problem, system: System) -> tuple[Target, ...]:
    """What keys are graded by: the input lists of every port, in all layouts for which they must be valid."""
    lists: dict[int, dict[Inputs, None]] = {port: {} for port in system.steering}
    for layout in system.layouts:
        for port, s in layout.items():
            lists[port] |= dict.fromkeys(graded(s, problem.steer[port]))
    return targets(system, lists)


def graded(steering: Steering, steer: frozenset[str]) -> list[Inputs]:
    """The input lists whose spread matters: the main one, and those of other types that it does not begin with."""
    out = [steering.owner_inputs]
    for t in sorted(steer - steering.resteered, key=PACKET_TYPES.index):
        out += [i for i in steering.hashed(t) if not any(known[: len(i)] == i for known in out)]
    return out


def spared(problem: Problem, steering: Mapping[int, Steering]) -> dict[int, Steering]:
    """Gives to the NIC the types that cannot share the main type's inputs, such as IPv6 with flows of its own."""
    hopeless = set()
    for t in {t for s in steering.values() for t in s.resteered}:
        usable = ideal_usable(problem.compiled, steering, {p: frozenset({s.main, t}) for p, s in steering.items()})
        if not all(usable.values()):
            hopeless.add(t)
    return {
        port: replace(s, resteered=s.resteered - {t for t in hopeless if s.inputs[t]}) for port, s in steering.items()
    }


def _without_resteering(problem: Problem, start: Candidate) -> Candidate:
    """Gives back to the NIC the types that it steers right without loss: all at once, or else one by one."""
    best = start
    types = sorted({t for s in start.steering.values() for t in s.resteered}, key=PACKET_TYPES.index)
    for group in [frozenset(types)] * (len(types) > 1) + [frozenset({t}) for t in types]:
        steering = {port: replace(s, resteered=s.resteered - group) for port, s in best.steering.items()}
        reliable = all(s.inputs[t] for port, s in steering.items() for t in group & problem.steer[port])
        promising = reliable and (bool(group & set(_COMMON)) or _keeps_fields(problem, steering, best))
        found = judge(problem, steering) if promising else None
        if found and found.score < best.score:
            best = found
        if not any(s.resteered for s in best.steering.values()):
            break
    return best


def _keeps_fields(problem: Problem, steering: Mapping[int, Steering], than: Candidate) -> bool:
    """Whether this steering may use as many fields as ``than``: a cheap test before judging it."""
    usable = ideal_usable(problem.compiled, steering)
    return -_used(steering, usable) <= than.score[2]


def _used(steering: Mapping[int, Steering], usable: Mapping[int, Iterable[int]]) -> int:
    """How many fields, over all ports, may decide the core of packets of the main type."""
    return sum(len(_names(steering[p], positions)) for p, positions in usable.items())


def _names(steering: Steering, positions: Iterable[int]) -> frozenset[str]:
    """The fields of these bits of the main inputs."""
    bits = columns(steering.owner_inputs)
    return frozenset(bits[i][0] for i in positions)
