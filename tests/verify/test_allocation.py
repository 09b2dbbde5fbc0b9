"""NFs whose allocated indices leave in packets: each core gives out its own, and the reference does the same."""

from __future__ import annotations

import random
import re
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from handmade import pkt
from maestro.codegen import steering
from maestro.codegen.emit import emit_nf
from maestro.diagnostics import InternalError, UnsupportedError
from maestro.ir.expr import Expr, extract, sym, zext
from maestro.ir.model import Model
from maestro.ir.plan import Steering
from maestro.report.facts import objects
from maestro.traffic import packets
from maestro.verify.run import differential, replay
from maestro.verify.verdicts import DROP, VerdictFile
from runtime.replay.captures import pcap
from verify import nat_plans

FIRST, FLOWS = 1024, 512
MS = 1_000_000


def frame(src: int, dst: int, sport: int, dport: int) -> bytes:
    return packets.ethernet(packets.ipv4(src, dst, 17, packets.udp(src, dst, sport, dport)))


def outgoing(rng: random.Random, clients: int) -> bytes:
    client = rng.randrange(clients)
    return frame(0x0A000000 + client, 0xC6336401 + client % 7, 2000 + client % 5, 53 + client % 11)


def incoming(rng: random.Random) -> bytes:
    """To any of the NAT's ports, and to some that are not."""
    port = FIRST - 5 + rng.randrange(FLOWS + 9)
    return frame(0xC6336401 + rng.randrange(7), 0x01020304, 53 + rng.randrange(11), port)


