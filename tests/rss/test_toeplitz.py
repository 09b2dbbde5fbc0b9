"""The hash against Microsoft's verification suite ("Verifying the RSS Hash Calculation", NDIS documentation)."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from maestro.rss.toeplitz import MICROSOFT_KEY, hash, symmetric_key, windows

SUITE = [
    ("66.9.149.187", 2794, "161.142.100.80", 1766, 0x323E8FC2, 0x51CCC178),
    ("199.92.111.2", 14230, "65.69.140.83", 4739, 0xD718262A, 0xC626B0EA),
    ("24.19.198.95", 12898, "12.22.207.184", 38024, 0xD2D0A5DE, 0x5C2B394A),
    ("38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xAFC7327F),
    ("153.39.163.191", 44251, "202.188.127.2", 1303, 0x5D1809C5, 0x10E828A2),
    ("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2CC18CD5, 0x40207D3D),
    ("3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0F0C461C, 0xDDE51BBF),
    ("3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024, 0x4B61E985, 0x02D1FEEF),
]


@pytest.mark.parametrize(("src", "sport", "dst", "dport", "addresses", "flow"), SUITE)
def test_published_vectors(src: str, sport: int, dst: str, dport: int, addresses: int, flow: int) -> None:
    data = ip_address(src).packed + ip_address(dst).packed
    ports = sport.to_bytes(2, "big") + dport.to_bytes(2, "big")
    assert hash(MICROSOFT_KEY, data) == addresses
    assert hash(MICROSOFT_KEY, data + ports) == flow


def test_repeating_key_is_symmetric() -> None:
    key = symmetric_key(40)
    a, b = bytes.fromhex("4209 95bb"), bytes.fromhex("a18e 6450")
    p, q = b"\x0a\xea", b"\x06\xe6"
    assert hash(key, a + b + p + q) == hash(key, b + a + q + p)
    assert len(set(windows(key, 96))) == 16


def test_key_too_short_for_the_input() -> None:
    assert len(windows(MICROSOFT_KEY, 289)) == 289
    with pytest.raises(ValueError, match="290 input bits need 321 key bits, the key has 320"):
        windows(MICROSOFT_KEY, 290)
