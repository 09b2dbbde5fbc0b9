"""Frames, built field by field with valid checksums. For odd packets and tests; bulk traffic uses ``flows``.

Addresses and ports are integers, frames are bytes from the Ethernet header on, without the frame check sequence.
"""

from __future__ import annotations

import struct

TCP, UDP, ICMP = 6, 17, 1
IPV4, IPV6, ARP, VLAN, VLAN_SERVICE = 0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8
MIN_FRAME = 60
"""Shortest frame on a wire, less its frame check sequence; shorter payloads are padded by the sender."""


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(address: int) -> bytes:
    """A locally administered MAC address that ends in ``address``."""
    return b"\x02\x00" + struct.pack(">I", address & 0xFFFFFFFF)


def ethernet(payload: bytes, ethertype: int = IPV4, *, src: int = 1, dst: int = 2, pad: bool = True) -> bytes:
    frame = mac(dst) + mac(src) + struct.pack(">H", ethertype) + payload
    return frame.ljust(MIN_FRAME, b"\0") if pad else frame


def vlan(frame: bytes, tag: int, ethertype: int = VLAN) -> bytes:
    """The frame with an IEEE 802.1Q (or 802.1ad) tag."""
    return frame[:12] + struct.pack(">HH", ethertype, tag) + frame[12:]


def ipv4(
    src: int,
    dst: int,
    proto: int,
    payload: bytes,
    *,
    options: bytes = b"",
    offset: int = 0,
    more: bool = False,
    ttl: int = 64,
    ident: int = 0,
) -> bytes:
    """An IPv4 packet (RFC 791). ``options``: a multiple of 4 bytes; ``offset``: of a fragment, in 8-byte units."""
    words = 5 + len(options) // 4
    fragment = offset | (0x2000 if more else 0)
    head = struct.pack(">BBHHHBB", 0x40 | words, 0, 4 * words + len(payload), ident, fragment, ttl, proto)
    tail = struct.pack(">II", src, dst) + options
    return head + struct.pack(">H", checksum(head + b"\0\0" + tail)) + tail + payload


def ipv6(src: int, dst: int, proto: int, payload: bytes) -> bytes:
    """An IPv6 packet (RFC 8200) without extension headers."""
    head = struct.pack(">IHBB", 6 << 28, len(payload), proto, 64)
    return head + src.to_bytes(16, "big") + dst.to_bytes(16, "big") + payload


def pseudo_header(src: int, dst: int, proto: int, length: int, version: int = 4) -> bytes:
    """What TCP and UDP checksums cover besides the segment (RFC 793; RFC 8200 section 8.1)."""
    size = 4 if version == 4 else 16
    return src.to_bytes(size, "big") + dst.to_bytes(size, "big") + struct.pack(">II", length, proto)


def udp(src: int, dst: int, sport: int, dport: int, payload: bytes = b"", *, version: int = 4) -> bytes:
    """A UDP datagram from ``src`` to ``dst`` (the IP addresses are in its checksum)."""
    head = struct.pack(">HHH", sport, dport, 8 + len(payload))
    covered = pseudo_header(src, dst, UDP, 8 + len(payload), version) + head + b"\0\0" + payload
    return head + struct.pack(">H", checksum(covered) or 0xFFFF) + payload


def tcp(
    src: int, dst: int, sport: int, dport: int, payload: bytes = b"", *, flags: int = 0x10, version: int = 4
) -> bytes:
    """A TCP segment from ``src`` to ``dst``; ``flags``: ACK unless told."""
    head = struct.pack(">HHIIBBH", sport, dport, 0, 0, 5 << 4, flags, 0xFFFF)
    covered = pseudo_header(src, dst, TCP, 20 + len(payload), version) + head + b"\0\0\0\0" + payload
    return head + struct.pack(">HH", checksum(covered), 0) + payload


def l4(proto: int, src: int, dst: int, sport: int, dport: int, payload: bytes = b"", *, version: int = 4) -> bytes:
    """A TCP segment, a UDP datagram, or for other protocols an ICMP-like message with ``sport`` as identifier."""
    match proto:
        case 6:
            return tcp(src, dst, sport, dport, payload, version=version)
        case 17:
            return udp(src, dst, sport, dport, payload, version=version)
        case _:
            message = struct.pack(">BBHHH", 8, 0, 0, sport, dport) + payload
            return message[:2] + struct.pack(">H", checksum(message)) + message[4:]


def arp(src: int, dst: int) -> bytes:
    """A request (RFC 826): who has ``dst``, tell ``src``."""
    body = struct.pack(">HHBBH6sI6sI", 1, IPV4, 6, 4, 1, mac(src), src, bytes(6), dst)
    return ethernet(body, ARP)
