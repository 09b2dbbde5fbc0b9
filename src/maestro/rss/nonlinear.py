"""Does a given key meet requirements on a NIC that makes hashes symmetric by ``or-xor`` or ``sort``?

These are no linear functions, so no system of equations answers for all packets. What is answered is always true: it
holds where every pair of source and destination is, for all packets that the requirement speaks of, the same on both
sides or exchanged; it does not where a pair of packets shows so; anything else is said to be undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice, product
from math import prod
from random import Random

from maestro.ir.packet import PACKET_TYPES
from maestro.ir.plan import FieldBits
from maestro.rss import toeplitz
from maestro.rss.check import Checked, Counterexample, chosen_sets, packet
from maestro.rss.pairs import Bits, Pair, at_random, generators, span
from maestro.rss.profile import Profile
from maestro.rss.requirement import Inputs, Premise, Requirement, Row, expand, premise, relevant, side
from maestro.rss.search import Problem
from maestro.rss.symmetric import combine, pair_of, sets_of
from maestro.rss.system import Compiled, Steering
from maestro.rss.ways import variants

_WAYS = 64  # ways to set the NIC up that are tried
_DRAWS = 256  # random pairs of packets tried for a violation

Windows = Mapping[int, Sequence[int]]
"""By port, what each input bit puts on the table bits."""


def check(
    profile: Profile,
    keys: Mapping[int, bytes],
    requirements: Sequence[Requirement],
    types: Mapping[int, frozenset[str]],
    table: int,
    field_set: str | None,
    mode: str,
) -> Checked:
    """As ``check.check``, in ``mode``; ranks say nothing here, so no quality. Raises UserError as that does."""
    problem = Problem(profile, Compiled(requirements, profile.hashable), types, table.bit_length() - 1)
    able = replace(profile, field_sets=sets_of(profile, mode))
    choices = {port: variants(problem, port, chosen_sets(able, field_set)) for port in types}
    windows = {p: [w & table - 1 for w in toeplitz.windows(k, 8 * len(k) - 31)] for p, k in keys.items()}
    first: Checked | None = None
    tried = prod(map(len, choices.values()))
    for way in islice(product(*choices.values()), _WAYS):
        steering = dict(zip(choices, way, strict=True))
        found = _tried(problem, requirements, steering, keys, windows, mode, min(tried, _WAYS))
        if found.holds:
            return found
        first = first or found
    assert first is not None, "variants of every port are there, or chosen_sets would have complained"
    return first


def _tried(
    problem: Problem,
    requirements: Sequence[Requirement],
    steering: Mapping[int, Steering],
    keys: Mapping[int, bytes],
    windows: Windows,
    mode: str,
    tried: int,
) -> Checked:
    """One way to set the NIC up."""
    decided = [(r, _decide(r, steering, windows, problem.profile.hashable, mode)) for r in requirements]
    violated = tuple(d for _, d in decided if isinstance(d, Counterexample))
    undecided = tuple(r.label for r, d in decided if d is None)
    constant = any(not any(windows[p][: len(expand(s.owner_inputs))]) for p, s in steering.items())
    return Checked(
        holds=not (violated or undecided or constant),
        constant=constant and not (violated or undecided),
        field_sets={port: s.field_set for port, s in steering.items()},
        resteered={port: tuple(t for t in PACKET_TYPES if t in s.resteered) for port, s in steering.items()},
        keys=keys,
        inputs={port: s.owner_inputs for port, s in steering.items()},
        table_bits=problem.table_bits,
        tried=tried,
        violated=violated,
        unreliable=(),
        quality=None,
        lockstep=0,
        undecided=undecided,
        symmetric=mode,
    )


def _decide(
    r: Requirement, steering: Mapping[int, Steering], windows: Windows, hashable: frozenset[str], mode: str
) -> Counterexample | bool | None:
    """True: it holds. A pair of packets: it does not. None: neither could be shown."""
    verdict: bool | None = True
    for t, u in product(r.left_types, r.right_types):
        rows = relevant(side(r.left, t, hashable), side(r.right, u, hashable))
        found = premise(rows) if rows is not None else None
        if rows is None or found is None:
            continue
        for xs, ys in product(steering[r.left_port].hashed(t), steering[r.right_port].hashed(u)):
            left, right = windows[r.left_port], windows[r.right_port]
            shown = _shown(found, rows, (xs, left), (ys, right), mode)
            if isinstance(shown, bool):
                verdict = verdict if shown else None
                continue
            (x, i), (y, j) = shown
            named = packet(x, xs, found.x_bits), packet(y, ys, found.y_bits)
            return Counterexample(r.label, t, named[0], i, u, named[1], j)
    return verdict


Hashed = tuple[Inputs, Sequence[int]]
"""What is hashed, and the windows of its bits."""


def _shown(
    found: Premise, rows: Sequence[Row], left: Hashed, right: Hashed, mode: str
) -> bool | tuple[tuple[Bits, int], tuple[Bits, int]]:
    """Whether it is certain that it holds; or two packets, with their table indices, that show that it does not."""
    base, directions = span(found, rows, left[0], right[0])
    spanning = list(generators(base, directions))
    if _equal(spanning, left, right):
        return True
    for x, y in chain(at_random(base, directions, Random(1), _DRAWS), spanning):
        i, j = _index(x, left, mode), _index(y, right, mode)
        if i != j:
            return (x, i), (y, j)
    return False


def _equal(spanning: Sequence[Pair], left: Hashed, right: Hashed) -> bool:
    """Whether all pairs of packets have equal fields, those of symmetric pairs perhaps exchanged, and these meet equal
    windows. Being equal is linear, so it holds for all packets if it does for the pairs that span them."""
    if left[0] != right[0]:
        return False
    places = _places(left[0])
    for part in left[0]:
        other = _partner(part, left[0])
        mine, theirs = places[part], places[other] if other else []
        here, there = ([w[1][n] for n in (*mine, *theirs)] for w in (left, right))
        if not any(here) and not any(there):
            continue
        swaps = [part] if other is None else [part, other]
        if here != there or not any(_same(spanning, part, other, image) for image in swaps):
            return False
    return True


def _same(spanning: Sequence[Pair], part: FieldBits, other: FieldBits | None, image: FieldBits) -> bool:
    """Whether ``part`` of one packet is always ``image`` of the other, and its partner what is then left."""
    rest = part if image == other else other
    return all(
        _value(x, part) == _value(y, image) and (other is None or rest is None or _value(x, other) == _value(y, rest))
        for x, y in spanning
    )


def _partner(part: FieldBits, inputs: Inputs) -> FieldBits | None:
    pair = pair_of(part.name)
    if pair is None:
        return None
    twin = FieldBits(pair[part.name == pair[0]], part.first, part.count)
    return twin if twin in inputs else None


def _places(inputs: Inputs) -> dict[FieldBits, list[int]]:
    places, at = {}, 0
    for part in inputs:
        places[part] = list(range(at, at + part.count))
        at += part.count
    return places


def _value(bits: Bits, part: FieldBits) -> int:
    value = 0
    for i in range(part.first, part.first + part.count):
        value = value << 1 | ((part.name, i) in bits)
    return value


def _index(bits: Bits, hashed: Hashed, mode: str) -> int:
    """The table index of a packet in this mode."""
    inputs, windows = hashed
    index = at = 0
    for part in inputs:
        value, other = _value(bits, part), _partner(part, inputs)
        if other is not None:
            pair = pair_of(part.name)
            own_first = pair is not None and part.name == pair[0]
            both = (value, _value(bits, other)) if own_first else (_value(bits, other), value)
            value = combine(mode, part.name, *both)
        for n in range(part.count):
            if value >> (part.count - 1 - n) & 1:
                index ^= windows[at + n]
        at += part.count
    return index
