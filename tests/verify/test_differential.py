"""The differential check: silent when builds agree, exact when they do not."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from maestro.diagnostics import InternalError, UserError
from maestro.traffic.generate import TrafficSpec, mixed_traffic
from maestro.verify.compare import compare
from maestro.verify.run import differential, replay
from maestro.verify.verdicts import VerdictFile
from runtime.replay.captures import pcap
from runtime.replay.harness import build_echo, echo_ports

Programs = dict[str, Path]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """The echo NF as parallel build, as reference, and as a build that errs."""
    folder = tmp_path_factory.mktemp("programs")
    options = {"parallel": (), "reference": ("-DREFERENCE",), "broken": ("-DBROKEN",)}
    return {name: build_echo(folder / name, echo_ports(), "-O1", *o, sanitize=False) for name, o in options.items()}


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    spec = TrafficSpec(packets=20_000, flows=300, odd=0.1, capacity_hint=500)
    return mixed_traffic(spec, tmp_path_factory.mktemp("traffic"))


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_builds_that_agree(programs: Programs, traffic: dict[int, Path], cores: int) -> None:
    """The echo NF counts per core, so they agree only if the reference is told every packet's owner."""
    result = differential(programs["reference"], programs["parallel"], traffic, cores)
    assert (result.packets, result.differences, result.first, result.same) == (20_000, 0, (), True)
    assert [line["core"] for line in result.stats["per_core"]] == list(range(cores))


def test_builds_that_disagree_are_described(programs: Programs, tmp_path: Path) -> None:
    """The broken build drops what goes to port 1 and flips a bit of what it floods."""
    path = tmp_path / "in.pcap"
    verdicts = (0, 1, 0xFF, 0xFE, 2)
    frames = [bytes(6) + bytes([verdict, 0, 0, 0, 0, 0, 8, 0, 0x45]) + bytes(45) for verdict in verdicts]
    path.write_bytes(pcap([(100 + i, frame) for i, frame in enumerate(frames)]))
    result = differential(programs["reference"], programs["broken"], {2: path}, 1)
    assert (result.packets, result.differences) == (5, 2)
    assert [str(difference) for difference in result.first] == [
        "packet 1 (port 2, t = 101 ns, core 0): reference forwards to port 1, parallel drops",
        "packet 2 (port 2, t = 102 ns, core 0): floods by both, but payload (byte 59): 00 ≠ 01",
    ]


def test_every_difference_is_counted(programs: Programs, tmp_path: Path) -> None:
    """Across chunks, and after bytes have shifted; only the first ten are described."""
    path = tmp_path / "in.pcap"
    frames = [(i, bytes(6) + bytes([1 if i % 1000 == 999 else 0]) + bytes(53)) for i in range(20_000)]
    path.write_bytes(pcap(frames))
    result = differential(programs["reference"], programs["broken"], {0: path}, 1)
    assert result.differences == 20
    assert [difference.number for difference in result.first] == list(range(999, 10_000, 1000))


def recorded(program: Path, folder: Path, name: str, packets: list[tuple[int, bytes]]) -> Path:
    path = folder / f"{name}.pcap"
    path.write_bytes(pcap(packets))
    replay(program, {0: path}, verdicts=folder / name)
    return folder / name


def ipv4_frame(**changes: bytes) -> bytes:
    """A TCP packet to port 0 with bytes replaced: ``at22=b"..."``."""
    frame = bytearray(bytes(12) + b"\x08\0\x45" + bytes(8) + b"\x06" + bytes(40))
    for name, data in changes.items():
        at = int(name.removeprefix("at"))
        frame[at : at + len(data)] = data
    return bytes(frame)


def test_byte_differences_are_named_by_field(programs: Programs, tmp_path: Path) -> None:
    one = recorded(programs["parallel"], tmp_path, "one", [(1, ipv4_frame())])
    changed = ipv4_frame(at22=b"\x40\x06\x12\x34", at33=b"\x01\x00\x02", at63=b"\xff")
    other = recorded(programs["parallel"], tmp_path, "other", [(1, changed)])
    (difference,) = compare(one, other).first
    assert [(d.field, d.offset, d.reference, d.parallel) for d in difference.bytes] == [
        ("ipv4.ttl", 22, b"\0", b"\x40"),
        ("ipv4.checksum", 24, b"\0\0", b"\x12\x34"),
        ("ipv4.dst", 33, b"\0", b"\x01"),
        ("l4.sport", 35, b"\0", b"\x02"),
        ("payload", 63, b"\0", b"\xff"),
    ]


