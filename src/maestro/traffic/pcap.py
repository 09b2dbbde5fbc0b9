"""Captures in and out: reading with dpkt, writing nanosecond pcap fast enough for millions of packets."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import TracebackType

import dpkt

from maestro.diagnostics import UserError

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
_record = struct.Struct("<IIII").pack
_SECOND = 1_000_000_000
_CHUNK = 8192  # packets joined per write


class PcapWriter:
    """A nanosecond pcap of Ethernet frames, written as it grows. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._pending: list[bytes] = [FILE_HEADER]

    def write(self, time_ns: int, frame: bytes) -> None:
        seconds, fraction = divmod(time_ns, _SECOND)
        length = len(frame)
        self._pending.append(_record(seconds, fraction, length, length))
        self._pending.append(frame)
        if len(self._pending) > 2 * _CHUNK:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        self._file.write(b"".join(self._pending))
        self._pending.clear()

    def __enter__(self) -> PcapWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_pcap(path: Path) -> Iterator[tuple[int, bytes]]:
    """(time in ns, frame) of each packet of a pcap or pcapng; times of pcapng are good to a microsecond.

    Raises :class:`UserError` when the file is missing or is not such a capture.
    """
    try:
        with path.open("rb") as file:
            for time, frame in dpkt.pcap.UniversalReader(file):
                yield _nanoseconds(time), bytes(frame)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}", code="pcap") from error
    except (ValueError, struct.error, dpkt.Error) as error:
        raise UserError(f"{path}: not a readable pcap: {error}", code="pcap") from error


def _nanoseconds(time: float | Decimal) -> int:
    if isinstance(time, Decimal):  # nanosecond files; exact
        return int(time * _SECOND)
    return round(time * 1_000_000) * 1000
