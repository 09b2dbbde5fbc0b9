"""Flows as templates: each packet is three pieces of bytes joined, with checksums that stay valid.

A packet's payload begins with a number and its one's complement. The two add up to 0xFFFF, which is zero in one's
complement arithmetic, so the checksum of a flow is computed once and packets still differ from each other.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from maestro.traffic.packets import MIN_FRAME, TCP, UDP, mac

_numbers = struct.Struct(">HH").pack
_ipv4 = struct.Struct(">6s6sHBBHHHBBHII").pack
_udp = struct.Struct(">HHHH").pack
_tcp = struct.Struct(">HHIIBBHHH").pack


class FlowKey(NamedTuple):
    """One flow between a host inside (LAN) and one outside (WAN)."""

    lan_ip: int
    wan_ip: int
    lan_l4: int
    wan_l4: int
    proto: int


class Flow(NamedTuple):
    """``outward``, ``inward``: the bytes of a packet of either direction up to the numbers; ``rest``: after them."""

    key: FlowKey
    lan_port: int
    wan_port: int
    outward: bytes
    inward: bytes
    rest: bytes


def make_flow(key: FlowKey, lan_port: int, wan_port: int, size: int = MIN_FRAME) -> Flow:
    """``size``: bytes of each frame, at least 60."""
    outward = _head(key.lan_ip, key.wan_ip, key.lan_l4, key.wan_l4, key.proto, size)
    inward = _head(key.wan_ip, key.lan_ip, key.wan_l4, key.lan_l4, key.proto, size)
    return Flow(key, lan_port, wan_port, outward, inward, bytes(size - len(outward) - 4))


def outward_frame(flow: Flow, number: int) -> bytes:
    number &= 0xFFFF
    return flow.outward + _numbers(number, number ^ 0xFFFF) + flow.rest


def inward_frame(flow: Flow, number: int) -> bytes:
    number &= 0xFFFF
    return flow.inward + _numbers(number, number ^ 0xFFFF) + flow.rest


def _fold(total: int) -> int:
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def _head(src: int, dst: int, sport: int, dport: int, proto: int, size: int) -> bytes:
    addresses = (src >> 16) + (src & 0xFFFF) + (dst >> 16) + (dst & 0xFFFF)
    length = size - 14
    ip_sum = _fold(0x4500 + length + 0x4000 + (64 << 8 | proto) + addresses)
    head = _ipv4(mac(dst), mac(src), 0x0800, 0x45, 0, length, 0, 0x4000, 64, proto, ip_sum, src, dst)
    covered = addresses + proto + length - 20 + sport + dport
    if proto == UDP:
        return head + _udp(sport, dport, length - 20, _fold(covered + length - 20) or 0xFFFF)
    assert proto == TCP, proto
    return head + _tcp(sport, dport, 0, 0, 0x50, 0x10, 0xFFFF, _fold(covered + 0x5010 + 0xFFFF), 0)
