"""Random valid keys, to compare ours with."""

from __future__ import annotations

from random import Random

import pytest
from keys import LAN, WAN, firewall

from maestro.rss import profile
from maestro.rss.against import contest, members
from maestro.rss.gf2 import parity
from maestro.rss.quality import Grader, targets
from maestro.rss.smt import chosen
from maestro.rss.solve import Configuration, configure, pose


def test_members_are_valid_and_differ() -> None:
    requirements = firewall()
    problem = pose(profile.load("82599"), [LAN, WAN], requirements, {})
    found = configure(profile.load("82599"), [LAN, WAN], requirements, cores=2, steer_types={}, seed=1)
    assert isinstance(found, Configuration)
    system = problem.system(chosen(problem, found))
    rows = list(members(system, Random(1), 20))
    assert len(set(rows)) == 20
    assert not any(parity(equation & row) for equation in system.basis.values() for row in rows)
    grader = Grader(system, targets(system, {port: [s.owner_inputs] for port, s in system.steering.items()}))
    for row in rows:
        exact = sum(grader.grade(row))
        assert grader.total(row, exact) == exact
        assert exact == 0 or grader.total(row, 0) > 0


@pytest.mark.parametrize("seed", range(6))
def test_the_search_beats_a_thousand(seed: int) -> None:
    requirements, card = firewall(), profile.load("82599")
    found = configure(card, [LAN, WAN], requirements, cores=2, steer_types={}, seed=seed)
    assert isinstance(found, Configuration)
    result = contest(pose(card, [LAN, WAN], requirements, {}), found, 1000, seed)
    assert result.ours <= result.best
    assert result.better == 0
