"""Replies go where the NF sent packets, addressed to what it made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro.traffic import packets
from maestro.traffic.mirror import mirrored
from maestro.traffic.pcap import read_pcap
from maestro.verify.replies import Replies, with_replies
from maestro.verify.run import pairs_of, replay
from maestro.verify.verdicts import VerdictFile
from runtime.replay.captures import pcap
from runtime.replay.harness import build_echo, echo_ports


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The echo NF: byte 6 of a packet says where it goes; it numbers packets in byte 7."""
    return build_echo(tmp_path_factory.mktemp("echo"), echo_ports(), "-O1", sanitize=False)


def frame(verdict: int, n: int) -> bytes:
    packet = packets.ethernet(packets.ipv4(0x0A000000 + n, 9, packets.UDP, packets.udp(0x0A000000 + n, 9, n, 53)))
    return packet[:6] + bytes([verdict]) + packet[7:]


def inputs(folder: Path) -> dict[int, Path]:
    path = folder / "in.pcap"
    path.write_bytes(pcap([(1000 * n, frame((1, 0xFE, 0xFF)[n % 3], n)) for n in range(300)]))
    return {0: path}


def test_what_was_sent_is_answered(program: Path, tmp_path: Path) -> None:
    given = inputs(tmp_path)
    replay(program, given, cores=2, verdicts=tmp_path / "v")
    with VerdictFile(tmp_path / "v") as file:
        sent = {v.sent: v for v in file.verdicts(0, file.packets) if v.sent}
    merged = with_replies(program, given, 2, tmp_path / "replies", Replies(3, 10_000))
    first, *replies = pairs_of(merged)
    assert (first, [port for port, _ in replies]) == ((0, given[0]), [0, 1, 2])
    answered, astray = set(), 0
    for port, path in replies:
        for time, reply in read_pcap(path):
            known = sent.get(mirrored(reply))
            if known is None:
                astray += 1
                continue
            answered.add(known.number)
            assert known.time <= time <= known.time + 10_001
            assert port == known.verdict if known.verdict < 3 else port in (1, 2)
    assert len(answered) > 150  # of 200 sent; the rest of the share is for replies that go astray
    assert 5 < astray < 50
    with_all = replay(program, merged, cores=2)
    assert with_all["packets"] >= 300 + len(answered) + astray


def test_the_same_seed_gives_the_same_replies(program: Path, tmp_path: Path) -> None:
    given = inputs(tmp_path)
    runs = [
        with_replies(program, given, 2, tmp_path / str(i), Replies(3, 10_000, seed)) for i, seed in enumerate((1, 1, 2))
    ]
    texts = [b"".join(path.read_bytes() for _, path in pairs_of(run)) for run in runs]
    assert texts[0] == texts[1] != texts[2]
