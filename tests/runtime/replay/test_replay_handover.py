"""Packets whose state another core owns: handed over in rings, none lost, processed in an order that is recorded."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from maestro.traffic.generate import TrafficSpec, mixed_traffic
from maestro.traffic.pcap import read_pcap
from maestro.verify.run import differential, input_arguments, replay
from maestro.verify.verdicts import VerdictFile
from runtime.replay.captures import pcap
from runtime.replay.harness import build_echo, echo_ports
from runtime.replay.steering import cores_of, packet_types

PORTS = [replace(p, resteered=("ipv4-options", "ipv4-fragment", "vlan", "non-ip")) for p in echo_ports()]

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The echo NF, which counts per core, and the same as a reference, which must be told who got what when."""
    folder = tmp_path_factory.mktemp("handover")
    options = {"plain": ("-O2",), "reference": ("-O1", "-DREFERENCE"), "thread": ("-O1", "-fsanitize=thread")}
    wanted = [name for name in options if name != "thread" or shutil.which("gcc")]
    return {name: build_echo(folder / name, PORTS, *options[name], sanitize=False) for name in wanted}


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    spec = TrafficSpec(packets=8000, flows=300, seed=9, odd=0.5, mutated=0.1, capacity_hint=500)
    return mixed_traffic(spec, tmp_path_factory.mktemp("traffic"))


def test_the_traffic_has_what_is_handed_over(traffic: dict[int, Path]) -> None:
    types = {packet_types(data)[0] for path in traffic.values() for _, data in islice(read_pcap(path), 300)}
    assert {"ipv4-options", "ipv4-fragment", "vlan", "non-ip"} <= types


@pytest.mark.parametrize("cores", [2, 3, 4, 8])
def test_every_core_is_the_reference_in_the_recorded_order(
    programs: dict[str, Path], traffic: dict[int, Path], cores: int
) -> None:
    result = differential(programs["reference"], programs["plain"], traffic, cores)
    assert (result.packets, result.first) == (8000, ())
    assert result.stats["resteered"] > 500


@needs_gcc
@pytest.mark.parametrize("cores", [2, 5])
def test_without_data_races(programs: dict[str, Path], traffic: dict[int, Path], cores: int) -> None:
    result = differential(programs["reference"], programs["thread"], traffic, cores)
    assert (result.packets, result.first) == (8000, ())


def test_a_queue_whose_packets_are_all_anothers(programs: dict[str, Path], tmp_path: Path) -> None:
    """Many more packets than a ring has room for, between two cores in both directions at once."""
    rng, found = random.Random(1), dict[tuple[int, int], bytes]()
    for n in range(400):
        header = bytes([8, 0, 0x46, *bytes(11)])
        frame = bytes([2, 0, 0, 0, 0, 0, n % 3, *bytes(5)]) + header + rng.randbytes(12) + bytes(20)
        found.setdefault(cores_of(PORTS[0], frame, 2), frame)
    crossing = [frame for (nic, owner), frame in found.items() if nic != owner]
    assert len(crossing) == 2
    (tmp_path / "all.pcap").write_bytes(pcap([(n, crossing[n % len(crossing)]) for n in range(5000)]))
    stats = replay(programs["plain"], {0: tmp_path / "all.pcap"}, cores=2, verdicts=tmp_path / "v")
    assert stats["resteered"] == stats["packets"] == 5000
    with VerdictFile(tmp_path / "v") as file:
        assert sorted(file.order()) == list(range(5000))


def test_benchmarks_hand_over_too(programs: dict[str, Path], traffic: dict[int, Path]) -> None:
    for time in ("tick", "trace"):
        command = [programs["plain"], "--cores", "3", *input_arguments(traffic), "--bench", "3", "--bench-time", time]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        result = json.loads(done.stdout)
        assert sum(result["packets_per_core"]) == 8000
        assert all(r["mpps"] > 0 for r in result["rounds"])
