"""Bugs of Maestro are called bugs: exit status 1, a place, no traceback unless asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from maestro import pipeline
from maestro.cli import main
from maestro.diagnostics import ExitStatus, InternalError


@pytest.fixture(params=[InternalError("it broke"), ZeroDivisionError("it broke")], ids=["internal", "unexpected"])
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise request.param

    monkeypatch.delenv("MAESTRO_DEBUG", raising=False)
    monkeypatch.setattr(pipeline, "analyze", fail)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["analyze", "nf.c", *arguments])


@pytest.mark.usefixtures("broken")
def test_a_bug_is_called_a_bug() -> None:
    found = run()
    assert found.exit_code == ExitStatus.BUG
    assert "this is a bug in Maestro" in found.stderr
    assert "it broke (at test_bugs.py:" in found.stderr
    assert "Traceback" not in found.output


@pytest.mark.usefixtures("broken")
def test_a_bug_as_json() -> None:
    found = run("--json")
    assert found.exit_code == ExitStatus.BUG
    error = json.loads(found.stdout)["error"]
    assert error["code"] == "bug"
    assert error["file"] is error["line"] is None


@pytest.mark.usefixtures("broken")
def test_the_traceback_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" in run("--verbose").stderr
    monkeypatch.setenv("MAESTRO_DEBUG", "1")
    assert "Traceback" in run().stderr


def test_a_reader_that_has_seen_enough_is_no_bug() -> None:
    """As in ``maestro explain | head -1``."""
    command = [sys.executable, "-u", "-m", "maestro", "explain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) in (0, 1)
