"""What the page draws of a port: its fields over the key's bits, and the table's entries by core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maestro.ir.packet import PACKET_TYPES
from maestro.ir.plan import FieldBits, PortPlan
from maestro.report.facts import fields_text

COLOURS = 8
"""Cores are told apart by this many colours, then these repeat."""
_WINDOW = 31
"""Key bits that the last input bit reaches beyond its own place."""


@dataclass(frozen=True)
class Band:
    """A field's place over the key, in bits. ``used``: the core may depend on it."""

    name: str
    at: int
    count: int
    used: bool


@dataclass(frozen=True)
class PortPicture:
    """``ones``, ``cells``: path data of SVG, in units of bits and of table entries; ``cells`` one a colour."""

    port: int
    name: str
    fields: str
    unused: str
    key: str
    key_rows: tuple[str, ...]
    bands: tuple[Band, ...]
    bits: int
    ones: str
    size: int
    columns: int
    cells: tuple[str, ...]
    entries: tuple[int, ...]
    types: tuple[tuple[str, str], ...]
    resteered: tuple[str, ...]


def picture(port: PortPlan, name: str, cores: int) -> PortPicture:
    used = {f.name for f in port.fields}
    inputs = max(port.inputs.values(), key=lambda fs: (_bits(f for f in fs if f.name in used), -_bits(fs)), default=())
    bits = min(8 * len(port.key), _bits(inputs) + _WINDOW) if inputs else 8 * len(port.key)
    columns = min(64, port.reta_size)
    counts = tuple(port.reta.count(core) for core in range(cores))
    text = port.key.hex(":")
    return PortPicture(
        port.port, name, fields_text(port.fields),
        " ".join(dict.fromkeys(f.name for f in inputs if f.name not in used)),
        text, tuple(text[i : i + 48] for i in range(0, len(text), 48)),
        tuple(_bands(inputs, used)), bits, _ones(port.key, bits), port.reta_size, columns,
        tuple(_cells(port.reta, columns, colour) for colour in range(min(cores, COLOURS))), counts,
        tuple((t, _hashed(port, t)) for t in PACKET_TYPES), port.resteered,
    )  # fmt: skip


def _bits(fields: Iterable[FieldBits]) -> int:
    return sum(f.count for f in fields)


def _bands(inputs: Sequence[FieldBits], used: set[str]) -> Iterable[Band]:
    at = 0
    for f in inputs:
        yield Band(f.name, at, f.count, f.name in used)
        at += f.count


def _ones(key: bytes, bits: int) -> str:
    """The set bits among the first ``bits`` of the key, runs as one rectangle."""
    digits = f"{int.from_bytes(key, 'big'):0{8 * len(key)}b}"[:bits]
    out, start = [], 0
    for part in digits.replace("01", "0 1").replace("10", "1 0").split():
        out += [f"M{start} 0h{len(part)}v8h-{len(part)}z"] if part[0] == "1" else []
        start += len(part)
    return "".join(out)


def _cells(reta: Sequence[int], columns: int, colour: int) -> str:
    at = (divmod(i, columns) for i, core in enumerate(reta) if core % COLOURS == colour)
    return "".join(f"M{x} {y}h.9v.9h-.9z" for y, x in at)


def _hashed(port: PortPlan, packet_type: str) -> str:
    if packet_type in port.resteered:
        return f"{fields_text(port.owner_inputs)}, in software" if port.owner_inputs else "core 0, in software"
    return fields_text(port.inputs.get(packet_type, ())) or "not hashed: table entry 0"
