"""Results → charts, and results and charts in a folder. Works on the JSON, so that old results can be drawn again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from maestro.bench.charts import Chart, Series, available, draw_all
from maestro.diagnostics import UserError

Run = dict[str, Any]
_FORMS = ("reference", "shared-nothing", "hybrid", "locks", "htm")


def write(found: dict[str, Any], folder: Path, name: str, say: Callable[[str], None]) -> None:
    """Writes ``NAME.json`` and the charts that it has something for. Raises UserError (``output-unwritable``)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        if not available():
            say("no figures without matplotlib: pip install 'maestro-nf[plot]'")
            return
        for path in draw_all(charts(found), folder):
            say(str(path))
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}", code="output-unwritable") from error


def charts(found: dict[str, Any]) -> list[Chart]:
    """Whatever the result has more than one value of."""
    note = machine_note(found["machine"])
    if "predictions" in found:
        return [predicted(one, note) for one in found["predictions"]]
    runs = found["runs"]
    made = [by(runs, what, note) for what in ("flows", "size", "churn") if len({_value(r, what) for r in runs}) > 1]
    if len({r["cores"] for r in runs}) > 1:
        made += [by_cores(runs, traffic, note) for traffic in dict.fromkeys(r["traffic"] for r in runs)]
    if any(r["details"]["latency_histogram"] for r in runs):
        made.append(latency(runs, note))
    return made


def machine_note(machine: dict[str, Any]) -> str:
    return f"measured: {machine.get('cpu')}, {machine.get('cores')} cores, packets in memory, by the threads' CPU time"


def _value(run: Run, what: str) -> float:
    return float(((run["details"]["churn"] or {}).get("asked", 0)) if what == "churn" else run[what])


_AXES = {"flows": "flows", "size": "bytes of a packet on the wire", "churn": "flows replaced per minute"}


def by(runs: Sequence[Run], what: str, note: str) -> Chart:
    """A line for each program over ``what``: ``flows``, ``size`` or ``churn``."""
    series = [
        _line(_name(group[0]), [(_value(r, what), r) for r in group], _colour(group[0], number))
        for number, group in enumerate(_groups(runs, lambda r: (r["nf"], r["form"], r["cores"])))
        if len({_value(r, what) for r in group}) > 1
    ]
    log = what in ("flows", "churn") and all(x > 0 for s in series for x, _ in s.points if not isinstance(x, str))
    return Chart(f"by-{what}", f"Throughput by {_AXES[what]}", _AXES[what], "Mpps", tuple(series), log_x=log, note=note)


def by_cores(runs: Sequence[Run], traffic: str, note: str) -> Chart:
    """Bars: NFs side by side, a bar for each form and number of cores."""
    mine = [r for r in runs if r["traffic"] == traffic and r["form"] != "floor"]
    series = []
    groups = _groups(mine, lambda r: (r["form"], r["cores"]))
    for number, group in enumerate(sorted(groups, key=lambda g: (_rank(g[0]["form"]), g[0]["cores"]))):
        first: dict[str, Run] = {}
        for run in group:
            first.setdefault(run["nf"], run)
        label = f"{group[0]['form']} x{group[0]['cores']}"
        series.append(_line(label, list(first.items()), number))
    name = "by-cores-" + "".join(c if c.isalnum() else "-" for c in traffic)
    rates = [rate for one in series for _, rate in one.points]
    wide = max(rates, default=1.0) > 20 * min(rates, default=1.0)
    return Chart(name, f"Throughput by cores, {traffic}", "", "Mpps", tuple(series), "bars", log_y=wide, note=note)


def _rank(form: str) -> int:
    return _FORMS.index(form) if form in _FORMS else len(_FORMS)


def latency(runs: Sequence[Run], note: str) -> Chart:
    """Cumulative shares of packets over ns, up to 99.99 %; one core, the first traffic of each program."""
    series: list[Series] = []
    for group in _groups(runs, lambda r: (r["nf"], r["form"], r["cores"])):
        histogram = group[0]["details"]["latency_histogram"]
        if histogram and group[0]["cores"] == 1:
            total = sum(count for _, count in histogram)
            shares = accumulate(count / total for _, count in histogram)
            pairs = ((ns, share) for (ns, _), share in zip(histogram, shares, strict=True) if ns > 0)
            points = tuple((ns, share) for ns, share in pairs if share <= 0.9999)
            series.append(Series(_name(group[0]), points, colour=len(series)))
    return Chart("latency", "Time that a packet takes", "ns", "share of the packets", tuple(series), "steps",
                 log_x=True, note=note)  # fmt: skip


def predicted(one: dict[str, Any], note: str) -> Chart:
    """Measured and predicted rates over cores, the latter bounded by the line and the bus."""
    measured = _line(one["form"], [(r["cores"], r) for r in one["measured"]], 0)
    rates = tuple((p["cores"], p["mpps"]) for p in one["predicted"])
    free = tuple((p["cores"], p["mpps_memory"]) for p in one["predicted"])
    name = "".join(c if c.isalnum() else "-" for c in f"predicted-{one['nf']}-{one['form']}-{one['traffic']}")
    return Chart(
        name, f"{one['nf']}, {one['form']}, {one['traffic']}", "cores", "Mpps",
        (measured, Series("on a NIC", rates, "predicted", colour=1), Series("in memory", free, "predicted", colour=2)),
        log_x=True, log_y=True, note=f"{note}; predicted for 2 cores: {100 * one['validation']['error']:+.1f} % off",
    )  # fmt: skip


def _line(label: str, points: Sequence[tuple[Any, Run]], colour: int) -> Series:
    ordered = sorted(points, key=lambda p: (0.0, p[0]) if isinstance(p[0], str) else (p[0], ""))
    rates = [run["mpps_cpu"] for _, run in ordered]
    return Series(
        label, tuple((x, run["mpps_cpu"]["median"]) for x, run in ordered),
        ranges=tuple((rate["min"], rate["max"]) for rate in rates), colour=colour,
    )  # fmt: skip


def _groups(runs: Iterable[Run], key: Callable[[Run], Any]) -> list[list[Run]]:
    groups: dict[Any, list[Run]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return list(groups.values())


def _name(run: Run) -> str:
    return "floor" if run["form"] == "floor" else f"{run['nf']} {run['form']} x{run['cores']}"


def _colour(run: Run, number: int) -> int:
    return 5 if run["form"] == "floor" else number
