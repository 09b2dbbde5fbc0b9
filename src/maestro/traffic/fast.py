"""Large captures in seconds, with numpy where it is installed: the same bytes as ``shapes.stream`` makes one by one.

For traffic of one size, one way, without churn: that of benchmarks with millions of flows.
"""

from __future__ import annotations

from importlib import import_module
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from maestro.traffic.generate import write_streams
from maestro.traffic.packets import UDP
from maestro.traffic.pcap import FILE_HEADER
from maestro.traffic.shapes import FCS, KEY_BYTES, START, Shape, churn_of, gap_of, senders, stream

_CHUNK = 1 << 16  # packets at a time
_HEAD = 42  # bytes up to the end of the UDP header


def write_shape(shape: Shape, ports: tuple[int, int], folder: Path) -> dict[int, Path]:
    """One capture a port, LAN and WAN, as :func:`maestro.traffic.generate.write_streams` does."""
    numpy = _numpy()
    if numpy is None or not is_simple(shape):
        return write_streams(stream(shape, *ports), ports, folder)
    paths = write_streams(iter(()), ports, folder)
    _write(numpy, shape, paths[ports[0]])
    return paths


def is_simple(shape: Shape) -> bool:
    return shape.kind in ("uniform", "zipf", "elephant") and not shape.replies and not churn_of(shape).churning


def _numpy() -> Any:
    try:
        return import_module("numpy")
    except ImportError:
        return None


def _write(np: Any, shape: Shape, path: Path) -> None:
    size = shape.size - FCS
    heads, order, gap = _heads(np, shape, size), senders(shape), gap_of(shape)
    record = np.dtype([("seconds", "<u4"), ("fraction", "<u4"), ("length", "<u4"), ("whole", "<u4"),
                       ("head", "u1", _HEAD), ("numbers", ">u2", 2), ("rest", "u1", size - _HEAD - 4)])  # fmt: skip
    with path.open("wb") as file:
        file.write(FILE_HEADER)
        for first in range(0, shape.packets, _CHUNK):
            count = min(_CHUNK, shape.packets - first)
            turns = np.arange(first, first + count, dtype=np.int64)
            times = START + (turns * gap).astype(np.int64)
            out = np.zeros(count, record)
            out["seconds"], out["fraction"] = times // 1_000_000_000, times % 1_000_000_000
            out["length"] = out["whole"] = size
            out["head"] = heads[np.fromiter(islice(order, count), np.int64, count)]
            out["numbers"][:, 0], out["numbers"][:, 1] = turns & 0xFFFF, (turns & 0xFFFF) ^ 0xFFFF
            file.write(out.tobytes())


def _heads(np: Any, shape: Shape, size: int) -> Any:
    """Each flow's Ethernet, IPv4 and UDP headers, as ``flows.make_flow`` builds them."""
    count, length = shape.count, size - 14
    drawn = Random(f"{shape.seed} flows 0").randbytes(KEY_BYTES * count)
    raw = np.frombuffer(drawn, np.uint8).reshape(count, KEY_BYTES)
    src, dst, ports = raw[:, 9:13].copy(), raw[:, 6:10].copy(), raw[:, [4, 5, 2, 3]]
    src[:, 0] = 10
    dst[:, 0] |= 0x40
    words = [np.ascontiguousarray(part).view(">u2").astype(np.uint32).sum(axis=1) for part in (src, dst, ports)]
    addresses = words[0] + words[1]
    out = np.zeros((count, _HEAD), np.uint8)
    out[:, 0] = out[:, 6] = 2
    out[:, 2:6], out[:, 8:12], out[:, 26:30], out[:, 30:34], out[:, 34:38] = dst, src, src, dst, ports
    fixed = bytes((8, 0, 0x45, 0)) + length.to_bytes(2, "big") + bytes((0, 0, 0x40, 0, 64, UDP))
    out[:, 12:24] = np.frombuffer(fixed, np.uint8)
    out[:, 24:26] = _bytes(np, _fold(0x4500 + length + 0x4000 + (64 << 8 | UDP) + addresses))
    out[:, 38:40] = np.frombuffer((length - 20).to_bytes(2, "big"), np.uint8)
    udp = _fold(addresses + words[2] + UDP + 2 * (length - 20))
    out[:, 40:42] = _bytes(np, np.where(udp == 0, 0xFFFF, udp))
    return out


def _fold(total: Any) -> Any:
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def _bytes(np: Any, words: Any) -> Any:
    return words.astype(">u2").view(np.uint8).reshape(-1, 2)