def traffic(folder: Path, count: int, clients: int, seed: int = 1) -> dict[int, Path]:
    """Both directions in one stream of time; pauses outlast the timeout, more clients than ports fill the table."""
    rng, now = random.Random(seed), 0
    streams: dict[int, list[tuple[int, bytes]]] = {0: [], 1: []}
    for _ in range(count):
        now += rng.randrange(MS // 10) + (1100 * MS if rng.random() < 0.0005 else 0)
        side = int(rng.random() < 0.5)
        streams[side].append((now, incoming(rng) if side else outgoing(rng, clients)))
    for side, stream in streams.items():
        (folder / f"{side}.pcap").write_bytes(pcap(stream))
    return {side: folder / f"{side}.pcap" for side in streams}


@pytest.fixture(scope="module")
def model() -> Model:
    return nat_plans.nat()[1]


@pytest.fixture(scope="module")
def steered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steered") / "out"
    nf, model = nat_plans.nat()
    nat_plans.build(nf, model, nat_plans.steered(model, 3), folder)
    return folder


@pytest.mark.parametrize("cores", [1, 2, 3, 5])
@pytest.mark.parametrize("clients", [100, 900])
def test_a_steered_nat_is_the_sequential_one(steered: Path, cores: int, clients: int, tmp_path: Path) -> None:
    """Byte for byte, external ports included; with 900 clients its table is full much of the time."""
    result = differential(steered / "reference", steered / "nf-replay", traffic(tmp_path, 12_000, clients), cores)
    assert (result.packets, result.first) == (12_000, ())
    assert result.stats["forwarded"] > 3000


def test_answers_come_back_to_the_core_that_gave_the_port(steered: Path, tmp_path: Path) -> None:
    inputs = traffic(tmp_path, 6000, 900)
    replay(steered / "nf-replay", inputs, cores=3, verdicts=tmp_path / "v")
    answered, owners = 0, dict[int, int]()
    with VerdictFile(tmp_path / "v") as file:
        for v in file.verdicts(0, file.packets):
            core = file.core(v.number)
            if v.in_port == 0 and v.verdict == 1:
                port = struct.unpack_from(">H", v.sent, 34)[0]
                assert owners.setdefault(port, core) == core
            answered += v.in_port == 1 and v.verdict != DROP
    assert len(owners) == FLOWS
    assert answered > 1000


@pytest.mark.parametrize("cores", [2, 3])
def test_python_counts_what_the_program_gives_out(cores: int, model: Model, tmp_path: Path) -> None:
    plan = nat_plans.steered(model, cores)
    nat_plans.build(nat_plans.nat()[0], model, plan, tmp_path / "out")
    replay(tmp_path / "out/nf-replay", traffic(tmp_path, 20_000, 20_000), cores=cores, verdicts=tmp_path / "v")
    given: list[set[int]] = [set() for _ in range(cores)]
    with VerdictFile(tmp_path / "v") as file:
        for v in file.verdicts(0, file.packets):
            if v.in_port == 0 and v.verdict == 1:
                given[file.core(v.number)].add(struct.unpack_from(">H", v.sent, 34)[0])
    assert tuple(map(len, given)) == steering.counts(plan, "ports", FLOWS)
    assert sum(map(len, given)) == FLOWS


@pytest.mark.parametrize("cores", [2, 3])
def test_numbered_parts_miss_what_other_cores_gave_out(cores: int, model: Model, tmp_path: Path) -> None:
    """R5: whoever is not the peer reaches another core, most of the time, and finds nothing there.

    The reference, on one state, finds the flow: this NAT lacks the check that makes R5 right. Where a packet's core
    is the owner's, both do the same, so every difference is a stranger's packet that the parallel NAT drops.
    """
    plan = nat_plans.interchanged(model, cores)
    nat_plans.build(nat_plans.nat()[0], model, plan, tmp_path / "out")
    inputs = traffic(tmp_path, 5000, 300)
    replay(tmp_path / "out/nf-replay", inputs, cores=cores, verdicts=tmp_path / "v")
    share = FLOWS // cores + 1
    with VerdictFile(tmp_path / "v") as file:
        for v in file.verdicts(0, file.packets):
            if v.in_port == 0 and v.verdict == 1:
                index = struct.unpack_from(">H", v.sent, 34)[0] - FIRST
                assert index // share <= file.core(v.number) <= index // (FLOWS // cores)
    only_out = differential(tmp_path / "out/reference", tmp_path / "out/nf-replay", {0: inputs[0]}, cores)
    assert only_out.first == ()
    both = differential(tmp_path / "out/reference", tmp_path / "out/nf-replay", inputs, cores)
    assert both.differences > 100
    assert all((d.in_port, d.reference, d.parallel) == (1, 0, DROP) for d in both.first)


def named(index: Expr) -> Steering:
    return Steering("ports", 1, index)


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (zext(sym("pkt_len", 16), 32), "depends on pkt_len"),
        (pkt(34, 37), "is made of 4 bytes, 3 at most can be tried"),
        (zext(pkt(20, 21), 32), "is made of bytes 20, 21, which say what the packet is, or lie too far back"),
    ],
)
def test_indices_that_cannot_be_tried_are_refused(index: Expr, why: str, model: Model) -> None:
    plan = replace(nat_plans.steered(model, 2), steering=(named(index),))
    with pytest.raises(UnsupportedError, match=f"the index of ports that packets on port 1 name {why}") as caught:
        emit_nf(model, plan)
    assert caught.value.code == "steered-index"


def test_packets_that_name_one_index_and_reach_different_cores(model: Model, tmp_path: Path) -> None:
    """The low bits of the port alone: the NIC hashes the whole port. The program says so and does not start."""
    plan = replace(nat_plans.steered(model, 2), steering=(named(zext(extract(pkt(36, 37), 8, 0), 32)),))
    with pytest.raises(InternalError, match="that name index 0 of ports reach different cores"):
        steering.counts(plan, "ports", FLOWS)
    nat_plans.build(nat_plans.nat()[0], model, plan, tmp_path / "out")
    command = [tmp_path / "out/nf-replay", "--cores", "2", "--in", f"0={traffic(tmp_path, 10, 5)[0]}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert re.search(r"nat: packets that name index \d+ of ports reach cores [01] and [01]", done.stderr)


def test_the_report_has_each_cores_numbers(model: Model) -> None:
    plan = nat_plans.steered(model, 3)
    found = {o.name: o.entries for o in objects(model, plan)}
    assert found == {"flows": found["ports"], "keys": (), "ports": steering.counts(plan, "ports", FLOWS)}
    assert sum(found["ports"]) == FLOWS
