"""Keys that are valid whether fields that are not chosen are left out or masked in place."""

from __future__ import annotations

from random import Random

import pytest

from maestro.ir.packet import FIELDS
from maestro.rss import language, profile, toeplitz
from maestro.rss.check import check
from maestro.rss.explain import Infeasible
from maestro.rss.request import answer
from maestro.rss.requirement import GAP, Inputs, expand, masked
from maestro.rss.solve import Configuration, configure

DESTINATION = "port0@tcp(ipv4.dst) == port0@tcp(ipv4.dst)"
SERVICE = "port0@tcp(ipv4.src,l4.dport) == port1@tcp(ipv4.dst,l4.sport)"


def index(key: bytes, inputs: Inputs, packet: dict[str, int], size: int) -> int:
    """From the definition of the hash; gaps are zeros."""
    bits = [0 if name == GAP else packet[name] >> (FIELDS[name] - 1 - i) & 1 for name, i in expand(inputs)]
    result = 0
    for window, bit in zip(toeplitz.windows(key, len(bits)), bits, strict=True):
        result ^= window if bit else 0
    return result & size - 1


def layouts(nic: str, chosen: Inputs) -> tuple[Inputs, Inputs]:
    return chosen, masked(chosen, profile.load(nic).widest["ipv4-tcp"])


def random_packet(rng: Random) -> dict[str, int]:
    return {name: rng.getrandbits(width) for name, width in FIELDS.items()}


def test_masked_keeps_positions_and_drops_trailing_zeros() -> None:
    nic = profile.load("e810")
    sets = {s.name: s.nominal("ipv4-tcp") for s in nic.field_sets}
    whole = nic.widest["ipv4-tcp"]
    kept = expand(masked(sets["dst+dport"], whole))
    assert [i for i, (name, _) in enumerate(kept) if name != GAP] == [*range(32, 64), *range(80, 96)]
    assert masked(sets["src"], whole) == sets["src"]
    assert masked(whole, whole) == whole


@pytest.mark.parametrize("nic", ["e810", "mlx5"])
@pytest.mark.parametrize("text", [DESTINATION, SERVICE])
@pytest.mark.parametrize("seed", [1, 2])
def test_pairs_meet_in_both_layouts_and_nothing_is_lost(nic: str, text: str, seed: int) -> None:
    found = answer(nic=nic, texts=[text], cores=2, seed=seed, robust=True).found
    assert isinstance(found, Configuration)
    assert found.quality.is_full
    rng = Random(seed)
    ports = {p.port: p for p in found.ports}
    left, right = ports[0], ports[1 if text == SERVICE else 0]
    spread: tuple[set[int], set[int]] = (set(), set())
    for _ in range(200):
        x, y = random_packet(rng), random_packet(rng)
        if text == SERVICE:
            y |= {"ipv4.dst": x["ipv4.src"], "l4.sport": x["l4.dport"]}
        else:
            y |= {"ipv4.dst": x["ipv4.dst"]}
        pairs = zip(layouts(nic, left.inputs["ipv4-tcp"]), layouts(nic, right.inputs["ipv4-tcp"]), spread, strict=True)
        for xs, ys, seen in pairs:
            a, b = index(left.key, xs, x, len(left.reta)), index(right.key, ys, y, len(right.reta))
            assert a == b
            seen.add(a)
    assert all(len(seen) > 100 for seen in spread)


def test_a_key_that_is_not_asked_to_be_robust_is_told_from_one_that_is() -> None:
    nic, requirements = profile.load("e810"), [language.parse(SERVICE, profile.load("e810"))]
    types = language.types_at(requirements)
    for robust in (False, True):
        found = configure(nic, (0, 1), requirements, cores=2, steer_types={}, seed=3, robust=robust)
        assert isinstance(found, Configuration)
        checked = check(nic, {p.port: p.key for p in found.ports}, requirements, types, 512)
        assert (checked.holds, checked.robust) == (True, robust)
        assert bool(checked.unmasked) == (not robust)
        for pair in checked.unmasked:
            sets = {s.name: s.nominal("ipv4-tcp") for s in nic.field_sets}
            ends = ((0, pair.left, pair.left_index), (1, pair.right, pair.right_index))
            for port, packet, expected in ends:
                inputs = layouts("e810", sets[checked.field_sets[port]])[1]
                assert index(checked.keys[port], inputs, packet, 512) == expected
            assert pair.left_index != pair.right_index


def test_z3_agrees_about_robust_keys() -> None:
    found = answer(nic="e810", texts=[SERVICE], cores=2, seed=1, robust=True, solver="z3")
    assert found.asked is not None
    assert found.asked.answer.value == "sat"


def test_no_robust_key_where_there_is_no_key() -> None:
    texts = ["port0(ipv4.src) == port0(ipv4.src)", "port0(ipv4.dst) == port0(ipv4.dst)"]
    assert isinstance(answer(nic="e810", texts=texts, cores=2, robust=True).found, Infeasible)
