"""Predictions as JSON. What was measured and what is predicted have keys of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from maestro.bench.predict import Prediction
from maestro.bench.results import run_json


def document(machine: dict[str, Any], found: Sequence[Prediction]) -> dict[str, Any]:
    return {"machine": machine, "predictions": [_json(prediction) for prediction in found]}


def _json(found: Prediction) -> dict[str, Any]:
    load, check, paths, locks = found.load, found.check, found.paths, found.locks
    return {
        "nf": found.nf,
        "form": found.form,
        "traffic": load.traffic,
        "flows": load.flows,
        "size": round(load.size, 1),
        "measured": [run_json(run) for run in found.measured],
        "predicted": [
            {"cores": p.cores, "mpps_memory": round(p.memory, 3), "mpps": round(p.bound.mpps, 3),
             "limit": p.bound.limit, "busiest_share": round(p.share, 5)}
            for p in found.points if p.cores > 1
        ],
        "validation": {"cores": 2, "predicted": round(check.predicted, 3), "measured": round(check.measured, 3),
                       "error": round(check.error, 4), "fitted": check.fitted, "holds": check.holds},
        "paths_ns": {"out": round(paths.out, 3), "back": _round(paths.back), "opening": _round(paths.opening),
                     "error": round(paths.error, 4)},
        "caches": {"base_ns": round(found.caches.base, 3), "bytes": list(found.caches.levels),
                   "penalties_ns": [round(ns, 3) for ns in found.caches.penalties],
                   "error": round(found.caches.error, 4)},
        "locks": None if locks is None else {"serial_ns": round(locks.serial, 4), "each_ns": round(locks.each, 4),
                                             "error": round(locks.error, 4)},
    }  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
