"""Every form of an NF: which it has, which not and why, and what ``auto`` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro.forms import FORMS, Form, forms
from maestro.pipeline import Job, Phases

EXAMPLES = Path(__file__).parents[1] / "examples"


class Silent:
    def started(self, phase: str) -> None:
        pass

    def finished(self, phase: str, seconds: float, result: str) -> None:
        pass


def of(name: str) -> tuple[Form, ...]:
    return forms(Job((EXAMPLES / name,), seed=1), Phases(Silent()))


def summary(found: tuple[Form, ...]) -> dict[str, str]:
    """Form → the strategy of its plan, with a star if ``auto`` takes it; or the code of the reason why not."""
    return {
        f.name: f.reason.code if f.reason else f.result.plan.strategy + "*" * f.chosen if f.result else ""
        for f in found
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("firewall", ["shared-nothing*", "same-form", "locks", "htm"]),
        ("bridge-dynamic", ["not-hashable", "same-form", "locks*", "htm"]),
        ("load-balancer", ["global-choice", "hybrid*", "locks", "htm"]),
        ("nop", ["shared-nothing*", "same-form", "same-form", "same-form"]),
    ],
)
def test_the_forms_of_examples(name: str, expected: list[str]) -> None:
    assert summary(of(name)) == dict(zip(FORMS, expected, strict=True))


def test_forms_share_model_and_seed_and_a_reason_names_lines() -> None:
    found = of("bridge-dynamic")
    results = [f.result for f in found if f.result]
    assert len({id(r.model) for r in results}) == 1
    assert {r.job.seed for r in results} == {1}
    assert found[0].reason is not None
    assert found[0].reason.spans
    assert found[0].reason.message
