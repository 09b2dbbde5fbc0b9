"""Charts with one look, PNG and SVG. What was measured is drawn solid with filled marks; what is predicted or
computed is dashed and hollow, and says so in the legend: a series is one or the other, never both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from maestro.diagnostics import UserError

Origin = Literal["measured", "predicted", "computed"]

_COLOURS = ("#2a78d6", "#e4572e", "#1baf7a", "#8a5cd1", "#d99a00", "#5a6675", "#d1447f", "#35a7c4", "#7a4b20",
            "#9ac33c")  # fmt: skip
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "maestro", "font.family": "sans-serif", "font.size": 9,
    "axes.grid": True, "grid.color": "#e3e6ea", "axes.axisbelow": True, "axes.spines.top": False,
    "axes.spines.right": False, "axes.titlelocation": "left", "axes.titleweight": "bold", "legend.frameon": False,
}  # fmt: skip


@dataclass(frozen=True)
class Series:
    """``points``: x and y; x is a category's name in bars. ``ranges``: lowest and highest y, or none. ``colour``:
    number of the colour, so that a form keeps it from chart to chart."""

    label: str
    points: tuple[tuple[float | str, float], ...]
    origin: Origin = "measured"
    ranges: tuple[tuple[float, float], ...] = ()
    colour: int = 0


@dataclass(frozen=True)
class Chart:
    """``name``: of the files. ``kind``: ``lines``, ``bars`` (side by side by category) or ``steps``. ``note``:
    below."""

    name: str
    title: str
    x: str
    y: str
    series: tuple[Series, ...]
    kind: str = "lines"
    log_x: bool = False
    log_y: bool = False
    note: str = ""


def available() -> bool:
    try:
        import_module("matplotlib")
    except ImportError:
        return False
    return True


def draw(chart: Chart, folder: Path) -> list[Path]:
    """Writes NAME.svg and NAME.png. Raises UserError (``figures``) without matplotlib."""
    if not available():
        raise UserError("figures need matplotlib", hint="pip install 'maestro-nf[plot]'", code="figures")
    matplotlib = import_module("matplotlib")
    matplotlib.use("Agg")
    plot: Any = import_module("matplotlib.pyplot")
    paths = [folder / f"{chart.name}.{kind}" for kind in ("svg", "png")]
    with plot.rc_context(_STYLE):
        figure, axes = plot.subplots(figsize=(_width(chart), 4.2), layout="constrained")
        (_bars if chart.kind == "bars" else _lines)(chart, axes)
        axes.set(title=chart.title, xlabel=chart.x, ylabel=chart.y)
        if chart.log_y:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
        else:
            axes.set_ylim(bottom=0)
        if chart.series:
            beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if len(chart.series) > 5 else {}
            axes.legend(fontsize=8, **beside)
        if chart.note:
            figure.text(0.01, -0.04, chart.note, fontsize=7, color="#5a6675")
        for path in paths:
            extra = {"metadata": {"Date": None}} if path.suffix == ".svg" else {"dpi": 160}
            figure.savefig(path, bbox_inches="tight", **extra)
        plot.close(figure)
    return paths


def _width(chart: Chart) -> float:
    """Inches: bars need room."""
    bars = sum(len(series.points) for series in chart.series) if chart.kind == "bars" else 0
    return max(7.2, 2 + 0.09 * bars)


def _label(series: Series) -> str:
    return f"{series.label} ({series.origin})"


def _lines(chart: Chart, axes: Any) -> None:
    for series in chart.series:
        xs, ys = [x for x, _ in series.points], [y for _, y in series.points]
        colour, is_measured = _COLOURS[series.colour % len(_COLOURS)], series.origin == "measured"
        mark = "" if chart.kind == "steps" else _MARKS[series.colour % len(_MARKS)]
        axes.plot(
            xs, ys, label=_label(series), color=colour, linestyle="-" if is_measured else "--", marker=mark,
            markerfacecolor=colour if is_measured else "white", markersize=5, linewidth=1.6,
            drawstyle="steps-post" if chart.kind == "steps" else "default",
        )  # fmt: skip
        if series.ranges:
            low, high = [low for low, _ in series.ranges], [high for _, high in series.ranges]
            axes.fill_between(xs, low, high, color=colour, alpha=0.12, linewidth=0)
    ticks = sorted({x for series in chart.series for x, _ in series.points if not isinstance(x, str)})
    if chart.log_x:
        axes.set_xscale("log")
    if ticks and len(ticks) <= 12 and chart.kind == "lines":
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()


def _bars(chart: Chart, axes: Any) -> None:
    names = list(dict.fromkeys(str(x) for series in chart.series for x, _ in series.points))
    width = 0.8 / max(1, len(chart.series))
    for place, series in enumerate(chart.series):
        at = [names.index(str(x)) + (place - (len(chart.series) - 1) / 2) * width for x, _ in series.points]
        ys = [y for _, y in series.points]
        colour, is_measured = _COLOURS[series.colour % len(_COLOURS)], series.origin == "measured"
        axes.bar(
            at, ys, width * 0.92, label=_label(series), color=colour if is_measured else "white", edgecolor=colour,
            hatch=None if is_measured else "////", linewidth=1,
        )  # fmt: skip
        if series.ranges:
            errors = [[max(0.0, y - low) for y, (low, _) in zip(ys, series.ranges, strict=True)],
                      [max(0.0, high - y) for y, (_, high) in zip(ys, series.ranges, strict=True)]]  # fmt: skip
            axes.errorbar(at, ys, yerr=errors, fmt="none", ecolor="#333333", elinewidth=0.8, capsize=2)
    axes.set_xticks(range(len(names)), names, rotation=35 if len(names) > 5 else 0,
                    ha="right" if len(names) > 5 else "center", fontsize=8)  # fmt: skip


def draw_all(charts: Sequence[Chart], folder: Path) -> list[Path]:
    """Those that have something to show."""
    return [path for chart in charts if any(s.points for s in chart.series) for path in draw(chart, folder)]
