"""Models with merged branches are as good as others: proven, generated, and the same as the NF packet by packet."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import tricky

from maestro.certificate.check import check
from maestro.codegen.project import write_project
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import LoadedNF, load
from maestro.ir.model import Model
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.budget import Budget
from maestro.symex.explore import explore
from maestro.verify.reference import build_reference
from maestro.verify.run import differential
from maestro.verify.traffic import path_traffic, two_way_traffic

EXAMPLES = Path(__file__).parents[2] / "examples"


def loaded(name: str, folder: Path) -> LoadedNF:
    if name == "policer":
        return load([EXAMPLES / name])
    source = folder / "nf.c"
    source.write_text(tricky.source(name))
    return load([source], defines={"LEVELS": "1"})


def explored(nf: LoadedNF, *, merging: bool) -> Model:
    return explore(nf.program, nf=nf.name, is_runtime=is_runtime, budget=Budget(merging=merging))


@pytest.mark.parametrize("name", ["policer", "prefixes"])
def test_a_merged_model_goes_all_the_way(name: str, tmp_path: Path) -> None:
    nf = loaded(name, tmp_path)
    model = explored(nf, merging=True)
    assert len(model.paths) < len(explored(nf, merging=False).paths)
    plan = decide(model, profile=nic("e810"), cores=2, strategy="auto", seed=1).plan
    assert plan.strategy == "shared-nothing"
    assert check(model, plan).holds
    project = tmp_path / "project"
    write_project(model, plan, project, sources_note="")
    build_reference(nf, plan, project / "reference", argv=(), flags=("-O1", "-pthread", "-w"))
    subprocess.run(["make", "-s", "-C", project, "nf-replay"], check=True)
    sets = [*two_way_traffic(model, tmp_path, packets=20_000), path_traffic(model, tmp_path)[0]]
    for inputs in sets:
        result = differential(project / "reference", project / "nf-replay", inputs, 2)
        assert result.same, result.first
