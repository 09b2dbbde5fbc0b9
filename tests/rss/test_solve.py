"""From requirements to keys: every configuration is checked packet by packet."""

from __future__ import annotations

from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keys import LAN, RARE, TCP_UDP, TUPLE, WAN, alone, firewall, index, random_requirements, violations

from maestro.diagnostics import InternalError, UserError
from maestro.ir.plan import FieldBits
from maestro.rss import profile
from maestro.rss.explain import Infeasible
from maestro.rss.requirement import NIC_ONLY, OWNER_ONLY, Form, Requirement, field_forms
from maestro.rss.solve import Configuration, configure

IPV4 = (*TCP_UDP, "ipv4-other", *RARE)
WHOLE = {"ipv4.src": 32, "ipv4.dst": 32, "l4.sport": 16, "l4.dport": 16}


def solve(nic: str, requirements: list[Requirement], **options: int) -> Configuration | Infeasible:
    arguments = {"cores": 2, "seed": 1} | options
    return configure(profile.load(nic), [LAN, WAN], requirements, steer_types={}, **arguments)  # type: ignore[arg-type]


def solved(nic: str, requirements: list[Requirement], **options: int) -> Configuration:
    found = solve(nic, requirements, **options)
    assert isinstance(found, Configuration), found
    return found


def refused(nic: str, requirements: list[Requirement]) -> Infeasible:
    found = solve(nic, requirements)
    assert isinstance(found, Infeasible)
    return found


def whole(*names: str) -> tuple[FieldBits, ...]:
    return tuple(FieldBits(name, 0, WHOLE[name]) for name in names)


@pytest.mark.parametrize("nic", profile.names())
def test_firewall_on_every_nic(nic: str) -> None:
    requirements = firewall()
    found = solved(nic, requirements)
    assert not violations(found, requirements, Random(1), 60)
    bits = len(found.ports[0].reta).bit_length() - 1
    assert found.quality.is_full
    assert {f.rank for f in found.quality.fields} == {bits}
    assert found.quality.largest_bucket == found.quality.ideal_bucket == 2.0**-bits
    for port in found.ports:
        assert port.fields == whole(*TUPLE)
        assert port.resteered == ()
        assert len(port.key) == profile.load(nic).key_bytes


def test_firewall_ten_thousand_pairs() -> None:
    lan, wan = solved("generic", firewall()).ports
    rng = Random(2)
    for _ in range(10_000):
        x = {(name, i): rng.getrandbits(1) for name in TUPLE for i in range(WHOLE[name])}
        mirrored = dict(zip(TUPLE, ("ipv4.dst", "ipv4.src", "l4.dport", "l4.sport"), strict=True))
        y = {(mirrored[name], i): v for (name, i), v in x.items()}
        kind = rng.choice(TCP_UDP)
        assert index(lan, kind, x) == index(wan, kind, y)


@pytest.mark.parametrize("nic", ["e810", "82599", "mlx5", "virtio-net", "generic"])
def test_rare_packets_of_the_firewall_are_resteered(nic: str) -> None:
    requirements = firewall((*TCP_UDP, *RARE))
    found = solved(nic, requirements)
    assert not violations(found, requirements, Random(3), 60)
    for port in found.ports:
        assert port.fields == whole(*TUPLE)
        assert port.resteered == RARE
        assert port.owner_inputs == whole(*TUPLE)


@pytest.mark.parametrize(
    ("nic", "inputs"),
    [("e810", ("ipv4.dst",)), ("mlx5", ("ipv4.dst",)), ("generic", ("ipv4.dst",)), ("82599", ("ipv4.src", "ipv4.dst"))],
)
def test_policer_steers_every_ipv4_packet_by_destination(nic: str, inputs: tuple[str, ...]) -> None:
    requirements = [alone(WAN, field_forms("ipv4.dst"), "bucket", IPV4)]
    found = solved(nic, requirements)
    assert not violations(found, requirements, Random(4), 100)
    lan, wan = found.ports
    assert lan.fields == whole(*TUPLE)
    assert wan.fields == whole("ipv4.dst")
    assert wan.resteered == ()
    assert all(wan.inputs[t] == whole(*inputs) for t in IPV4)
    assert found.quality.is_full


def test_fixed_input_set_leaves_the_policer_the_windows_of_one_field() -> None:
    requirements = [alone(WAN, field_forms("ipv4.dst"), "bucket", IPV4)]
    found = solved("x710", requirements)
    assert not violations(found, requirements, Random(5), 100)
    wan = found.ports[WAN]
    assert wan.inputs["ipv4-tcp"] == whole(*TUPLE)
    assert [part.name for part in wan.fields] == ["ipv4.dst"]
    assert wan.resteered == ("ipv4-options",)  # whether those are hashed at all is not known


