"""Another seed of the hash tables changes where keys lie, and nothing that packets see."""

from __future__ import annotations

import subprocess
from pathlib import Path

from maestro import pipeline
from maestro.pipeline import Job, Phases
from maestro.report import json
from maestro.report.progress import Silent
from maestro.traffic.generate import uniform_traffic

EXAMPLE = Path(__file__).parents[2] / "examples" / "firewall"


def test_verdicts_do_not_depend_on_the_seed(tmp_path: Path) -> None:
    job = Job((EXAMPLE,), seed=1)
    result = pipeline.parallelize(job, tmp_path / "out", Phases(Silent()), build=True, extra=json.timeless)
    assert result.program is not None
    inputs = uniform_traffic(tmp_path / "traffic", flows=500, packets=5000, replies=True)
    given = [word for port, path in inputs.items() for word in ("--in", f"{port}={path}")]
    made = []
    for n, seed in enumerate([[], ["--hash-seed", "0"], ["--hash-seed", str(2**64 - 1)]]):
        verdicts = tmp_path / f"verdicts{n}"
        command = [result.program, "--cores", "2", *given, "--verdicts", verdicts, *seed]
        subprocess.run(command, check=True, timeout=60)
        made.append(verdicts.read_bytes())
    assert made[0] == made[1] == made[2]
    assert len(made[0]) > 5000
    wrong = subprocess.run([result.program, *given, "--hash-seed", "x"], capture_output=True, check=False, timeout=60)
    assert wrong.returncode != 0
    assert b"--hash-seed x: must be a number" in wrong.stderr
