"""RSS once more, in Python, from the definitions: the oracle for rss.c."""

from __future__ import annotations

from functools import lru_cache

from maestro.ir.expr import Expr, evaluate, packet_offset
from maestro.ir.packet import PACKET_TYPES, field_offsets, is_type
from maestro.ir.plan import FieldBits, PortPlan
from maestro.rss.toeplitz import windows

PREDICATES = {kind: is_type(kind) for kind in PACKET_TYPES}


@lru_cache(maxsize=4096)
def packet_types(frame: bytes) -> tuple[str, ...]:
    """The types whose predicate holds; there should be one."""

    def value(symbol: Expr) -> int:
        at = packet_offset(symbol)
        if at is None:
            return len(frame)
        return frame[at] if at < len(frame) else 0

    return tuple(kind for kind, predicate in PREDICATES.items() if evaluate(predicate, value))


def toeplitz_bits(key: bytes, bits: str) -> int:
    result = 0
    for bit, window in zip(bits, windows(key, len(bits)), strict=True):
        result ^= window if bit == "1" else 0
    return result


def _bits(frame: bytes, offset: int, name: str, part: FieldBits) -> str:
    if name == "vlan.id":  # the low 12 bits of the tag
        return _bits(frame, offset, "tag", FieldBits("tag", part.first + 4, part.count))
    zeros = bytes(64)
    field = (frame + zeros)[offset:][:16] if offset < len(frame) else zeros[:16]
    return f"{int.from_bytes(field, 'big'):0128b}"[part.first : part.first + part.count]


def nic_hash(plan: PortPlan, frame: bytes) -> int:
    (kind,) = packet_types(frame)
    ihl = frame[14] & 15 if kind.startswith("ipv4") else 5
    offsets = field_offsets(kind, ihl) | {"vlan.id": 14}
    bits = "".join(_bits(frame, offsets[part.name], part.name, part) for part in plan.inputs.get(kind, ()))
    return toeplitz_bits(plan.key, bits)


def whole_header_words(frame: bytes) -> int:
    """The IPv4 header length, if it is one and lies in the frame, else 5."""
    words = (frame + b"\0")[14] & 15
    return words if words >= 5 and 14 + 4 * words <= len(frame) else 5


def owner_hash(plan: PortPlan, frame: bytes) -> int:
    ihl = 5 if plan.owner_layout == "fixed" else whole_header_words(frame)
    offsets = field_offsets("ipv4-tcp", ihl)
    bits = "".join(_bits(frame, offsets[part.name], part.name, part) for part in plan.owner_inputs)
    return toeplitz_bits(plan.key, bits)


def cores_of(plan: PortPlan, frame: bytes, cores: int) -> tuple[int, int]:
    """(the NIC's core, the owner)."""
    planned = max(plan.reta) + 1 == cores
    table = plan.reta if planned else tuple(i % cores for i in range(plan.reta_size))
    nic = table[nic_hash(plan, frame) % plan.reta_size]
    (kind,) = packet_types(frame)
    owner = table[owner_hash(plan, frame) % plan.reta_size] if kind in plan.resteered else nic
    return nic, owner
