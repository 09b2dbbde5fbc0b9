"""Predictions as text. What was measured and what is predicted have columns and words of their own."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from maestro.bench.predict import TOLERANCE, Check, Prediction
from maestro.report.state import heading, table

_LIMITS = {"cores": "the busiest core", "locks": "locks", "line": "the line", "pcie": "PCIe 3 x16"}


def predicted(found: Sequence[Prediction]) -> RenderableType:
    return Group(*(_one(prediction) for prediction in found))


def _one(found: Prediction) -> RenderableType:
    load = found.load
    head = f"Predicted: {found.nf} {found.form}, {load.traffic}, {load.flows} flows, {load.size:.0f}-byte packets"
    rows = table("  cores", "Mpps measured", "Mpps predicted", "busiest core", "on a NIC", "limited by")
    measured = {run.program.cores: run.cpu.median for run in found.measured}
    for point in found.points:
        rows.add_row(
            f"  {point.cores}", f"{measured[point.cores]:.1f}" if point.cores in measured else "",
            f"{point.memory:.1f}" if point.cores > 1 else "", f"{100 * point.share:.1f}%",
            f"{point.bound.mpps:.1f}", _LIMITS[point.bound.limit],
        )  # fmt: skip
    notes = [_checked(found.check), *_models(found)]
    return Group(heading(head), rows, *(Text(f"  {note}", style="dim") for note in notes))


def _checked(check: Check) -> str:
    how = "the fit's error is" if check.fitted else "predicted from one core; the error is"
    verdict = "within" if check.holds else "NOT within"
    return (
        f"validation on 2 cores: {check.predicted:.1f} against {check.measured:.1f} measured; {how} "
        f"{100 * check.error:+.1f} %, {verdict} {100 * TOLERANCE:.0f} %"
    )


def _models(found: Prediction) -> list[str]:
    paths = found.paths
    parts = [f"out {paths.out:.1f} ns"]
    parts += [
        f"{name} {ns:.1f} ns" for name, ns in (("back", paths.back), ("opening", paths.opening)) if ns is not None
    ]
    notes = [f"paths: {', '.join(parts)}; they explain the one-core figure to {100 * paths.error:+.1f} %"]
    misses = ", ".join(f"{ns:.1f} ns past {size >> 10} KiB" for ns, size in
                       zip(found.caches.penalties, found.caches.levels, strict=True))  # fmt: skip
    notes.append(f"caches: {found.caches.base:.1f} ns, {misses}; error {100 * found.caches.error:.1f} %")
    if found.locks:
        notes.append(
            f"locks: {found.locks.serial:.2f} ns of a packet shut others out, {found.locks.each:.2f} ns more for every "
            f"further core; fitted on 1 and 2 cores, error {100 * found.locks.error:.1f} %"
        )
    return notes
