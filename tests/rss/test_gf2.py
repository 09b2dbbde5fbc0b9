"""Laws of linear algebra over GF(2)."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from maestro.rss import gf2

WIDTH = 12
ROWS = st.lists(st.integers(0, (1 << WIDTH) - 1), max_size=10)


def span(rows: Sequence[int]) -> set[int]:
    out = {0}
    for row in rows:
        out |= {row ^ other for other in out}
    return out


@given(ROWS)
def test_reduced_form_spans_the_same_and_is_reduced(rows: list[int]) -> None:
    basis = gf2.reduce(rows)
    assert span(list(basis.values())) == span(rows)
    assert all(row.bit_length() - 1 == pivot for pivot, row in basis.items())
    assert all(row >> other & 1 == (other == pivot) for pivot, row in basis.items() for other in basis)


@given(ROWS)
def test_rank_and_nullity(rows: list[int]) -> None:
    vectors = list(gf2.kernel(gf2.reduce(rows), WIDTH).values())
    assert 1 << gf2.rank(rows) == len(span(rows))
    assert gf2.rank(rows) + gf2.rank(vectors) == WIDTH
    assert all(not gf2.parity(row & v) for row in rows for v in vectors)


@given(ROWS, st.integers(0, (1 << WIDTH) - 1))
def test_residue_is_zero_exactly_on_the_span(rows: list[int], row: int) -> None:
    basis = gf2.reduce(rows)
    assert (gf2.residue(basis, row) == 0) == (row in span(rows))
    assert gf2.residue(basis, row) ^ row in span(rows)


@given(st.lists(st.tuples(st.integers(0, (1 << WIDTH) - 1), st.integers(0, 1)), max_size=10))
def test_solve_finds_a_solution_exactly_when_there_is_one(system: list[tuple[int, int]]) -> None:
    rows, right = [row for row, _ in system], [b for _, b in system]
    x = gf2.solve(rows, right)
    if x is not None:
        assert [gf2.parity(row & x) for row in rows] == right
    else:
        assert 1 in span([row << 1 | b for row, b in system])


@given(st.integers(0, 1 << 40))
def test_bits_are_the_set_bits_in_order(row: int) -> None:
    assert list(gf2.bits(row)) == [i for i in range(41) if row >> i & 1]


@given(st.sets(st.integers(0, 30), max_size=5), st.integers(31, 40))
def test_minimal_subset_finds_the_culprits(culprits: set[int], size: int) -> None:
    found = gf2.minimal(range(size), lambda some: culprits <= set(some))
    assert set(found) == culprits
