"""Predictions of a real NF: their shape, and that nothing measured is called predicted. No times are asserted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cli.command_line import EXAMPLES, Run, maestro
from maestro.bench.charts import Chart, Series, available, draw
from maestro.bench.loads import Wanted, make
from maestro.bench.split import Splitter, balanced, loads_of
from maestro.pipeline import Job, analyze
from maestro.report.view import View
from maestro.traffic.scan import frames, tuple_of

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "bench.md"
SMALL = ("--flows", 300, "--turns", 2, "--rounds", 2, "--upto", 8, "--seed", 1)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    out = tmp_path_factory.mktemp("predict")
    found = maestro("predict", EXAMPLES / "firewall", "--strategy", "auto,locks", *SMALL, "--json", "--out", out)
    return found, out


def test_predictions_have_their_shape(asked: tuple[Run, Path]) -> None:
    found, _ = asked
    by_form = {one["form"]: one for one in found.document["predictions"]}
    assert list(by_form) == ["shared-nothing", "locks"]
    for one in by_form.values():
        assert [run["cores"] for run in one["measured"]] == [1, 2]
        assert [point["cores"] for point in one["predicted"]] == [2, 4, 8]
        assert all(0 < p["mpps"] <= 148.81 and p["mpps_memory"] > 0 for p in one["predicted"])
        assert all(p["limit"] in ("cores", "locks", "line", "pcie") for p in one["predicted"])
        assert all(1 / p["cores"] <= p["busiest_share"] < 1 for p in one["predicted"])
        assert one["paths_ns"]["out"] > 0
        assert one["paths_ns"]["opening"] is not None
    assert by_form["shared-nothing"]["locks"] is None
    assert by_form["locks"]["locks"]["serial_ns"] >= 0
    keys = {key for one in by_form.values() for key in one} | set(by_form["locks"]["validation"])
    assert [key for key in sorted(keys) if f"`{key}`" not in DOCS.read_text()] == []


def test_the_validation_decides_the_exit_status(asked: tuple[Run, Path]) -> None:
    found, _ = asked
    checks = [one["validation"] for one in found.document["predictions"]]
    assert [check["fitted"] for check in checks] == [False, True]
    assert all(check["holds"] == (abs(check["error"]) <= 0.1) for check in checks)
    assert found.status == (0 if all(check["holds"] for check in checks) else 5)


def test_it_prints_the_validation() -> None:
    found = maestro("predict", EXAMPLES / "policer", *SMALL)
    text = " ".join(found.out.split())
    assert "Predicted: policer shared-nothing, uniform, 300 flows, 64-byte packets" in text
    assert "Mpps measured Mpps predicted" in text
    assert re.search(r"validation on 2 cores: [\d.]+ against [\d.]+ measured; predicted from one core", text)
    assert re.search(r"(within|NOT within) 10 %", text)


def test_figures_tell_measured_from_predicted(asked: tuple[Run, Path]) -> None:
    if not available():
        pytest.skip("there is no matplotlib")
    _, out = asked
    svg = (out / "predicted-firewall-shared-nothing-uniform.svg").read_text()
    assert (out / "predicted-firewall-shared-nothing-uniform.png").stat().st_size > 5000
    for label in ("shared-nothing (measured)", "on a NIC (predicted)", "in memory (predicted)"):
        assert label in svg


def test_an_origin_decides_the_look(tmp_path: Path) -> None:
    if not available():
        pytest.skip("there is no matplotlib")
    points = ((1.0, 1.0), (2.0, 2.0))
    looks = {}
    for origin in ("measured", "predicted", "computed"):
        chart = Chart(origin, "t", "x", "y", (Series("s", points, origin),))  # type: ignore[arg-type]
        svg, png = draw(chart, tmp_path)
        assert png.read_bytes()[:4] == b"\x89PNG"
        looks[origin] = "stroke-dasharray: 5.92" in svg.read_text()
        assert f"s ({origin})" in svg.read_text()
    assert looks == {"measured": False, "predicted": True, "computed": True}


@pytest.fixture(scope="module")
def splitter() -> Splitter:
    return Splitter(analyze(Job((EXAMPLES / "firewall",), seed=3, cores=4), View(quiet=True).phases()).plan)


def test_every_packet_goes_to_one_part_as_the_table_says(splitter: Splitter, tmp_path: Path) -> None:
    load = make(Wanted("zipf", 200, replies=True, packets=4000), tmp_path / "whole")
    hashed, tables = splitter.count(load), splitter.tables(4)
    counts = loads_of(hashed, tables, 4)
    assert sum(counts) == hashed.packets == 4000
    flows: list[set[Any]] = []
    for core in range(4):
        part = splitter.part(load, tables, core, tmp_path / str(core))
        packets = [frame for path in part.captures.values() for _, frame in frames(path)]
        assert len(packets) == counts[core]
        flows.append(
            {frozenset((key[1:5] + key[9:11], key[5:9] + key[11:13])) for f in packets if (key := tuple_of(f))}
        )
    assert all(not a & b for n, a in enumerate(flows) for b in flows[n + 1 :])  # both directions of a flow meet
    again = splitter.part(load, tables, 0, tmp_path / "again", least=2 * counts[0] + 1)
    times = [[time for time, _ in frames(path)] for path in again.captures.values()]
    assert sum(map(len, times)) == 3 * counts[0]
    assert all(one == sorted(one) for one in times)
    assert again.flows == splitter.part(load, tables, 0, tmp_path / "once").flows


def test_parts_are_those_of_the_runtime(splitter: Splitter, tmp_path: Path) -> None:
    """The C steering gives each core as many packets as the split says."""
    found = maestro("bench", EXAMPLES / "firewall", "--flows", 500, "--cores", 4, "--turns", 1, "--rounds", 1, "--seed",
                    3, "--json")  # fmt: skip
    load = make(Wanted("uniform", 500, seed=3), tmp_path)
    (run,) = [r for r in found.document["runs"] if r["form"] == "shared-nothing"]
    assert run["details"]["packets_per_core"] == loads_of(splitter.count(load), splitter.tables(4), 4)


def test_balancing_evens_out_zipf(splitter: Splitter, tmp_path: Path) -> None:
    hashed = splitter.count(make(Wanted("zipf", 2000, packets=20_000), tmp_path))
    before, after = loads_of(hashed, splitter.tables(4), 4), loads_of(hashed, balanced(hashed, 4), 4)
    assert sum(before) == sum(after)
    assert max(after) <= max(before)
    heaviest = max(n for counts in hashed.entries.values() for n in counts)
    assert max(after) <= max(heaviest, sum(after) / 4 * 4 / 3)
