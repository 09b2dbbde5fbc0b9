"""Packets per second of several builds of NFs, side by side.

Time is each thread's CPU time, so other processes do not count. What they do to caches and clock rates does: programs
take turns, and medians are taken, of rates over all rounds and of ratios within each turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from maestro.diagnostics import InternalError
from maestro.verify.run import input_arguments, run_json


@dataclass(frozen=True)
class Row:
    """``mpps``: millions of packets per second, the sum over cores of packets by CPU time, median of all rounds;
    ``low``, ``high``: the slowest and the fastest turn's median. ``ratio``: to the first program, median over turns.
    ``load``: packets per core and round."""

    label: str
    cores: int
    mpps: float
    low: float
    high: float
    ratio: float
    load: tuple[int, ...]


@dataclass
class _Samples:
    load: tuple[int, ...] = ()
    turns: list[list[float]] = field(default_factory=list)  # mpps of each round

    def medians(self) -> list[float]:
        return [median(turn) for turn in self.turns]


def bench(
    programs: Mapping[str, tuple[Path, int]],
    traffic: Mapping[int, Path],
    rounds: int = 5,
    turns: int = 5,
) -> list[Row]:
    """Measures ``programs`` (label → nf-replay and number of cores) on captures by port.

    Each of ``turns`` turns starts every program once, which after a warm-up goes ``rounds`` times over the packets.
    Raises as :func:`maestro.verify.run.replay` does.
    """
    samples = {label: _Samples() for label in programs}
    for _ in range(turns):
        for label, (program, cores) in programs.items():
            _take(samples[label], program, cores, traffic, rounds)
    first = next(iter(samples.values())).medians() if samples else []
    return [_row(label, programs[label][1], taken, first) for label, taken in samples.items()]


def _take(samples: _Samples, program: Path, cores: int, traffic: Mapping[int, Path], rounds: int) -> None:
    arguments = ["--cores", str(cores), "--bench", str(rounds), *input_arguments(traffic)]
    result: dict[str, Any] = run_json(program, arguments)
    samples.load = tuple(result["packets_per_core"])
    if not any(samples.load):
        raise InternalError("a benchmark without packets")
    samples.turns.append([one["mpps"] for one in result["rounds"]])


def _row(label: str, cores: int, taken: _Samples, first: list[float]) -> Row:
    medians = taken.medians()
    ratio = median(mine / base for mine, base in zip(medians, first, strict=True))
    mpps = median(rate for turn in taken.turns for rate in turn)
    return Row(label, cores, mpps, min(medians), max(medians), ratio, taken.load)
