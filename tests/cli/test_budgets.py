"""Time and memory that the user gives: what the commands say when it is used up."""

from __future__ import annotations

from pathlib import Path

from command_line import EXAMPLES, maestro, write_nf

from maestro import pipeline
from maestro.certificate.check import check
from maestro.diagnostics import ExitStatus
from maestro.pipeline import Job, Phases
from maestro.report.progress import Silent
from maestro.solver.effort import Effort

FORKS = "ENTRY {\n  return (*buffer)[3] == 7 ? 1 - device : device;\n}"


def test_no_time_and_no_memory_are_errors_that_say_so(tmp_path: Path) -> None:
    source = write_nf(tmp_path, FORKS)
    for option, code in (("--time-limit=0.000001", "time-budget"), ("--memory-limit=1", "memory-budget")):
        run = maestro("analyze", source, option)
        assert run.status == ExitStatus.UNSUPPORTED
        assert f"[{code}]" in run.err
        assert option.partition("=")[0] in run.err
        assert "Traceback" not in run.err
    assert maestro("analyze", source, "--time-limit", "0").status == ExitStatus.USAGE


def test_enough_of_both_changes_nothing(tmp_path: Path) -> None:
    source = write_nf(tmp_path, FORKS)
    assert maestro("analyze", source, "--time-limit", "1e6", "--memory-limit", "1000000").status == ExitStatus.OK


def test_a_proof_that_runs_out_of_time_says_so_and_shows_nothing() -> None:
    result = pipeline.analyze(Job((EXAMPLES / "firewall",), seed=1), Phases(Silent()))
    assert result.certificate.holds
    again = check(result.model, result.plan, effort=Effort(seconds=0.0))
    assert not again.holds
    assert again.gave_up == "time"
    assert all("--time-limit" in f.message for f in again.failures)
