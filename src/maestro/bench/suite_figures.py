"""The suite's results → its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from maestro.bench import figures
from maestro.bench.charts import Chart, Series, available, draw_all
from maestro.bench.suite import FOCUS

Json = dict[str, Any]
_SHOWN = 8  # lines that can be told apart
_PHASES = ("compile", "explore", "plan", "proof", "generate", "build")


def write(found: Sequence[Json], folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Every chart there is something for, in ``folder``. Without matplotlib, says so."""
    if not available():
        say("no figures without matplotlib: pip install 'maestro-nf[plot]'")
        return []
    return draw_all(charts([one for one in found if "failed" not in one]), folder)


def charts(found: Sequence[Json]) -> list[Chart]:
    made: list[Chart] = []
    of = {figure: [one for one in found if one["figure"] == figure] for figure in {one["figure"] for one in found}}
    nfs = of.get("nfs", [])
    if nfs:
        note = figures.machine_note(nfs[0]["machine"])
        runs = [run for one in nfs for run in one["runs"]]
        shown = [one for one in nfs if one["nf"] in FOCUS] or nfs[:_SHOWN]
        best = [r for one in shown for r in one["runs"] if r["form"] == one["form"] and r["traffic"] == "uniform"]
        made += [generation(nfs, note), *(figures.by_cores(runs, kind, note) for kind in ("uniform", "zipf"))]
        made += [figures.latency(best, note), keys(nfs)]
    for figure, what in (("sizes", "size"), ("churn", "churn"), ("flows", "flows")):
        for one in of.get(figure, []):
            made.append(_renamed(one, what))
    for one in of.get("skew", []):
        made += [skew_measured(one), skew_computed(one)]
    for one in of.get("predict", []):
        note = figures.machine_note(one["machine"])
        made += [figures.predicted(prediction, note) for prediction in one["predictions"]]
    return made


def _renamed(one: Json, what: str) -> Chart:
    """By size: of the traffic without a mix; mixes are bars in the results only."""
    runs = [r for r in one["runs"] if r["traffic"] == "uniform"]
    chart = figures.by(runs, what, figures.machine_note(one["machine"]))
    return Chart(f"{chart.name}-{one['nf']}", f"{chart.title}, {one['nf']}", chart.x, chart.y, chart.series, chart.kind,
                 chart.log_x, chart.log_y, chart.note)  # fmt: skip


def generation(nfs: Sequence[Json], note: str) -> Chart:
    """Seconds from C to a built project, by NF and phase."""
    series = tuple(
        Series(phase, tuple((one["nf"], one["seconds"].get(phase, 0.0)) for one in nfs), colour=number)
        for number, phase in enumerate(_PHASES)
    )
    return Chart("generation", "Time to generate", "", "seconds", series, "bars", note=note)


def keys(nfs: Sequence[Json]) -> Chart:
    """The fullest core over its share, of packets whose hashed fields look like something; computed from the keys."""
    kinds = ("uniform", "sequential", "zipf")
    series = tuple(
        Series(kind, tuple((one["nf"], max(port[kind]["core"] for port in one["keys"].values()))
                           for one in nfs if one["keys"]), "computed", colour=number)
        for number, kind in enumerate(kinds)
    )  # fmt: skip
    return Chart("keys", "Key quality: the fullest core over its share", "", "times its share", series, "bars",
                 note="computed from the keys and tables; 1 is perfect")  # fmt: skip


def skew_measured(one: Json) -> Chart:
    """Two cores against one, when the busiest core is just busy."""
    runs = [r for r in one["runs"] if r["form"] not in ("floor", "reference")]
    series = []
    for number, form in enumerate(dict.fromkeys(r["form"] for r in runs)):
        points = [(f"{r['traffic']} x{r['cores']}", r["details"]["mpps_busiest"]) for r in runs if r["form"] == form]
        ranges = tuple((rate["min"], rate["max"]) for _, rate in points)
        series.append(Series(form, tuple((x, rate["median"]) for x, rate in points), ranges=ranges, colour=number))
    return Chart("skew-measured", f"Skew and the table, {one['nf']}", "", "Mpps of the busiest core's pace",
                 tuple(series), "bars", note=figures.machine_note(one["machine"]))  # fmt: skip


def skew_computed(one: Json) -> Chart:
    series = tuple(
        Series(name, tuple((cores, gain) for cores, gain in points), "computed", colour=number)
        for number, (name, points) in enumerate(one["speedup"].items())
    )
    note = "computed from the real keys and tables; costs taken as equal"
    title, y = f"What skew leaves of N cores, {one['nf']}", "packets over the busiest core's"
    return Chart("skew", title, "cores", y, series, log_x=True, log_y=True, note=note)
