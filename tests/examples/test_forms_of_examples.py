"""Every example in every form that it has: no packet is treated otherwise than by the original.

The form that ``auto`` takes is compared in ``test_decisions``, with more packets.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.expected import EXPECTED, Expected
from examples.test_decisions import Silent, job
from maestro.forms import forms
from maestro.pipeline import Phases, Result, compare_with_reference, generate, model_traffic
from maestro.verify.run import Captures

PACKETS = 5000


@pytest.mark.parametrize(("example", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_every_form_is_as_the_original(example: str, expected: Expected, tmp_path: Path) -> None:
    phases = Phases(Silent())
    made: list[Captures] = []

    def compared(result: Result) -> Result:
        if result.plan.strategy == expected.strategy:
            return result
        if not made:
            made.extend(model_traffic(result.model, tmp_path / "traffic", PACKETS, phases))
        folder = tmp_path / result.plan.strategy
        result = generate(result, folder / "project", phases, build=True, extra=lambda _: "{}")
        return compare_with_reference(result, folder, None, PACKETS, phases, made)

    found = {f.name: f for f in forms(job(example, expected.argv or None), phases, compared)}
    assert [f.name for f in found.values() if f.chosen] == [expected.strategy]
    changes = set(expected.objects) - {"read-only"}
    assert not changes or {"locks", "htm"} <= {name for name, f in found.items() if f.result}
    for form in found.values():
        assert (form.result is None) == (form.reason is not None)
        if form.result is not None and not form.chosen:
            comparison = form.result.comparison
            assert comparison is not None
            assert comparison.packets >= PACKETS
            assert comparison.differences == 0, comparison.first