def test_requirements_without_a_common_field() -> None:
    other = alone(LAN, field_forms("l4.dport"), "by port")
    by_src, by_dst = (alone(WAN, field_forms(f), f) for f in ("ipv4.src", "ipv4.dst"))
    found = refused("e810", [other, by_src, by_dst])
    assert found == Infeasible(
        "only a constant hash at port 1 satisfies 'ipv4.src' and 'ipv4.dst': they have no packet field in common",
        WAN,
        ("ipv4.src", "ipv4.dst"),
    )


def test_key_that_no_nic_hashes() -> None:
    found = refused("e810", [alone(LAN, field_forms("eth.src"), "MAC table")])
    assert found.conflict == ("MAC table",)
    assert found.unhashable == ("eth.src",)
    assert found.reason.endswith("'MAC table': Intel E810 (ice) cannot hash eth.src")


def test_one_global_object() -> None:
    found = refused("generic", [alone(LAN, (), "counter")])
    assert found.reason == (
        "only a constant hash at port 0 satisfies 'counter': it leaves no packet field to tell cores apart"
    )


def test_packet_type_that_cannot_join_the_others() -> None:
    """IPv6 packets counted in the same entry as the IPv4 packets of one flow."""
    mixed = Requirement(LAN, ("ipv4-tcp",), (), LAN, ("ipv6-tcp",), (), "shared with IPv6")
    found = refused("e810", [alone(LAN, field_forms(*TUPLE), "flow", ("ipv4-tcp",)), mixed])
    assert found.conflict == ("shared with IPv6",)
    assert found.types == ("ipv6-tcp",)
    assert "ipv6-tcp packets cannot be steered together with ipv4-tcp" in found.reason


def test_unhashed_packets_may_share_queue_zero() -> None:
    requirements = [*firewall(), alone(LAN, (), "frames", ("non-ip",))]
    lan = solved("82599", requirements).ports[LAN]
    assert lan.inputs["non-ip"] == ()
    assert lan.resteered == ()
    assert lan.reta[0] == 0
    assert refused("ena", requirements).types == ("non-ip",)  # some instances hash them on MAC addresses


def test_prefix_requirement_reaches_the_whole_table() -> None:
    prefix = field_forms("ipv4.dst")[:24]
    found = solved("generic", [alone(WAN, prefix, "per /24", IPV4)], reta_size=512)
    wan = found.ports[WAN]
    assert wan.fields == (FieldBits("ipv4.dst", 0, 24),)
    assert found.quality.is_full
    assert [f.rank for f in found.quality.fields if f.port == WAN] == [9, 9]
    assert not violations(found, [alone(WAN, prefix, "per /24", IPV4)], Random(6), 100)


def test_linear_key() -> None:
    """src ^ dst: neither field is fixed, their sum is."""
    mixed = tuple(Form(frozenset({("ipv4.src", i), ("ipv4.dst", i)})) for i in range(32))
    found = solved("82599", [alone(LAN, mixed, "pair", IPV4)])
    assert not violations(found, [alone(LAN, mixed, "pair", IPV4)], Random(7), 200)
    assert found.ports[LAN].fields == whole("ipv4.src", "ipv4.dst")
    assert found.quality.is_full


def test_affine_constants_are_obeyed() -> None:
    """A flow is paired with the one whose lowest port bit is flipped."""
    left = field_forms(*TUPLE)
    right = (*left[:79], Form(left[79].bits, 1), *left[80:])
    requirements = [Requirement(LAN, TCP_UDP, left, LAN, TCP_UDP, right, "even and odd ports")]
    found = solved("generic", requirements)
    assert not violations(found, requirements, Random(8), 200)
    assert FieldBits("l4.sport", 0, 15) in found.ports[LAN].fields


def test_requirement_that_never_applies_is_void() -> None:
    never = Requirement(LAN, ("ipv4-tcp",), (Form(frozenset(), 0),), LAN, ("ipv4-tcp",), (Form(frozenset(), 1),), "no")
    protocols = Requirement(
        LAN, ("ipv4-tcp",), field_forms("ipv4.proto"), WAN, ("ipv4-udp",), field_forms("ipv4.proto"), "TCP = UDP"
    )
    assert all(port.fields == whole(*TUPLE) for port in solved("generic", [never, protocols]).ports)


def test_suffixes_tell_what_nic_and_software_read() -> None:
    """Ports behind IP options: the NIC finds them, software reads bytes that no field names."""
    bytes_34 = tuple(Form(frozenset({(f"pkt[{34 + i // 8}]", i % 8)})) for i in range(32))
    flow = field_forms(*TUPLE)
    plain = alone(LAN, flow, "flow", ("ipv4-tcp",))
    by_nic = alone(LAN, field_forms("ipv4.src", "ipv4.dst") + bytes_34, "options", ("ipv4-options" + NIC_ONLY,))
    by_owner = alone(LAN, flow, "options", ("ipv4-options" + OWNER_ONLY,))
    port = solved("generic", [plain, by_nic, by_owner]).ports[LAN]
    assert port.resteered == ("ipv4-options",)
    assert port.fields == whole(*TUPLE)


