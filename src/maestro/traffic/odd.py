"""Packets that NICs hash differently, or not at all, and packets that are broken. All belong to a given flow as far as
they can, so that they meet the state of an NF that does look at them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from maestro.traffic import packets
from maestro.traffic.flows import FlowKey

MIN_FRAME = 14


class Ends:
    """One direction of a flow."""

    def __init__(self, key: FlowKey, outward: bool) -> None:
        lan, wan = (key.lan_ip, key.lan_l4), (key.wan_ip, key.wan_l4)
        (self.src, self.sport), (self.dst, self.dport) = (lan, wan) if outward else (wan, lan)
        self.proto = key.proto

    def segment(self, payload: bytes = b"") -> bytes:
        return packets.l4(self.proto, self.src, self.dst, self.sport, self.dport, payload)

    def frame(self, payload: bytes = b"") -> bytes:
        return packets.ethernet(packets.ipv4(self.src, self.dst, self.proto, self.segment(payload)))


def _fragment(ends: Ends, rng: Random) -> bytes:
    first = rng.random() < 0.5
    payload = ends.segment(bytes(16)) if first else rng.randbytes(rng.choice((8, 24, 40)))
    offset = 0 if first else rng.randrange(1, 0x2000)
    packet = packets.ipv4(ends.src, ends.dst, ends.proto, payload, offset=offset, more=first or rng.random() < 0.5)
    return packets.ethernet(packet, pad=rng.random() < 0.7)


def _options(ends: Ends, rng: Random) -> bytes:
    options = rng.choice((b"\x01\x01\x01\x00", b"\x94\x04\x00\x00", bytes([7, 39, 4]) + bytes(37), rng.randbytes(8)))
    return packets.ethernet(packets.ipv4(ends.src, ends.dst, ends.proto, ends.segment(), options=options))


def _other_protocol(ends: Ends, rng: Random) -> bytes:
    proto = rng.choice((packets.ICMP, 2, 47, 50, 132, rng.randrange(256)))
    payload = packets.l4(packets.ICMP, ends.src, ends.dst, ends.sport, ends.dport)
    return packets.ethernet(packets.ipv4(ends.src, ends.dst, proto, payload))


def _tagged(ends: Ends, rng: Random) -> bytes:
    return packets.vlan(ends.frame(), rng.randrange(0x10000), rng.choice((packets.VLAN, packets.VLAN_SERVICE)))


def _ipv6(ends: Ends, rng: Random) -> bytes:
    src, dst = 0x20010DB8 << 96 | ends.src, 0x20010DB8 << 96 | ends.dst
    proto = rng.choice((packets.TCP, packets.UDP, 58, 44, 0))
    payload = packets.l4(proto, src, dst, ends.sport, ends.dport, version=6)
    frame = packets.ethernet(packets.ipv6(src, dst, proto, payload), packets.IPV6, pad=False)
    return frame if rng.random() < 0.6 else frame[: rng.randrange(MIN_FRAME, len(frame))]


def _arp(ends: Ends, rng: Random) -> bytes:
    return packets.arp(ends.src, ends.dst)


def _short(ends: Ends, rng: Random) -> bytes:
    """An IP packet that ends anywhere after the Ethernet header, most often around a header's end."""
    frame = ends.frame()
    length = rng.choice((14, 15, 33, 34, 35, 37, 38, 41, 42, 53, 54, rng.randrange(MIN_FRAME, len(frame))))
    return frame[:length]


def _bad_header(ends: Ends, rng: Random) -> bytes:
    """A wrong IP version, header length or total length."""
    frame = bytearray(ends.frame())
    if rng.random() < 0.5:
        frame[14] = rng.choice((0x44, 0x40, 0x46, 0x4F, 0x65, 0x05, rng.randrange(256)))
    else:
        frame[16:18] = rng.choice((b"\0\0", b"\0\x14", b"\0\x15", b"\xff\xff", rng.randbytes(2)))
    return bytes(frame)


def _noise(ends: Ends, rng: Random) -> bytes:
    return rng.randbytes(rng.randrange(MIN_FRAME, 100))


KINDS: tuple[Callable[[Ends, Random], bytes], ...] = (
    _fragment, _fragment, _options, _options, _other_protocol, _tagged, _ipv6, _ipv6, _arp, _short, _bad_header, _noise,
)  # fmt: skip


def odd_frame(key: FlowKey, outward: bool, rng: Random) -> bytes:
    return rng.choice(KINDS)(Ends(key, outward), rng)


def mutated(frame: bytes, rng: Random) -> bytes:
    """One to three bytes of the headers changed; now and then cut or extended."""
    changed = bytearray(frame)
    for _ in range(rng.randrange(1, 4)):
        changed[rng.randrange(min(len(changed), 54))] = rng.randrange(256)
    if rng.random() < 0.2:
        return bytes(changed[: rng.randrange(MIN_FRAME, len(changed) + 1)])
    return bytes(changed) + (rng.randbytes(rng.randrange(40)) if rng.random() < 0.1 else b"")
