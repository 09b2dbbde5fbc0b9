"""The NAT against the original that allocates as it likes: equal up to which port each flow got."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from maestro.diagnostics import InternalError
from maestro.traffic import packets
from maestro.verify.renaming import renamed
from maestro.verify.run import replay
from maestro.verify.verdicts import VerdictFile
from runtime.replay.captures import pcap
from verify import nat_plans

MS = 1_000_000
TIMEOUT = 1000 * MS
PORT = ((34, 2),)


def frame(client: int) -> bytes:
    src, dst = 0x0A000000 + client, 0xC6336401
    return packets.ethernet(packets.ipv4(src, dst, 17, packets.udp(src, dst, 2000, 53)))


def stream(count: int, clients: int) -> list[tuple[int, bytes]]:
    rng, now, out = random.Random(7), 0, []
    for _ in range(count):
        now += rng.randrange(3 * MS) + (600 * MS if rng.random() < 0.002 else 0)
        out.append((now, frame(rng.randrange(clients))))
    return out


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes | None]]:
    """Verdict files ``reference`` (its own allocation) and ``parallel`` (3 cores); each packet's flow."""
    folder = tmp_path_factory.mktemp("renaming")
    nf, model = nat_plans.nat()
    nat_plans.build(nf, model, nat_plans.steered(model, 3), folder / "out")
    sent = stream(6000, 100)
    (folder / "in.pcap").write_bytes(pcap(sent))
    replay(folder / "out/reference", {0: folder / "in.pcap"}, verdicts=folder / "reference")
    replay(folder / "out/nf-replay", {0: folder / "in.pcap"}, cores=3, verdicts=folder / "parallel")
    return folder, [data[26:38] for _, data in sent]


def test_equal_up_to_the_ports(runs: tuple[Path, list[bytes | None]]) -> None:
    folder, flows = runs
    assert renamed(folder / "reference", folder / "parallel", flows, PORT, timeout=TIMEOUT) == ()
    assert (folder / "reference").read_bytes() != (folder / "parallel").read_bytes()
    strict = renamed(folder / "reference", folder / "parallel", [None] * len(flows), PORT, timeout=TIMEOUT)
    assert len(strict) > 1000
    assert strict[0].endswith("differs in bytes that nothing allocated explains")


def damaged(path: Path, number: int, change: bytes, at: int) -> Path:
    """A copy of a verdict file in which a packet was sent with other bytes."""
    with VerdictFile(path) as file:
        sent = file.verdicts(number, 1)[0].sent
    data, out = path.read_bytes(), path.with_name(f"{path.name}.{number}.{at}")
    place = len(data) - sum(len(v) for v in _sent_from(path, number)) + at
    assert data[place : place + len(change)] == sent[at : at + len(change)]
    out.write_bytes(data[:place] + change + data[place + len(change) :])
    return out


def _sent_from(path: Path, number: int) -> list[bytes]:
    with VerdictFile(path) as file:
        return [v.sent for v in file.verdicts(number, file.packets - number)]


def test_violations_are_found(runs: tuple[Path, list[bytes | None]]) -> None:
    folder, flows = runs
    with VerdictFile(folder / "parallel") as file:
        sent = [v.sent for v in file.verdicts(0, 200)]
    other = next(n for n in range(1, 200) if sent[n][34:36] != sent[0][34:36] and flows[n] not in flows[:n])
    twice = damaged(folder / "parallel", other, sent[0][34:36], 34)
    found = renamed(folder / "reference", twice, flows, PORT, timeout=TIMEOUT)
    assert f"packet {other}: parallel: two live flows share {sent[0][34:36].hex()}" in found
    again = next(n for n in range(1, 200) if flows[n] == flows[0])
    moved = damaged(folder / "parallel", again, b"\xff\xff", 34)
    found = renamed(folder / "reference", moved, flows, PORT, timeout=TIMEOUT)
    assert found[0] == f"packet {again}: parallel: a flow had {sent[0][34:36].hex()} and now has ffff"
    ttl = damaged(folder / "parallel", 3, b"\x07", 22)
    assert renamed(folder / "reference", ttl, flows, PORT, timeout=TIMEOUT) == (
        "packet 3: differs in bytes that nothing allocated explains",
    )


def test_runs_over_other_packets_are_a_bug(runs: tuple[Path, list[bytes | None]]) -> None:
    folder, flows = runs
    with pytest.raises(InternalError, match="runs of 6000 and 6000 packets, 5999 flows"):
        renamed(folder / "reference", folder / "parallel", flows[1:], PORT, timeout=TIMEOUT)
