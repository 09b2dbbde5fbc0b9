"""Sharding requirements as RSS sees them, and the linear conditions they put on hashes.

A requirement speaks of two packets, x at one port and y at another (or the same). Forms are affine over GF(2), so the
pairs (x, y) that it speaks of are an affine space, and two Toeplitz hashes agree on all of it exactly when they agree
on one pair and on a basis of its directions. :func:`conditions` computes those; ``system.py`` turns them into key bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def known_bits(forms: Sequence[Form], packet_type: str) -> tuple[tuple[str, int], ...]:
    """The fields of ``forms`` whose value the type decides, with that value."""
    known = _KNOWN.get(packet_type)
    if not known:
        return ()
    named = {name for form in forms for name, _ in form.bits}
    return tuple((name, value) for name, value in known.items() if name in named)


Condition = tuple[int, int]
"""Two input strings (left, right) whose hashes must be equal, as ints: the first input bit is the most significant."""

_CONSTANT = 1  # bit 0 of a row; variables follow


def conditions(
    left: Sequence[Form],
    left_inputs: Inputs,
    left_known: tuple[tuple[str, int], ...],
    right: Sequence[Form],
    right_inputs: Inputs,
    right_known: tuple[tuple[str, int], ...],
) -> frozenset[Condition]:
    """What "``left(x) == right(y)`` implies equal hashes" demands of the two hash functions.

    Empty when no two packets satisfy the premise. Bits outside the inputs take part in the algebra but not in the
    result.
    """
    x, y = expand(left_inputs), expand(right_inputs)
    x_vars = {bit: 1 + len(y) + len(x) - 1 - i for i, bit in enumerate(x)}
    y_vars = {bit: 1 + len(y) - 1 - i for i, bit in enumerate(y)}
    width = 1 + len(x) + len(y)
    rows = []
    for f, g in zip(left, right, strict=True):
        row, width = _add(f, x_vars, dict(left_known), width)
        other, width = _add(g, y_vars, dict(right_known), width)
        rows.append(row ^ other)
    basis = gf2.reduce(rows)
    if 0 in basis:
        return frozenset()
    one = sum(1 << pivot for pivot, row in basis.items() if row & _CONSTANT)
    y_mask, x_mask = (1 << len(y)) - 1, (1 << len(x)) - 1
    pairs = {(v >> 1 + len(y) & x_mask, v >> 1 & y_mask) for v in (one, *gf2.kernel(basis, width, first=1))}
    return frozenset(pairs - {(0, 0)})


def _add(form: Form, variables: dict[FieldBit, int], known: dict[str, int], width: int) -> tuple[int, int]:
    """The row of a form, with new variables for bits seen first here; and the number of variables now."""
    row = form.constant
    for name, i in form.bits:
        if name in known:
            row ^= known[name] >> (FIELDS[name] - 1 - i) & 1
            continue
        if (name, i) not in variables:
            variables[name, i] = width
            width += 1
        row ^= 1 << variables[name, i]
    return row, width
