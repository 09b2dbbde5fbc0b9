"""Captures anonymised and resized: structure stays, what identifies goes, checksums are right."""

from __future__ import annotations

from pathlib import Path
from random import Random

import dpkt
import pytest

from maestro.traffic import packets
from maestro.traffic.generate import write_streams
from maestro.traffic.packets import checksum, pseudo_header
from maestro.traffic.rewrite import Anonymiser, Rewrite, resized, rewritten
from maestro.traffic.scan import frames
from maestro.traffic.shapes import Shape, stream

HIDE = Anonymiser(b"key")


def common(a: bytes, b: bytes) -> int:
    width = 8 * len(a)
    return width - (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_length()


@pytest.mark.parametrize("width", [4, 16])
def test_shared_prefixes_stay_exactly_as_long(width: int) -> None:
    rng = Random(1)
    for _ in range(200):
        a = rng.randbytes(width)
        keep = rng.randrange(8 * width + 1)
        mask = (1 << 8 * width - keep) - 1
        b = (int.from_bytes(a, "big") & ~mask | rng.getrandbits(8 * width) & mask).to_bytes(width, "big")
        assert common(HIDE.address(a), HIDE.address(b)) == common(a, b)


def test_another_key_gives_other_addresses() -> None:
    addresses = [Random(n).randbytes(4) for n in range(50)]
    assert len({HIDE.address(a) for a in addresses}) == 50
    assert [HIDE.address(a) for a in addresses] != [Anonymiser(b"other").address(a) for a in addresses]


def valid(frame: bytes, version: int = 4) -> bool:
    if version == 6:
        begin, proto, length = 54, frame[20], int.from_bytes(frame[18:20], "big")
        src, dst = (int.from_bytes(frame[at : at + 16], "big") for at in (22, 38))
    else:
        begin, proto, length = 34, frame[23], int.from_bytes(frame[16:18], "big") - 20
        src, dst = (int.from_bytes(frame[at : at + 4], "big") for at in (26, 30))
        if checksum(frame[14:34]):
            return False
    return checksum(pseudo_header(src, dst, proto, length, version) + frame[begin : begin + length]) == 0


@pytest.mark.parametrize("proto", [packets.TCP, packets.UDP])
@pytest.mark.parametrize("version", [4, 6])
def test_payload_goes_and_checksums_hold(proto: int, version: int) -> None:
    src, dst = (0x0A000001, 0xC0A80102) if version == 4 else (0x20010DB8 << 96 | 1, 0x20010DB8 << 96 | 2)
    segment = packets.l4(proto, src, dst, 1234, 80, b"secret words", version=version)
    body = packets.ipv4(src, dst, proto, segment) if version == 4 else packets.ipv6(src, dst, proto, segment)
    frame = packets.ethernet(body, packets.IPV4 if version == 4 else packets.IPV6)
    out = HIDE.frame(frame)
    assert len(out) == len(frame)
    assert b"secret" not in out
    assert out[:12] != frame[:12]
    assert valid(out, version)
    l4 = 34 if version == 4 else 54
    assert out[l4 : l4 + 4] == frame[l4 : l4 + 4]
    addresses = slice(26, 34) if version == 4 else slice(22, 54)
    assert out[addresses] != frame[addresses]


def test_nothing_of_other_protocols_is_left() -> None:
    frame = packets.ethernet(b"a name and a password", 0x88CC)
    assert HIDE.frame(frame)[14:] == bytes(len(frame) - 14)
    icmp = packets.ethernet(packets.ipv4(1, 2, 1, packets.l4(1, 1, 2, 3, 4, b"inner address")))
    assert b"inner" not in HIDE.frame(icmp)
    arp = HIDE.frame(packets.arp(0x0A000001, 0x0A000002))
    assert common(arp[28:32], arp[38:42]) == 30
    assert arp[28:32] == HIDE.address(bytes((10, 0, 0, 1)))


@pytest.mark.parametrize("size", [64, 594, 1500])
@pytest.mark.parametrize("proto", [packets.TCP, packets.UDP])
def test_frames_get_one_size(proto: int, size: int) -> None:
    for payload in (b"", bytes(300), bytes(1400)):
        frame = packets.ethernet(packets.ipv4(1, 2, proto, packets.l4(proto, 1, 2, 3, 4, payload)))
        out = resized(frame, size)
        assert len(out) == size - 4
        assert valid(out)
        assert int.from_bytes(out[16:18], "big") == len(out) - 14


def test_headers_are_never_cut_and_fragments_stay() -> None:
    tagged = packets.vlan(packets.ethernet(packets.ipv4(1, 2, 6, packets.tcp(1, 2, 3, 4), options=bytes(40))), 5)
    assert len(resized(tagged, 64)) == 18 + 60 + 20
    fragment = packets.ethernet(packets.ipv4(1, 2, 17, bytes(200), offset=3))
    assert resized(fragment, 64) == fragment
    assert resized(packets.arp(1, 2), 1500) == packets.arp(1, 2)


def test_captures_are_rewritten_whole(tmp_path: Path) -> None:
    source = write_streams(stream(Shape("imix", flows=30, packets=240)), (0, 1), tmp_path)[0]
    target = rewritten(source, tmp_path / "out" / "a.pcap", Rewrite(anonymise=True, size=128, key=b"k"))
    before, after = list(frames(source)), list(frames(target))
    assert [time for time, _ in before] == [time for time, _ in after]
    assert {len(frame) for _, frame in after} == {124}
    with target.open("rb") as file:
        assert len(list(dpkt.pcap.Reader(file))) == 240
    mapping = {old[26:30]: new[26:30] for (_, old), (_, new) in zip(before, after, strict=True)}
    assert all(mapping[old[26:30]] == new[26:30] for (_, old), (_, new) in zip(before, after, strict=True))
