"""The linear system says exactly what all concrete pairs of packets say, no less and no more."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from keys import LAN, TUPLE, WAN, Packet, pair, random_requirements

from maestro.ir.plan import FieldBits
from maestro.rss import gf2, profile
from maestro.rss.requirement import Requirement, expand, field_forms
from maestro.rss.system import Compiled, Lane, Steering, System, ideal_usable

INPUTS = tuple(FieldBits(name, 0, width) for name, width in zip(TUPLE, (32, 32, 16, 16), strict=True))
STEERING = {port: Steering("4-tuple", {"ipv4-tcp": (INPUTS,)}, "ipv4-tcp") for port in (LAN, WAN)}
TABLE_BITS = 3
HASHABLE = profile.load("generic").hashable


def system(requirements: list[Requirement]) -> System:
    return System(Compiled(requirements, HASHABLE), STEERING, key_bytes=16, table_bits=TABLE_BITS)


def row(lane: Lane, packet: Packet) -> int:
    bits = [packet[b] for b in expand(INPUTS)]
    return lane.place(int("".join(map(str, bits)), 2), len(bits))


@settings(max_examples=25, deadline=None)
@given(st.lists(random_requirements(st.just(("ipv4-tcp",))), min_size=1, max_size=2), st.integers(0, 1000))
def test_equations_are_those_of_all_pairs(requirements: list[Requirement], seed: int) -> None:
    found, rng = system(requirements), Random(seed)
    rows = []
    for r in requirements:
        lanes = found.lanes[r.left_port], found.lanes[r.right_port]
        for _ in range(300):  # the pairs span at most 240 dimensions
            packets = pair(r, ("ipv4-tcp", "ipv4-tcp"), rng)
            if packets:
                difference = row(lanes[0], packets[0]) ^ row(lanes[1], packets[1])
                rows += [difference << j for j in range(TABLE_BITS)]
    assert found.basis == gf2.reduce(rows)


@settings(max_examples=25, deadline=None)
@given(st.lists(random_requirements(st.just(("ipv4-tcp",))), min_size=1, max_size=3), st.integers(0, 1 << 256))
def test_members_are_the_solutions(requirements: list[Requirement], free: int) -> None:
    found = system(requirements)
    member = found.member(free)
    pivots = sum(1 << pivot for pivot in found.basis)
    assert all(not gf2.parity(equation & member) for equation in found.basis.values())
    assert member & ~pivots == free & (1 << found.width) - 1 & ~pivots


@settings(max_examples=25, deadline=None)
@given(st.lists(random_requirements(st.just(("ipv4-tcp",))), min_size=1, max_size=3))
def test_no_key_uses_more_than_ideal_windows_would(requirements: list[Requirement]) -> None:
    found, ideal = system(requirements), ideal_usable(Compiled(requirements, HASHABLE), STEERING)
    for port in STEERING:
        assert set(found.usable(port, STEERING[port].owner_inputs)) <= ideal[port]


def test_windows_of_a_narrow_field_depend_on_the_field_set() -> None:
    """Destination only: under the 4-tuple the windows of its neighbours eat into its own; alone it keeps them all."""
    destination = Requirement(
        LAN, ("ipv4-tcp",), field_forms("ipv4.dst"), LAN, ("ipv4-tcp",), field_forms("ipv4.dst"), ""
    )

    def free_key_bits(inputs: tuple[FieldBits, ...], table_bits: int) -> int:
        steering = {LAN: Steering("", {"ipv4-tcp": (inputs,)}, "ipv4-tcp")}
        s = System(Compiled([destination], HASHABLE), steering, key_bytes=16, table_bits=table_bits)
        length = sum(part.count for part in inputs)
        variables = {s.lanes[LAN].window(i) + j for i in range(length) for j in range(table_bits)}
        return sum(1 for v in variables if gf2.residue(s.basis, 1 << v))

    assert free_key_bits(INPUTS, 32) == 1
    assert free_key_bits(INPUTS, 9) == 24
    assert free_key_bits(INPUTS[1:2], 9) == 40
