"""No valid key is better: the ranks that keys reach, against an optimum that is computed another way.

The optimum is a maximum over the null space itself, computed by other means: over all its members where these are few,
else over random ones.
"""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.rss import language, profile, toeplitz
from maestro.rss.quality import targets
from maestro.rss.request import answer
from maestro.rss.requirement import expand
from maestro.rss.search import goals_of
from maestro.rss.smt import chosen
from maestro.rss.solve import Configuration, pose

TERMS = ("ipv4.src", "ipv4.dst", "l4.sport", "l4.dport", "ipv4.src/24", "ipv4.dst/20", "l4.sport^l4.dport")
SMALL = 12  # dimensions of a null space that is tried out entirely


def rank(rows: list[int]) -> int:
    """Gaussian elimination, column by column: not the one under test."""
    left, found = [r for r in rows if r], 0
    while left:
        pivot = left.pop()
        low = pivot & -pivot
        left = [r for r in (r ^ pivot if r & low else r for r in left) if r]
        found += 1
    return found


def null_space(rows: list[int], width: int) -> list[int]:
    """A basis of the vectors that all rows vanish on, by elimination on the transposed matrix."""
    marked = [(sum((row >> v & 1) << n for n, row in enumerate(rows)), 1 << v) for v in range(width)]
    for n in range(len(rows)):
        at = next((i for i, (column, _) in enumerate(marked) if column >> n & 1), None)
        if at is None:
            continue
        column, vector = marked.pop(at)
        marked = [(c ^ column, v ^ vector) if c >> n & 1 else (c, v) for c, v in marked]
    return [v for _, v in marked]


def windows_rank(key: bytes, positions: list[int], mask: int) -> int:
    every = toeplitz.windows(key, max(positions) + 1)
    return rank([every[i] & mask for i in positions])


@st.composite
def requirement_texts(draw: st.DrawFn) -> list[str]:
    texts = []
    for _ in range(draw(st.integers(1, 2))):
        terms = draw(st.lists(st.sampled_from(TERMS), min_size=1, max_size=3, unique=True))
        port = draw(st.integers(0, 1))
        others = terms if port == 0 or draw(st.booleans()) else [swapped(t) for t in terms]
        texts.append(f"port0@tcp({','.join(terms)}) == port{port}@tcp({','.join(others)})")
    return texts


def swapped(term: str) -> str:
    for a, b in (("src", "dst"), ("sport", "dport")):
        if a in term and b not in term:
            return term.replace(a, b)
    for a, b in (("dst", "src"), ("dport", "sport")):
        if a in term and b not in term:
            return term.replace(a, b)
    return term


def examine(nic: str, texts: list[str], seed: int) -> int:
    """Checks every target of the key that is found; returns how many there were."""
    found = answer(nic=nic, texts=texts, cores=2, seed=seed).found
    if not isinstance(found, Configuration):
        return 0
    card = profile.load(nic)
    requirements = [language.parse(text, card) for text in texts]
    ports = language.ports(requirements)
    problem = pose(card, ports, requirements, {})
    system = problem.system(chosen(problem, found))
    goals = goals_of(problem, system)
    assert goals == targets(system, {p: [s.owner_inputs] for p, s in system.steering.items()})
    space = null_space(list(system.basis.values()), system.width)
    assert len(space) == system.width - len(system.basis)
    rng, mask = Random(seed), (1 << problem.table_bits) - 1
    best = [0] * len(goals)
    for member in members(space, rng):
        for n, goal in enumerate(goals):
            if best[n] < goal.possible:
                key = system.lanes[goal.port].key(member)
                best[n] = max(best[n], windows_rank(key, list(goal.positions), mask))
    keys = {p.port: p.key for p in found.ports}
    for n, (goal, said) in enumerate(zip(goals, found.quality.fields, strict=True)):
        reached = windows_rank(keys[goal.port], list(goal.positions), mask)
        assert said.rank == reached, "the report says what the key does"
        assert best[n] <= said.possible, "no valid key exceeds what is said to be possible"
        assert reached >= best[n], (texts, goal.field)
    for port in found.ports:  # every usable input bit is in a target, no other bit moves the index
        used = {expand(port.owner_inputs)[i] for g in goals if g.port == port.port for i in g.positions}
        assert {bit for part in port.fields for bit in expand((part,))} == used
    return len(goals)


def members(space: list[int], rng: Random) -> list[int]:
    if len(space) > SMALL:
        return [sum_of(space, rng.getrandbits(len(space))) for _ in range(60)]
    return [sum_of(space, n) for n in range(1 << len(space))]


def sum_of(space: list[int], chosen_ones: int) -> int:
    total = 0
    for n, vector in enumerate(space):
        total ^= vector if chosen_ones >> n & 1 else 0
    return total


@settings(max_examples=25, deadline=None)
@given(requirement_texts(), st.sampled_from(["82599", "e810", "hns3"]), st.integers(1, 1000))
def test_no_valid_key_has_a_higher_rank_on_any_field(texts: list[str], nic: str, seed: int) -> None:
    examine(nic, texts, seed)


@pytest.mark.parametrize(("first", "second"), list(combinations(TERMS[:4], 2)))
def test_pairs_of_fields_on_a_nic_that_cannot_choose(first: str, second: str) -> None:
    text = f"port0@tcp({first},{second}) == port0@tcp({first},{second})"
    assert examine("hns3", [text], seed=1) == 3


def test_what_zeroing_costs_is_said() -> None:
    """The whole 4-tuple is hashed: the zero windows of the other source bits leave nothing of eight in their midst."""
    text = "port0@tcp(ipv4.src[8:8],ipv4.dst) == port0@tcp(ipv4.src[8:8],ipv4.dst)"
    a = answer(nic="hns3", texts=[text], cores=2, seed=1)
    (cost,) = a.costs
    assert cost.zeroed == ("l4.sport", "l4.dport")
    assert [(loss.field, loss.possible, loss.full) for loss in cost.losses] == [("ipv4.src", 0, 8)]
    assert isinstance(a.found, Configuration)
    assert {part.name for part in a.found.ports[0].fields} == {"ipv4.dst"}


def test_fields_that_can_be_left_out_cost_nothing() -> None:
    assert answer(nic="e810", texts=["port0@tcp(l4.sport) == port0@tcp(l4.sport)"], cores=2, seed=1).costs == ()
    (cost,) = answer(nic="hns3", texts=["port0@tcp(l4.sport) == port0@tcp(l4.sport)"], cores=2, seed=1).costs
    assert (cost.zeroed, cost.losses) == (("ipv4.src", "ipv4.dst", "l4.dport"), ())
