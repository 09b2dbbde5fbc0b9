"""Linear algebra over GF(2). A row is a Python int; bit k of it is the coefficient of variable k.

A :data:`Basis` is a set of rows in reduced row echelon form, keyed by pivot: every row's highest set bit is its pivot,
and no pivot occurs in another row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

Basis = dict[int, int]
"""Pivot variable → row."""

T = TypeVar("T")


def bits(row: int) -> Iterator[int]:
    """The variables of a row, lowest first."""
    while row:
        low = row & -row
        yield low.bit_length() - 1
        row ^= low


def parity(row: int) -> int:
    return row.bit_count() & 1


def insert(echelon: Basis, row: int) -> bool:
    """Add a row to an echelon (not necessarily reduced) basis in place; false when it was already implied."""
    while row:
        pivot = row.bit_length() - 1
        known = echelon.get(pivot)
        if known is None:
            echelon[pivot] = row
            return True
        row ^= known
    return False


def reduce(rows: Iterable[int]) -> Basis:
    """The reduced row echelon form of ``rows``."""
    echelon: Basis = {}
    for row in rows:
        insert(echelon, row)
    pivots = 0
    reduced: Basis = {}
    for pivot in sorted(echelon):
        row = echelon[pivot]
        for other in bits(row & pivots):
            row ^= reduced[other]
        reduced[pivot] = row
        pivots |= 1 << pivot
    return reduced


def rank(rows: Iterable[int]) -> int:
    echelon: Basis = {}
    for row in rows:
        insert(echelon, row)
    return len(echelon)


def residue(basis: Mapping[int, int], row: int) -> int:
    """``row`` modulo the row space of a reduced basis: written in free variables only; 0 when it is implied."""
    out = row
    for variable in bits(row):
        if variable in basis:
            out ^= basis[variable]
    return out


def kernel(basis: Mapping[int, int], width: int, first: int = 0) -> dict[int, int]:
    """A basis of the vectors on which every row vanishes: per free variable, the vector in which only it is set.

    Variables are ``first`` … ``width`` - 1; coefficients of those below (a right-hand side, say) are ignored.
    """
    vectors = {v: 1 << v for v in range(first, width) if v not in basis}
    for pivot, row in basis.items():
        for free in bits((row ^ 1 << pivot) >> first << first):
            vectors[free] |= 1 << pivot
    return vectors


def solve(rows: Sequence[int], right: Sequence[int]) -> int | None:
    """A vector x with parity(row & x) equal to the right side for every row, or None when there is none."""
    basis = reduce(row << 1 | value for row, value in zip(rows, right, strict=True))
    if 0 in basis:  # the row "0 = 1"
        return None
    return sum(1 << (pivot - 1) for pivot, row in basis.items() if row & 1)


def minimal(items: Sequence[T], holds: Callable[[Sequence[T]], bool]) -> list[T]:
    """A minimal subset for which the monotone property ``holds`` is true; it must be true for all ``items``.

    Deletion in halves: blocks are dropped first, then single items, so that a few culprits among many are found fast.
    """
    kept = list(items)
    size = max(1, len(kept) // 2)
    while True:
        start = 0
        while start < len(kept):
            rest = kept[:start] + kept[start + size :]
            if holds(rest):
                kept = rest
            else:
                start += size
        if size == 1:
            return kept
        size = max(1, size // 2)
