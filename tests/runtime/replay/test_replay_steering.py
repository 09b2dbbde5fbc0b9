"""rss.c against published hashes, against the packet type predicates, and against Toeplitz bit by bit."""

from __future__ import annotations

import ctypes
from ipaddress import ip_address
from random import Random

import pytest

from maestro.ir.packet import FIELDS, PACKET_TYPES, field_offsets
from maestro.ir.plan import FieldBits, PortPlan
from maestro.rss.toeplitz import MICROSOFT_KEY
from maestro.traffic import packets
from maestro.traffic.generate import TrafficSpec, mixed_stream
from runtime.replay.harness import STEERING, compile_c, echo_ports, four_tuple
from runtime.replay.steering import nic_hash, owner_hash, packet_types, toeplitz_bits, whole_header_words

FIELD_NAMES = tuple(FIELDS)


class CFieldBits(ctypes.Structure):
    _fields_ = (("field", ctypes.c_uint8), ("first", ctypes.c_uint8), ("count", ctypes.c_uint8))


class CInputs(ctypes.Structure):
    _fields_ = (("count", ctypes.c_uint8), ("part", CFieldBits * 8))


class CRss(ctypes.Structure):
    _fields_ = (
        ("key", ctypes.c_uint8 * 64),
        ("key_bytes", ctypes.c_uint8),
        ("reta_size", ctypes.c_uint16),
        ("reta", ctypes.POINTER(ctypes.c_uint16)),
        ("reta_cores", ctypes.c_uint16),
        ("resteered", ctypes.c_uint32),
        ("uncertain", ctypes.c_uint32),
        ("owner_follows_ihl", ctypes.c_bool),
        ("inputs", CInputs * len(PACKET_TYPES)),
        ("owner", CInputs),
    )


def c_inputs(parts: tuple[FieldBits, ...]) -> CInputs:
    listed = (CFieldBits * 8)(*(CFieldBits(FIELD_NAMES.index(p.name), p.first, p.count) for p in parts))
    return CInputs(len(parts), listed)


def c_rss(plan: PortPlan, reta_cores: int) -> CRss:
    return CRss(
        (ctypes.c_uint8 * 64)(*plan.key),
        len(plan.key),
        plan.reta_size,
        (ctypes.c_uint16 * len(plan.reta))(*plan.reta) if plan.reta else None,
        reta_cores,
        sum(1 << PACKET_TYPES.index(kind) for kind in plan.resteered),
        0,
        plan.owner_layout == "ihl",
        (CInputs * len(PACKET_TYPES))(*(c_inputs(plan.inputs.get(kind, ())) for kind in PACKET_TYPES)),
        c_inputs(plan.owner_inputs),
    )


class Steering:
    """A port's RSS in C, ready for a number of cores."""

    def __init__(self, library: ctypes.CDLL, plan: PortPlan, cores: int = 4, reta_cores: int = 4) -> None:
        self.library = library
        self.rss = c_rss(plan, reta_cores)
        self.state = ctypes.create_string_buffer(1 << 16)  # more than a struct maestro_steering
        self.usable = bool(library.maestro_steering_init(self.state, ctypes.byref(self.rss), cores) & 1)

    def hash(self, frame: bytes) -> tuple[int, bool]:
        resteered = ctypes.c_bool()
        value = self.library.maestro_rss_hash(self.state, frame, len(frame), ctypes.byref(resteered))
        return value & 0xFFFFFFFF, resteered.value

    def core(self, frame: bytes) -> tuple[int, int]:
        """(the NIC's core, the core that processes the packet)."""
        nic = ctypes.c_uint()
        core = self.library.maestro_rss_core(self.state, frame, len(frame), ctypes.byref(nic))
        return nic.value, core


