"""nf-replay with the echo NF: order, steering, outputs, counters, options, errors; all under ASan and UBSan."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from maestro.traffic.generate import TrafficSpec, mixed_traffic
from maestro.traffic.pcap import read_pcap
from maestro.verify.verdicts import DROP, FLOOD, Verdict, VerdictFile
from runtime.replay.captures import MICROSECONDS, PcapNg, pcap
from runtime.replay.harness import build_echo, echo_ports, has_address_sanitizer
from runtime.replay.steering import cores_of

PORTS = echo_ports()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_echo(tmp_path_factory.mktemp("echo"), PORTS)


def run(program: Path, *arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status, done.stderr
    return done


def stats(program: Path, *arguments: object) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run(program, *arguments, "--stats", "json").stdout)
    return result


def frame(verdict: int, mark: int = 0, size: int = 60) -> bytes:
    return (bytes([2, 0, 0, 0, 0, mark, verdict]) + bytes(size))[:size]


def capture(path: Path, packets: Sequence[tuple[int, bytes]]) -> Path:
    path.write_bytes(pcap(packets))
    return path


def verdicts(path: Path) -> list[Verdict]:
    with VerdictFile(path) as file:
        return file.verdicts(0, file.packets)


def test_frames_whose_start_moves(tmp_path: Path) -> None:
    """What is inserted and removed is seen in verdicts and captures; frames back to back."""
    moving = build_echo(tmp_path / "moving", PORTS, "-DHEAD")
    moves = (0, -4, 6, -128, 60)
    frames = [frame(1)[:9] + bytes([by & 0xFF]) + bytes(range(50)) for by in moves]
    capture(tmp_path / "0.pcap", list(enumerate(frames)))
    run(moving, "--in", f"0={tmp_path / '0.pcap'}", "--verdicts", tmp_path / "v", "--out", f"1={tmp_path / 'out.pcap'}")
    edited = [f[:7] + bytes([number, 0]) + f[9:] for number, f in enumerate(frames)]
    expected = [b"\xab" * -by + f[max(0, by) :] for by, f in zip(moves, edited, strict=True)]
    assert [v.sent for v in verdicts(tmp_path / "v")] == expected
    assert [sent for _, sent in read_pcap(tmp_path / "out.pcap")] == expected


def test_inputs_interleave_by_time_and_earlier_options_come_first(program: Path, tmp_path: Path) -> None:
    one = capture(tmp_path / "1.pcap", [(5, frame(0, 1)), (20, frame(0, 2)), (20, frame(0, 3))])
    two = capture(tmp_path / "2.pcap", [(5, frame(0, 4)), (10, frame(0, 5)), (20, frame(0, 6))])
    three = tmp_path / "3.pcapng"
    three.write_bytes(PcapNg().interface(tsresol=9).enhanced(0, 15, frame(0, 7)).bytes)
    run(program, "--in", f"1={two}", "--in", f"0={one}", "--in", f"1={three}", "--verdicts", tmp_path / "v")
    found = [(v.number, v.time, v.in_port, v.sent[5], v.sent[7]) for v in verdicts(tmp_path / "v")]
    marks = [(5, 1, 4), (5, 0, 1), (10, 1, 5), (15, 1, 7), (20, 1, 6), (20, 0, 2), (20, 0, 3)]
    assert found == [(i, time, port, mark, i) for i, (time, port, mark) in enumerate(marks)]


def test_time_never_goes_back(program: Path, tmp_path: Path) -> None:
    back = capture(tmp_path / "in.pcap", [(50, frame(0)), (10, frame(0)), (20, frame(0)), (60, frame(0))])
    result = stats(program, "--in", f"0={back}", "--verdicts", tmp_path / "v")
    assert [v.time for v in verdicts(tmp_path / "v")] == [50, 50, 50, 60]
    assert result["clamped"] == 2


def test_outputs_hold_what_leaves_each_port(program: Path, tmp_path: Path) -> None:
    sent = [(i, frame((0, 1, 2, 0xFE, 0xFF, 77)[i % 6], i)) for i in range(60)]
    source = capture(tmp_path / "in.pcap", sent)
    outs = [tmp_path / f"out{port}.pcap" for port in range(3)]
    arguments = [word for port, path in enumerate(outs) for word in ("--out", f"{port}={path}")]
    result = stats(program, "--in", f"1={source}", *arguments)
    for port, path in enumerate(outs):
        passes = {port} | ({0xFF} if port != 1 else set())
        expected = [(time, data[5]) for time, data in sent if data[6] in passes]
        assert [(time, data[5]) for time, data in read_pcap(path)] == expected
    assert [p["out"] for p in result["per_port"]] == [20, 10, 20]
    assert [p["in"] for p in result["per_port"]] == [0, 60, 0]
    assert [result[k] for k in ("packets", "forwarded", "dropped", "flooded", "stray")] == [60, 30, 10, 10, 10]


def test_verdict_file_holds_verdicts_and_bytes(program: Path, tmp_path: Path) -> None:
    source = capture(tmp_path / "in.pcap", [(1, frame(2, 9)), (2, frame(0xFE, 8)), (3, frame(0xFF, 7, size=14))])
    run(program, "--in", f"0={source}", "--verdicts", tmp_path / "v")
    edited = bytearray(frame(0xFF, 7, size=14))
    edited[7] = 2
    assert verdicts(tmp_path / "v") == [
        Verdict(0, 1, 0, 2, frame(2, 9)),
        Verdict(1, 2, 0, DROP, b""),
        Verdict(2, 3, 0, FLOOD, bytes(edited)),
    ]


def test_runts_and_oversize_are_skipped_and_counted(program: Path, tmp_path: Path) -> None:
    packets = [(1, frame(0, size=13)), (2, frame(0, size=14)), (3, bytes(65536)), (4, bytes(65535)), (5, b"")]
    result = stats(program, "--in", f"0={capture(tmp_path / 'in.pcap', packets)}")
    assert (result["packets"], result["runts"], result["oversize"]) == (2, 2, 1)


def mixed(folder: Path, packets: int = 4000) -> dict[int, Path]:
    return mixed_traffic(TrafficSpec(packets, flows=200, seed=3, odd=0.2, mutated=0.1, capacity_hint=300), folder)


@pytest.mark.parametrize("cores", [2, 3, 4])
def test_packets_go_to_the_core_that_toeplitz_says(program: Path, tmp_path: Path, cores: int) -> None:
    inputs = mixed(tmp_path, 1500)
    arguments = [word for port, path in inputs.items() for word in ("--in", f"{port}={path}")]
    result = stats(program, "--cores", cores, *arguments, "--verdicts", tmp_path / "v")
    frames = sorted(
        ((time, port, data) for port, path in inputs.items() for time, data in read_pcap(path)), key=lambda p: p[:2]
    )
    expected = [cores_of(PORTS[port], data, cores) for _, port, data in frames]
    with VerdictFile(tmp_path / "v") as file:
        assert [file.core(i) for i in range(file.packets)] == [core for _, core in expected]
    moves = [(nic, core) for nic, core in expected if nic != core]
    leave, arrive = Counter(nic for nic, _ in moves), Counter(core for _, core in moves)
    assert result["resteered"] == len(moves) > 20
    for line in result["per_core"]:
        core = line["core"]
        assert line["packets"] == sum(owner == core for _, owner in expected) > 0
        assert (line["resteered_from"], line["resteered_to"]) == (leave[core], arrive[core])
        assert line["forwarded"] + line["dropped"] + line["flooded"] + line["stray"] == line["packets"]


def test_each_core_sees_its_packets_in_order(program: Path, tmp_path: Path) -> None:
    """In the recorded order times never decrease, and each core counts its packets; those of its own queue are in the
    order of the captures, those handed over come when they come."""
    inputs = mixed(tmp_path)
    run(program, "--cores", 4, "--in", f"0={inputs[0]}", "--in", f"1={inputs[1]}", "--verdicts", tmp_path / "v")
    frames = {port: [data for _, data in read_pcap(path)] for port, path in inputs.items()}
    seen, time, last = [0] * 4, 0, [-1] * 4
    with VerdictFile(tmp_path / "v") as file:
        found = file.verdicts(0, file.packets)
        arrived = {v.number: frames[v.in_port].pop(0) for v in found}
        for verdict in (found[number] for number in file.order()):
            core = file.core(verdict.number)
            if verdict.sent:
                assert (verdict.sent[7], verdict.sent[8]) == (seen[core] % 256, core)
            seen[core] += 1
            assert verdict.time >= time
            time = verdict.time
            if cores_of(PORTS[verdict.in_port], arrived[verdict.number], 4) == (core, core):
                assert verdict.number > last[core]
                last[core] = verdict.number
    assert min(seen) > 100


def test_one_core_takes_everything(program: Path, tmp_path: Path) -> None:
    inputs = mixed(tmp_path, 500)
    result = stats(program, "--in", f"0={inputs[0]}", "--in", f"1={inputs[1]}")
    assert result["resteered"] == 0
    assert [line["packets"] for line in result["per_core"]] == [500]
    assert 0 < result["cpu_seconds"] < 5


@pytest.mark.parametrize("mode", ["tick", "fixed", "trace"])
def test_benchmark_reports_every_round(program: Path, tmp_path: Path, mode: str) -> None:
    inputs = mixed(tmp_path, 1000)
    done = run(program, "--cores", 2, "--in", f"0={inputs[0]}", "--bench", 4, "--bench-time", mode)
    result = json.loads(done.stdout)
    assert sum(result["packets_per_core"]) == result["packets"] == sum(1 for _ in read_pcap(inputs[0]))
    assert len(result["rounds"]) == 4
    for one in result["rounds"]:
        rates = (n * 1e3 / ns for n, ns in zip(result["packets_per_core"], one["cpu_ns"], strict=True))
        assert one["mpps"] == pytest.approx(sum(rates), rel=1e-3)
        assert all(cpu > 0 for cpu in one["cpu_ns"])
        assert max(one["lap_ns"]) <= one["wall_ns"]
        assert all(ticks > 0 for ticks in one["ticks"])
    assert len(result["dropped_per_core"]) == 2
    assert "latency_ticks" not in result


def test_latency_counts_every_packet_once(program: Path, tmp_path: Path) -> None:
    inputs = capture(tmp_path / "in.pcap", [(i, frame(1, i % 256)) for i in range(1000)])
    done = run(program, "--cores", 2, "--in", f"0={inputs}", "--bench", 1, "--latency")
    result = json.loads(done.stdout)
    values = [value for value, _ in result["latency_ticks"]]
    assert values == sorted(set(values))
    assert sum(count for _, count in result["latency_ticks"]) == result["packets"] == 1000


USAGE = {
    "no input": ([], "no packets: give --in PORT=FILE (see --help)"),
    "no cores": (["--cores", "0", "--in", "0=x"], "--cores 0: must be a number from 1 to 256"),
    "1000 cores": (["--cores", "1000", "--in", "0=x"], "--cores 1000: must be a number from 1 to 256"),
    "cores in words": (["--cores", "two", "--in", "0=x"], "--cores two: must be a number from 1 to 256"),
    "negative cores": (["--cores", "-1", "--in", "0=x"], "--cores -1: must be a number from 1 to 256"),
    "port": (["--in", "3=x"], "--in 3=x: echo has ports 0 to 2"),
    "no port": (["--in", "x"], "--in x: must be PORT=FILE"),
    "no file": (["--in", "0="], "--in 0=: must be PORT=FILE"),
    "output port": (["--in", "0=x", "--out", "9=y"], "--out 9=y: echo has ports 0 to 2"),
    "same output": (["--out", "1=y", "--out", "1=z"], "--out 1=z: port 1 already goes to y"),
    "stats": (["--stats", "xml"], "--stats xml: must be json"),
    "bench": (["--in", "0=x", "--bench", "0"], "--bench 0: must be a number from 1 to 100000"),
    "bench time": (["--bench-time", "fast"], "--bench-time fast: must be tick, fixed or trace"),
    "latency": (["--in", "0=x", "--latency"], "--latency goes with --bench"),
    "bench output": (
        ["--in", "0=x", "--bench", "1", "--out", "0=y"],
        "--bench writes nothing: leave out --out, --verdicts, --owners and --merged",
    ),
    "owners of many": (
        ["--in", "0=x", "--cores", "2", "--owners", "v"],
        "--owners: the reference runs on one core; leave out --cores",
    ),
    "stray word": (["--in", "0=x", "y.pcap"], "y.pcap: captures are given as --in PORT=FILE"),
    "unknown": (["--fast"], "unrecognized option '--fast'"),
}


@pytest.mark.parametrize(("arguments", "message"), USAGE.values(), ids=USAGE.keys())
def test_wrong_options(program: Path, arguments: list[str], message: str) -> None:
    done = run(program, *arguments, status=2)
    assert done.stderr.replace("nf-replay: ", "", 1) == message + "\n"
    assert done.stdout == ""


def test_bad_input_leaves_nothing_behind(program: Path, tmp_path: Path) -> None:
    good = capture(tmp_path / "good.pcap", [(1, frame(0))])
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(good.read_bytes()[:-3])
    outputs = ("--out", f"0={tmp_path / 'out'}", "--verdicts", tmp_path / "v")
    done = run(program, "--in", f"0={good}", "--in", f"1={cut}", *outputs, status=3)
    assert done.stderr == f"nf-replay: {cut}: truncated or corrupt: packet 1 has 60 bytes, the file 57 more\n"
    done = run(program, "--in", f"0={tmp_path / 'none'}", *outputs, status=3)
    assert done.stderr == f"nf-replay: {tmp_path / 'none'}: No such file or directory\n"
    done = run(program, "--in", f"0={tmp_path}", *outputs, status=3)
    assert done.stderr == f"nf-replay: {tmp_path}: not a regular file\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.pcap", "good.pcap"]


def test_unwritable_output_leaves_nothing_behind(program: Path, tmp_path: Path) -> None:
    good = capture(tmp_path / "good.pcap", [(1, frame(0))])
    missing = tmp_path / "no" / "out"
    done = run(program, "--in", f"0={good}", "--out", f"0={tmp_path / 'a'}", "--out", f"1={missing}", status=1)
    assert done.stderr == f"nf-replay: {missing}: No such file or directory\n"
    assert [p.name for p in tmp_path.iterdir()] == ["good.pcap"]


def test_output_may_replace_an_input_or_go_to_a_device(program: Path, tmp_path: Path) -> None:
    both = capture(tmp_path / "both.pcap", [(1, frame(0, 5)), (2, frame(1, 6))])
    run(program, "--in", f"0={both}", "--out", f"0={both}", "--out", "1=/dev/null")
    assert [data[5] for _, data in read_pcap(both)] == [5]
    assert Path("/dev/null").is_char_device()


def test_nf_without_state_for_a_core(program: Path, tmp_path: Path) -> None:
    good = capture(tmp_path / "good.pcap", [(1, frame(0))])
    done = run(program, "--in", f"0={good}", "--cores", 9, status=1)
    assert done.stderr.startswith("nf-replay: echo: no state for core ")
    assert "of 9: out of memory, or not made for so many cores" in done.stderr


def test_owners_are_for_reference_builds_and_for_the_same_packets(program: Path, tmp_path: Path) -> None:
    good = capture(tmp_path / "good.pcap", [(1, frame(0)), (2, frame(0))])
    less = capture(tmp_path / "less.pcap", [(1, frame(0))])
    run(program, "--in", f"0={good}", "--verdicts", tmp_path / "v")
    done = run(program, "--in", f"0={good}", "--owners", tmp_path / "v", status=2)
    assert done.stderr == "nf-replay: --owners: this program is not a reference build\n"
    done = run(program, "--in", f"0={less}", "--owners", tmp_path / "v", status=3)
    assert done.stderr == f"nf-replay: {tmp_path / 'v'}: has 2 packets, the inputs have 1\n"
    done = run(program, "--in", f"0={less}", "--owners", good, status=3)
    assert done.stderr == f"nf-replay: {good}: not a verdict file\n"


def test_capture_without_packets(program: Path, tmp_path: Path) -> None:
    none = capture(tmp_path / "none.pcap", [])
    result = stats(program, "--in", f"0={none}", "--cores", 2, "--verdicts", tmp_path / "v")
    assert result["packets"] == 0
    assert verdicts(tmp_path / "v") == []
    tmp_path.joinpath("us.pcap").write_bytes(pcap([], magic=MICROSECONDS))
    assert stats(program, "--in", f"0={tmp_path / 'us.pcap'}")["packets"] == 0


@pytest.mark.skipif(not has_address_sanitizer(), reason="needs a compiler with AddressSanitizer")
def test_reading_past_a_packet_is_caught(tmp_path: Path) -> None:
    program = build_echo(tmp_path, PORTS, "-DOVERREAD")
    source = capture(tmp_path / "in.pcap", [(1, frame(0, size=64)), (2, frame(0, size=64))])
    done = run(program, "--in", f"0={source}", status=1)
    assert "use-after-poison" in done.stderr
