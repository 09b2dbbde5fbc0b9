"""What the independent check cannot show is locked: that only, if the rest can be shown then; else everything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maestro import pipeline
from maestro.certificate.check import check
from maestro.certificate.result import Certificate, Failure
from maestro.ir.model import Model
from maestro.ir.plan import Plan
from maestro.pipeline import Job, Phases, Result
from maestro.solver.effort import Effort

EXAMPLE = Path(__file__).parents[1] / "examples" / "port-scan-detector-maestro"


class Silent:
    def started(self, phase: str) -> None: ...

    def finished(self, phase: str, seconds: float, result: str) -> None: ...


def analyzed(monkeypatch: pytest.MonkeyPatch, doubts: Callable[[set[str]], tuple[str, ...] | None]) -> Result:
    """The plan when the check doubts a plan that shards some objects: it blames those that ``doubts`` names."""

    def doubting(model: Model, plan: Plan, *, effort: Effort) -> Certificate:
        blamed = doubts({o.name for o in plan.objects if o.strategy == "sharded"})
        if blamed is None:
            return check(model, plan, effort=effort)
        return Certificate(False, 1, (Failure("nobody knows", blamed),), (), 0.0)

    monkeypatch.setattr(pipeline, "check", doubting)
    return pipeline.analyze(Job((EXAMPLE,), seed=1), Phases(Silent()))


def strategies(result: Result) -> dict[str, set[str]]:
    """Strategy → the tables (``counts``, ``ports``) of which some part has it."""
    found: dict[str, set[str]] = {}
    for o in result.plan.objects:
        found.setdefault(o.strategy, set()).add(o.name.partition(".")[0])
    return found


def test_nothing_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    result = analyzed(monkeypatch, lambda _: None)
    assert strategies(result) == {"sharded": {"counts", "ports"}}


def test_only_what_is_doubted_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    result = analyzed(monkeypatch, lambda sharded: ("counts.map",) if "counts.map" in sharded else None)
    assert result.plan.strategy == "hybrid"
    assert result.certificate.holds
    assert result.certificate.obligations > 0
    assert strategies(result) == {"locked": {"counts"}, "sharded": {"ports"}}
    (reason,) = [r for r in result.plan.reasons if r.code == "not-proven"]
    assert reason.objects == ("counts.map",)


@pytest.mark.parametrize("blamed", [("counts.map",), ()], ids=["another", "nothing"])
def test_all_is_locked_when_the_rest_is_doubted_too(monkeypatch: pytest.MonkeyPatch, blamed: tuple[str, ...]) -> None:
    result = analyzed(monkeypatch, lambda sharded: blamed if sharded else None)
    assert result.plan.strategy == "locks"
    assert strategies(result) == {"locked": {"counts", "ports"}}
    assert {r.code for r in result.plan.reasons} >= {"not-proven"}
