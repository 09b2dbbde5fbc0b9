"""Generated traffic reaches what it says it reaches; checked on the packets, not on the generator."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import pytest

from maestro.diagnostics import UserError
from maestro.traffic.generate import TrafficSpec, mixed_stream, mixed_traffic, uniform_traffic
from maestro.traffic.pcap import PcapWriter, read_pcap

EXPIRY = 1_000_000_000
SPEC = TrafficSpec(packets=20_000, flows=200, seed=7, capacity_hint=1000, expiry_hint_ns=EXPIRY)

Packet = tuple[int, int, bytes]


@pytest.fixture(scope="module")
def packets() -> list[Packet]:
    return list(mixed_stream(SPEC))


def tuple_of(frame: bytes) -> tuple[bytes, bytes] | None:
    """(source and its port, destination and its port) of a plain TCP or UDP packet."""
    if frame[12:15] != b"\x08\0\x45" or len(frame) < 38 or frame[23] not in (6, 17) or frame[20] & 0x3F:
        return None
    return frame[26:30] + frame[34:36], frame[30:34] + frame[36:38]


def plain(packets: list[Packet]) -> list[tuple[int, int, tuple[bytes, bytes]]]:
    return [(time, port, key) for time, port, frame in packets if (key := tuple_of(frame))]


def test_exactly_as_many_packets_in_time_order(packets: list[Packet]) -> None:
    assert len(packets) == SPEC.packets
    assert all(a[0] <= b[0] for a, b in pairwise(packets))
    assert {port for _, port, _ in packets} == {0, 1}


def test_the_seed_decides_everything(packets: list[Packet]) -> None:
    assert list(mixed_stream(SPEC)) == packets
    other = list(islice(mixed_stream(TrafficSpec(packets=500, flows=200, seed=8)), 500))
    assert other != packets[:500]


def test_replies_and_unsolicited_packets(packets: list[Packet]) -> None:
    opened: set[tuple[bytes, bytes]] = set()
    answered = unasked = 0
    for _, port, (src, dst) in plain(packets):
        if port == 0:
            opened.add((src, dst))
        elif (dst, src) in opened:
            answered += 1
        else:
            unasked += 1
    assert answered > SPEC.packets / 4
    assert unasked > SPEC.packets / 20


def live_flows(packets: list[Packet]) -> tuple[int, int]:
    """(most LAN flows alive at once, most WAN-side destinations alive at once)."""
    peaks = [0, 0]
    alive: list[dict[object, int]] = [{}, {}]
    for time, port, (src, dst) in plain(packets):
        alive[port].pop((src, dst) if port == 0 else dst[:4], None)
        alive[port][(src, dst) if port == 0 else dst[:4]] = time
        while next(iter(alive[port].values())) <= time - EXPIRY:
            del alive[port][next(iter(alive[port]))]
        peaks[port] = max(peaks[port], len(alive[port]))
    return peaks[0], peaks[1]


def test_tables_of_flows_and_of_destinations_fill_up(packets: list[Packet]) -> None:
    flows, destinations = live_flows(packets)
    assert flows > SPEC.capacity_hint
    assert destinations > SPEC.capacity_hint


def test_flows_expire_and_come_back_on_the_edge(packets: list[Packet]) -> None:
    """Some flows are idle for exactly the expiry time, 1 ns less, and 1 ns more; many for longer."""
    last: dict[frozenset[bytes], int] = {}
    idle: Counter[int] = Counter()
    for time, _, key in plain(packets):
        flow = frozenset(key)
        if flow in last:
            idle[time - last[flow]] += 1
        last[flow] = time
    assert min(idle[EXPIRY + d] for d in (-1, 0, 1)) >= 5
    assert sum(n for gap, n in idle.items() if gap > EXPIRY + 1) > 100
    assert sum(n for gap, n in idle.items() if gap < EXPIRY) > 5000


def test_bursts_and_pauses(packets: list[Packet]) -> None:
    """Trains of at least 32 packets of one flow from the WAN, within 0.1 ms."""
    wan = [(time, key) for time, port, key in plain(packets) if port == 1]
    trains = sum(a[1] == b[1] and b[0] - a[0] < 100_000 for a, b in zip(wan, wan[32:], strict=False))
    assert trains > 20


def test_odd_packets_at_the_share_asked_for() -> None:
    calm = list(mixed_stream(TrafficSpec(packets=3000, odd=0, mutated=0)))
    assert all(tuple_of(frame) for _, _, frame in calm)
    odd = list(mixed_stream(TrafficSpec(packets=3000, odd=0.3, mutated=0)))
    assert 300 < sum(tuple_of(frame) is None for _, _, frame in odd) < 900


def test_ports_take_the_sides_they_are_given() -> None:
    spec = TrafficSpec(packets=2000, lan_ports=(1, 3), wan_ports=(0,), odd=0, mutated=0)
    sides = {port: {frame[26] for _, p, frame in mixed_stream(spec) if p == port} for port in (0, 1, 3)}
    assert sides[1] == sides[3] == {10}
    assert 10 not in sides[0]


def test_files_hold_the_stream_port_by_port(packets: list[Packet], tmp_path: Path) -> None:
    paths = mixed_traffic(SPEC, tmp_path / "new" / "folder")
    assert set(paths) == {0, 1}
    for port, path in paths.items():
        assert list(read_pcap(path)) == [(time, frame) for time, p, frame in packets if p == port]


def test_uniform_traffic_visits_every_flow_once_a_round(tmp_path: Path) -> None:
    paths = uniform_traffic(tmp_path, flows=50, packets=200, replies=True)
    lan, wan = (list(read_pcap(paths[port])) for port in (0, 1))
    assert (len(lan), len(wan)) == (100, 100)
    assert {len(frame) for _, frame in lan + wan} == {60}
    rounds = [[tuple_of(frame) for _, frame in lan[i : i + 50]] for i in (0, 50)]
    assert len(set(rounds[0])) == 50
    assert set(rounds[0]) == set(rounds[1])
    assert rounds[0] != rounds[1]
    assert [tuple_of(frame) for _, frame in wan] == [key[::-1] for _, f in lan if (key := tuple_of(f))]


def test_writer_and_reader_agree_to_the_nanosecond(tmp_path: Path) -> None:
    packets = [(0, b"\0" * 14), (1_700_000_000_123_456_789, b"x" * 100), (2**32 * 10**9 - 1, b"y" * 1514)]
    with PcapWriter(tmp_path / "x.pcap") as writer:
        for time, frame in packets:
            writer.write(time, frame)
    assert list(read_pcap(tmp_path / "x.pcap")) == packets


def test_unreadable_captures_are_the_users_matter(tmp_path: Path) -> None:
    tmp_path.joinpath("text").write_text("this is no capture")
    with pytest.raises(UserError, match="text: not a readable pcap"):
        list(read_pcap(tmp_path / "text"))
    with pytest.raises(UserError, match="none: No such file"):
        list(read_pcap(tmp_path / "none"))
