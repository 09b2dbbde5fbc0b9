"""Does a given key meet requirements? A key that need not be Maestro's: a vendor's default, a published one.

Requirements are linear in the key bits, so a key meets them exactly when every row of their system vanishes on it.
Where it does not, a pair of packets shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product
from random import Random

from maestro.diagnostics import UserError
from maestro.ir.packet import FIELDS, PACKET_TYPES
from maestro.rss import gf2, toeplitz
from maestro.rss.pairs import Bits, at_random, generators, span
from maestro.rss.profile import FieldSet, Profile
from maestro.rss.quality import Grader, Quality, measure, targets
from maestro.rss.requirement import (
    FieldBit,
    Inputs,
    Requirement,
    expand,
    premise,
    relevant,
    side,
)
from maestro.rss.search import Problem
from maestro.rss.system import Compiled, Steering, System

_LIMIT = 256  # combinations of field sets looked at
_DRAWS = 64  # random pairs tried before the plainest one is shown

Packet = dict[str, int]
"""Fields by name; those that nothing depends on are left out."""


@dataclass(frozen=True)
class Counterexample:
    """Two packets that must meet on one core, and the table indices that they get."""

    requirement: str
    left_type: str
    left: Packet
    left_index: int
    right_type: str
    right: Packet
    right_index: int


@dataclass(frozen=True)
class Checked:
    """``keys`` and ``inputs`` are by port. ``constant``: it does it, but only by a hash that is constant at some port.

    ``field_sets`` and ``resteered`` (packet types left to software) are by port: with those the key does it, or comes
    closest. ``violated``: a pair for each requirement that does not hold. ``unreliable``: packet types of which nobody
    can say what the NIC does. ``lockstep``: ranks lost when fields count up together.
    """

    holds: bool
    constant: bool
    field_sets: Mapping[int, str]
    resteered: Mapping[int, tuple[str, ...]]
    keys: Mapping[int, bytes]
    inputs: Mapping[int, Inputs]
    table_bits: int
    tried: int
    violated: tuple[Counterexample, ...]
    unreliable: tuple[str, ...]
    quality: Quality | None
    lockstep: int


def check(
    profile: Profile,
    keys: Mapping[int, bytes],
    requirements: Sequence[Requirement],
    types: Mapping[int, frozenset[str]],
    table: int,
    field_set: str | None = None,
) -> Checked:
    """Whether ``keys`` (by port) do it with some field set of the NIC, or with the one named.

    ``types``: the packet types to steer, by port (``language.types_at``). Sets that need no software are preferred,
    then those that spread best. Raises UserError for a set or a table that the NIC does not have.
    """
    if table not in profile.reta_sizes:
        sizes = ", ".join(map(str, profile.reta_sizes))
        text = f"{profile.title} has no indirection table of {table} entries"
        raise UserError(text, hint=f"it has {sizes}", code="rss-table")
    problem = Problem(profile, Compiled(requirements, profile.hashable), types, table.bit_length() - 1)
    best: tuple[tuple[int, int], System, int] | None = None
    first: tuple[System, int] | None = None
    tried = 0
    for steering in _steerings(problem, _sets(profile, field_set)):
        system = problem.system(steering)
        row = sum(int.from_bytes(keys[port], "big") << lane.base for port, lane in system.lanes.items())
        tried += 1
        first = first or (system, row)
        if any(gf2.parity(equation & row) for equation in system.basis.values()):
            continue
        score = (-_reached(system, row), sum(len(s.resteered) for s in steering.values()))
        if best is None or score < best[0]:
            best = (score, system, row)
    if best is not None and -best[0][0]:
        return _good(problem, best[1], best[2], tried, keys)
    chosen = best[1:] if best else first
    if chosen is None:
        raise UserError(f"{profile.title} hashes nothing of these packets", code="rss-fields")
    return _bad(problem, chosen[0], requirements, keys, tried, constant=best is not None)


def _sets(profile: Profile, name: str | None) -> tuple[FieldSet, ...]:
    if name is None:
        return profile.field_sets
    chosen = tuple(s for s in profile.field_sets if s.name == name)
    if not chosen:
        known = ", ".join(s.name for s in profile.field_sets)
        raise UserError(f"{profile.title} has no field set {name!r}", hint=f"it has {known}", code="rss-fields")
    return chosen


def _steerings(problem: Problem, sets: Sequence[FieldSet]) -> Iterator[dict[int, Steering]]:
    """Everything left to the NIC where its behaviour is known, and with the odd types left to software."""
    ports = list(problem.steer)
    for chosen in islice(product(sets, repeat=len(ports)), _LIMIT):
        software = {port: problem.steering(port, s) for port, s in zip(ports, chosen, strict=True)}
        if not all(s.inputs[s.main] and s.owner_inputs for s in software.values()):
            continue
        alone = {port: Steering(s.field_set, s.inputs, s.main) for port, s in software.items()}
        if all(s.inputs[t] for port, s in alone.items() for t in problem.steer[port]):
            yield alone
        if any(s.resteered for s in software.values()):
            yield software


def _reached(system: System, row: int) -> int:
    """The rank of the table bits over the main inputs, summed over the ports; 0 if some port's hash is constant."""
    mask = (1 << system.table_bits) - 1
    ranks = []
    for port, lane in system.lanes.items():
        count = len(expand(system.steering[port].owner_inputs))
        ranks.append(gf2.rank(row >> lane.window(i) & mask for i in range(count)))
    return sum(ranks) if all(ranks) else 0


