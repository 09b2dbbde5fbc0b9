"""The suite goes on where it was stopped, and draws every figure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.command_line import EXAMPLES, maestro
from maestro.bench.charts import available
from maestro.bench.suite import FIGURES, Settings, Unit, run_suite, units
from maestro.bench.suite_figures import charts
from maestro.diagnostics import UserError
from maestro.pipeline import Job
from maestro.report.view import View

TINY = ("--flows", 100, "--most", 4000, "--upto", 4, "--rounds", 1, "--turns", 1)


def work(name: str, log: list[str], fail: str = "") -> Callable[[Path], dict[str, Any]]:
    def run(scratch: Path) -> dict[str, Any]:
        assert scratch.is_dir()
        log.append(name)
        if name == fail:
            raise KeyboardInterrupt
        return {"value": name}

    return run


def test_a_suite_that_was_stopped_goes_on(tmp_path: Path) -> None:
    log: list[str] = []
    said: list[str] = []
    names = ["a", "b", "c"]
    with pytest.raises(KeyboardInterrupt):
        run_suite([Unit("nfs", n, work(n, log, fail="b")) for n in names], Settings(), tmp_path, said.append)
    assert log == ["a", "b"]
    found = run_suite([Unit("nfs", n, work(n, log)) for n in names], Settings(), tmp_path, said.append)
    assert log == ["a", "b", "b", "c"]
    assert [one["value"] for one in found] == names
    assert "1 of 3 results are there already" in said
    assert any(line.startswith("nfs-b: 1 of 2 done, about ") for line in said)
    assert run_suite([Unit("nfs", n, work(n, log)) for n in names], Settings(), tmp_path, said.append) == found
    assert len(log) == 4
    assert not list((tmp_path / "results").glob("*.part"))


def test_other_settings_are_not_mixed_in(tmp_path: Path) -> None:
    run_suite([], Settings(), tmp_path, print)
    with pytest.raises(UserError, match="results of other settings") as error:
        run_suite([], Settings(flows=1), tmp_path, print)
    assert error.value.code == "suite"


def test_an_nf_that_fails_is_left_out(tmp_path: Path) -> None:
    def fail(scratch: Path) -> dict[str, Any]:
        raise UserError("it does not compile", code="compile")

    said: list[str] = []
    (found,) = run_suite([Unit("nfs", "x", fail)], Settings(), tmp_path, said.append)
    assert found["failed"] == "it does not compile"
    assert "nfs-x: it does not compile" in said


def test_units_cover_every_figure() -> None:
    jobs = [Job((EXAMPLES / name,)) for name in ("router", "firewall", "nat")]
    names = [u.name for u in units(jobs, Settings(), FIGURES, View(quiet=True).phases(), print)]
    assert names[:3] == ["nfs-router", "nfs-firewall", "nfs-nat"]
    assert {"sizes-nat", "churn-firewall", "flows-firewall", "skew-firewall", "predict-nat"} <= set(names)
    assert "sizes-router" not in names
    with pytest.raises(UserError, match="no figure is called 'x'"):
        units(jobs, Settings(), ("x",), View(quiet=True).phases(), print)


def test_every_figure_of_a_real_nf(tmp_path: Path) -> None:
    found = maestro("bench", "suite", EXAMPLES / "policer", "--out", tmp_path, *TINY, "--json")
    assert found.status == 0, found.err
    results = found.document["results"]
    assert [one["figure"] for one in results] == list(FIGURES)
    assert not any("failed" in one for one in results)
    names = {chart.name: chart for chart in charts(results)}
    expected = {
        "generation", "by-cores-uniform", "by-cores-zipf", "latency", "keys", "by-size-policer", "by-churn-policer",
        "by-flows-policer", "skew-measured", "skew", "predicted-policer-shared-nothing-uniform",
        "predicted-policer-shared-nothing-zipf",
    }  # fmt: skip
    assert set(names) == expected
    for name, chart in names.items():
        origins = {series.origin for series in chart.series}
        assert chart.series, name
        wanted = {"predicted", "measured"} if name.startswith("predicted") else {"measured"}
        assert origins == ({"computed"} if name in ("keys", "skew") else wanted), name
    assert {s.label for s in names["by-flows-policer"].series} >= {"floor"}
    again = maestro("bench", "suite", EXAMPLES / "policer", "--out", tmp_path, *TINY)
    assert "6 of 6 results are there already" in again.err
    saved = json.loads((tmp_path / "results" / "skew-policer.json").read_text())
    assert saved == next(one for one in results if one["figure"] == "skew")
    if not available():
        pytest.skip("there is no matplotlib; results are there, figures are not")
    assert {p.stem for p in tmp_path.glob("*.svg")} == {p.stem for p in tmp_path.glob("*.png")} == expected
    for name, chart in names.items():
        text = (tmp_path / f"{name}.svg").read_text()
        assert all(f"{series.label} ({series.origin})" in text for series in chart.series), name
