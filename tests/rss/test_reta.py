"""Indirection tables."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.diagnostics import UserError
from maestro.rss import reta


@given(st.integers(1, 128))
def test_round_robin_is_even_for_any_core_count(cores: int) -> None:
    counts = Counter(reta.fill(128, cores))
    assert set(counts) == set(range(cores))
    assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize(("cores", "message"), [(0, "at least one"), (1000, "1000 cores, but .* 128 entries")])
def test_core_counts_that_cannot_be_served(cores: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        reta.fill(128, cores)


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=16))
def test_weights_are_shares(weights: list[float]) -> None:
    counts = Counter(reta.weighted(512, weights))
    assert set(counts) == set(range(len(weights)))
    for core, weight in enumerate(weights):
        assert abs(counts[core] - 512 * weight / sum(weights)) <= len(weights)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_weights_must_be_positive(weight: float) -> None:
    with pytest.raises(UserError, match="positive"):
        reta.weighted(128, [1.0, weight])


@given(st.lists(st.integers(0, 1000), min_size=16, max_size=16), st.integers(1, 8))
def test_balance_is_within_a_heaviest_entry_of_even(loads: list[int], cores: int) -> None:
    table = reta.balance(loads, cores)
    per_core = [sum(n for n, c in zip(loads, table, strict=True) if c == core) for core in range(cores)]
    assert table[0] == 0
    assert max(per_core) <= sum(loads) / cores + max(loads)


def test_balance_separates_elephants() -> None:
    table = reta.balance([1, 90, 90, 1, 1, 1, 0, 0], 2)
    assert table[1] != table[2]
    assert Counter(table) == {0: 4, 1: 4}


LOADS = st.lists(st.integers(0, 1000), min_size=32, max_size=32)


def per_core(table: tuple[int, ...], loads: list[int], cores: int) -> list[int]:
    return [sum(n for n, c in zip(loads, table, strict=True) if c == core) for core in range(cores)]


@given(LOADS, st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=6))
def test_rebalance_never_makes_the_fullest_core_fuller(loads: list[int], weights: list[float]) -> None:
    before = reta.weighted(32, weights)
    after = reta.rebalance(before, loads, weights)

    def fullest(table: tuple[int, ...]) -> float:
        return max(n / w for n, w in zip(per_core(table, loads, len(weights)), weights, strict=True))

    assert after[0] == before[0] == 0
    assert fullest(after) <= fullest(before)
    assert reta.rebalance(after, loads, weights) == after


def test_rebalance_moves_only_what_it_must() -> None:
    loads = [10, 10, 10, 10, 40, 10, 10, 10]
    before = reta.fill(8, 2)  # 70 and 40
    after = reta.rebalance(before, loads, [1, 1])
    assert sum(a != b for a, b in zip(after, before, strict=True)) == 1
    assert per_core(after, loads, 2) == [60, 50]
    assert reta.rebalance(before, [1] * 8, [1, 1]) == before


def test_rebalance_empties_cores_that_are_gone() -> None:
    before = reta.fill(8, 4)
    after = reta.rebalance(before, [5] * 8, [1, 1])
    assert Counter(after) == {0: 4, 1: 4}
    assert all(a == b for a, b in zip(after, before, strict=True) if b < 2)


def test_an_elephant_stays() -> None:
    before = reta.fill(8, 2)
    after = reta.rebalance(before, [0, 1000, 1, 0, 0, 1, 0, 0], [1, 1])
    assert (after[1], after[5]) == (1, 0)


def test_balance_follows_weights() -> None:
    table = reta.balance([1] * 120, 3, [1, 2, 3])
    assert Counter(table) == {0: 20, 1: 40, 2: 60}
