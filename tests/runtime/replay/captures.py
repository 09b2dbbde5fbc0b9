"""Captures made by hand, down to the byte."""

from __future__ import annotations

import struct
from collections.abc import Sequence

MICROSECONDS, NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
LITTLE, BIG = "<", ">"


def pcap(
    packets: Sequence[tuple[int, bytes]], order: str = LITTLE, magic: int = NANOSECONDS, link_type: int = 1
) -> bytes:
    """Packets as (time in ns, frame)."""
    unit = 1 if magic == NANOSECONDS else 1000
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link_type)]
    for time, frame in packets:
        fraction = time % 1_000_000_000 // unit
        out.append(struct.pack(order + "IIII", time // 1_000_000_000, fraction, len(frame), len(frame)) + frame)
    return b"".join(out)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


class PcapNg:
    """Blocks of a pcapng, one call each, in the order given."""

    def __init__(self, order: str = LITTLE) -> None:
        self.order = order
        self.bytes = b""
        self.section()

    def block(self, kind: int, body: bytes) -> PcapNg:
        total = 12 + len(_padded(body))
        length = struct.pack(self.order + "I", total)
        self.bytes += struct.pack(self.order + "I", kind) + length + _padded(body) + length
        return self

    def section(self, order: str | None = None) -> PcapNg:
        self.order = order or self.order
        return self.block(0x0A0D0D0A, struct.pack(self.order + "IHHq", 0x1A2B3C4D, 1, 0, -1))

    def interface(
        self, *, link_type: int = 1, snap: int = 0, tsresol: int | None = None, tsoffset: int | None = None
    ) -> PcapNg:
        options = struct.pack(self.order + "HH", 2, 4) + b"eth0"  # if_name
        if tsresol is not None:
            options += struct.pack(self.order + "HHB3x", 9, 1, tsresol)
        if tsoffset is not None:
            options += struct.pack(self.order + "HHq", 14, 8, tsoffset)
        options += struct.pack(self.order + "HH", 0, 0)
        return self.block(1, struct.pack(self.order + "HHI", link_type, 0, snap) + options)

    def enhanced(self, interface: int, stamp: int, frame: bytes, original: int | None = None) -> PcapNg:
        head = struct.pack(
            self.order + "IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), original or len(frame)
        )
        comment = struct.pack(self.order + "HH", 1, 2) + b"hi\0\0" + struct.pack(self.order + "HH", 0, 0)
        return self.block(6, head + _padded(frame) + comment)

    def old(self, interface: int, stamp: int, frame: bytes) -> PcapNg:
        head = struct.pack(self.order + "HHIIII", interface, 0, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame))
        return self.block(2, head + frame)

    def simple(self, frame: bytes, original: int | None = None) -> PcapNg:
        return self.block(3, struct.pack(self.order + "I", original or len(frame)) + frame)
