"""The arithmetic of predictions, on numbers whose answers are known."""

from __future__ import annotations

from random import Random

import pytest

from maestro.bench.model import (
    busiest_rate,
    fit_caches,
    fit_locks,
    fit_shared,
    least,
    line_rate,
    pcie_rate,
    summed_rate,
)

LEVELS = (32 << 10, 1 << 20, 32 << 20)


def cost(used: float, base: float, penalties: tuple[float, ...]) -> float:
    return base + sum(p * max(0.0, 1 - size / used) for p, size in zip(penalties, LEVELS, strict=True))


@pytest.mark.parametrize("penalties", [(2.0, 8.0, 60.0), (0.0, 5.0, 0.0), (0.0, 0.0, 0.0)])
def test_cache_penalties_are_found_again(penalties: tuple[float, ...]) -> None:
    points = [(float(used), cost(used, 10, penalties)) for used in (1 << n for n in range(12, 30))]
    fit = fit_caches(LEVELS, points)
    assert fit.base == pytest.approx(10)
    assert fit.penalties == pytest.approx(penalties, abs=1e-6)
    assert fit.error == pytest.approx(0, abs=1e-9)


def test_noise_gives_an_error_and_never_a_negative_penalty() -> None:
    rng = Random(1)
    points = [(float(1 << n), cost(1 << n, 10, (2, 8, 60)) * rng.uniform(0.9, 1.1)) for n in range(12, 30)]
    fit = fit_caches(LEVELS, points)
    assert 0.01 < fit.error < 0.1
    assert min(fit.penalties) >= 0
    falling = fit_caches(LEVELS, [(float(1 << n), 30.0 - n) for n in range(12, 28)])
    assert falling.penalties == (0, 0, 0)


def test_only_the_last_level_is_shared() -> None:
    fit = fit_caches(LEVELS, [(float(1 << n), cost(1 << n, 10, (2, 8, 60))) for n in range(12, 30)])
    small, large = 1 << 18, 1 << 27
    assert fit.cost(small, small) == pytest.approx(cost(small, 10, (2, 8, 60)))
    assert fit.cost(small, large) - fit.cost(small, small) == pytest.approx(60 * (1 - 32 / 128))


def test_neighbours_make_the_last_level_smaller() -> None:
    """Half of it is others': found, and a core's share of packets costs as all of them when the others run as well."""
    seen = (*LEVELS[:2], LEVELS[2] // 2)
    points = [(float(used), 10 + 60 * max(0.0, 1 - seen[2] / used)) for used in (1 << n for n in range(12, 30))]
    fit = fit_shared(LEVELS, points)
    assert fit.levels == seen
    assert fit.error == pytest.approx(0, abs=1e-9)
    assert fit.cost(1 << 24, 1 << 26) == pytest.approx(10 + 60 * 0.75)
    assert fit_shared((1 << 20,), [(1e5, 5.0)]).base == 5.0


def test_one_cache_level_is_enough() -> None:
    assert fit_caches((1 << 20,), [(1e5, 5.0)]).base == 5.0


def test_the_locks_serial_part_is_found_again() -> None:
    """20 ns a packet, of which 4 exclude others, and half a nanosecond for another core's lock."""
    two = (20 - 4) / 2 + 4 + 0.5
    fit = fit_locks([(20, 20, two)] * 3, each=0.5)
    assert fit.serial == pytest.approx(4)
    assert fit.error == pytest.approx(0, abs=1e-12)
    assert fit.time(20, 1) == 20
    assert fit.time(20, 2) == pytest.approx(two)
    assert fit.time(20, 64) == pytest.approx(16 / 64 + 4 + 0.5 * 63)


def test_reads_alone_scale_and_disagreeing_turns_show() -> None:
    fit = fit_locks([(20, 20, 10)], each=0.0)
    assert fit.serial == 0
    assert fit.time(20, 64) == pytest.approx(20 / 64)
    assert fit_locks([(20, 20, 9)], each=0.0).serial == 0  # faster than twice: no negative part
    assert fit_locks([(20, 20, 12), (20, 20, 15)], each=0.0).error > 0.05


def test_line_and_bus() -> None:
    assert line_rate(100, 64) == pytest.approx(148.8, abs=0.05)
    assert line_rate(10, 1518) == pytest.approx(0.8127, abs=1e-4)
    rates = [pcie_rate(size) for size in (64, 128, 256, 512, 1024, 1518)]
    assert rates == sorted(rates, reverse=True)
    assert 60 < rates[0] < 148.8
    assert pcie_rate(64, lanes=8) == pytest.approx(rates[0] / 2)
    bits = rates[-1] * 1514 * 8 / 1e3
    assert 80 < bits < 126  # Gbit/s, of the 126 that the lanes carry


def test_the_busiest_core_bounds_all() -> None:
    assert summed_rate([50, 50], [10, 10]) == 200
    assert busiest_rate([50, 50], [10, 10]) == 200
    assert busiest_rate([75, 25], [10, 10]) == pytest.approx(100 / 75 * 100)
    assert busiest_rate([75, 25], [5, 20]) == pytest.approx(1e3 * 100 / 500)
    assert summed_rate([100, 0], [10, 10]) == 100


def test_the_least_bound_has_a_name() -> None:
    assert (least({"cores": 100, "line": 148.8, "pcie": 91}).limit, least({"cores": 10, "line": 148}).mpps) == (
        "pcie",
        10,
    )
