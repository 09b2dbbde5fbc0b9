"""Requirements and packets for the tests of RSS. A packet is a dict from field bits to 0 or 1."""

from __future__ import annotations

from functools import cache, reduce
from itertools import compress
from operator import xor
from random import Random

from hypothesis import strategies as st

from maestro.ir.packet import FIELDS
from maestro.rss import gf2, toeplitz
from maestro.rss.requirement import FieldBit, Form, Requirement, field_forms
from maestro.rss.solve import Configuration, PortConfiguration

Packet = dict[FieldBit, int]

LAN, WAN = 0, 1
TCP_UDP = ("ipv4-tcp", "ipv4-udp")
RARE = ("ipv4-options", "ipv4-fragment")
TUPLE = ("ipv4.src", "ipv4.dst", "l4.sport", "l4.dport")
FORWARD = field_forms(*TUPLE, "ipv4.proto")
INVERSE = field_forms("ipv4.dst", "ipv4.src", "l4.dport", "l4.sport", "ipv4.proto")


def firewall(types: tuple[str, ...] = TCP_UDP) -> list[Requirement]:
    return [
        Requirement(LAN, types, FORWARD, LAN, types, FORWARD, "LAN flow"),
        Requirement(LAN, types, FORWARD, WAN, types, INVERSE, "LAN flow = WAN inverse flow"),
        Requirement(WAN, types, INVERSE, WAN, types, INVERSE, "WAN inverse flow"),
    ]


def alone(port: int, forms: tuple[Form, ...], label: str, types: tuple[str, ...] = TCP_UDP) -> Requirement:
    """Packets of one port with equal forms."""
    return Requirement(port, types, forms, port, types, forms, label)


windows = cache(toeplitz.windows)


def index(port: PortConfiguration, packet_type: str, packet: Packet) -> int:
    """The table index, bit by bit from the definition of the hash."""
    inputs = port.owner_inputs if packet_type in port.resteered else port.inputs[packet_type]
    bits = [packet[p.name, i] for p in inputs for i in range(p.first, p.first + p.count)]
    return reduce(xor, compress(windows(port.key, len(bits)), bits), 0) & (len(port.reta) - 1)


def value(form: Form, packet: Packet) -> int:
    return (form.constant + sum(packet[bit] for bit in form.bits)) % 2


def pair(requirement: Requirement, types: tuple[str, str], rng: Random) -> tuple[Packet, Packet] | None:
    """A random pair of packets of these types for which all forms are equal; None when there is none."""
    number, one, directions = pairs(requirement, types)
    if one is None:
        return None
    chosen = reduce(xor, (v for v in directions if rng.getrandbits(1)), one)
    x, y = ({bit: chosen >> n & 1 for (s, bit), n in number.items() if s == side} for side in (0, 1))
    assert all(value(f, x) == value(g, y) for f, g in zip(requirement.left, requirement.right, strict=True))
    return x, y


@cache
def pairs(
    requirement: Requirement, types: tuple[str, str]
) -> tuple[dict[tuple[int, FieldBit], int], int | None, list[int]]:
    """All such pairs: the place of every bit of the two packets, one pair, and the directions in which to move it."""
    named = {b for form in (*requirement.left, *requirement.right) for b in form.bits}
    bits = sorted({(name, i) for name in (*TUPLE, "ipv4.proto") for i in range(FIELDS[name])} | named)
    number = {(side, bit): n for n, (side, bit) in enumerate((s, b) for s in (0, 1) for b in bits)}
    rows, right = [], []
    for f, g in zip(requirement.left, requirement.right, strict=True):
        rows.append(sum(1 << number[0, b] for b in f.bits) | sum(1 << number[1, b] for b in g.bits))
        right.append(f.constant ^ g.constant)
    for side, packet_type in enumerate(types):
        protocol = {"tcp": 6, "udp": 17}.get(packet_type.partition("-")[2])
        if protocol is not None:
            rows += [1 << number[side, ("ipv4.proto", i)] for i in range(8)]
            right += [protocol >> (7 - i) & 1 for i in range(8)]
    return number, gf2.solve(rows, right), list(gf2.kernel(gf2.reduce(rows), len(number)).values())


def violations(found: Configuration, requirements: list[Requirement], rng: Random, tries: int) -> list[str]:
    """The labels of requirements broken by one of ``tries`` random pairs each."""
    ports = {p.port: p for p in found.ports}
    broken = []
    for r in requirements:
        for _ in range(tries):
            types = rng.choice(r.left_types), rng.choice(r.right_types)
            packets = pair(r, types, rng)
            if packets:
                left, right = (
                    index(ports[r.left_port], types[0], packets[0]),
                    index(ports[r.right_port], types[1], packets[1]),
                )
                broken += [r.label] * (left != right)
    return broken


BITS: list[FieldBit] = [(name, i) for name in TUPLE for i in range(0, FIELDS[name], 5)] + [
    ("eth.src", 0),
    ("pkt[60]", 3),
]
FORMS = st.builds(Form, st.frozensets(st.sampled_from(BITS), max_size=3), st.integers(0, 1))


@st.composite
def random_requirements(draw: st.DrawFn, types: st.SearchStrategy[tuple[str, ...]]) -> Requirement:
    """Whole fields on both sides, so that not every system ends in a constant hash; and a few odd forms."""
    names = draw(st.permutations(TUPLE))[: draw(st.integers(1, 4))]
    mirrored = [{"src": "dst", "dst": "src"}.get(n[5:], n) if n.startswith("ipv4") else n for n in names]
    twins = [f"ipv4.{n}" if n in ("src", "dst") else n for n in mirrored]
    odd = draw(st.lists(st.tuples(FORMS, FORMS), max_size=3))
    left = field_forms(*names) + tuple(f for f, _ in odd)
    right = field_forms(*draw(st.sampled_from([names, twins]))) + tuple(g for _, g in odd)
    ports = st.integers(LAN, WAN)
    return Requirement(draw(ports), draw(types), left, draw(ports), draw(types), right, "random")
