"""Reading classic pcap files fast: frames straight from the mapped file; pcapng goes through dpkt."""

from __future__ import annotations

import mmap
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from maestro.diagnostics import UserError
from maestro.traffic.packets import MIN_FRAME
from maestro.traffic.pcap import read_pcap

_MAGIC = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\x4d\x3c\xb2\xa1": ("<", 1),
          b"\xa1\xb2\xc3\xd4": (">", 1000), b"\xa1\xb2\x3c\x4d": (">", 1)}  # fmt: skip
_ETHERNET = 1
_FCS = 4


@dataclass
class Facts:
    """``flows``: distinct 5-tuples of TCP and UDP over IPv4 without options, the two directions one flow each.
    ``packets``, ``total``: on the wire, frame check sequence and padding included. ``counts``: packets by flow."""

    packets: int = 0
    total: int = 0
    counts: Counter[bytes] = field(default_factory=Counter)

    @property
    def flows(self) -> int:
        return len(self.counts)

    @property
    def mean_size(self) -> float:
        return self.total / self.packets if self.packets else 0.0


def frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """(time in ns, frame) of each packet. Raises UserError (``pcap``): a file that is missing, cut or not Ethernet."""
    try:
        with path.open("rb") as file:
            head = file.read(24)
            order, unit = _MAGIC.get(head[:4], ("", 0))
            if not order:
                yield from read_pcap(path)
                return
            if len(head) < 24 or struct.unpack(f"{order}I", head[20:24])[0] & 0xFFFF != _ETHERNET:
                raise UserError(f"{path}: not a capture of Ethernet frames", code="pcap")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                yield from _records(path, data, struct.Struct(f"{order}IIII"), unit)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}", code="pcap") from error


def _records(path: Path, data: mmap.mmap, record: struct.Struct, unit: int) -> Iterator[tuple[int, bytes]]:
    at, end, unpack = 24, len(data), record.unpack_from
    while at + 16 <= end:
        seconds, fraction, length, _ = unpack(data, at)
        at += 16 + length
        if at > end:
            break
        yield seconds * 1_000_000_000 + fraction * unit, data[at - length : at]
    if at != end:
        raise UserError(f"{path}: the last packet is cut", hint="the capture was not written to its end", code="pcap")


def tuple_of(frame: bytes) -> bytes | None:
    """Protocol, addresses and ports; None for other frames."""
    if frame[12:15] != b"\x08\x00\x45" or frame[23] not in (6, 17) or len(frame) < 38:
        return None
    return frame[23:24] + frame[26:38]


def scan(paths: Iterable[Path]) -> Facts:
    """Raises as :func:`frames` does."""
    found = Facts()
    for path in paths:
        for _, frame in frames(path):
            found.packets += 1
            found.total += max(len(frame), MIN_FRAME) + _FCS
            key = tuple_of(frame)
            if key is not None:
                found.counts[key] += 1
    return found
