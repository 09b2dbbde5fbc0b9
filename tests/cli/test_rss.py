"""``maestro rss``."""

from __future__ import annotations

import pytest
from command_line import maestro

MICROSOFT = "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa"
SUITE = [
    ("66.9.149.187:2794", "161.142.100.80:1766", 0x51CCC178, 0x323E8FC2),
    ("[3ffe:2501:200:1fff::7]:2794", "[3ffe:2501:200:3::1]:1766", 0x40207D3D, 0x2CC18CD5),
]


@pytest.mark.parametrize(
    "key", ["microsoft", MICROSOFT, "0x" + MICROSOFT.upper(), ":".join(MICROSOFT[i : i + 2] for i in range(0, 80, 2))]
)
@pytest.mark.parametrize(("source", "destination", "flow", "addresses"), SUITE)
def test_hash_of_the_published_vectors(key: str, source: str, destination: str, flow: int, addresses: int) -> None:
    found = maestro("rss", "hash", "--key", key, source, destination, "--cores", 3, "--json").document
    assert (found["hash"], found["hash_flow"], found["hash_addresses"]) == (flow, flow, addresses)
    assert found["index"] == flow % 128
    assert found["queue"] == flow % 128 % 3


def test_hash_of_addresses_alone() -> None:
    found = maestro("rss", "hash", "--key", "microsoft", "66.9.149.187", "161.142.100.80", "--json").document
    assert (found["hash"], found["hash_flow"]) == (0x323E8FC2, None)
    assert found["inputs"] == ["ipv4.src", "ipv4.dst"]


def test_hash_for_people() -> None:
    run = maestro("rss", "hash", "--key", "microsoft", "--reta", 512, "66.9.149.187:2794", "161.142.100.80:1766")
    assert run.status == 0
    assert "0x51ccc178  of ipv4.src, ipv4.dst, l4.sport, l4.dport" in run.out
    assert "0x323e8fc2" in run.out
    assert f"{0x51CCC178 % 512} of 512" in run.out


def test_the_symmetric_key_is_known_by_name() -> None:
    def hashed(*endpoints: str) -> int:
        return int(maestro("rss", "hash", "--key", "6d5a", *endpoints, "--json").document["hash"])

    assert hashed("1.2.3.4:5", "6.7.8.9:10") == hashed("6.7.8.9:10", "1.2.3.4:5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--key", "6d5x", "1.2.3.4", "1.2.3.5"], "key '6d5x': 'x' is no hexadecimal digit"),
        (["--key", "6d5", "1.2.3.4", "1.2.3.5"], "3 hexadecimal digits are no whole number of bytes"),
        (["--key", "6d5a6d5a", "1.2.3.4", "1.2.3.5"], "has 4 bytes, not 8 to 64"),
        (["--key", "6d5a" * 5, "1.2.3.4", "1.2.3.5"], "the key has 10 bytes, 8 bytes of ipv4.src, ipv4.dst need 12"),
        (["--key", "6d5a", "1.2.3.4.5", "1.2.3.5"], "'1.2.3.4.5' is no IP address"),
        (["--key", "6d5a", "1.2.3.4:70000", "1.2.3.5:1"], "'70000' is no port"),
        (["--key", "6d5a", "1.2.3.4:", "1.2.3.5:1"], "no port"),
        (["--key", "6d5a", "1.2.3.4:1", "1.2.3.5"], "only one of 1.2.3.4:1 and 1.2.3.5 has a port"),
        (["--key", "6d5a", "1.2.3.4", "::1"], "1.2.3.4 is IPv4, ::1 is IPv6"),
        (["--key", "6d5a", "--reta", "100", "1.2.3.4", "1.2.3.5"], "NICs take powers of two"),
        (["--key", "6d5a", "--cores", "0", "1.2.3.4", "1.2.3.5"], "there must be at least one"),
    ],
)
def test_hash_says_what_is_wrong(arguments: list[str], message: str) -> None:
    run = maestro("rss", "hash", *arguments)
    assert run.status == 2
    assert message in run.err
