"""Does a given key meet requirements? A key that need not be Maestro's: a vendor's default, a published one.

Requirements are linear in the key bits, so a key meets them exactly when every row of their system vanishes on it.
Where it does not, a pair of packets shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, product
from math import prod
from random import Random

from maestro.diagnostics import InternalError, UserError
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
    is_set,
    premise,
    relevant,
    side,
    underlying,
)
from maestro.rss.search import Problem, masked_steering
from maestro.rss.system import Compiled, Steering, System
from maestro.rss.ways import Ways, variants

_FIRST = 200  # ways that do it, of which the best is taken
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

    ``field_sets`` and ``resteered`` (packet types left to software) are by port: the key does it with those, or fails
    with those as ``violated`` shows, a pair for each requirement that does not hold. ``unreliable``: packet types of
    which nobody can say what the NIC does. ``lockstep``: ranks lost when fields count up together.
    ``robust``: whether a key that holds would do so as well if the NIC put zeros in place of the fields that are not
    chosen (None: there are none); if not, ``unmasked`` has a pair for each requirement that would fail.
    ``undecided``: requirements of which neither could be shown (``nonlinear.py``), so that it is not said to hold.
    ``symmetric``: the mode that the NIC is in.
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
    robust: bool | None = None
    unmasked: tuple[Counterexample, ...] = ()
    undecided: tuple[str, ...] = ()
    symmetric: str = "none"


def check(
    profile: Profile,
    keys: Mapping[int, bytes],
    requirements: Sequence[Requirement],
    types: Mapping[int, frozenset[str]],
    table: int,
    field_set: str | Mapping[int, str] | None = None,
    *,
    masks: bool = True,
) -> Checked:
    """Whether ``keys`` (by port) do it with some field set of the NIC, or with the one named, for all ports or by port.

    ``types``: the packet types to steer, by port (``language.types_at``). Sets that need no software are preferred,
    then those that spread best. ``masks``: whether to ask what were if the NIC masked fields in place. Raises UserError
    for a set or a table that the NIC does not have.
    """
    known_table(profile, table)
    problem = Problem(profile, Compiled(requirements, profile.hashable), types, table.bit_length() - 1)
    named = field_set if isinstance(field_set, Mapping) else dict.fromkeys(types, field_set)
    choices = {port: variants(problem, port, chosen_sets(profile, named[port])) for port in types}
    if not all(choices.values()):
        text = f"{profile.title} hashes nothing of these packets"
        raise UserError(text, hint="they arrive on queue 0, whatever the key", code="rss-fields")
    tried = prod(map(len, choices.values()))
    found, constant = _search(problem, requirements, keys, choices)
    steering = found or {port: steerings[0] for port, steerings in choices.items()}
    if found is None or constant:
        return _bad(problem, problem.system(steering), requirements, keys, tried, constant=constant)
    good = _good(problem, problem.system(steering), keys, tried)
    return _robust(problem, requirements, steering, good) if masks else good


def known_table(profile: Profile, table: int) -> None:
    """Raises UserError for a table that the NIC does not have."""
    if table not in profile.reta_sizes:
        sizes = ", ".join(map(str, profile.reta_sizes))
        text = f"{profile.title} has no indirection table of {table} entries"
        raise UserError(text, hint=f"it has {sizes}", code="rss-table")


def _search(
    problem: Problem,
    requirements: Sequence[Requirement],
    keys: Mapping[int, bytes],
    choices: Mapping[int, list[Steering]],
) -> tuple[dict[int, Steering] | None, bool]:
    """The best of the first ways that do it; and whether all that do have a constant hash at some port."""
    ways = Ways(problem, requirements, keys, choices)

    def score(port: int, s: Steering) -> tuple[int, int]:
        return -ways.rank(port, s), len(s.resteered)

    def total(way: Mapping[int, Steering]) -> list[int]:
        return [sum(parts) for parts in zip(*(score(port, s) for port, s in way.items()), strict=True)]

    moving: dict[int, list[Steering]] = {}
    for port, steerings in choices.items():
        scored = [(score(port, s), n) for n, s in enumerate(steerings) if ways.rank(port, s)]
        moving[port] = [steerings[n] for _, n in sorted(scored)]
    found = min(islice(Ways(problem, requirements, keys, moving).solutions(), _FIRST), key=total, default=None)
    if found is not None:
        return found, False
    still = next(ways.solutions(), None)
    return still, still is not None


def chosen_sets(profile: Profile, name: str | None) -> tuple[FieldSet, ...]:
    if name is None:
        return profile.field_sets
    chosen = tuple(s for s in profile.field_sets if s.name == name)
    if not chosen:
        known = ", ".join(s.name for s in profile.field_sets)
        raise UserError(f"{profile.title} has no field set {name!r}", hint=f"it has {known}", code="rss-fields")
    return chosen


def _good(problem: Problem, system: System, keys: Mapping[int, bytes], tried: int) -> Checked:
    row = system.extended(sum(int.from_bytes(keys[port], "big") << lane.base for port, lane in system.lanes.items()))
    if any(gf2.parity(equation & row) for equation in system.basis.values()):
        raise InternalError("a key meets the conditions one by one, but not their system")
    goals = targets(system, {port: [s.owner_inputs] for port, s in system.steering.items()})
    grader = Grader(system, goals)
    return _checked(problem, system, keys, tried, False, (), measure(system, goals, row), grader.lockstep(row))


def _robust(
    problem: Problem, requirements: Sequence[Requirement], steering: Mapping[int, Steering], found: Checked
) -> Checked:
    """``found``, with what would be if fields that are not chosen were masked in place."""
    masked = masked_steering(problem.profile, steering)
    if masked == steering:
        return found
    mask = (1 << problem.table_bits) - 1
    pairs = (counterexample(r, masked, found.keys, mask, problem.profile.hashable) for r in requirements)
    wrong = tuple(pair for pair in pairs if pair)
    return replace(found, robust=not wrong, unmasked=wrong)


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
                    return Counterexample(r.label, t, packet(x, xs, found.x_bits), left, u,
                                          packet(y, ys, found.y_bits), right)  # fmt: skip
    return None


def _index(key: bytes, inputs: Inputs, bits: Bits, mask: int) -> int:
    order = expand(inputs)
    result = 0
    for window, bit in zip(toeplitz.windows(key, len(order)), order, strict=True):
        if is_set(bit, bits):
            result ^= window
    return result & mask


def packet(bits: Bits, inputs: Inputs, named: frozenset[FieldBit]) -> Packet:
    """All fields that are hashed or named, in the order of the vocabulary."""
    names = {name for name, _ in underlying(inputs)} | {name for name, _ in named}
    values = {name: 0 for name in FIELDS if name in names}
    for name, i in bits:
        if name in values:
            values[name] |= 1 << FIELDS[name] - 1 - i
    return values
