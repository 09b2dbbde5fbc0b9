"""Measurements: every pair in every turn, ratios to the right programs, results as they are documented."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli.command_line import EXAMPLES, maestro
from maestro.bench.machine import IdleCheck, caches, machine
from maestro.bench.measure import Load, Program, Run, measure
from maestro.bench.results import compare, percentile, read
from maestro.diagnostics import InternalError, UserError
from maestro.verify.run import replay
from runtime.replay.captures import pcap

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "bench.md"

_SPREAD = {
    "type": "object",
    "properties": {name: {"type": "number", "exclusiveMinimum": 0} for name in ("median", "min", "max")},
    "required": ["median", "min", "max"],
    "additionalProperties": False,
}
_RATIO = {"type": ["number", "null"]}
_RUN = {
    "nf": {"type": "string"}, "form": {"type": "string"}, "cores": {"type": "integer"}, "traffic": {"type": "string"},
    "flows": {"type": "integer"}, "size": {"type": "number"}, "mpps_cpu": _SPREAD, "mpps_wall": _SPREAD,
    "cycles_per_packet": {"type": "number"}, "vs_reference": _RATIO, "vs_floor": _RATIO, "scaling": _RATIO,
    "details": {"type": "object"},
}  # fmt: skip
SCHEMA = {
    "type": "object",
    "properties": {
        "machine": {"type": "object", "required": ["cpu", "cores", "caches", "governor", "kernel", "compiler", "load"]},
        "runs": {
            "type": "array",
            "items": {"type": "object", "properties": _RUN, "required": list(_RUN), "additionalProperties": False},
        },
    },
    "required": ["machine", "runs"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two NFs, two forms, two traffics, one of them under churn."""
    out = tmp_path_factory.mktemp("results")
    found = maestro(
        "bench", EXAMPLES / "policer", EXAMPLES / "nop", "--strategy", "auto,locks", "--flows", "200", "--churn",
        "0,600000", "--turns", "2", "--rounds", "2", "--seed", "1", "--latency", "--json", "--out", out,
    )  # fmt: skip
    assert found.status == 0, found.err
    assert found.document == read(out)
    return out


def test_json_is_as_promised(results: Path) -> None:
    found = read(results)
    jsonschema.validate(found, SCHEMA)
    assert list(found) == ["machine", "runs"]
    assert {(r["nf"], r["form"], r["cores"]) for r in found["runs"]} == {
        ("floor", "floor", 1),
        *(("policer", form, n) for form, n in
          (("reference", 1), ("shared-nothing", 1), ("shared-nothing", 2), ("locks", 1), ("locks", 2))),
        *(("nop", form, n) for form, n in (("reference", 1), ("shared-nothing", 1), ("shared-nothing", 2))),
    }  # fmt: skip


def test_rates_and_ratios_agree(results: Path) -> None:
    for run in read(results)["runs"]:
        rate = run["mpps_cpu"]
        assert rate["min"] <= rate["max"]
        assert run["scaling"] == 1.0 or run["cores"] > 1
        assert (run["vs_reference"] is None) == (run["form"] == "floor")
        assert run["form"] not in ("reference", "floor") or 1.0 in (run["vs_reference"], run["vs_floor"])
        assert sum(run["details"]["packets_per_core"]) >= 30_000
        assert len(run["details"]["packets_per_core"]) == run["cores"]
        assert run["form"] == "floor" or run["details"]["latency_ns"]["p50"] <= run["details"]["latency_ns"]["p99"]


def test_lock_waits_are_counted_where_there_are_locks(results: Path) -> None:
    counters = {(r["nf"], r["form"], r["cores"]): r["details"]["counters"] for r in read(results)["runs"]}
    assert counters["policer", "shared-nothing", 2] == {}
    assert counters["policer", "locks", 1] == {"lock_waits": 0}
    assert counters["policer", "locks", 2]["lock_waits"] >= 0


