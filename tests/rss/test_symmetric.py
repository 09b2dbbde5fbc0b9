"""Symmetric modes: XOR by elimination, OR-XOR and sorting as functions, both against the definition of the hash."""

from __future__ import annotations

from random import Random

import pytest

from maestro.diagnostics import UserError
from maestro.rss import language, profile, toeplitz
from maestro.rss.check import Checked
from maestro.rss.endpoint import hash_endpoints, read_endpoint
from maestro.rss.examine import examine
from maestro.rss.hasher import of_key
from maestro.rss.request import Answered, answer
from maestro.rss.solve import Configuration
from maestro.rss.symmetric import plain
from maestro.traffic.packets import UDP, ethernet, ipv4, udp

FLOW = "(ipv4.src,ipv4.dst,l4.sport,l4.dport)"
BACK = "(ipv4.dst,ipv4.src,l4.dport,l4.sport)"
BOTH_WAYS = f"port0@udp,tcp{FLOW} == port1@udp,tcp{BACK}"
ALONE = f"port0@udp,tcp{FLOW} == port0@udp,tcp{BACK}"


def solved(nic: str = "e810", symmetric: str = "xor", *texts: str, **options: object) -> Answered:
    return answer(nic=nic, texts=texts or (BOTH_WAYS,), cores=4, seed=5, symmetric=symmetric, **options)  # type: ignore[arg-type]


def tried(nic: str, mode: str, key: bytes, *texts: str) -> Checked:
    card = profile.load(nic)
    requirements = [language.parse(text, card) for text in texts]
    keys = dict.fromkeys(language.ports(requirements), key)
    types = language.types_at(requirements)
    return examine(card, keys, requirements, types, 512, "src+dst+sport+dport", mode)


def hashed(mode: str, key: bytes, a: int, b: int, p: int, q: int) -> int:
    """From the words of the kernel's documentation."""
    match mode:
        case "xor":
            parts = (a ^ b, a ^ b, p ^ q, p ^ q)
        case "or-xor":
            parts = (a | b, a ^ b, p | q, p ^ q)
        case _:
            parts = (*sorted((a, b)), *sorted((p, q)))
    return toeplitz.hash(key, b"".join(v.to_bytes(n, "big") for v, n in zip(parts, (4, 4, 2, 2), strict=True)))


def test_keys_solved_for_the_xor_mode_meet_the_requirement_in_it() -> None:
    found = solved(solver="z3").found
    assert isinstance(found, Configuration)
    keys = [p.key for p in found.ports]
    rng = Random(7)
    indices = set()
    for _ in range(500):
        a, b, p, q = (rng.getrandbits(n) for n in (32, 32, 16, 16))
        index = hashed("xor", keys[0], a, b, p, q) & 511
        assert index == hashed("xor", keys[1], b, a, q, p) & 511
        indices.add(index)
    assert len(indices) > 200
    assert found.quality.is_full
    assert [f.field for f in found.quality.fields if f.port == 0] == ["", "ipv4.src^ipv4.dst", "l4.sport^l4.dport"]
    assert plain(found.ports[0].inputs["ipv4-udp"]) == profile.load("e810").field_sets[0].nominal("ipv4-udp")


def test_the_ranks_of_a_xor_are_those_of_both_windows_together() -> None:
    """Of a key whose windows repeat after 16 bits, both cancel out: a constant hash, which does not count."""
    constant = tried("e810", "xor", b"\x6d\x5a" * 26, ALONE)
    assert (constant.holds, constant.constant) == (False, True)
    key = Random(3).randbytes(52)
    found = tried("e810", "xor", key, ALONE)
    assert found.holds
    assert found.quality is not None
    windows = [w & 511 for w in toeplitz.windows(key, 96)]
    pairs = [windows[i] ^ windows[i + 32] for i in range(32)] + [windows[i] ^ windows[i + 16] for i in range(64, 80)]
    reached = {0}
    for value in pairs:
        reached |= {value ^ other for other in reached}
    assert 2 ** found.quality.fields[0].rank == len(reached)


def test_auto_leaves_the_mode_alone_where_a_key_alone_does_as_well() -> None:
    assert solved(symmetric="auto").symmetric == "none"
    assert solved(symmetric="never").symmetric == "none"


@pytest.mark.parametrize("mode", ["or-xor", "sort"])
def test_any_key_is_symmetric_in_a_symmetric_mode(mode: str) -> None:
    found = tried("mlx5", mode, Random(1).randbytes(40), ALONE, BOTH_WAYS)
    assert found.holds
    assert found.quality is None


@pytest.mark.parametrize("mode", ["or-xor", "sort"])
@pytest.mark.parametrize(
    "text",
    [
        "port0@udp(ipv4.src) == port0@udp(ipv4.src)",
        "port0@udp(ipv4.src,ipv4.dst,l4.sport) == port0@udp(ipv4.dst,ipv4.src,l4.sport)",
        "port0@udp(ipv4.src,ipv4.dst) == port0@udp(ipv4.src,ipv4.dst)",
    ],
)
def test_what_depends_on_one_of_a_pair_is_violated_and_two_packets_show_it(mode: str, text: str) -> None:
    key = Random(2).randbytes(40)
    found = tried("mlx5", mode, key, text)
    assert not found.holds
    (pair,) = found.violated
    shown = [
        hashed(mode, key, p["ipv4.src"], p["ipv4.dst"], p["l4.sport"], p["l4.dport"]) & 511
        for p in (pair.left, pair.right)
    ]
    assert shown == [pair.left_index, pair.right_index]
    assert shown[0] != shown[1]


def test_other_keys_at_the_other_port_are_not_taken_for_equal() -> None:
    card = profile.load("mlx5")
    requirements = [language.parse(BOTH_WAYS, card)]
    keys = {0: Random(1).randbytes(40), 1: Random(2).randbytes(40)}
    types = language.types_at(requirements)
    assert examine(card, keys, requirements, types, 512, None, "sort").violated


@pytest.mark.parametrize("mode", ["xor", "or-xor", "sort"])
def test_frames_and_endpoints_are_hashed_as_defined(mode: str) -> None:
    rng = Random(9)
    key = rng.randbytes(40)
    steered = of_key(key, profile.load("mlx5"), None, mode, 0xFFFFFFFF)
    for _ in range(50):
        a, b, p, q = (rng.getrandbits(n) for n in (32, 32, 16, 16))
        frame = ethernet(ipv4(a, b, UDP, udp(a, b, p, q)))
        ends = [read_endpoint(f"{'.'.join(map(str, x.to_bytes(4, 'big')))}:{y}") for x, y in ((a, p), (b, q))]
        expected = hashed(mode, key, a, b, p, q) ^ 0xFFFFFFFF
        assert steered.hash(frame) == expected
        assert hash_endpoints(key, *ends, 128, 2, mode, 0xFFFFFFFF).hash == expected


def test_modes_that_a_nic_does_not_have_are_refused() -> None:
    with pytest.raises(UserError, match="has no symmetric mode 'xor'"):
        solved("82599")
    with pytest.raises(UserError, match="it is not linear"):
        solved("mlx5", "sort")
    with pytest.raises(UserError, match="--robust"):
        solved(robust=True)
