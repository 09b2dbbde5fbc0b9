"""NFs as generated for cores with state in common, built with sanitizers, pauses or mistakes of one's choice."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maestro.codegen.project import write_project
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import LoadedNF, load
from maestro.ir.model import Model
from maestro.ir.plan import Plan
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore
from maestro.verify.reference import build_reference

HERE = Path(__file__).parent
PAUSES = ("-include", str(HERE / "locks" / "pause.h"))
TRANSACTIONS = (
    "-Wno-clobbered", f'-DMAESTRO_RTM="{HERE / "locks" / "transactions.h"}"',
    "-include", str(HERE / "locks" / "transactions.h"),
)  # fmt: skip
"""Behind ``PAUSES``: transactions that commit or abort as the environment variable MAESTRO_RTM_SCRIPT says."""
THREAD = ("-O1", "-g", "-fsanitize=thread")
ADDRESS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@dataclass(frozen=True)
class Parallel:
    """An NF with its plan and its reference build."""

    nf: LoadedNF
    model: Model
    plan: Plan
    reference: Path

    def build(self, folder: Path, *flags: str, mistakes: Sequence[tuple[str, str, str]] = ()) -> Path:
        """nf-replay of the generated project in ``folder``, strictly compiled.

        ``mistakes``: a file of the project, a text that must occur in it, and what to put in its place.
        """
        write_project(self.model, self.plan, folder, sources_note="")
        for name, right, wrong in mistakes:
            text = (folder / name).read_text()
            assert right in text, f"{name} has no {right!r}"
            (folder / name).write_text(text.replace(right, wrong))
        sources = [str(p) for p in folder.rglob("*.c") if p.parent.name != "dpdk"]
        strict = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{folder / 'include'}")
        program = folder / "nf-replay"
        subprocess.run(["gcc", *strict, *(flags or ("-O2",)), "-o", str(program), *sources], check=True)
        return program


def parallel(
    source: Path, folder: Path, *, cores: int, strategy: str = "locks", argv: tuple[str, ...] = (), locked: str = ""
) -> Parallel:
    """``locked``: make a hybrid plan by hand, in which this object is locked and the others are sharded.

    Its keys are then those of the NF without that object: :func:`decide` is asked about the others only.
    """
    nf = load([source])
    model = explore(nf.program, nf=nf.name, argv=argv, is_runtime=is_runtime)
    asked = without(model, locked) if locked else model
    plan = decide(asked, profile=nic("e810"), cores=cores, strategy=strategy, seed=1).plan
    if locked:
        plan = hybrid(model, plan, locked)
    reference = folder / "reference"
    build_reference(nf, plan, reference, argv=argv, model=model, flags=("-O1", "-pthread", "-w"))
    return Parallel(nf, model, plan, reference)


def without(model: Model, name: str) -> Model:
    """``model`` with what ``name`` holds unknown to everybody: its operations are left out."""
    paths = tuple(
        replace(p, steps=tuple(s for s in p.steps if getattr(s, "object", None) != name)) for p in model.paths
    )
    return replace(model, paths=paths, objects=tuple(o for o in model.objects if o.name != name))


def hybrid(model: Model, plan: Plan, name: str) -> Plan:
    assert plan.strategy == "shared-nothing", plan.reasons
    by_name = {o.name: o for o in plan.objects}
    some = plan.objects[0]
    objects = tuple(
        by_name.get(o.name, replace(some, name=o.name, kind=o.kind, strategy="locked", rule=None))
        for o in model.objects
    )
    assert {o.strategy for o in objects if o.name != name} == {"sharded"}
    return replace(plan, strategy="hybrid", objects=objects)