def _good(problem: Problem, system: System, row: int, tried: int, keys: Mapping[int, bytes]) -> Checked:
    goals = targets(system, {port: [s.owner_inputs] for port, s in system.steering.items()})
    grader = Grader(system, goals)
    return _checked(problem, system, keys, tried, False, (), measure(system, goals, row), grader.lockstep(row))


def _bad(
    problem: Problem,
    system: System,
    requirements: Sequence[Requirement],
    keys: Mapping[int, bytes],
    tried: int,
    *,
    constant: bool,
) -> Checked:
    """A counterexample for every requirement that has one. ``constant``: it holds, but by a hash that is constant."""
    mask = (1 << system.table_bits) - 1
    hashable = problem.profile.hashable
    found = (counterexample(r, system.steering, keys, mask, hashable) for r in requirements)
    violated = () if constant else tuple(c for c in found if c)
    return _checked(problem, system, keys, tried, constant, violated, None, 0)


def _checked(
    problem: Problem,
    system: System,
    keys: Mapping[int, bytes],
    tried: int,
    constant: bool,
    violated: tuple[Counterexample, ...],
    quality: Quality | None,
    lockstep: int,
) -> Checked:
    steering = system.steering
    doubtful = {t for port, s in steering.items() for t in problem.steer[port] - s.resteered if not s.inputs[t]}
    return Checked(
        holds=quality is not None,
        constant=constant,
        field_sets={port: s.field_set for port, s in steering.items()},
        resteered={port: tuple(t for t in PACKET_TYPES if t in s.resteered) for port, s in steering.items()},
        keys=keys,
        inputs={port: s.owner_inputs for port, s in steering.items()},
        table_bits=system.table_bits,
        tried=tried,
        violated=violated,
        unreliable=tuple(t for t in PACKET_TYPES if t in doubtful),
        quality=quality,
        lockstep=lockstep,
    )


def counterexample(
    r: Requirement, steering: Mapping[int, Steering], keys: Mapping[int, bytes], mask: int, hashable: frozenset[str]
) -> Counterexample | None:
    """Two packets for which ``r`` does not hold, or None when it holds."""
    for t, u in product(r.left_types, r.right_types):
        rows = relevant(side(r.left, t, hashable), side(r.right, u, hashable))
        found = premise(rows) if rows is not None else None
        if rows is None or found is None:
            continue
        for xs, ys in product(steering[r.left_port].hashed(t), steering[r.right_port].hashed(u)):
            base, directions = span(found, rows, xs, ys)
            drawn = at_random(base, directions, Random(1), _DRAWS)  # these look more like packets than the others
            for x, y in chain(drawn, generators(base, directions)):
                left, right = _index(keys[r.left_port], xs, x, mask), _index(keys[r.right_port], ys, y, mask)
                if left != right:
                    return Counterexample(r.label, t, _packet(x, xs, found.x_bits), left, u,
                                          _packet(y, ys, found.y_bits), right)  # fmt: skip
    return None


def _index(key: bytes, inputs: Inputs, bits: Bits, mask: int) -> int:
    order = expand(inputs)
    result = 0
    for window, bit in zip(toeplitz.windows(key, len(order)), order, strict=True):
        if bit in bits:
            result ^= window
    return result & mask


def _packet(bits: Bits, inputs: Inputs, named: frozenset[FieldBit]) -> Packet:
    """All fields that are hashed or named, in the order of the vocabulary."""
    names = {part.name for part in inputs} | {name for name, _ in named}
    values = {name: 0 for name in FIELDS if name in names}
    for name, i in bits:
        if name in values:
            values[name] |= 1 << FIELDS[name] - 1 - i
    return values
