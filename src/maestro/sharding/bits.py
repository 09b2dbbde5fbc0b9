"""Keys as bits: every bit of an expression as an affine form over packet field bits, where it has one.

Exact for concatenation, slices, extensions, xor, not, masks and shifts by constants (byte swaps are slices). A bit
that has no such form carries no information that a NIC could use. It is left out of the equality on both sides,
which only strengthens the requirement (fewer equalities in the premise), and the cause is kept for the explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from maestro.ir.expr import Expr, packet_offset, walk
from maestro.ir.packet import FIELDS, field_offsets
from maestro.rss.requirement import FieldBit, Form

ZERO = Form(frozenset(), 0)
ONE = Form(frozenset(), 1)


@dataclass(frozen=True)
class Missing:
    """A bit without a form: ``code`` is ``not-linear`` or ``not-a-packet-field``, ``what`` the culprit as text."""

    code: str
    what: str


Bit = Form | Missing
Namer = Callable[[int], tuple[FieldBit, ...]]
"""Names the eight bits of packet byte k, most significant first."""

_TAG = {"vlan.id": 8 * 14 + 4}


def nic_namer(packet_type: str, ports_at: int | None) -> Namer:
    """Names bytes as the NIC's parser does; ``ports_at``: the byte where it finds the ports, if the type has any."""
    return _namer(_without_ports(packet_type) | (_TAG if packet_type == "vlan" else {}) | _ports(ports_at))


def owner_namer(ports_at: int | None) -> Namer:
    """Names bytes as software does that computes an owner: as if every packet were IPv4, then as if it were IPv6."""
    return _namer(_without_ports("ipv4-tcp") | _ports(ports_at) | _without_ports("ipv6-tcp") | _TAG)


def _without_ports(packet_type: str) -> dict[str, int]:
    offsets = field_offsets(packet_type)
    return {name: 8 * k for name, k in offsets.items() if not name.startswith("l4.")}


def _ports(at: int | None) -> dict[str, int]:
    return {} if at is None else {"l4.sport": 8 * at, "l4.dport": 8 * at + 16}


def _namer(positions: Mapping[str, int]) -> Namer:
    """``positions``: the first bit of every field, from the start of the frame; the first field that fits counts.

    Bits that belong to no field are named ``pkt[k]``.
    """

    def bit(at: int) -> FieldBit:
        for field, start in positions.items():
            if 0 <= at - start < FIELDS[field]:
                return field, at - start
        return f"pkt[{at // 8}]", at % 8

    return lambda k: tuple(bit(8 * k + i) for i in range(8))


def bits(e: Expr, name: Namer) -> tuple[Bit, ...]:
    """The bits of ``e``, most significant first."""
    done: dict[Expr, tuple[Bit, ...]] = {}
    for n in walk(e):
        done[n] = _bits(n, [done[a] for a in n.args], name)
    return done[e]


def _bits(e: Expr, args: list[tuple[Bit, ...]], name: Namer) -> tuple[Bit, ...]:
    match e.op:
        case "const":
            return tuple(ONE if e.value >> i & 1 else ZERO for i in reversed(range(e.width)))
        case "sym":
            offset = packet_offset(e)
            if offset is None:
                return (Missing("not-a-packet-field", e.name),) * e.width
            return tuple(Form(frozenset({bit}), 0) for bit in name(offset))
        case "concat":
            return tuple(bit for part in args for bit in part)
        case "extract":
            width = len(args[0])
            return args[0][width - 1 - e.hi : width - e.lo]
        case "zext":
            return (ZERO,) * (e.width - len(args[0])) + args[0]
        case "sext":
            return args[0][:1] * (e.width - len(args[0])) + args[0]
        case "not":
            return tuple(_xor(bit, ONE, "!") for bit in args[0])
        case "ashr" if e.args[1].is_const:
            shift = min(e.args[1].value, e.width)
            return args[0][:1] * shift + args[0][: e.width - shift]
        case "xor" | "and" | "or":
            rule = {"xor": _xor, "and": _and, "or": _or}[e.op]
            return tuple(rule(a, b, e.op) for a, b in zip(*args, strict=True))
        case "add" if all(ZERO in pair for pair in zip(*args, strict=True)):
            return tuple(a if b == ZERO else b for a, b in zip(*args, strict=True))
    return (_inherited(args) or Missing("not-linear", e.name or e.op),) * e.width


def _xor(a: Bit, b: Bit, op: str) -> Bit:
    match a, b:
        case Form(), Form():
            return Form(a.bits ^ b.bits, a.constant ^ b.constant)
        case Missing(), _:
            return a
    return b


def _and(a: Bit, b: Bit, op: str) -> Bit:
    return _select(a, b, ONE, ZERO, op)


def _or(a: Bit, b: Bit, op: str) -> Bit:
    return _select(a, b, ZERO, ONE, op)


def _select(a: Bit, b: Bit, neutral: Form, absorbing: Form, op: str) -> Bit:
    if absorbing in (a, b):
        return absorbing
    if a in (neutral, b):
        return b
    if b == neutral:
        return a
    return _inherited([(a, b)]) or Missing("not-linear", op)


def _inherited(args: Sequence[tuple[Bit, ...]]) -> Missing | None:
    """The first cause below, when there is one: the root of the trouble says more than the operator above it."""
    return next((bit for part in args for bit in part if isinstance(bit, Missing)), None)
