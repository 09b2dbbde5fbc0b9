"""Ranks over pairs of fields, against windows taken from the key itself."""

from __future__ import annotations

from itertools import combinations

import pytest

from maestro.rss import language, profile, toeplitz
from maestro.rss.check import check
from maestro.rss.keys import keys_by_port
from maestro.rss.solve import Configuration, configure
from maestro.rss.together import RUNS

SYMMETRIC = "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)"
ENDS = {"ipv4.src": 32, "ipv4.dst": 64, "l4.sport": 80, "l4.dport": 96}  # where each field ends in the input


def rank(rows: list[int]) -> int:
    """By the lowest bit: not the elimination under test."""
    left, found = [r for r in rows if r], 0
    while left:
        pivot = left.pop()
        low = pivot & -pivot
        left = [r for r in (r ^ pivot if r & low else r for r in left) if r]
        found += 1
    return found


def together(key: bytes, names: tuple[str, str], bits: int, mask: int) -> int:
    windows = toeplitz.windows(key, 96)
    return rank([windows[ENDS[name] - 1 - n] & mask for name in names for n in range(bits)])


@pytest.mark.parametrize("nic", ["e810", "82599", "mlx5"])
def test_solved_keys_reach_full_rank_on_every_pair_and_run(nic: str) -> None:
    found = configure(profile.load(nic), (0, 1), [language.parse(SYMMETRIC, profile.load(nic))],
                      cores=4, steer_types={}, seed=3)  # fmt: skip
    assert isinstance(found, Configuration)
    keys = {p.port: p.key for p in found.ports}
    mask = len(found.ports[0].reta) - 1
    assert {(p.port, p.fields) for p in found.quality.pairs} == {
        (port, names) for port in (0, 1) for names in combinations(ENDS, 2)
    }
    for pair in found.quality.pairs:
        assert pair.rank == pair.possible == min(2 * pair.bits, mask.bit_length())
        for n in RUNS:
            assert together(keys[pair.port], pair.fields, n, mask) == min(2 * n, mask.bit_length())


def test_a_key_of_few_windows_misses_ranks_where_two_fields_share_them() -> None:
    """6d5a: every field alone has 8 ranks of 9 over its 8 low-order bits, and two fields the same ones."""
    card = profile.load("e810")
    text = "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port0(ipv4.src,ipv4.dst,l4.sport,l4.dport)"
    requirements = [language.parse(text, card)]
    keys = keys_by_port(("6d5a",), [0], card.key_bytes)
    types = {0: frozenset({"ipv4-tcp"})}
    quality = check(card, keys, requirements, types, 512, "src+dst+sport+dport").quality
    assert quality is not None
    for pair in quality.pairs:
        assert (pair.bits, pair.possible) == (8, 9)
        assert pair.rank == together(keys[0], pair.fields, 8, 511) < 9
