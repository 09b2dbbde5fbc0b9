"""What no valid key can help: ranks that are lost because fields which must not matter are hashed all the same.

A window of the key that must be zero makes parts of its neighbours zero, since the windows of neighbouring input bits
overlap in all but one bit. On a NIC that could leave the field out, or whose windows did not overlap, nothing would be
lost; that is what is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maestro.rss.requirement import FieldBit, columns
from maestro.rss.search import Problem
from maestro.rss.smt import chosen
from maestro.rss.solve import Configuration
from maestro.rss.system import System, ideal_usable


@dataclass(frozen=True)
class Loss:
    """The table bits have at most rank ``possible`` over a field's bits (all inputs: ``field`` is ""), and would have
    ``full``: 2**possible of 2**full table entries are reached."""

    field: str
    possible: int
    full: int


@dataclass(frozen=True)
class Cost:
    """One port: the fields that are hashed but must not matter (``zeroed``), and what is lost under every valid key."""

    port: int
    zeroed: tuple[str, ...]
    losses: tuple[Loss, ...]


def costs(problem: Problem, found: Configuration) -> tuple[Cost, ...]:
    """The ports with fields that must not matter, or with losses."""
    steering = chosen(problem, found)
    system = problem.system(steering)
    ideal = ideal_usable(problem.compiled, steering)
    bits = {port: columns(s.owner_inputs) for port, s in steering.items()}
    every = (_cost(system, port, bits[port], ideal) for port in steering)
    return tuple(cost for cost in every if cost.zeroed or cost.losses)


def _cost(system: System, port: int, bits: Mapping[int, FieldBit], ideal: Mapping[int, frozenset[int]]) -> Cost:
    names = dict.fromkeys(name for name, _ in bits.values())
    useful = {name: [i for i in sorted(ideal[port]) if bits[i][0] == name] for name in names}
    useful[""] = sorted(ideal[port])
    losses = []
    for name, positions in useful.items():
        full = min(len(positions), system.table_bits)
        possible = system.possible_rank(port, positions) if positions else 0
        if possible < full:
            losses.append(Loss(name, possible, full))
    return Cost(port, tuple(name for name in names if not useful[name]), tuple(losses))
