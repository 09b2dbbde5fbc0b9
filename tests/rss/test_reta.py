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


def test_weights_must_be_positive() -> None:
    with pytest.raises(UserError, match="positive"):
        reta.weighted(128, [1.0, 0.0])


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