def test_churn_is_reported_where_something_is_forgotten(results: Path) -> None:
    by_nf: dict[str, list[Any]] = {}
    for run in read(results)["runs"]:
        by_nf.setdefault(run["nf"], []).append(run["details"]["churn"])
    churned = [churn for churn in by_nf["policer"] if churn]
    assert len(churned) == len(by_nf["policer"]) // 2
    assert all(c["asked"] == 600_000 and c["opening"] == pytest.approx(0.001, rel=0.05) for c in churned)
    assert by_nf["nop"] == [None] * len(by_nf["nop"])


def test_every_key_is_documented(results: Path) -> None:
    text = DOCS.read_text()
    found = read(results)
    keys = {*found["machine"], *found["runs"][0], *found["runs"][0]["details"]}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def test_captures_are_measured_as_they_are(tmp_path: Path) -> None:
    made = maestro("bench", "traffic", "internet", "-o", tmp_path, "--flows", 50, "--packets", 3000)
    assert made.status == 0
    files = made.out.split()
    assert [Path(f).name for f in files] == ["port0.pcap", "port1.pcap"]
    found = maestro("bench", EXAMPLES / "firewall", "--traffic", f"0={files[0]},1={files[1]}", "--turns", 1, "--rounds",
                    1, "--cores", 1, "--resize", 128, "--anonymise", "--json")  # fmt: skip
    assert found.status == 0, found.err
    runs = found.document["runs"]
    assert {(r["traffic"], r["size"], sum(r["details"]["packets_per_core"])) for r in runs} == {
        ("port0-port0.pcap,port1-port1.pcap", 128.0, 3000)
    }
    assert all(sum(r["details"]["drops_per_core"]) == 0 for r in runs if r["form"] != "floor")


def test_small_tables_and_impossible_strategies_are_said() -> None:
    found = maestro("bench", EXAMPLES / "bridge-dynamic", "--strategy", "shared-nothing,locks", "--turns", 1,
                    "--rounds", 1, "--cores", 1, "--flows", 100_000)  # fmt: skip
    assert found.status == 0
    assert "bridge-dynamic has no form shared-nothing: " in found.err
    assert re.search(r"bridge-dynamic: \w+ has \d+ entries, fewer than 100000 flows", found.err)
    assert "Speed, uniform, 100000 flows, 64-byte packets" in found.out


def test_comparison(results: Path, tmp_path: Path) -> None:
    before = read(results)
    after = json.loads(json.dumps(before))
    after["machine"]["kernel"] = "another"
    for run in after["runs"]:
        run["mpps_cpu"] = {name: 2 * rate for name, rate in run["mpps_cpu"].items()}
    gone = after["runs"].pop()
    changes = compare(before, after)
    assert {round(c.ratio, 2) for c in changes.runs} == {2.0}
    assert any(c.beyond for c in changes.runs)
    assert not any(c.beyond for c in compare(before, before).runs)
    assert len(changes.only) == 1
    assert gone["nf"] in changes.only[0]
    assert changes.machines == (f"kernel: {before['machine']['kernel']} and another",)
    (tmp_path / "b.json").write_text(json.dumps(after))
    shown = maestro("bench", "compare", results, tmp_path / "b.json")
    assert (shown.status, shown.err) == (0, "")
    assert "2.00x" in shown.out
    assert "faster" in shown.out
    assert len(maestro("bench", "compare", results, tmp_path / "b.json", "--json").document["runs"]) == len(
        changes.runs
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"machine": {}, "runs": [{"nf": 1}]}'])
def test_what_is_no_result_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError) as error:
        read(tmp_path / "a.json")
    assert error.value.code == "bench-results"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--traffic", "zpif"], "no traffic: there is no file zpif"),
        (["--traffic", "zipf:steep"], "'zipf:steep': zipf:1.26, for example"),
        (["--cores", "1,x"], "is not a list of numbers"),
        (["--size", "20"], "numbers must be at least 64"),
        (["--strategy", "magic"], "'magic' is not one of"),
    ],
)
def test_bad_options(options: list[str], message: str) -> None:
    found = maestro("bench", EXAMPLES / "nop", *options)
    assert found.status == 2
    assert message in " ".join(found.err.split())


