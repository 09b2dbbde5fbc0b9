"""Random NFs behave in parallel as they do alone, and what is not sharded has a reason.

Thousands more: ``PYTHONPATH=tests python -m property.many``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maestro.report.codes import explanations
from property.trial import attempt

COUNT = int(os.environ.get("MAESTRO_RANDOM_NFS", "24"))


@pytest.mark.parametrize("number", range(COUNT))
def test_a_random_nf_is_parallelized_exactly(number: int, tmp_path: Path) -> None:
    trial = attempt(number, tmp_path)
    assert trial.differences == 0, trial
    if trial.refused:
        assert trial.refused in explanations()
    else:
        assert trial.packets > 1000
        assert trial.strategy in ("shared-nothing", "hybrid", "locks")
        assert trial.strategy == "shared-nothing" or trial.reasons
    assert set(trial.reasons) <= explanations().keys()
