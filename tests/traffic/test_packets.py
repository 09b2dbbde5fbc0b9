"""Frames have the headers and checksums they should; templates equal what is built field by field."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

import dpkt
import pytest

from maestro.traffic import packets
from maestro.traffic.flows import Flow, FlowKey, inward_frame, make_flow, outward_frame
from maestro.traffic.odd import KINDS, Ends, mutated, odd_frame


def valid_checksums(frame: bytes) -> bool:
    """An Internet checksum over data that holds a right one is zero."""
    ip = dpkt.ip.IP(frame[14:])
    header = frame[14 : 14 + 4 * ip.hl]
    segment = frame[14 + 4 * ip.hl : 14 + ip.len]
    pseudo = ip.src + ip.dst + struct.pack(">HH", ip.p, len(segment))
    return packets.checksum(header) == 0 and packets.checksum(pseudo + segment) == 0


def test_checksum_of_the_rfc() -> None:
    """RFC 1071, section 3: the sum of these words is ddf2."""
    assert packets.checksum(bytes.fromhex("0001f203f4f5f6f7")) == ~0xDDF2 & 0xFFFF
    assert packets.checksum(b"\x01") == packets.checksum(b"\x01\x00")


@pytest.mark.parametrize("proto", [packets.TCP, packets.UDP])
@pytest.mark.parametrize("options", [b"", b"\x01\x01\x01\x00"])
def test_built_frames_parse_back(proto: int, options: bytes) -> None:
    segment = packets.l4(proto, 0x0A000001, 0xC0A80102, 1234, 80, b"hello")
    frame = packets.ethernet(packets.ipv4(0x0A000001, 0xC0A80102, proto, segment, options=options))
    ethernet = dpkt.ethernet.Ethernet(frame)
    assert (ethernet.ip.src, ethernet.ip.dst) == (b"\x0a\0\0\x01", b"\xc0\xa8\x01\x02")
    assert (ethernet.ip.data.sport, ethernet.ip.data.dport) == (1234, 80)
    assert ethernet.ip.data.data == b"hello"
    assert valid_checksums(frame)
    assert len(frame) >= packets.MIN_FRAME


def test_fragments_vlan_ipv6_and_arp_parse_back() -> None:
    packet = packets.ipv4(1, 2, 17, b"12345678", offset=185, more=True)
    ip = dpkt.ethernet.Ethernet(packets.ethernet(packet)).ip
    assert (ip.offset & 0x1FFF, ip.mf) == (185, 1)
    tagged = dpkt.ethernet.Ethernet(packets.vlan(packets.ethernet(packets.ipv4(1, 2, 6, packets.tcp(1, 2, 3, 4))), 77))
    assert tagged.vlan_tags[0].id == 77
    assert tagged.data.data.dport == 4
    six = dpkt.ethernet.Ethernet(packets.ethernet(packets.ipv6(1, 2, 17, packets.udp(1, 2, 3, 4, version=6)), 0x86DD))
    assert six.data.data.sport == 3
    assert dpkt.ethernet.Ethernet(packets.arp(5, 6)).arp.tpa == b"\0\0\0\x06"


def flows(rng: Random) -> list[Flow]:
    sizes = (60, 64, 590, 1514)
    ends = [[rng.getrandbits(bits) for bits in (32, 32, 16, 16)] for _ in range(40)]
    keys = [FlowKey._make([*numbers, (6, 17)[i % 2]]) for i, numbers in enumerate(ends)]
    return [make_flow(key, 0, 1, sizes[i % 4]) for i, key in enumerate(keys)]


def test_template_packets_are_valid_and_differ() -> None:
    for flow in flows(Random(1)):
        frames = {build(flow, n) for build in (outward_frame, inward_frame) for n in (0, 1, 0xFFFF, 0x10002)}
        assert len(frames) == 8
        assert all(valid_checksums(frame) for frame in frames)


def test_template_packets_carry_the_flow_either_way() -> None:
    for flow in flows(Random(2)):
        key = flow.key
        out, back = (dpkt.ethernet.Ethernet(build(flow, 7)).ip for build in (outward_frame, inward_frame))
        assert (out.src, out.dst) == (back.dst, back.src) == tuple(a.to_bytes(4, "big") for a in key[:2])
        assert (out.data.sport, out.data.dport) == (back.data.dport, back.data.sport) == key[2:4]
        assert out.p == back.p == key.proto


@pytest.mark.parametrize("kind", dict.fromkeys(KINDS))
def test_odd_packets_reach_the_nf(kind: Callable[[Ends, Random], bytes]) -> None:
    rng = Random(4)
    key = FlowKey(0x0A000001, 0x40000001, 1000, 80, 6)
    made = [kind(Ends(key, i % 2 == 0), rng) for i in range(200)]
    assert all(14 <= len(frame) <= 1514 for frame in made)


def test_damaged_packets_differ_from_the_original() -> None:
    rng = Random(5)
    frame = Ends(FlowKey(1, 2, 3, 4, 17), True).frame()
    made = [mutated(frame, rng) for _ in range(500)]
    assert sum(other != frame for other in made) > 480
    assert min(map(len, made)) >= 14
    assert len({len(other) for other in made}) > 10


def test_odd_packets_belong_to_the_flow() -> None:
    """Most kinds carry the flow's addresses, so they meet its state."""
    rng = Random(6)
    key = FlowKey(0x0A0B0C0D, 0x41424344, 1000, 80, 6)
    made = [odd_frame(key, False, rng) for _ in range(500)]
    assert sum(bytes.fromhex("414243440a0b0c0d") in frame for frame in made) > 250
