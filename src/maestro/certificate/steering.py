"""Which table index a packet gets: the plan's RSS configuration as sums of packet bits.

The hash is Microsoft's Toeplitz: the XOR, over the set input bits i, of key bits i … i+31. Its bit j (0 the least
significant) is therefore the XOR of the input bits i whose key bit i+31-j is set. The core is the table's entry at
the hash's low bits, so equal low bits are equal cores, for any contents of the table.

Bits of a packet are counted from the start of the frame, most significant bit of a byte first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maestro.ir.expr import TRUE, Expr, binary, concat, const, eq, extract, ite, land, packet_byte
from maestro.ir.packet import FIELDS, LENGTH, PACKET_TYPES, field_offsets, ihl, is_type, whole_header_words
from maestro.ir.plan import FieldBits, PortPlan

_PORTS = ("l4.sport", "l4.dport")


@dataclass(frozen=True)
class PacketClass:
    """The packets of ``types`` that satisfy ``predicate`` (width 1) and what their table index is made of.

    ``sums``: per index bit, most significant first, the frame bits whose XOR it is.
    """

    types: tuple[str, ...]
    predicate: Expr
    sums: tuple[frozenset[int], ...]

    def bytes_read(self) -> list[int]:
        """The offsets of the bytes that the index depends on, the last one first."""
        return sorted({bit // 8 for s in self.sums for bit in s}, reverse=True)

    def index(self, length: int) -> Expr:
        """The table index of a frame of at least ``length`` bytes; bytes past a frame's end count as zero."""
        octets = {at: _octet(at, length) for at in self.bytes_read()}
        bits = [_xor([extract(octets[b // 8], 7 - b % 8, 7 - b % 8) for b in sorted(s)]) for s in self.sums]
        return concat(*bits) if bits else const(0, 1)


def reaches(at: int) -> Expr:
    """Whether the frame has a byte ``at``."""
    return binary("ult", const(at, 16), LENGTH)


def _octet(at: int, length: int) -> Expr:
    return packet_byte(at) if at < length else ite(reaches(at), packet_byte(at), const(0, 8))


def _xor(bits: Sequence[Expr]) -> Expr:
    total = const(0, 1)
    for bit in bits:
        total = binary("xor", total, bit)
    return total


def classes(plan: PortPlan) -> tuple[PacketClass, ...]:
    """The packets of a port, split so that each class has one index function; classes together cover all packets."""
    merged: dict[tuple[frozenset[int], ...], PacketClass] = {}
    for packet_type in PACKET_TYPES:
        for words, at_words in _header_words(plan, packet_type):
            sums = _sums(plan, _input_bits(plan, packet_type, words))
            known = merged.get(sums, PacketClass((), const(0, 1), sums))
            types = dict.fromkeys((*known.types, packet_type))
            predicate = binary("or", known.predicate, land(is_type(packet_type), at_words))
            merged[sums] = PacketClass(tuple(types), predicate, sums)
    return tuple(merged.values())


def inputs_of(plan: PortPlan, packet_type: str) -> tuple[FieldBits, ...]:
    """What decides the core of a packet type: the owner's inputs when it is re-steered, else the NIC's."""
    return plan.owner_inputs if packet_type in plan.resteered else plan.inputs.get(packet_type, ())


def _header_words(plan: PortPlan, packet_type: str) -> Iterator[tuple[int, Expr]]:
    """Every IPv4 header length (32-bit words) that moves the hashed ports, with its condition."""
    owner = packet_type in plan.resteered
    if not any(f.name in _PORTS for f in inputs_of(plan, packet_type)):
        yield 5, TRUE
    elif owner and plan.owner_layout == "ihl":
        yield from ((n, eq(whole_header_words(), const(n, 4))) for n in range(5, 16))
    elif not owner and packet_type in ("ipv4-options", "ipv4-fragment"):
        yield from ((n, eq(ihl(), const(n, 4))) for n in range(5, 16))
    else:
        yield 5, TRUE


def _positions(plan: PortPlan, packet_type: str, words: int) -> dict[str, int]:
    """The first bit of every field.

    Software reads the fields of a re-steered packet where an IPv4 (or IPv6) packet has them, whatever its type.
    """
    owner = packet_type in plan.resteered
    if owner:
        offsets = field_offsets("ipv6-other") | field_offsets("ipv4-options", words)
    else:
        offsets = field_offsets(packet_type, words)
    bits = {name: 8 * at for name, at in offsets.items()}
    return bits | ({"vlan.id": 8 * 14 + 4} if owner or packet_type == "vlan" else {})


def _input_bits(plan: PortPlan, packet_type: str, words: int) -> list[int]:
    """The Toeplitz input as frame bits, in order."""
    positions = _positions(plan, packet_type, words)
    return [positions[f.name] + f.first + i for f in inputs_of(plan, packet_type) for i in range(f.count)]


def _sums(plan: PortPlan, bits: Sequence[int]) -> tuple[frozenset[int], ...]:
    """Per index bit, the frame bits that it sums; a bit fed twice cancels itself."""
    sums = []
    for j in reversed(range(_index_bits(plan))):
        total: set[int] = set()
        for i, bit in enumerate(bits):
            if _key_bit(plan.key, i + 31 - j):
                total.symmetric_difference_update((bit,))
        sums.append(frozenset(total))
    return tuple(sums)


def _index_bits(plan: PortPlan) -> int:
    return plan.reta_size.bit_length() - 1


def _key_bit(key: bytes, bit: int) -> int:
    return key[bit // 8] >> (7 - bit % 8) & 1


def problems(plan: PortPlan, cores: int) -> Iterator[str]:
    """What makes a port's configuration meaningless, before anything can be proved about it."""
    if plan.reta_size < 1 or plan.reta_size & (plan.reta_size - 1):
        yield f"the table size {plan.reta_size} is not a power of two"
    if len(plan.reta) != plan.reta_size:
        yield f"the table has {len(plan.reta)} entries, not {plan.reta_size}"
    if any(not 0 <= core < cores for core in plan.reta):
        yield f"the table names a core that is not one of {cores}"
    if plan.owner_layout not in ("fixed", "ihl"):
        yield f"the owner layout {plan.owner_layout!r} is unknown"
    for name in (*plan.inputs, *plan.resteered):
        if name not in PACKET_TYPES:
            yield f"the packet type {name!r} is unknown"
    for packet_type in PACKET_TYPES:
        yield from _input_problems(plan, packet_type)


def _input_problems(plan: PortPlan, packet_type: str) -> Iterator[str]:
    inputs = inputs_of(plan, packet_type)
    positions = _positions(plan, packet_type, 5)
    for f in inputs:
        if f.name not in positions:
            yield f"packets of type {packet_type} have no field {f.name} to hash"
        elif f.first < 0 or f.count < 1 or f.first + f.count > FIELDS[f.name]:
            yield f"{f.name} has no bits {f.first}…{f.first + f.count - 1}"
    bits = sum(f.count for f in inputs)
    if bits and bits + 31 > 8 * len(plan.key):
        yield f"a key of {len(plan.key)} bytes is too short for the {bits} input bits of {packet_type}"


def undeclared(plan: PortPlan, packet_type: str) -> tuple[str, ...]:
    """Fields with bits that move the table index of this packet type although ``plan.fields`` does not list them."""
    declared = {(f.name, f.first + i) for f in plan.fields for i in range(f.count)}
    read = [(f.name, f.first + i) for f in inputs_of(plan, packet_type) for i in range(f.count)]
    low = range(_index_bits(plan))
    moving = [b for i, b in enumerate(read) if any(_key_bit(plan.key, i + 31 - j) for j in low)]
    return tuple(dict.fromkeys(name for name, bit in moving if (name, bit) not in declared))
