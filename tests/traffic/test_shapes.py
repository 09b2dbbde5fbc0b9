"""The benchmark's traffic has the proportions, lifetimes and frequencies that it says."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from maestro.diagnostics import UserError
from maestro.traffic.fast import is_simple, write_shape
from maestro.traffic.generate import write_streams
from maestro.traffic.scan import frames, scan, tuple_of
from maestro.traffic.shapes import FCS, IMIX, Churn, Shape, churn_of, mean_size, opening, stream


def keys(shape: Shape) -> list[bytes]:
    found = [tuple_of(frame) for _, _, frame in stream(shape)]
    assert all(found)
    return [key for key in found if key]


@pytest.mark.parametrize("flows", [1, 1000, 40_000])
def test_uniform_flows_take_turns_in_changing_orders(flows: int) -> None:
    found = keys(Shape(flows=flows, packets=3 * flows))
    rounds = [found[at : at + flows] for at in range(0, 3 * flows, flows)]
    assert len(set(found)) == flows
    assert all(set(one) == set(found) for one in rounds)
    assert flows == 1 or len({tuple(one) for one in rounds}) == 3


def test_the_papers_traffic_is_the_default() -> None:
    assert (Shape().kind, Shape().flows, Shape().exponent, Shape().size) == ("uniform", 40_000, 1.26, 64)


@pytest.mark.parametrize("exponent", [0.9, 0.99, 1.26])
def test_zipf_frequencies(exponent: float) -> None:
    """Chi-square over ranks whose expectation is at least 5, the others together; the 0.1 % bound by Wilson and
    Hilferty's approximation."""
    flows, packets = 500, 100_000
    counts = Counter(keys(Shape("zipf", flows=flows, packets=packets, exponent=exponent)))
    weights = [rank**-exponent for rank in range(1, flows + 1)]
    expected = [packets * w / sum(weights) for w in weights]
    by_rank = ranks(Shape("zipf", flows=flows, packets=packets, exponent=exponent), counts)
    statistic = sum((seen - want) ** 2 / want for seen, want in zip(by_rank, expected, strict=True))
    freedom = flows - 1
    bound = freedom * (1 - 2 / (9 * freedom) + 3.09 * (2 / (9 * freedom)) ** 0.5) ** 3
    assert min(expected) >= 5
    assert statistic < bound


def ranks(shape: Shape, counts: Counter[bytes]) -> list[int]:
    """Counts in the order of the flows' numbers: those in which a uniform shape's first permutation has them sorted."""
    from maestro.traffic.shapes import _Frames, outward_frame

    made = _Frames(shape, 0, 1)
    return [counts[tuple_of(outward_frame(made.flow(n, 60), 0)) or b""] for n in range(shape.flows)]


def test_imix_is_exact_in_every_twelve_packets() -> None:
    sizes = [len(frame) + FCS for _, _, frame in stream(Shape("imix", flows=100, packets=1200))]
    assert all(Counter(sizes[at : at + 12]) == Counter(IMIX) for at in range(0, 1200, 12))
    assert mean_size(Shape("imix")) == sum(sizes) / 1200


@pytest.mark.parametrize("size", [64, 128, 512, 1500, 1518])
def test_sizes_are_those_on_the_wire(size: int) -> None:
    shape = Shape(flows=10, packets=20, size=size)
    assert {len(frame) + FCS for _, _, frame in stream(shape)} == {size}


def test_the_data_centre_has_two_peaks() -> None:
    sizes = Counter(len(frame) + FCS for _, _, frame in stream(Shape("datacentre", flows=100, packets=3000)))
    small, large = (sum(n for s, n in sizes.items() if low <= s <= high) for low, high in ((64, 200), (1400, 1518)))
    assert small > 1200
    assert large > 900
    assert sum(sizes.values()) - small - large < 600


def test_replies_come_from_the_other_port_and_mirror() -> None:
    found = list(stream(Shape(flows=50, packets=200, replies=True)))
    assert [port for _, port, _ in found] == [0, 1] * 100
    for (_, _, out), (_, _, back) in zip(found[::2], found[1::2], strict=True):
        assert (out[26:30], out[30:34], out[34:36], out[36:38]) == (back[30:34], back[26:30], back[36:38], back[34:36])
    assert all(a <= b for (a, _, _), (b, _, _) in pairwise(found))


def test_an_elephant_is_one_flow() -> None:
    assert len(set(keys(Shape("elephant", packets=100)))) == 1


