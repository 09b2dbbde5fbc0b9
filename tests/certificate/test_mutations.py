"""The analysis, mutated: whenever a requirement is left out and the keys really break it, the certificate sees it."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import pytest

from certificate.weakened import NOTHING, is_right, requirements_of, weakened, weakenings
from examples.expected import EXAMPLES, EXPECTED, settings
from handmade import firewall, policer
from maestro.certificate.check import check
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.expr import binary, concat
from maestro.ir.model import Model
from maestro.symex.explore import explore
from sharding.nfs import DPORT, DST, SPORT, SRC, table, two_tables

MADE = {
    "handmade firewall": firewall,
    "handmade policer": policer,
    "a sum of addresses": lambda: table(binary("xor", SRC, DST)),
    "all four fields": lambda: table(concat(SRC, DST, SPORT, DPORT)),
    "two tables": lambda: two_tables(SRC, concat(SRC, SPORT)),
}
SPLIT = [n for n, e in EXPECTED.items() if e.strategy == "shared-nothing" and {"sharded", "steered"} & e.objects.keys()]
SHIPPED = [n for n in SPLIT if not n.endswith("-maestro")]
"""The examples with state of which each core has a part, in one of the two dialects."""

AT_MOST, ENOUGH = 16, 3
"""Mutants a network function, and how many of them have to break it."""


@cache
def model(name: str) -> Model:
    if name in MADE:
        return MADE[name]()
    nf = load((EXAMPLES / name,))
    told: dict[str, Any] = settings(name)
    return explore(nf.program, nf=nf.name, ports=2, argv=tuple(told.get("args", ())), is_runtime=is_runtime)


@pytest.mark.parametrize("name", [*MADE, *SHIPPED])
def test_weakened_requirements_are_caught(name: str) -> None:
    nf = model(name)
    full = requirements_of(nf)
    assert full
    rng = Random(name)
    mutants = [*weakenings(full, rng)]
    rng.shuffle(mutants)
    caught = 0
    for tried, how in enumerate(mutants):
        plan, wanted = weakened(nf, how, seed=rng.randrange(1000))
        certificate = check(nf, plan)
        if is_right(plan, wanted):
            assert certificate.failures == (), how.text
        else:
            assert not certificate.holds, how.text
            caught += 1
        if caught == ENOUGH or (caught and tried >= AT_MOST):
            break
    assert caught


@pytest.mark.parametrize("name", [*MADE, *SHIPPED])
def test_full_requirements_hold(name: str) -> None:
    nf = model(name)
    for seed in (1, 2):
        plan, wanted = weakened(nf, NOTHING, seed)
        assert is_right(plan, wanted)
        certificate = check(nf, plan)
        assert certificate.failures == ()
