"""``maestro demo``: the bundled firewall through every phase, each result shown as it comes."""

from __future__ import annotations

import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from rich.text import Text

from maestro import pipeline
from maestro.bench.session import quick
from maestro.bundle import examples
from maestro.codegen.project import require_fresh
from maestro.report import json, terminal
from maestro.report.speed import speed
from maestro.report.view import View

PACKETS, FLOWS = 200_000, 10_000


def show_demo(view: View, out_dir: Path | None, **options: Any) -> None:
    """Run it; the generated project stays in ``out_dir`` (by default a new folder ``maestro-demo``)."""
    target = out_dir or _unused(Path("maestro-demo"))
    require_fresh(target)
    source = examples() / "firewall"
    job = pipeline.Job((source,), port_names={0: "LAN", 1: "WAN"}, **options)
    phases = view.phases()
    view.show(Text(f"The firewall in {source}, for {job.cores} cores and the NIC {job.nic}:\n"))
    result = pipeline.parallelize(job, target, phases, build=False, extra=json.timeless)
    view.show(terminal.analysis(result))
    view.show(Text(""))
    result = pipeline.build_project(result, phases)
    folder = Path(tempfile.mkdtemp(prefix="maestro-demo-"))
    try:
        result = pipeline.compare_with_reference(result, folder, None, PACKETS, phases)
        view.show(terminal.comparison(result))
        view.show(Text(""))
        runs = quick(result, folder, FLOWS, phases)
        view.show(speed(runs))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    view.show(terminal.project(result))
    view.document(json.render(result, runs))


def _unused(wanted: Path) -> Path:
    """``wanted``, or with the first number that makes it new."""
    if not wanted.exists():
        return wanted
    return next(p for n in count(2) if not (p := wanted.with_name(f"{wanted.name}-{n}")).exists())
