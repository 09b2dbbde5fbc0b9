"""Packets and state answers that take a given path, as the tests of exactness want them."""

from __future__ import annotations

from random import Random

from following import Draw, Input

from maestro.traffic.paths import PathSolver, Solution, frame_of

__all__ = ["PathSolver", "Solution", "answering", "as_input"]


def as_input(solution: Solution, rng: Random) -> Input:
    """The packet of a solution with its time and port."""
    return Input(solution["device"], solution["now"], frame_of(solution, rng))


def answering(solution: Solution) -> Draw:
    """The state answers as the solution says."""
    return lambda op, _args: {name: solution[s.name] for name, s in op.results}