def test_frames_of_different_lengths_differ_at_their_ends(programs: Programs, tmp_path: Path) -> None:
    one = recorded(programs["parallel"], tmp_path, "one", [(1, ipv4_frame())])
    other = recorded(programs["parallel"], tmp_path, "other", [(1, ipv4_frame() + b"\x01\x02")])
    assert [str(d) for d in compare(one, other).first] == [
        "packet 0 (port 0, t = 1 ns, core 0): forwards to port 0 by both, but payload (byte 64): nothing ≠ 0102"
    ]


def test_runs_over_other_packets_cannot_be_compared(programs: Programs, tmp_path: Path) -> None:
    one = recorded(programs["parallel"], tmp_path, "one", [(1, ipv4_frame())])
    two = recorded(programs["parallel"], tmp_path, "two", [(1, ipv4_frame()), (2, ipv4_frame())])
    later = recorded(programs["parallel"], tmp_path, "later", [(2, ipv4_frame())])
    with pytest.raises(InternalError, match="runs of 1 and 2 packets cannot be compared"):
        compare(one, two)
    with pytest.raises(InternalError, match="packet 0 is not the same one in both runs"):
        compare(one, later)


def test_damaged_verdict_files_are_refused(programs: Programs, tmp_path: Path) -> None:
    one = recorded(programs["parallel"], tmp_path, "one", [(1, ipv4_frame())])
    data = one.read_bytes()
    for number, damaged in enumerate((data[:-1], data[:40], b"X" + data[1:], b"")):
        path = tmp_path / str(number)
        path.write_bytes(damaged)
        with pytest.raises(InternalError, match="not a verdict file"):
            VerdictFile(path)


def test_verdict_file_layout(programs: Programs, tmp_path: Path) -> None:
    """As maestro/replay.h says, so that other tools can read it."""
    data = recorded(programs["parallel"], tmp_path, "v", [(7, ipv4_frame())]).read_bytes()
    assert struct.unpack_from("<8sIIQQQQQQ", data) == (b"MAESTROV", 2, 1, 1, 64, 96, 106, 64, 98)
    assert struct.unpack_from("<QqQHHHHH", data, 64) == (0, 7, 0, 0, 0, 64, 0, 0)
    assert struct.unpack_from("<Q", data, 98) == (0,)
    assert data[106:] == ipv4_frame()


def test_errors_of_the_program_become_diagnostics(programs: Programs, tmp_path: Path) -> None:
    good = tmp_path / "good.pcap"
    good.write_bytes(pcap([(1, ipv4_frame())]))
    with pytest.raises(UserError, match=r"none\.pcap: No such file or directory") as caught:
        replay(programs["parallel"], {0: tmp_path / "none.pcap"})
    assert caught.value.code == "pcap"
    with pytest.raises(UserError, match="echo has ports 0 to 2"):
        replay(programs["parallel"], {5: good})
    with pytest.raises(UserError, match="--cores 0: must be a number from 1 to 256"):
        replay(programs["parallel"], {0: good}, cores=0)
    with pytest.raises(InternalError, match="cannot be run"):
        replay(tmp_path / "no-program", {0: good})


def script(folder: Path, body: str) -> Path:
    path = folder / "script"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_crashes_are_not_the_users_fault(tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="was killed by signal 11"):
        replay(script(tmp_path, "kill -SEGV $$"), {})
    with pytest.raises(InternalError, match=r"ended with status 1\n.*sanitizer"):
        replay(script(tmp_path, "echo sanitizer: bad >&2; exit 1"), {})


def test_hanging_programs_are_stopped(tmp_path: Path) -> None:
    program = script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    with pytest.raises(UserError, match="not done after"):
        replay(program, {}, timeout=0.3)
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_the_nf_prints_does_not_disturb_the_statistics(tmp_path: Path) -> None:
    program = script(tmp_path, 'printf "config {\\n  x }\\n{\\n  \\"packets\\": 3\\n}\\n"')
    assert replay(program, {}) == {"packets": 3}
