"""Sharding requirements as RSS sees them, and the linear conditions they put on hashes.

A requirement speaks of two packets, x at one port and y at another (or the same). Forms are affine over GF(2), so the
pairs (x, y) that it speaks of are an affine space, and two Toeplitz hashes agree on all of it exactly when they agree
on one pair and on a basis of its directions. :func:`conditions` computes those; ``system.py`` turns them into key bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from maestro.diagnostics import InternalError
from maestro.ir.packet import FIELDS
from maestro.ir.plan import FieldBits
from maestro.rss import gf2

FieldBit = tuple[str, int]
"""A bit of the packet: field name and bit index, 0 the most significant. Names of ``ir.packet.FIELDS``; any other
name (``pkt[34]``, say) is a bit that no NIC can hash."""

Inputs = tuple[FieldBits, ...]
"""What is fed to Toeplitz, in order."""

ANY_STEERING, NIC_ONLY, OWNER_ONLY = "", "@nic", "@owner"
"""Suffixes of packet types in requirements: the requirement holds however the type is steered (no suffix), only when
the NIC steers it, only when software re-steers it (forms then name the bytes where software reads the fields)."""

_KNOWN = {
    "ipv4-tcp": {"eth.type": 0x0800, "ipv4.proto": 6},
    "ipv4-udp": {"eth.type": 0x0800, "ipv4.proto": 17},
    "ipv4-other": {"eth.type": 0x0800},
    "ipv4-options": {"eth.type": 0x0800},
    "ipv4-fragment": {"eth.type": 0x0800},
    "ipv6-tcp": {"eth.type": 0x86DD},
    "ipv6-udp": {"eth.type": 0x86DD},
    "ipv6-other": {"eth.type": 0x86DD},
}
"""Fields whose value the packet type itself decides (``ir.packet.is_type``)."""


@dataclass(frozen=True)
class Form:
    """One bit computed from a packet: the XOR of ``bits`` and ``constant`` (0 or 1)."""

    bits: frozenset[FieldBit]
    constant: int = 0


@dataclass(frozen=True)
class Requirement:
    """Packets x of one of ``left_types`` at ``left_port`` and y of one of ``right_types`` at ``right_port`` with
    ``left[i](x) == right[i](y)`` for every i must reach the same core.

    No forms at all: any two such packets. Types may carry a suffix (:data:`NIC_ONLY`, :data:`OWNER_ONLY`).
    ``label`` names the requirement in explanations.
    """

    left_port: int
    left_types: tuple[str, ...]
    left: tuple[Form, ...]
    right_port: int
    right_types: tuple[str, ...]
    right: tuple[Form, ...]
    label: str

    def __post_init__(self) -> None:
        if len(self.left) != len(self.right):
            raise InternalError(f"requirement {self.label!r}: {len(self.left)} forms against {len(self.right)}")


def field_forms(*names: str) -> tuple[Form, ...]:
    """The forms that are the bits of whole fields, in order."""
    return tuple(Form(frozenset({(name, i)})) for name in names for i in range(FIELDS[name]))


def base_type(packet_type: str) -> str:
    """The packet type without its suffix."""
    return packet_type.partition("@")[0]


def applies(packet_type: str, resteered: bool) -> bool:
    """Whether forms given for this (suffixed) type hold when the type is or is not re-steered."""
    _, at, mode = packet_type.partition("@")
    return not at or resteered == (at + mode == OWNER_ONLY)


@lru_cache(maxsize=1024)
def expand(inputs: Inputs) -> tuple[FieldBit, ...]:
    """The input string, bit by bit."""
    return tuple((part.name, i) for part in inputs for i in range(part.first, part.first + part.count))


def merge(bits: Iterable[FieldBit]) -> Inputs:
    """Bits as ranges: neighbours of one field that follow each other are joined."""
    out: list[FieldBits] = []
    for name, i in bits:
        last = out[-1] if out else None
        if last and last.name == name and last.first + last.count == i:
            out[-1] = FieldBits(name, last.first, last.count + 1)
        else:
            out.append(FieldBits(name, i, 1))
    return tuple(out)


GAP = ""
"""The name of input bits that are always zero: where a field is masked, not left out."""


def masked(inputs: Inputs, whole: Inputs) -> Inputs:
    """``whole``, with zeros in place of what is not in ``inputs``; none at the end, where they change nothing."""
    kept = set(expand(inputs))
    parts = merge(bit if bit in kept else (GAP, n) for n, bit in enumerate(expand(whole)))
    return parts[:-1] if parts and parts[-1].name == GAP else parts


Condition = tuple[int, int]
"""Two input strings (left, right) whose hashes must be equal, as ints: the first input bit is the most significant."""


@dataclass(frozen=True)
class Premise:
    """All pairs (x, y) with ``left(x) == right(y)``, as far as the bits named in the forms go: one such pair, and the
    directions in which it can be moved. Each is (bits of x that are set, bits of y that are set)."""

    x_bits: frozenset[FieldBit]
    y_bits: frozenset[FieldBit]
    vectors: tuple[tuple[tuple[FieldBit, ...], tuple[FieldBit, ...]], ...]


def _fix(form: Form, known: Mapping[str, int]) -> Form:
    decided = [(name, i) for name, i in form.bits if name in known]
    if not decided:
        return form
    value = sum(known[name] >> (FIELDS[name] - 1 - i) for name, i in decided)
    return Form(form.bits.difference(decided), (form.constant + value) & 1)


Row = tuple[Form, Form]
"""One equation of a premise: left form = right form."""


@dataclass(frozen=True)
class Side:
    """The forms of one packet type. ``idle``: those with a bit that no NIC input and no other form knows: whatever
    they are equated with, that bit can make the equation true, so it says nothing about hashed bits."""

    forms: tuple[Form, ...]
    idle: frozenset[int]


def side(forms: Sequence[Form], packet_type: str, hashable: frozenset[str]) -> Side:
    """``forms`` for a packet type, with the bits that it decides replaced by their values."""
    known = _KNOWN.get(packet_type, {})
    fixed = tuple(_fix(form, known) for form in forms)
    unhashed = [[bit for bit in form.bits if bit[0] not in hashable] for form in fixed]
    uses = Counter(bit for bits in unhashed for bit in bits)
    return Side(fixed, frozenset(i for i, bits in enumerate(unhashed) if any(uses[bit] == 1 for bit in bits)))


def relevant(left: Side, right: Side) -> list[Row] | None:
    """The equations that say something about hashed bits; None when one of them is false."""
    rows = []
    for i, (f, g) in enumerate(zip(left.forms, right.forms, strict=True)):
        if i in left.idle or i in right.idle:
            continue
        if f.bits or g.bits:
            rows.append((f, g))
        elif f.constant != g.constant:
            return None
    return rows


def premise(rows: Sequence[Row]) -> Premise | None:
    """The pairs that satisfy all ``rows``; None when there are none."""
    x, y = _named(f for f, _ in rows), _named(g for _, g in rows)
    numbers = [{bit: n for n, bit in enumerate(x, 1)}, {bit: n for n, bit in enumerate(y, 1 + len(x))}]
    equations = []
    for row in rows:
        equation = row[0].constant ^ row[1].constant  # bit 0 is the right-hand side
        for known, form in zip(numbers, row, strict=True):
            for bit in form.bits:
                equation |= 1 << known[bit]
        equations.append(equation)
    basis = gf2.reduce(equations)
    if 0 in basis:
        return None
    width = 1 + len(x) + len(y)
    one = sum(1 << pivot for pivot, equation in basis.items() if equation & 1)
    vectors = [v for v in (one, *gf2.kernel(basis, width, first=1).values()) if v]
    return Premise(frozenset(x), frozenset(y), tuple(_unpack(v, x, y) for v in vectors))


def _unpack(
    vector: int, x: Sequence[FieldBit], y: Sequence[FieldBit]
) -> tuple[tuple[FieldBit, ...], tuple[FieldBit, ...]]:
    numbers = [n - 1 for n in gf2.bits(vector)]
    return tuple(x[n] for n in numbers if n < len(x)), tuple(y[n - len(x)] for n in numbers if n >= len(x))


def _named(forms: Iterable[Form]) -> list[FieldBit]:
    return sorted({bit for form in forms for bit in form.bits})


def conditions(premise: Premise, left_inputs: Inputs, right_inputs: Inputs) -> frozenset[Condition]:
    """What "the premise implies equal hashes" demands of the two hash functions.

    The hashes agree on all pairs exactly when they agree on one pair and along every direction; an input bit that no
    form names is a direction of its own.
    """
    x, y = _weights(left_inputs), _weights(right_inputs)
    found = {(sum(x.get(b, 0) for b in xs), sum(y.get(b, 0) for b in ys)) for xs, ys in premise.vectors}
    found |= {(weight, 0) for bit, weight in x.items() if bit not in premise.x_bits}
    found |= {(0, weight) for bit, weight in y.items() if bit not in premise.y_bits}
    return frozenset(found - {(0, 0)})


@lru_cache(maxsize=1024)
def _weights(inputs: Inputs) -> dict[FieldBit, int]:
    """Every input bit with its value in the input string, those that are always zero left out."""
    bits = expand(inputs)
    weights: dict[FieldBit, int] = {}
    for n, (name, i) in enumerate(bits):
        for part in name.split("^") if name != GAP else ():
            weights[part, i] = weights.get((part, i), 0) ^ 1 << len(bits) - 1 - n
    return weights


STRIDE = 4096
"""More than the input bits there are: ``position + STRIDE * distance`` stands for two of them that are always equal."""


@lru_cache(maxsize=1024)
def columns(inputs: Inputs) -> dict[int, FieldBit]:
    """The input bits that vary by themselves, by position: a bit that is fed in twice (the XOR of two fields) counts
    once, as ``first position + STRIDE * distance``."""
    places: dict[FieldBit, list[int]] = {}
    found = {}
    for n, bit in enumerate(expand(inputs)):
        if "^" in bit[0]:
            places.setdefault(bit, []).append(n)
        else:
            found[n] = bit
    found |= {p[0] + STRIDE * (p[-1] - p[0]): bit for bit, p in places.items()}
    return dict(sorted(found.items(), key=lambda entry: entry[0] % STRIDE))


def underlying(inputs: Inputs) -> list[FieldBit]:
    """The bits of the packet that are fed in, those of XORs included."""
    return list(dict.fromkeys((part, i) for name, i in expand(inputs) if name != GAP for part in name.split("^")))


def is_set(bit: FieldBit, packet: frozenset[FieldBit]) -> bool:
    """Whether an input bit is 1 for a packet, given as the bits that are set."""
    return sum((part, bit[1]) in packet for part in bit[0].split("^")) % 2 == 1