@pytest.fixture(scope="module")
def rss(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    output = tmp_path_factory.mktemp("rss") / "rss.so"
    library = ctypes.CDLL(str(compile_c(output, STEERING, "-shared", "-fPIC", sanitize=False)))
    library.maestro_steering_init.restype = ctypes.c_bool
    library.maestro_rss_hash.restype = ctypes.c_uint32
    return library


def frames(count: int, seed: int = 5) -> list[bytes]:
    spec = TrafficSpec(packets=count, flows=50, seed=seed, odd=0.4, mutated=0.3, capacity_hint=100)
    return [frame for _, _, frame in mixed_stream(spec)]


def plan_of(inputs: dict[str, tuple[FieldBits, ...]], key: bytes = MICROSOFT_KEY) -> PortPlan:
    return PortPlan(0, (), key, 128, tuple(i % 4 for i in range(128)), inputs)


IPV4_VECTORS = (
    ("66.9.149.187", 2794, "161.142.100.80", 1766, 0x323E8FC2, 0x51CCC178),
    ("199.92.111.2", 14230, "65.69.140.83", 4739, 0xD718262A, 0xC626B0EA),
    ("24.19.198.95", 12898, "12.22.207.184", 38024, 0xD2D0A5DE, 0x5C2B394A),
    ("38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xAFC7327F),
    ("153.39.163.191", 44251, "202.188.127.2", 1303, 0x5D1809C5, 0x10E828A2),
)


@pytest.mark.parametrize(("src", "sport", "dst", "dport", "addresses", "with_ports"), IPV4_VECTORS)
def test_published_ipv4_hashes(
    rss: ctypes.CDLL, src: str, sport: int, dst: str, dport: int, addresses: int, with_ports: int
) -> None:
    """Microsoft, "Verifying the RSS Hash Calculation"."""
    source, target = int(ip_address(src)), int(ip_address(dst))
    frame = packets.ethernet(packets.ipv4(source, target, 6, packets.tcp(source, target, sport, dport)))
    assert Steering(rss, plan_of({"ipv4-tcp": four_tuple()})).hash(frame) == (with_ports, False)
    assert Steering(rss, plan_of({"ipv4-tcp": four_tuple()[:2]})).hash(frame) == (addresses, False)


def test_published_ipv6_hash(rss: ctypes.CDLL) -> None:
    source, target = int(ip_address("3ffe:2501:200:1fff::7")), int(ip_address("3ffe:2501:200:3::1"))
    segment = packets.tcp(source, target, 2794, 1766, version=6)
    frame = packets.ethernet(packets.ipv6(source, target, 6, segment), packets.IPV6)
    inputs = (FieldBits("ipv6.src", 0, 128), FieldBits("ipv6.dst", 0, 128))
    ports = (FieldBits("l4.sport", 0, 16), FieldBits("l4.dport", 0, 16))
    assert Steering(rss, plan_of({"ipv6-tcp": inputs + ports})).hash(frame)[0] == 0x40207D3D
    assert Steering(rss, plan_of({"ipv6-tcp": inputs})).hash(frame)[0] == 0x2CC18CD5


def test_packet_types_are_those_of_the_predicates(rss: ctypes.CDLL) -> None:
    seen = set()
    for frame in frames(1500):
        (expected,) = packet_types(frame)
        assert PACKET_TYPES[rss.maestro_packet_type(frame, len(frame))] == expected, frame.hex()
        seen.add(expected)
    assert seen == set(PACKET_TYPES)


def test_packet_types_at_every_length(rss: ctypes.CDLL) -> None:
    for frame in frames(30, seed=6):
        for length in range(14, min(len(frame), 80)):
            cut = frame[:length]
            assert (PACKET_TYPES[rss.maestro_packet_type(cut, length)],) == packet_types(cut)


def random_parts(rng: Random, kind: str) -> tuple[FieldBits, ...]:
    """Up to eight bit ranges, not on byte boundaries, that fit a 40-byte hash input."""
    names = [*field_offsets(kind)] + (["vlan.id"] if kind == "vlan" else [])
    parts: list[FieldBits] = []
    room = 300
    for _ in range(rng.randrange(9)):
        name = rng.choice(names)
        first = rng.randrange(FIELDS[name])
        count = min(room, rng.randrange(1, FIELDS[name] - first + 1))
        room -= count
        if count:
            parts.append(FieldBits(name, first, count))
    return tuple(parts)


@pytest.mark.parametrize("key_bytes", [52, 60])
def test_hash_of_any_bit_ranges_is_bit_by_bit_toeplitz(rss: ctypes.CDLL, key_bytes: int) -> None:
    rng = Random(key_bytes)
    nonzero = 0
    for round_number in range(20):
        plan = plan_of({kind: random_parts(rng, kind) for kind in PACKET_TYPES}, rng.randbytes(key_bytes))
        steering = Steering(rss, plan)
        for frame in frames(60, seed=round_number):
            expected = nic_hash(plan, frame)
            assert steering.hash(frame) == (expected, False), frame.hex()
            nonzero += expected != 0
    assert nonzero > 500


@pytest.mark.parametrize("plan", echo_ports(), ids=lambda plan: str(plan.owner_layout))
def test_resteered_packets_go_to_their_owner(rss: ctypes.CDLL, plan: PortPlan) -> None:
    steering, moved = Steering(rss, plan), 0
    for frame in frames(600):
        (kind,) = packet_types(frame)
        resteered = kind in plan.resteered
        expected = owner_hash(plan, frame) if resteered else nic_hash(plan, frame)
        assert steering.hash(frame) == (expected, resteered)
        nic, core = steering.core(frame)
        assert (nic, core) == (plan.reta[nic_hash(plan, frame) % 64], plan.reta[expected % 64])
        moved += nic != core
    assert moved > 20


def test_owner_inputs_past_the_end_count_as_zero(rss: ctypes.CDLL) -> None:
    plan = PortPlan(0, (), MICROSOFT_KEY, 64, (0,) * 64, {}, ("non-ip",), four_tuple(), "ihl")
    frame = bytes(12) + b"\x08\x06" + bytes(range(1, 27))
    for length in range(14, len(frame) + 1):
        padded = frame[:length] + bytes(60)
        bits = "".join(f"{byte:08b}" for byte in padded[26:34])
        ports_at = 14 + 4 * whole_header_words(frame[:length])
        bits += "".join(f"{byte:08b}" for byte in padded[ports_at : ports_at + 4])
        assert Steering(rss, plan).hash(frame[:length]) == (toeplitz_bits(MICROSOFT_KEY, bits), True)


def test_table_is_round_robin_for_another_number_of_cores(rss: ctypes.CDLL) -> None:
    plan = echo_ports(4)[0]
    for frame in frames(300):
        index = Steering(rss, plan, cores=3).hash(frame)[0] % 64
        assert Steering(rss, plan, cores=3).core(frame)[1] == index % 3


UNUSABLE = {
    "no table": PortPlan(0, (), MICROSOFT_KEY, 0, ()),
    "not a power of two": PortPlan(0, (), MICROSOFT_KEY, 48, (0,) * 48),
    "a core that does not exist": PortPlan(0, (), MICROSOFT_KEY, 2, (0, 4)),
    "key too short": PortPlan(0, (), MICROSOFT_KEY[:12], 2, (0, 1), {"ipv4-tcp": four_tuple()}),
    "owner's key too short": PortPlan(0, (), MICROSOFT_KEY[:12], 2, (0, 1), {}, (), four_tuple()),
    "more than 40 bytes": PortPlan(0, (), bytes(60), 2, (0, 1), {"vlan": (FieldBits("ipv6.src", 0, 128),) * 3}),
}


@pytest.mark.parametrize("plan", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_unusable_configuration_is_refused(rss: ctypes.CDLL, plan: PortPlan) -> None:
    assert not Steering(rss, plan).usable


def test_key_is_just_long_enough(rss: ctypes.CDLL) -> None:
    plan = plan_of({"ipv4-tcp": four_tuple()}, MICROSOFT_KEY[:16])
    assert Steering(rss, plan).usable
    frame = packets.ethernet(packets.ipv4(1, 2, 6, packets.tcp(1, 2, 3, 0xFFFF)))
    assert Steering(rss, plan).hash(frame)[0] == nic_hash(plan, frame)


def test_field_names_are_the_enumeration() -> None:
    """The order of enum maestro_field and of enum maestro_packet_type is relied upon above."""
    header = (STEERING[0].parent.parent / "include" / "maestro" / "rss.h").read_text()
    listed = [line.strip(" ,") for line in header.splitlines() if line.startswith("  MAESTRO_")]
    expected = [*PACKET_TYPES, "packet.types", *FIELD_NAMES]
    assert listed == ["MAESTRO_" + name.upper().replace(".", "_").replace("-", "_") for name in expected]
