"""Software RSS on real frames, and simulations made of it."""

from __future__ import annotations

from random import Random
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.ir.expr import Expr
from maestro.ir.expr_node import evaluate
from maestro.ir.packet import PACKET_TYPES, is_type
from maestro.ir.plan import FieldBits
from maestro.report.rss_plot import svg
from maestro.rss import profile, toeplitz
from maestro.rss.hasher import Steered, Toeplitz, classify, of_key, read
from maestro.rss.simulate import simulate
from maestro.rss.spread import PACKETS, measure
from maestro.rss.toeplitz import MICROSOFT_KEY, symmetric_key
from maestro.traffic.flows import FlowKey
from maestro.traffic.odd import mutated, odd_frame
from maestro.traffic.packets import TCP, UDP, ethernet, ipv4, tcp, udp

TUPLE = tuple(FieldBits(n, 0, w) for n, w in (("ipv4.src", 32), ("ipv4.dst", 32), ("l4.sport", 16), ("l4.dport", 16)))
A, B = 0x420995BB, 0xA18E6450  # 66.9.149.187, 161.142.100.80


@given(st.binary(min_size=36, max_size=36), st.integers(1, 256), st.data())
def test_tables_compute_the_hash(key: bytes, bits: int, data: st.DataObject) -> None:
    string = data.draw(st.integers(0, (1 << bits) - 1))
    expected = 0
    for i, window in enumerate(toeplitz.windows(key, bits)):
        expected ^= window if string >> (bits - 1 - i) & 1 else 0
    assert Toeplitz(key, bits)(string) == expected


def test_types_are_those_of_the_vocabulary() -> None:
    predicates = {t: is_type(t) for t in PACKET_TYPES}
    rng, seen = Random(3), set()
    for n in range(400):
        frame = odd_frame(FlowKey(A, B, rng.getrandbits(16), 80, rng.choice((TCP, UDP))), bool(n % 2), rng)
        frame = mutated(frame, rng) if n % 3 == 0 else frame
        if len(frame) < 14:
            continue

        def value(symbol: Expr, frame: bytes = frame) -> int:
            if symbol.name == "pkt_len":
                return len(frame)
            at = int(symbol.name.removeprefix("pkt[").removesuffix("]"))
            return frame[at] if at < len(frame) else 0

        found = classify(frame)
        assert [t for t, e in predicates.items() if evaluate(e, value)] == [found]
        seen.add(found)
    assert len(seen) >= 7


def test_published_vector_in_a_frame() -> None:
    frame = ethernet(ipv4(A, B, TCP, tcp(A, B, 2794, 1766)))
    port = of_key(MICROSOFT_KEY, profile.load("82599"), None)
    assert port.hash(frame) == 0x51CCC178
    assert of_key(MICROSOFT_KEY, profile.load("82599"), "l3").hash(frame) == 0x323E8FC2
    assert port.hash(ethernet(ipv4(A, B, TCP, tcp(A, B, 2794, 1766), more=True))) == 0x323E8FC2
    assert port.hash(ethernet(b"", 0x88B5)) == 0


def test_ports_behind_options_and_software() -> None:
    packet = ipv4(A, B, UDP, udp(A, B, 2794, 1766), options=bytes(8))
    inputs = dict.fromkeys(PACKET_TYPES, TUPLE)
    by_nic = Steered(MICROSOFT_KEY, inputs)
    assert by_nic.hash(ethernet(packet)) == 0x51CCC178
    by_owner = {layout: Steered(MICROSOFT_KEY, inputs, ("ipv4-options",), TUPLE, layout) for layout in ("fixed", "ihl")}
    assert by_owner["ihl"].hash(ethernet(packet)) == 0x51CCC178
    assert by_owner["fixed"].hash(ethernet(packet)) == 0x323E8FC2  # the options, all zero, in the place of ports


def test_parts_of_fields_and_short_frames() -> None:
    frame = ethernet(ipv4(A, B, UDP, b""), pad=False)
    assert read(frame, (FieldBits("ipv4.src", 8, 8), FieldBits("ipv4.dst", 0, 4)), "ipv4-other", 5) == 0x09A
    assert read(frame, (FieldBits("l4.sport", 0, 16),), "ipv4-udp", 5) == 0


def frames(count: int, elephants: int) -> list[bytes]:
    rng = Random(5)
    mice = [ethernet(ipv4(rng.getrandbits(32), B, UDP, udp(A, B, rng.getrandbits(16), 53))) for _ in range(count)]
    loud = [ethernet(ipv4(A + n, B, TCP, tcp(A, B, 2794 + n, 1766))) for n in range(elephants)]
    return mice + loud * 200


@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 1.0, 1.0), (3.0, 1.0)])
def test_balancing_a_capture(weights: tuple[float, ...]) -> None:
    port = of_key(MICROSOFT_KEY, profile.load("82599"), None)
    sent = frames(1000, 7)
    found = simulate(sent, port, 128, weights, 0.05, by_bytes=False)
    before, few, afresh = found.shares
    assert sum(found.packets) == len(sent) == sum(found.types.values())
    assert sum(found.bytes) == sum(map(len, sent))
    for share in found.shares:
        assert sum(share.packets) == len(sent)
        assert sum(share.bytes) == sum(found.bytes)
    assert few.fullest(weights) <= max(1.05, before.fullest(weights))
    assert few.fullest(weights) < 1.1
    assert afresh.fullest(weights) < 1.1
    assert few.moved < 16 < afresh.moved
    assert ElementTree.fromstring(svg(found)).tag.endswith("svg")


def test_an_empty_capture() -> None:
    port = of_key(MICROSOFT_KEY, profile.load("82599"), None)
    found = simulate([], port, 128, (1.0, 1.0), 0.05, by_bytes=True)
    assert [share.moved for share in found.shares[:2]] == [0, 0]
    assert found.heaviest == 0.0
    assert found.shares[0].fullest((1.0, 1.0)) == 1.0
    assert svg(found)


def test_spread_tells_good_keys_from_bad() -> None:
    table = tuple(i % 4 for i in range(128))
    good, bad = ({s.traffic: s for s in measure(key, TUPLE, table)} for key in (MICROSOFT_KEY, symmetric_key(40)))
    assert good["uniform"].core < 1.1
    assert good["uniform"].entry < 0.02
    assert good["sequential"].core < 1.1
    assert bad["sequential"].entry == 1.0  # what source and destination contribute cancels out
    constant = measure(bytes(40), TUPLE, table)
    assert all((s.entry, s.core, round(s.variation, 6)) == (1.0, 4.0, round(3**0.5, 6)) for s in constant)
    assert PACKETS == 4096


def test_spread_is_relative_to_the_shares_of_the_table() -> None:
    uneven = tuple(int(i % 4 == 3) for i in range(128))
    assert all(s.core < 1.1 and s.variation < 0.1 for s in measure(MICROSOFT_KEY, TUPLE, uneven))
