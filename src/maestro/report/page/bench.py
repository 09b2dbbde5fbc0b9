"""Measurements for the page: what ``maestro bench --json`` printed, read with care."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maestro.diagnostics import UserError

_HINT = "give the file that `maestro bench NF --json > FILE` wrote"


@dataclass(frozen=True)
class Speed:
    """Millions of packets a second of CPU time; lowest and highest of the turns."""

    label: str
    cores: int
    traffic: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Bench:
    """``machine``: where it was measured, in words."""

    machine: str
    speeds: tuple[Speed, ...]


def read(path: Path) -> Bench:
    """Raises UserError (``bench-file``): not such a file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}", hint=_HINT, code="bench-file") from error
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}", hint=_HINT, code="bench-file") from error
    try:
        runs = document["runs"] if "runs" in document else document["bench"]
        speeds = tuple(_run(r) if "mpps_cpu" in r else _row(r) for r in runs)
        return Bench(_machine(document.get("machine", "")), speeds)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: not the JSON of maestro bench: {error!r}", hint=_HINT, code="bench-file") from error


def _run(r: Any) -> Speed:
    speed, traffic = r["mpps_cpu"], f"{r['traffic']}, {int(r['flows'])} flows, {int(r['size'])} bytes"
    label = f"{r['nf']}: {r['form']}"
    return Speed(label, int(r["cores"]), traffic, float(speed["median"]), float(speed["min"]), float(speed["max"]))


def _row(r: Any) -> Speed:
    """The short form: programs of one NF."""
    return Speed(str(r["program"]), int(r["cores"]), "", float(r["mpps"]), float(r["low"]), float(r["high"]))


def _machine(value: Any) -> str:
    """``AMD EPYC, 2 cores, 2596 MHz, virtual``: what a reader compares machines by."""
    if not isinstance(value, dict):
        return str(value)
    said = [str(value[name]) for name in ("cpu",) if value.get(name)]
    said += [f"{value[name]} {unit}" for name, unit in (("cores", "cores"), ("mhz", "MHz")) if value.get(name)]
    return ", ".join([*said, *(["virtual"] if value.get("virtual") else [])])


def as_json(bench: Bench) -> list[dict[str, Any]]:
    return [
        {"label": s.label, "cores": s.cores, "traffic": s.traffic, "median": s.median, "low": s.low, "high": s.high}
        for s in bench.speeds
    ]