def fake(folder: Path, name: str, mpps: list[float]) -> Path:
    """A program that prints one round per call, the next rate each time."""
    path = folder / name
    counter = folder / f"{name}.turn"
    rates = " ".join(str(rate) for rate in mpps)
    path.write_text(
        f"""#!/bin/sh
turn=$(cat {counter} 2>/dev/null || echo 0); echo $((turn + 1)) > {counter}; echo {name} >> {folder}/order
set -- {rates}; shift $turn
printf '{{"packets_per_core": [10, 30], "dropped_per_core": [0, 1], "rounds": [{{"mpps": %s, "wall_ns": 2000,
  "cpu_ns": [1000, 1500], "lap_ns": [1000, 2000], "ticks": [2000, 4000]}}], "counters": {{"lock_waits": 7}}}}' "$1"
"""
    )
    path.chmod(0o755)
    return path


def test_turns_interleave_and_ratios_are_taken_within_them(tmp_path: Path) -> None:
    """The machine is twice as fast in the second turn: ratios do not notice."""
    load = Load("made up", 1, 64, {})
    programs = [
        Program("nf", "reference", 1, fake(tmp_path, "reference", [10, 20, 10])),
        Program("nf", "locks", 1, fake(tmp_path, "one", [30, 60, 31])),
        Program("nf", "locks", 2, fake(tmp_path, "two", [60, 121, 60])),
        Program("floor", "floor", 1, fake(tmp_path, "floor", [100, 200, 100])),
    ]
    runs = measure([(program, load) for program in programs], rounds=1, turns=3)
    assert (tmp_path / "order").read_text().split() == ["reference", "one", "two", "floor"] * 3
    two: Run = runs[2]
    assert (two.vs_reference, two.vs_floor, two.scaling) == (6.0, 0.6, 2.0)
    assert (two.cpu.median, two.cpu.min, two.cpu.max) == (60, 60, 121)
    assert (two.wall.median, two.busiest.median) == (20.0, pytest.approx(40e3 / 1500))
    assert two.cycles == pytest.approx(2500 * 2 / 40)  # 2 ticks a ns
    assert (two.load, two.drops, two.counters) == ((10, 30), (0, 1), {"lock_waits": 7})
    assert runs[3].vs_reference is None


def test_a_benchmark_without_packets_is_a_bug(tmp_path: Path) -> None:
    from runtime.replay.harness import build_echo, echo_ports

    program = build_echo(tmp_path, echo_ports(), "-O1", sanitize=False)
    (tmp_path / "empty.pcap").write_bytes(pcap([]))
    assert replay(program, {0: tmp_path / "empty.pcap"})["packets"] == 0
    with pytest.raises(InternalError, match="without packets"):
        measure([(Program("echo", "x", 1, program), Load("none", 0, 64, {0: tmp_path / "empty.pcap"}))], turns=1)


def test_percentiles() -> None:
    histogram = [(10.0, 50), (20.0, 49), (500.0, 1)]
    assert [percentile(histogram, p) for p in (1, 50, 51, 99, 99.5, 100)] == [10, 10, 20, 20, 500, 500]


def test_machine_facts(tmp_path: Path) -> None:
    assert machine()["cores"] >= 1
    assert "L1d" in caches() or not caches()
    for number, (level, kind, size) in enumerate(
        (("1", "Data", "48K"), ("1", "Instruction", "32K"), ("3", "Unified", "1M"))
    ):
        folder = tmp_path / f"index{number}"
        folder.mkdir()
        for name, value in (("level", level), ("type", kind), ("size", size)):
            (folder / name).write_text(value + "\n")
    assert caches(tmp_path) == {"L1d": 48 << 10, "L3": 1 << 20}
    assert IdleCheck().foreign(1.0) >= 0
