"""Z3 and elimination agree."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from keys import LAN, RARE, TCP_UDP, WAN, alone, firewall

from maestro.diagnostics import InternalError
from maestro.rss import profile, smt
from maestro.rss.explain import Infeasible
from maestro.rss.requirement import Form, Requirement, field_forms
from maestro.rss.solve import Configuration, configure, pose
from maestro.solver.answer import Answer
from maestro.solver.z3_backend import Z3, Result

FIELDS = ("ipv4.src", "ipv4.dst", "l4.sport", "l4.dport")
TIMEOUT = 20_000  # milliseconds a question


def answers(nic: str, requirements: list[Requirement], seed: int = 1) -> tuple[Configuration | Infeasible, smt.Asked]:
    card = profile.load(nic)
    found = configure(card, [LAN, WAN], requirements, cores=2, steer_types={}, seed=seed)
    return found, smt.confirm(pose(card, [LAN, WAN], requirements, {}), requirements, found, TIMEOUT)


@pytest.mark.parametrize("nic", ["e810", "82599"])
def test_firewall(nic: str) -> None:
    found, asked = answers(nic, firewall((*TCP_UDP, *RARE)))
    assert isinstance(found, Configuration)
    assert (asked.answer, asked.questions) == (Answer.SAT, 1)
    assert any(any(key) for key in asked.keys.values())


def test_no_field_in_common() -> None:
    found, asked = answers("82599", [alone(WAN, field_forms(f), f) for f in ("ipv4.src", "ipv4.dst")])
    assert isinstance(found, Infeasible)
    assert asked.answer is Answer.UNSAT
    assert asked.questions >= 4
    assert asked.keys == {}


def test_sums_and_constants() -> None:
    mixed = tuple(Form(frozenset({("ipv4.src", i), ("ipv4.dst", i)})) for i in range(32))
    flipped = (Form(mixed[0].bits, 1), *mixed[1:])
    for right in (mixed, flipped):
        found, asked = answers("82599", [Requirement(LAN, TCP_UDP, mixed, LAN, TCP_UDP, right, "sum")])
        assert isinstance(found, Configuration)
        assert asked.answer is Answer.SAT


def random_system(rng: Random) -> list[Requirement]:
    """One to three requirements on parts of one or two fields, so that about half of the systems have no key."""
    found = []
    for n in range(rng.randint(1, 3)):
        names = rng.sample(FIELDS, rng.randint(1, 3))
        cut = rng.choice((4, 8, 16))
        forms = tuple(f for name in names for f in field_forms(name)[:cut])
        twin = {"src": "dst", "dst": "src"}
        mirrored = [f"{a}.{twin.get(b, b)}" for a, b in (name.split(".") for name in names)]
        others = tuple(f for name in mirrored for f in field_forms(name)[:cut])
        ports = rng.choice((LAN, WAN)), rng.choice((LAN, WAN))
        right = others if rng.random() < 0.5 else forms
        found.append(Requirement(ports[0], ("ipv4-tcp",), forms, ports[1], ("ipv4-tcp",), right, f"random {n}"))
    return found


def test_they_agree_on_random_systems() -> None:
    rng, outcomes = Random(7), Counter[str]()
    for _ in range(30):
        found, asked = answers(rng.choice(["82599", "x710"]), random_system(rng))
        assert asked.answer is (Answer.UNSAT if isinstance(found, Infeasible) else Answer.SAT)
        outcomes[asked.answer.value] += 1
    assert min(outcomes["sat"], outcomes["unsat"]) >= 4


def test_disagreement_is_a_bug() -> None:
    requirements = firewall()
    problem = pose(profile.load("82599"), [LAN, WAN], requirements, {})
    with pytest.raises(InternalError, match="elimination disagrees"):
        smt.confirm(problem, requirements, Infeasible("made up", 0, ()), TIMEOUT)


@pytest.mark.parametrize("requirements", [firewall(), [alone(WAN, (), "counter")]], ids=["yes", "no"])
def test_unknown_is_an_answer_of_its_own(requirements: list[Requirement], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Z3, "solve", lambda self, exprs, timeout_ms: Result(Answer.UNKNOWN))
    _, asked = answers("82599", requirements)
    assert asked.answer is Answer.UNKNOWN
