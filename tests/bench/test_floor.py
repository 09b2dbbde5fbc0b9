"""The floor finds every flow that it has seen, and is built without warnings by every compiler."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from maestro.bench.floor import build_floor, sources
from maestro.traffic import packets
from maestro.traffic.generate import write_streams
from maestro.traffic.pcap import PcapWriter
from maestro.traffic.shapes import Shape, stream
from maestro.verify.run import run_json
from runtime.replay.harness import compile_c


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With sanitizers."""
    return compile_c(tmp_path_factory.mktemp("floor") / "floor", sources(), "-msse4.2")


@pytest.mark.parametrize(("flows", "count"), [(1, 5), (300, 2000), (5000, 10_001)])
def test_every_flow_is_found_after_the_first_round(floor: Path, tmp_path: Path, flows: int, count: int) -> None:
    paths = write_streams(stream(Shape(flows=flows, packets=count)), (0, 1), tmp_path)
    result = run_json(floor, ["--in", f"0={paths[0]}", "--bench", "2"])
    assert result["packets_per_core"] == [count]
    assert result["dropped_per_core"] == [0]
    assert len(result["rounds"]) == 2


def test_what_has_no_flow_is_dropped(floor: Path, tmp_path: Path) -> None:
    """Also what is too short, or has options: none of it is read beyond its end (AddressSanitizer)."""
    with PcapWriter(tmp_path / "a.pcap") as writer:
        for frame in (packets.arp(1, 2), packets.ethernet(b"", pad=False), bytes(37),
                      packets.ethernet(packets.ipv4(1, 2, 17, packets.udp(1, 2, 3, 4), options=bytes(4))),
                      packets.ethernet(packets.ipv4(1, 2, 1, bytes(8)))):  # fmt: skip
            writer.write(0, frame)
    result = run_json(floor, ["--in", f"0={tmp_path}/a.pcap", "--bench", "1"])
    assert result["dropped_per_core"] == [5]


@pytest.mark.parametrize("compiler", ["gcc", "clang", None])
def test_compilers(compiler: str | None, tmp_path: Path) -> None:
    if compiler and not shutil.which(compiler):
        pytest.skip(f"there is no {compiler}")
    flags = ("-O3", "-pthread", "-Wall", "-Wextra", "-Werror", *([] if compiler else ["-Wno-macro-redefined"]))
    build_floor(tmp_path / "floor", compiler=compiler, flags=(*flags, "-U_GNU_SOURCE"))
    assert (tmp_path / "floor").is_file()
