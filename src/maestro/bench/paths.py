"""What packets cost by the path they take: measured on one core with traffic of few kinds, told apart by
subtraction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maestro.bench import loads
from maestro.bench.build import Built
from maestro.bench.loads import Wanted
from maestro.bench.measure import Load, Run
from maestro.traffic.rewrite import KEEP
from maestro.traffic.scan import frames
from maestro.traffic.shapes import PACE

_OPENING = 0.01
"""Share of the packets that open a flow, where that is measured."""

_FEW = 10_000  # flows, of which each needs many packets


@dataclass(frozen=True)
class Paths:
    """ns a packet. ``out``: of an established flow, on port 0. ``back``: its answer, on port 1; ``opening``: of the
    first one; None where there is no such packet. ``predicted``: of the given traffic, from these and its shares;
    ``measured``: on one core."""

    out: float
    back: float | None
    opening: float | None
    predicted: float
    measured: float

    @property
    def error(self) -> float:
        return self.predicted / self.measured - 1


def path_loads(wanted: Wanted, folder: Path, built: Built) -> dict[str, Load]:
    """Uniform traffic of as many flows: one way, both ways, and with flows that open."""
    flows = wanted.flows if wanted.flows is not None and not Path(wanted.name).is_file() else 10_000
    plain = replace(wanted, name="uniform", flows=flows, churn=0.0, replies=False, packets=None, rewrite=KEEP)
    kinds = {"out": plain}
    if built.ports > 1:
        kinds["both"] = replace(plain, replies=True)
    if built.expiry is not None:
        few = replace(plain, flows=min(flows, _FEW))  # the difference of two costs: their number hardly matters
        kinds["opening"] = replace(few, churn=_OPENING * PACE * 60)
        kinds["paced"] = replace(few, churn=1e-9)
    return {name: loads.make(kind, folder, expiry=built.expiry, ports=built.ports)
            for name, kind in kinds.items()}  # fmt: skip


def paths_of(runs: Mapping[str, Run], load: Load, packets: int, ports: Mapping[int, object], whole: Run) -> Paths:
    costs = {name: 1e3 / run.cpu.median for name, run in runs.items()}
    out = costs["out"]
    back = max(0.0, 2 * costs["both"] - out) if "both" in costs else None
    opening = None
    if "opening" in costs:
        share = runs["opening"].traffic.opening
        opening = max(0.0, (costs["opening"] - costs["paced"]) / share + costs["paced"])
    answers = sum(1 for _ in frames(load.captures[1])) / packets if 1 in load.captures else 0.0
    made = out * (1 - answers) + (back or out) * answers
    if opening is not None:
        made = made * (1 - load.opening) + opening * load.opening
    return Paths(out, back, opening, made, 1e3 / whole.cpu.median)
