"""Packets for the tests in guests, and an opinion on their hashes that owes nothing to Maestro's own code."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from maestro.traffic import packets

# ---- An independent opinion ----


def toeplitz(key: bytes, data: bytes) -> int:
    """Microsoft's definition, bit by bit: for each set bit of the data, the 32 bits of the key from there on."""
    stream = "".join(f"{byte:08b}" for byte in key) + "0" * 32
    result = 0
    for at, bit in enumerate("".join(f"{byte:08b}" for byte in data)):
        if bit == "1":
            result ^= int(stream[at : at + 32], 2)
    return result


def header(frame: bytes, name: str) -> bytes:
    """A field, wherever it lies: behind a VLAN tag, behind eight bytes of hop-by-hop options."""
    if frame[12:14] == b"\x81\x00":
        frame = frame[:12] + frame[16:]
    if frame[12:14] == b"\x86\xdd":
        after = 62 if frame[20] == 0 else 54
        places = {"ipv6.src": (22, 38), "ipv6.dst": (38, 54)}
    else:
        after = 14 + 4 * (frame[14] & 15)
        places = {"ipv4.src": (26, 30), "ipv4.dst": (30, 34)}
    places |= {"l4.sport": (after, after + 2), "l4.dport": (after + 2, after + 4)}
    first, last = places[name]
    return frame[first:last]


# ---- Traffic ----


@dataclass(frozen=True)
class Flow:
    """``number`` is in the payload, so that a packet is known by it whatever an NF does to its headers."""

    proto: int
    src: int
    dst: int
    sport: int
    dport: int
    version: int = 4

    def frame(self, number: int) -> bytes:
        payload = struct.pack(">I", number).ljust(20, b"-")
        segment = packets.l4(self.proto, self.src, self.dst, self.sport, self.dport, payload, version=self.version)
        if self.version == 6:
            return packets.ethernet(packets.ipv6(self.src, self.dst, self.proto, segment), packets.IPV6)
        return packets.ethernet(packets.ipv4(self.src, self.dst, self.proto, segment))

    def back(self) -> Flow:
        return Flow(self.proto, self.dst, self.src, self.dport, self.sport, self.version)


def number_of(frame: bytes) -> int:
    after = 54 if frame[12:14] == b"\x86\xdd" else 14 + 4 * (frame[14] & 15)
    proto = frame[20] if after == 54 else frame[23]
    at = after + (20 if proto == packets.TCP else 8)
    return int.from_bytes(frame[at : at + 4], "big")


def flow_of(frame: bytes) -> Flow:
    version = 6 if frame[12:14] == b"\x86\xdd" else 4
    proto = frame[20] if version == 6 else frame[23]
    names = [f"ipv{version}.src", f"ipv{version}.dst", "l4.sport", "l4.dport"]
    return Flow(proto, *(int.from_bytes(header(frame, name), "big") for name in names), version)


def flows(
    count: int, version: int = 4, protos: Sequence[int] = (packets.TCP, packets.UDP), seed: int = 7
) -> list[Flow]:
    """Of the ``protos`` in turn; a few of them share a source, a few a destination, a few a server."""
    rng = random.Random(7)
    top = 1 << (32 if version == 4 else 128)
    hosts = [rng.randrange(top >> 7, top >> 1) for _ in range(count // 4)]
    return [
        Flow(
            protos[n % len(protos)], rng.choice(hosts), rng.choice(hosts), rng.randrange(1024, 65536),
            rng.choice((53, 80, 443, rng.randrange(1024, 65536))), version,
        )
        for n in range(count)
    ]  # fmt: skip
