"""Software RSS: the table index of real frames, fast enough for captures. What the NIC and software do together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from maestro.diagnostics import UserError
from maestro.ir.packet import FIELDS, field_offsets
from maestro.ir.plan import FieldBits
from maestro.rss.profile import Profile
from maestro.rss.requirement import Inputs
from maestro.rss.solve import PortConfiguration
from maestro.rss.symmetric import combine, pair_of, sets_of
from maestro.rss.toeplitz import WINDOW

_TAGS = (b"\x81\x00", b"\x88\xa8")


class Toeplitz:
    """The hash of input strings of a fixed length, by tables: one for each of their bytes."""

    def __init__(self, key: bytes, bits: int) -> None:
        count = (bits + 7) // 8
        number, width = int.from_bytes(key, "big") << 64, 8 * len(key) + 64  # strings are padded with zeros
        windows = [number >> (width - WINDOW - i) & 0xFFFFFFFF for i in range(8 * count)]
        self._pad = 8 * count - bits
        self._count = count
        self._tables = [_table(windows[8 * n : 8 * n + 8]) for n in range(count)]

    def __call__(self, string: int) -> int:
        result = 0
        for table, byte in zip(self._tables, (string << self._pad).to_bytes(self._count, "big"), strict=True):
            result ^= table[byte]
        return result


def _table(windows: list[int]) -> list[int]:
    """The XOR of the windows of every byte's set bits, the most significant bit first."""
    out = [0]
    for window in reversed(windows):
        out += [window ^ value for value in out]
    return out


def classify(frame: bytes) -> str:
    """The packet type (``ir.packet.PACKET_TYPES``) of an Ethernet frame."""
    kind = frame[12:14]
    if kind in _TAGS:
        return "vlan"
    if kind == b"\x86\xdd" and len(frame) >= 54:
        return f"ipv6-{_transport(frame[20], len(frame) >= 58)}"
    if kind != b"\x08\x00" or len(frame) < 34:
        return "non-ip"
    ihl = frame[14] & 15
    if frame[14] >> 4 != 4 or ihl < 5 or 14 + 4 * ihl > len(frame):
        return "non-ip"
    if frame[20] & 0x3F or frame[21]:
        return "ipv4-fragment"
    return "ipv4-options" if ihl > 5 else f"ipv4-{_transport(frame[23], len(frame) >= 38)}"


def _transport(protocol: int, room: bool) -> str:
    return {6: "tcp", 17: "udp"}.get(protocol, "other") if room else "other"


@dataclass(frozen=True)
class Steered:
    """One port: what is hashed per packet type (nothing: index 0), and of the ``resteered`` types by software.

    ``symmetric``: the mode of ``symmetric.py`` that fields are hashed in (XORs are named in ``inputs`` as well).
    ``initial``: what the hash starts at."""

    key: bytes
    inputs: Mapping[str, Inputs]
    resteered: tuple[str, ...] = ()
    owner_inputs: Inputs = ()
    owner_layout: str = "fixed"
    symmetric: str = "none"
    initial: int = 0

    @cached_property
    def _hashes(self) -> dict[Inputs, Toeplitz]:
        lists = {*self.inputs.values(), self.owner_inputs} - {()}
        return {inputs: Toeplitz(self.key, sum(part.count for part in inputs)) for inputs in lists}

    def hash(self, frame: bytes) -> int:
        """The hash that decides the frame's core; 0 when it is not hashed."""
        packet_type = classify(frame)
        resteered = packet_type in self.resteered
        inputs = self.owner_inputs if resteered else self.inputs[packet_type]
        if not inputs:
            return 0
        ihl = frame[14] & 15 if packet_type.startswith("ipv4") else 5
        layout = 5 if resteered and self.owner_layout == "fixed" else ihl
        return self.initial ^ self._hashes[inputs](read(frame, inputs, packet_type, layout, self.symmetric))


def read(frame: bytes, inputs: Inputs, packet_type: str, ihl: int, mode: str = "none") -> int:
    """The input string, in a symmetric mode; bytes past the end of the frame, and fields that the type does not have,
    count as zero."""
    offsets = field_offsets(packet_type, ihl)

    def value(name: str, part: FieldBits) -> int:
        at, width = offsets.get(name), FIELDS[name]
        size = width // 8
        whole = 0 if at is None else int.from_bytes(frame[at : at + size].ljust(size, b"\0"), "big")
        return whole >> (width - part.first - part.count) & (1 << part.count) - 1

    names = {part.name for part in inputs}
    string = 0
    for part in inputs:
        pair = pair_of(part.name) if mode != "none" else None
        if pair and names.issuperset(pair):
            own = combine(mode, part.name, value(pair[0], part), value(pair[1], part))
        else:
            own = 0
            for name in part.name.split("^"):
                own ^= value(name, part)
        string = string << part.count | own
    return string


def of_port(port: PortConfiguration) -> Steered:
    return Steered(port.key, port.inputs, port.resteered, port.owner_inputs, port.owner_layout)


def of_key(key: bytes, profile: Profile, field_set: str | None, symmetric: str = "none", initial: int = 0) -> Steered:
    """A key in use with the NIC's ``field_set``, the first of its profile unless said, in a symmetric mode."""
    able = profile.field_sets if symmetric == "none" else sets_of(profile, symmetric)
    sets = {s.name: s for s in able}
    chosen = able[0] if field_set is None else sets.get(field_set)
    if chosen is None:
        text = f"{profile.title} has no field set {field_set!r}"
        raise UserError(text, hint=f"it has {', '.join(sets)}", code="rss-fields")
    return Steered(key, {t: chosen.nominal(t) for t in chosen.inputs}, symmetric=symmetric, initial=initial)