def test_flows_live_exactly_as_long_as_the_churn_says() -> None:
    """60,000 a minute of 1000 flows, at 100,000 packets a second: each lives a second, one goes every 100 packets."""
    shape = Shape(flows=1000, packets=300_000, churn=60_000, pace=100_000)
    churn = churn_of(shape)
    assert churn == Churn(1000, 1000, 100_000.0, 0)
    starts: dict[int, list[int]] = {}
    for slot in range(0, 1000, 37):
        previous = churn.flow(slot, 0)
        for turn in range(100, 300_000, 100):
            if (now := churn.flow(slot, turn)) != previous:
                starts.setdefault(slot, []).append(turn)
                previous = now
    for slot, at in starts.items():
        assert len(at) in (2, 3)
        assert all(b - a == 100_000 for a, b in pairwise(at))
        assert at[0] == (slot or 1000) * 100
    assert opening(shape) == pytest.approx(0.01)


def test_churn_is_spread_evenly_in_the_packets() -> None:
    shape = Shape(flows=200, packets=40_000, churn=60_000, pace=100_000)
    first: dict[bytes, int] = {}
    for at, key in enumerate(keys(shape)):
        first.setdefault(key, at)
    late = sorted(at for at in first.values() if at > 1000)
    assert len(late) == pytest.approx(390, abs=8)
    parts = Counter(at // 10_000 for at in late)
    assert all(abs(parts[n] - 100) < 8 for n in (1, 2, 3))


@pytest.mark.parametrize(("churn", "churning", "kinds"), [(600_000, 40, 2), (60_000_000, 1000, 8)])
def test_cyclic_churn_leads_back_to_the_start(churn: float, churning: int, kinds: int) -> None:
    shape = Shape(flows=1000, packets=80_000, churn=churn, cyclic=True, pace=10_000_000)
    found = churn_of(shape)
    assert (found.churning, found.kinds) == (churning, kinds)
    for slot in range(1000):
        assert found.flow(slot, 80_000) == found.flow(slot, 0)
    assert opening(shape) == pytest.approx(churn / 60 / 1e7, rel=0.02)
    steps = range(0, 80_000, 250)
    switched = sum(found.flow(slot, t) != found.flow(slot, t + 250) for slot in range(1000) for t in steps)
    assert switched == round(opening(shape) * 80_000)


def test_streams_are_decided_by_the_seed(tmp_path: Path) -> None:
    def digest(seed: int) -> str:
        shape = Shape("internet", flows=100, packets=2000, seed=seed, replies=True, churn=6e6)
        paths = write_streams(stream(shape), (0, 1), tmp_path / str(seed))
        return hashlib.sha256(b"".join(path.read_bytes() for path in paths.values())).hexdigest()

    assert digest(1) == digest(1) != digest(2)


@pytest.mark.parametrize("shape", [Shape(flows=3000, packets=70_000), Shape("zipf", flows=100, packets=1000, size=200),
                                   Shape("elephant", packets=10, duration=12_345, seed=2)])  # fmt: skip
def test_numpy_makes_the_same_bytes(shape: Shape, tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    assert is_simple(shape)
    slow = write_streams(stream(shape), (0, 1), tmp_path / "slow")
    fast = write_shape(shape, (0, 1), tmp_path / "fast")
    assert [path.read_bytes() for path in fast.values()] == [path.read_bytes() for path in slow.values()]


def test_what_numpy_does_not_make_is_made_one_by_one(tmp_path: Path) -> None:
    shape = Shape("internet", flows=10, packets=100, replies=True)
    assert not is_simple(shape)
    assert not is_simple(Shape(flows=10, packets=1000, churn=6e8))
    slow = write_streams(stream(shape), (0, 1), tmp_path / "slow")
    fast = write_shape(shape, (0, 1), tmp_path / "fast")
    assert [path.read_bytes() for path in fast.values()] == [path.read_bytes() for path in slow.values()]


def test_a_capture_is_scanned(tmp_path: Path) -> None:
    paths = write_streams(stream(Shape("imix", flows=120, packets=1200)), (0, 1), tmp_path)
    facts = scan(paths.values())
    assert (facts.flows, facts.packets) == (120, 1200)
    assert facts.mean_size == mean_size(Shape("imix"))
    assert sum(1 for _ in frames(paths[0])) == 1200


def test_a_cut_capture_is_refused(tmp_path: Path) -> None:
    path = write_streams(stream(Shape(flows=2, packets=10)), (0, 1), tmp_path)[0]
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match="the last packet is cut"):
        list(frames(path))


@pytest.mark.parametrize("wrong", [{"kind": "zpif"}, {"size": 63}, {"size": 1519}, {"flows": 0}, {"churn": -1.0}])
def test_traffic_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError) as error:
        Shape(**wrong)  # type: ignore[arg-type]
    assert error.value.code == "traffic"
