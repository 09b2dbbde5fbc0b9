"""Measured rates as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from maestro.bench.measure import FLOOR, Run
from maestro.bench.results import Changes, percentile
from maestro.report.state import heading, table


def speed(runs: Sequence[Run]) -> RenderableType:
    """A table for each traffic."""
    loads = list(dict.fromkeys(_title(run) for run in runs))
    parts: list[RenderableType] = []
    for title in loads:
        parts += [heading(f"Speed, {title}"), _table([run for run in runs if _title(run) == title])]
    parts.append(Text("  millions of packets a second by the threads' CPU time, in memory, medians", style="dim"))
    return Group(*parts)


def _title(run: Run) -> str:
    traffic = run.traffic
    churn = f", {100 * traffic.opening:.2g} % of packets open one" if traffic.opening else ""
    return f"{traffic.traffic}, {traffic.flows} flows{churn}, {traffic.size:.0f}-byte packets"


def _table(runs: Sequence[Run]) -> RenderableType:
    rows = table("  program", "Mpps", "lowest-highest", "cycles", "reference", "floor", "1 core", "per core")
    for run in runs:
        cores = f" x{run.program.cores}"
        name = FLOOR if run.program.form == FLOOR else f"{run.program.nf} {run.program.form}{cores}"
        total = sum(run.load) or 1
        rows.add_row(
            f"  {name}", f"{run.cpu.median:.1f}", f"{run.cpu.min:.1f}-{run.cpu.max:.1f}", f"{run.cycles:.0f}",
            _times(run.vs_reference), _times(run.vs_floor), _times(run.scaling),
            " ".join(f"{100 * n / total:.0f}%" for n in run.load),
        )  # fmt: skip
    notes = [note for run in runs for note in _notes(run)]
    return Group(rows, *(Text(f"  {note}", style="dim") for note in notes))


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}x"


def _notes(run: Run) -> list[str]:
    name, notes = f"{run.program.nf} {run.program.form} on {run.program.cores}", []
    if run.latency:
        p50, p99 = percentile(run.latency, 50), percentile(run.latency, 99)
        notes.append(f"{name}: a packet takes {p50:.0f} ns, 1 in 100 more than {p99:.0f} ns")
    if run.instructions is not None:
        notes.append(f"{name}: {run.instructions:.0f} instructions a packet")
    if run.counters:
        notes.append(f"{name}: " + ", ".join(f"{what} {n:g}" for what, n in run.counters.items()))
    return notes


def compared(changes: Changes) -> RenderableType:
    """Two results; what moved beyond the spread of their turns is marked."""
    rows = table("  run", "before", "after", "ratio", "")
    for c in changes.runs:
        mark = "" if not c.beyond else "faster" if c.ratio > 1 else "slower"
        style = {"faster": "green", "slower": "red"}.get(mark, "default")
        rows.add_row(f"  {c.what}", f"{c.before:.1f}", f"{c.after:.1f}", f"{c.ratio:.2f}x", Text(mark, style=style))
    notes = [*changes.only, *(f"the machines differ in {fact}" for fact in changes.machines)]
    return Group(heading("Compared"), rows, *(Text(f"  {note}", style="dim") for note in notes))
