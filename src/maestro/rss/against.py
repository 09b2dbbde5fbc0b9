"""A key against many random valid ones: is the search for good keys better than luck?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from time import perf_counter

from maestro.rss.quality import Grader
from maestro.rss.search import Problem, goals_of
from maestro.rss.smt import chosen
from maestro.rss.solve import Configuration
from maestro.rss.system import System

Score = tuple[int, int, int]
"""Ranks missed (and input bits that move nothing); those that pairs of fields miss; ranks lost when fields count up
together. Lower is better."""


@dataclass(frozen=True)
class Contest:
    """``flawless``: random keys that miss no more ranks than ours; ``better``: those with a lower score."""

    ours: Score
    best: Score
    keys: int
    flawless: int
    better: int
    seconds: float


def contest(problem: Problem, found: Configuration, count: int, seed: int | None) -> Contest:
    """``found`` against ``count`` (at least 1) random keys, valid for the same field sets."""
    started = perf_counter()
    system = problem.system(chosen(problem, found))
    goals = goals_of(problem, system)
    grader = Grader(system, goals)
    row = system.extended(sum(int.from_bytes(p.key, "big") << system.lanes[p.port].base for p in found.ports))
    ours = (sum(grader.grade(row)), grader.pairs.lost(row), grader.lockstep(row))
    best: Score | None = None
    flawless = better = 0
    for other in members(system, Random(seed), count):
        limit = ours[0] if best is None else max(ours[0], best[0])
        missed = grader.total(other, limit) if best else sum(grader.grade(other))
        if best is not None and missed > limit:
            continue
        score = (missed, grader.pairs.lost(other), grader.lockstep(other))
        flawless += missed <= ours[0]
        better += score < ours
        best = min(best or score, score)
    return Contest(ours, best or ours, count, flawless, better, perf_counter() - started)


def members(system: System, rng: Random, count: int) -> Iterator[int]:
    """Random valid key rows: sums of kernel vectors, taken from tables of eight vectors each."""
    vectors = [system.member(1 << v) for v in range(system.width) if v not in system.basis]
    tables = []
    for n in range(0, len(vectors), 8):
        sums = [0]
        for vector in vectors[n : n + 8]:
            sums += [vector ^ value for value in sums]
        tables.append(sums)
    for _ in range(count):
        row = 0
        for sums in tables:
            row ^= sums[rng.getrandbits(8) % len(sums)]
        yield row
