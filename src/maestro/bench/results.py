"""Results as JSON, and two of them compared. The form is a contract: docs/reference/bench.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from maestro.bench.measure import Run, Spread
from maestro.diagnostics import UserError

PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


def document(machine: dict[str, Any], runs: Iterable[Run]) -> dict[str, Any]:
    return {"machine": machine, "runs": [run_json(run) for run in runs]}


def run_json(run: Run) -> dict[str, Any]:
    """Rates in millions of packets per second; times in ns."""
    program, traffic = run.program, run.traffic
    return {
        "nf": program.nf,
        "form": program.form,
        "cores": program.cores,
        "traffic": traffic.traffic,
        "flows": traffic.flows,
        "size": round(traffic.size, 1),
        "mpps_cpu": _spread(run.cpu),
        "mpps_wall": _spread(run.wall),
        "cycles_per_packet": round(run.cycles, 2),
        "vs_reference": _round(run.vs_reference),
        "vs_floor": _round(run.vs_floor),
        "scaling": _round(run.scaling),
        "details": {
            "mpps_busiest": _spread(run.busiest),
            "packets_per_core": list(run.load),
            "drops_per_core": list(run.drops),
            "latency_ns": {f"p{p:g}": round(percentile(run.latency, p), 1) for p in PERCENTILES}
            if run.latency
            else None,
            "latency_histogram": [[round(ns, 1), count] for ns, count in run.latency],
            "instructions_per_packet": _round(run.instructions),
            "counters": dict(run.counters),
            "churn": _churn(run),
            "other_work_cores": round(run.foreign, 2),
        },
    }


def _churn(run: Run) -> dict[str, float] | None:
    """``flows_per_minute``: at the median rate, given that so many packets open a flow."""
    traffic = run.traffic
    if not traffic.opening:
        return None
    at_rate = traffic.opening * run.cpu.median * 60e6
    return {"asked": traffic.churn, "opening": round(traffic.opening, 6), "flows_per_minute": round(at_rate)}


def _spread(spread: Spread) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(spread).items()}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def percentile(histogram: Sequence[tuple[float, int]], percent: float) -> float:
    """The least value that ``percent`` of the counted ones do not exceed."""
    wanted, seen = percent / 100 * sum(count for _, count in histogram), 0
    for value, count in histogram:
        seen += count
        if seen >= wanted:
            return value
    return histogram[-1][0]


# ---- Two results ----


@dataclass(frozen=True)
class Change:
    """``ratio``: of the medians, B to A. ``beyond``: the ranges of the turns' medians do not touch."""

    what: str
    before: float
    after: float
    beyond: bool

    @property
    def ratio(self) -> float:
        return self.after / self.before if self.before else float("inf")


@dataclass(frozen=True)
class Changes:
    """``only``: runs that one of the two lacks. ``machines``: facts of the machines that differ."""

    runs: tuple[Change, ...]
    only: tuple[str, ...]
    machines: tuple[str, ...]


def read(path: Path) -> dict[str, Any]:
    """What ``--json`` printed, or a folder that ``--out`` named. Raises UserError (``bench-results``)."""
    source = path / "bench.json" if path.is_dir() else path
    try:
        found = json.loads(source.read_text())
        if not (isinstance(found["machine"], dict) and isinstance(found["runs"], list)):
            raise ValueError("no runs")
        for run in found["runs"]:
            _name(run), _range(run)
    except OSError as error:
        raise UserError(f"{source}: {error.strerror}", code="bench-results") from error
    except (ValueError, KeyError, TypeError) as error:
        hint = "maestro bench NF --json > FILE, or --out DIR"
        raise UserError(
            f"{source}: not the result of maestro bench ({error})", hint=hint, code="bench-results"
        ) from error
    return dict(found)


def compare(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    """Runs of the same name side by side."""
    old, new = ({_name(run): run for run in found["runs"]} for found in (before, after))
    changes = []
    for name in (n for n in old if n in new):
        (middle, low, high), (now, least, most) = _range(old[name]), _range(new[name])
        changes.append(Change(name, middle, now, least > high or most < low))
    facts = [f"{key}: {before['machine'].get(key)} and {after['machine'].get(key)}" for key in before["machine"]
             if key != "load" and before["machine"].get(key) != after["machine"].get(key)]  # fmt: skip
    only = [
        *(f"{n}: in the first only" for n in old if n not in new),
        *(f"{n}: in the second only" for n in new if n not in old),
    ]
    return Changes(tuple(changes), tuple(only), tuple(facts))


def compare_json(changes: Changes) -> dict[str, Any]:
    runs = [
        {"run": c.what, "before": c.before, "after": c.after, "ratio": round(c.ratio, 4), "beyond_spread": c.beyond}
        for c in changes.runs
    ]
    return {"runs": runs, "only_in_one": list(changes.only), "machines_differ": list(changes.machines)}


def _name(run: dict[str, Any]) -> str:
    churn = (run.get("details") or {}).get("churn")
    tail = f" churn {churn['asked']:g}" if churn else ""
    return f"{run['nf']} {run['form']} {run['cores']} {run['traffic']} {run['flows']} {run['size']:g} B{tail}"


def _range(run: dict[str, Any]) -> tuple[float, float, float]:
    rate = run["mpps_cpu"]
    return float(rate["median"]), float(rate["min"]), float(rate["max"])
