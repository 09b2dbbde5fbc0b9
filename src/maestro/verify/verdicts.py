"""Verdict files as ``nf-replay --verdicts`` writes them; the layout is that of ``maestro/replay.h``."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from maestro.diagnostics import InternalError

DROP, FLOOD = 0xFFFE, 0xFFFF

_MAGIC, _VERSION = b"MAESTROV", 2
_HEADER = struct.Struct("<8sIIQQQQQQ")
_RECORD = struct.Struct("<QqQHHHH")


@dataclass(frozen=True)
class Verdict:
    """One packet: ``time`` is what the NF was given, in ns; ``sent`` its bytes as they left, none when dropped."""

    number: int
    time: int
    in_port: int
    verdict: int
    sent: bytes


class VerdictFile:
    """A verdict file, mapped; nothing is read before it is asked for. Use as a context manager.

    Raises :class:`InternalError` when the file is not one: only nf-replay writes them, and whole.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            if path.stat().st_size < _HEADER.size:
                raise InternalError(f"{path}: not a verdict file")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, version, *numbers = _HEADER.unpack_from(self._map)
        self.cores, self.packets, self._records, self._cores, self._payload, *rest = map(int, numbers)
        self._payload_bytes, self._order = rest
        if magic != _MAGIC or version != _VERSION or self._payload + self._payload_bytes != len(self._map):
            raise InternalError(f"{path}: not a verdict file")

    def core(self, number: int) -> int:
        """The core that processed a packet."""
        core: int = struct.unpack_from("<H", self._map, self._cores + 2 * number)[0]
        return core

    def order(self) -> tuple[int, ...]:
        """The packets' numbers in the order in which they took effect."""
        return struct.unpack_from(f"<{self.packets}Q", self._map, self._order)

    def records(self, first: int, count: int) -> bytes:
        """The raw records of packets ``first`` … ``first + count - 1``, the cores apart."""
        start = self._records + _RECORD.size * first
        return bytes(self._map[start : start + _RECORD.size * count])

    def payload(self, first: int, count: int) -> bytes:
        """The bytes sent for those packets, one after another."""
        start, end = self._offset(first), self._offset(first + count)
        return self._map[self._payload + start : self._payload + end]

    def verdicts(self, first: int, count: int) -> list[Verdict]:
        base = self._payload
        return [
            Verdict(number, time, in_port, verdict, self._map[base + offset : base + offset + length])
            for number, time, offset, in_port, verdict, length, _ in _RECORD.iter_unpack(self.records(first, count))
        ]

    def _offset(self, number: int) -> int:
        """Where a packet's bytes begin in the payload; for the number after the last, its end."""
        if number == self.packets:
            return self._payload_bytes
        offset: int = _RECORD.unpack_from(self._map, self._records + _RECORD.size * number)[2]
        return offset

    def close(self) -> None:
        self._map.close()

    def __enter__(self) -> VerdictFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