def test_port_plans_carry_everything() -> None:
    found = configure(
        profile.load("e810"), [LAN, WAN], firewall((*TCP_UDP, *RARE)),
        cores=3, steer_types={}, seed=9, reta_size=2048, owner_layouts={LAN: "ihl"},
    )  # fmt: skip
    assert isinstance(found, Configuration)
    lan, wan = found.to_port_plans()
    assert (lan.owner_layout, wan.owner_layout) == ("ihl", "fixed")
    assert lan.reta_size == len(lan.reta) == 2048
    assert lan.reta[:4] == (0, 1, 2, 0)
    assert lan.resteered == RARE
    assert lan.owner_inputs == lan.inputs["ipv4-tcp"] == whole(*TUPLE)
    assert lan.inputs["ipv4-fragment"] == whole("ipv4.src", "ipv4.dst")


def test_seed_decides() -> None:
    def keys(seed: int) -> list[bytes]:
        return [p.key for p in solved("e810", firewall(), seed=seed).ports]

    assert keys(5) == keys(5)
    assert keys(5) != keys(6)


def test_table_sizes_and_core_counts() -> None:
    with pytest.raises(UserError, match="no indirection table of 64 entries"):
        solve("82599", [], reta_size=64)
    with pytest.raises(UserError, match="129 cores, but the NIC's indirection table has 128 entries"):
        solve("82599", [], cores=129)
    assert set(solved("82599", [], cores=128).ports[0].reta) == set(range(128))


def test_contract_violations_are_bugs() -> None:
    with pytest.raises(InternalError, match="1 forms against 0"):
        Requirement(0, TCP_UDP, (Form(frozenset()),), 0, TCP_UDP, (), "uneven")
    with pytest.raises(InternalError, match="a port that is not configured"):
        solve("generic", [alone(7, (), "elsewhere")])
    with pytest.raises(InternalError, match="not packet types"):
        solve("generic", [alone(LAN, (), "odd", ("ipv5",))])


@pytest.mark.parametrize("types", [TCP_UDP, (*TCP_UDP, *RARE)], ids=["plain", "with rare types"])
def test_solving_takes_milliseconds(types: tuple[str, ...]) -> None:
    requirements, seconds = firewall(types), []
    for seed in range(8):
        started = process_time()
        solved("e810", requirements, seed=seed)
        seconds.append(process_time() - started)
    assert min(seconds) < 0.04  # about 0.010 and 0.017 on an idle machine


TYPES = st.sampled_from([("ipv4-tcp",), TCP_UDP, ("ipv4-udp", "ipv4-fragment"), ("ipv4-options",)])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(random_requirements(TYPES), min_size=1, max_size=3),
    st.sampled_from(["e810", "82599", "virtio-net", "x710"]),
    st.integers(0, 1000),
)
def test_random_requirements_hold(requirements: list[Requirement], nic: str, seed: int) -> None:
    found = solve(nic, requirements, seed=seed)
    if isinstance(found, Configuration):
        assert not violations(found, requirements, Random(seed), 8)
        assert all(f.rank <= f.possible for f in found.quality.fields)
    else:
        assert set(found.conflict) <= {r.label for r in requirements}


def alone_on(nic: str, requirements: list[Requirement]) -> Configuration | Infeasible:
    """Without software that could send packets on."""
    return configure(profile.load(nic), [LAN, WAN], requirements, cores=2, steer_types={}, seed=1, software=False)


def test_without_software_fragments_cost_the_ports() -> None:
    requirements = firewall((*TCP_UDP, *RARE))
    found = alone_on("82599", requirements)
    assert isinstance(found, Configuration)
    assert not violations(found, requirements, Random(9), 60)
    for port in found.ports:
        assert port.resteered == ()
        assert port.fields == whole("ipv4.src", "ipv4.dst")


def test_without_software_some_types_cannot_be_steered() -> None:
    source = alone(LAN, field_forms("ipv4.src"), "source", IPV4)
    found = alone_on("x710", [source])
    assert isinstance(found, Infeasible)
    assert found.types == ("ipv4-options",)
    assert "cannot be steered together with ipv4-tcp by Intel X710 / XL710 / X722 (i40e) alone" in found.reason
    tagged = alone(LAN, field_forms("ipv4.src"), "tagged", ("ipv4-tcp", "vlan"))
    found = alone_on("82599", [tagged])
    assert isinstance(found, Infeasible)
    assert found.types == ("vlan",)
    assert "is not known, and port 0 must steer them without software" in found.reason


@settings(max_examples=20, deadline=None)
@given(st.lists(random_requirements(TYPES), min_size=1, max_size=2), st.sampled_from(["e810", "82599", "x710"]))
def test_without_software_random_requirements_hold(requirements: list[Requirement], nic: str) -> None:
    found = alone_on(nic, requirements)
    if isinstance(found, Configuration):
        assert not violations(found, requirements, Random(3), 8)
        assert not any(p.resteered for p in found.ports)
        assert isinstance(solve(nic, requirements), Configuration)
