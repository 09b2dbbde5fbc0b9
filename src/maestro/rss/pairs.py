"""Pairs of packets that a requirement speaks of, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from maestro.rss.requirement import FieldBit, Form, Inputs, Premise, Row, underlying

Bits = frozenset[FieldBit]
"""A packet: the bits that are set, of those that are hashed or named."""

Pair = tuple[Bits, Bits]

_NOTHING: Bits = frozenset()


def span(found: Premise, rows: Sequence[Row], xs: Inputs, ys: Inputs) -> tuple[Pair, list[Pair]]:
    """One pair that satisfies the premise, and the directions in which it can be moved.

    ``rows`` are the equations that ``found`` came from, ``xs`` and ``ys`` what is hashed of the two packets: a hashed
    bit that no equation names is a direction of its own.
    """
    vectors = [(frozenset(x), frozenset(y)) for x, y in found.vectors]
    base = (_NOTHING, _NOTHING)
    if any(f.constant != g.constant for f, g in rows):
        base, *vectors = vectors
    vectors += [(frozenset({bit}), _NOTHING) for bit in underlying(xs) if bit not in found.x_bits]
    vectors += [(_NOTHING, frozenset({bit})) for bit in underlying(ys) if bit not in found.y_bits]
    return base, vectors


def move(pair: Pair, direction: Pair) -> Pair:
    return pair[0] ^ direction[0], pair[1] ^ direction[1]


def generators(base: Pair, directions: Sequence[Pair]) -> Iterator[Pair]:
    """A pair and its neighbour in every direction: hashes that agree on all of these agree on every pair."""
    yield base
    for direction in directions:
        yield move(base, direction)


def at_random(base: Pair, directions: Sequence[Pair], rng: Random, count: int) -> Iterator[Pair]:
    for _ in range(count):
        pair = base
        for direction in directions:
            pair = move(pair, direction) if rng.getrandbits(1) else pair
        yield pair


def satisfies(pair: Pair, rows: Sequence[Row]) -> bool:
    """Whether every form of one packet equals that of the other."""
    return all(_value(f, pair[0]) == _value(g, pair[1]) for f, g in rows)


def _value(form: Form, packet: Bits) -> int:
    return (form.constant + len(form.bits & packet)) & 1
