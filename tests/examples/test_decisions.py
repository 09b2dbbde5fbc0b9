"""Every example is decided as its README says, and then behaves as the original does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from examples.expected import EXAMPLES, EXPECTED, Expected, settings
from maestro.ir.packet import FIELDS
from maestro.ir.plan import FieldBits, Plan
from maestro.pipeline import Job, Phases, analyze, verify


class Silent:
    def started(self, phase: str) -> None: ...

    def finished(self, phase: str, seconds: float, result: str) -> None: ...


def job(example: str, argv: Iterable[str] | None = None) -> Job:
    """As the commands read nf.toml; ``argv`` instead of its arguments."""
    told: dict[str, Any] = settings(example)
    args = tuple(told.get("args", ())) if argv is None else tuple(argv)
    names = {int(port): name for port, name in told["port_names"].items()}
    return Job((EXAMPLES / example,), nf_args=args, ports=told["ports"], port_names=names, seed=1)


def fields(bits: tuple[FieldBits, ...]) -> str:
    return " ".join(b.name if b.count == FIELDS[b.name] else f"{b.name}[{b.first}:{b.first + b.count}]" for b in bits)


def objects(plan: Plan) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for o in plan.objects:
        found.setdefault(o.strategy, set()).add(o.name)
    return found


def test_every_example_is_here() -> None:
    assert set(EXPECTED) == {p.name for p in EXAMPLES.iterdir() if p.is_dir()}


@pytest.mark.parametrize(("example", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_decision(example: str, expected: Expected) -> None:
    plan = analyze(job(example), Phases(Silent())).plan
    assert plan.strategy == expected.strategy
    assert objects(plan) == {strategy: set(names.split()) for strategy, names in expected.objects.items()}
    assert expected.rules <= {o.rule for o in plan.objects}
    if expected.fields is not None:
        assert tuple(fields(p.fields) for p in plan.ports) == expected.fields


@pytest.mark.parametrize(("example", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_same_as_the_original(example: str, expected: Expected, tmp_path: Path) -> None:
    result = verify(job(example, expected.argv or None), None, 24_000, Phases(Silent()))
    assert result.comparison is not None
    assert result.comparison.packets >= 24_000
    assert result.comparison.differences == 0, result.comparison.first
