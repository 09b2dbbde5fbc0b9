"""``verify --strategy all``: every form of an NF compared with the original, side by side."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import ENTRY, EXAMPLES, PRELUDE, maestro

from maestro import forms, pipeline
from maestro.diagnostics import ExitStatus

QUICK = ("--packets", 3000, "--strategy", "all")


def test_a_table_of_all_forms() -> None:
    run = maestro("verify", EXAMPLES / "bridge-dynamic", *QUICK)
    assert run.status == ExitStatus.OK, run
    text = " ".join(run.out.split())
    assert "Forms of bridge-dynamic on 2 cores, NIC e810" in text
    assert "[not-hashable]" in text
    assert "[same-form]" in text
    assert "locks auto 4 locked no difference in" in text
    assert "htm 4 locked no difference in" in text
    has_rtm = " rtm " in Path("/proc/cpuinfo").read_text()
    assert ("htm ran on its locks" in text) == (not has_rtm)


def test_the_same_for_programs() -> None:
    run = maestro("verify", EXAMPLES / "nop", *QUICK, "--json")
    assert run.status == ExitStatus.OK, run
    found = {f["form"]: f for f in run.document["forms"]}
    assert run.document["nf"] == "nop"
    assert list(found) == ["shared-nothing", "hybrid", "locks", "htm"]
    best = found.pop("shared-nothing")
    assert best["chosen"]
    assert best["reason"] is None
    assert best["result"]["verify"]["differences"] == 0
    for form in found.values():
        assert form["result"] is None
        assert form["reason"]["code"] == "same-form"


def test_the_exit_status_says_that_some_form_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    right = pipeline.compare_with_reference

    def wrong(result: pipeline.Result, *rest: object) -> pipeline.Result:
        done = right(result, *rest)  # type: ignore[arg-type]
        assert done.comparison is not None
        odd = done.comparison.__class__(done.comparison.packets, int(result.plan.strategy == "htm"))
        return done.__class__(**{**vars(done), "comparison": odd})

    monkeypatch.setattr(forms, "compare_with_reference", wrong)
    run = maestro("verify", EXAMPLES / "bridge-dynamic", *QUICK)
    assert run.status == ExitStatus.DIFFERENT
    assert "1 differences in" in " ".join(run.out.split())


def test_other_commands_take_one_form_at_a_time() -> None:
    run = maestro("analyze", EXAMPLES / "nop", "--strategy", "all")
    assert run.status == ExitStatus.USAGE
    assert "--strategy" in run.err


def test_an_nf_that_cannot_be_explored_has_no_form(tmp_path: Path) -> None:
    source = tmp_path / "nf.c"
    source.write_text(PRELUDE + ENTRY + " { return rand() % 2; }\n")
    run = maestro("verify", source, *QUICK, "--json")
    assert run.status == ExitStatus.UNSUPPORTED
    assert run.document["error"]["code"] == "global-state"
