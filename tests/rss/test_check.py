"""Keys that others made: do they meet requirements?"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keys import LAN, WAN, random_requirements

from maestro.diagnostics import UserError
from maestro.rss import profile
from maestro.rss.check import Checked, check
from maestro.rss.keys import read_key
from maestro.rss.language import parse, ports, types_at
from maestro.rss.requirement import Requirement
from maestro.rss.solve import Configuration, configure

SYMMETRIC = "port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)"


def checked(nic: str, key: str, *texts: str, fields: str | None = None, table: int | None = None) -> Checked:
    card = profile.load(nic)
    requirements = [parse(text) for text in texts]
    keys = dict.fromkeys(ports(requirements), read_key(key, card.key_bytes))
    size = card.reta_default if table is None else table
    return check(card, keys, requirements, types_at(requirements), size, fields)


@pytest.mark.parametrize("nic", ["e810", "82599", "x710", "virtio-net", "ena"])
def test_the_symmetric_key_is_symmetric(nic: str) -> None:
    found = checked(nic, "6d5a", SYMMETRIC)
    assert found.holds
    assert found.violated == ()
    assert found.lockstep > 0  # sources and destinations that count up together cancel out
    assert found.quality


@pytest.mark.parametrize("key", ["microsoft", "mlx5", "i40e"])
def test_drivers_keys_are_not(key: str) -> None:
    found = checked("82599", key, SYMMETRIC, fields="l4")
    assert not found.holds
    (pair,) = found.violated
    assert pair.left["ipv4.src"] == pair.right["ipv4.dst"]
    assert pair.left["l4.sport"] == pair.right["l4.dport"]
    assert pair.left_index != pair.right_index


def test_a_field_set_without_the_rest_makes_any_key_do() -> None:
    found = checked("e810", "microsoft", "port1(ipv4.dst) == port1(ipv4.dst)")
    assert found.holds
    assert found.field_sets == {1: "dst"}
    assert not checked("x710", "microsoft", "port1(ipv4.dst) == port1(ipv4.dst)").holds


def test_a_constant_hash_does_not_count() -> None:
    found = checked("82599", "00" * 40, SYMMETRIC)
    assert (found.holds, found.constant, found.violated) == (False, True, ())


def test_unknown_sets_and_tables() -> None:
    with pytest.raises(UserError, match="no field set 'l5'") as caught:
        checked("82599", "6d5a", SYMMETRIC, fields="l5")
    assert caught.value.hint == "it has l4, tcp-l4, udp-l4, l3"
    with pytest.raises(UserError, match="no indirection table of 64"):
        checked("82599", "6d5a", SYMMETRIC, table=64)


TYPES = st.sampled_from([("ipv4-tcp",), ("ipv4-tcp", "ipv4-udp"), ("ipv4-udp", "ipv4-fragment")])


@settings(max_examples=25, deadline=None)
@given(st.lists(random_requirements(TYPES), min_size=1, max_size=2), st.sampled_from(["82599", "x710"]), st.randoms())
def test_solved_keys_pass_and_damaged_ones_have_a_counterexample(
    requirements: list[Requirement], nic: str, rng: Random
) -> None:
    card = profile.load(nic)
    found = configure(card, [LAN, WAN], requirements, cores=2, steer_types={}, seed=1)
    if not isinstance(found, Configuration):
        return
    keys = {p.port: p.key for p in found.ports}
    named = types_at(requirements)
    types = {port: named.get(port, frozenset()) for port in (LAN, WAN)}
    assert check(card, keys, requirements, types, card.reta_default).holds
    damaged = {port: bytes([key[0] ^ 1 << rng.randrange(8), *key[1:]]) for port, key in keys.items()}
    again = check(card, damaged, requirements, types, card.reta_default)
    assert again.holds + again.constant + bool(again.violated) == 1
    for pair in again.violated:
        assert pair.left_index != pair.right_index


def test_every_combination_of_field_sets_is_looked_at() -> None:
    """Five ports with fifteen sets each."""
    names = ("ipv4.src", "ipv4.dst", "ipv4.src", "ipv4.dst", "ipv4.src")
    texts = [f"port{n}({name}) == port{n}({name})" for n, name in enumerate(names)]
    found = checked("e810", "microsoft", *texts)
    assert found.holds
    assert found.field_sets == dict(enumerate(("src", "dst", "src", "dst", "src")))


def test_fragments_go_to_software_and_other_families_to_the_nic() -> None:
    flow, flow6 = "ipv4.src,l4.sport", "ipv6.src,l4.sport"
    texts = [f"port0@tcp,fragment({flow}) == port0@tcp,fragment({flow})", f"port0@tcp({flow6}) == port0@tcp({flow6})"]
    found = checked("e810", "microsoft", *texts, fields="src+sport")
    assert found.holds
    assert found.resteered == {0: ("ipv4-fragment",)}
