"""Packets per second of programs on traffic, side by side.

CPU time is each thread's own, so other processes do not count. What they do to caches and clock rates does: programs
take turns, and medians are taken, of rates over all rounds and of ratios within each turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from maestro.bench.machine import IdleCheck
from maestro.diagnostics import InternalError
from maestro.verify.run import input_arguments, run_json

REFERENCE, FLOOR = "reference", "floor"


@dataclass(frozen=True)
class Program:
    """One nf-replay on a number of cores. ``form``: ``reference``, ``floor``, or how the cores share state."""

    nf: str
    form: str
    cores: int
    path: Path


@dataclass(frozen=True)
class Load:
    """Captures by port, and what they are. ``size``: bytes of a frame on the wire, mean. ``time``: of the NF's clock,
    as nf-replay's ``--bench-time``. ``opening``: share of the packets that open a flow, round after round."""

    traffic: str
    flows: int
    size: float
    captures: Mapping[int, Path]
    time: str = "tick"
    opening: float = 0.0
    churn: float = 0.0  # flows per minute asked for


@dataclass(frozen=True)
class Spread:
    """Of the turns' medians; ``median``: of all rounds."""

    median: float
    min: float
    max: float


@dataclass(frozen=True)
class Run:
    """What one program did on one load. Rates in millions of packets per second.

    ``cpu``: each core's packets by its thread's CPU time, added up. ``wall``: all packets, from the first core's
    start to the last one's end. ``busiest``: all packets, by the CPU time of the core that took longest, which is
    what cores of their own would reach. ``cycles``: of the time-stamp counter, per packet of CPU time. ``load``,
    ``drops``: packets a round, by core. ``latency``: (ns, packets) pairs, ascending. ``foreign``: cores that other
    work took meanwhile, the worst turn. Ratios are None where there is nothing to compare with."""

    program: Program
    traffic: Load
    cpu: Spread
    wall: Spread
    busiest: Spread
    cycles: float
    load: tuple[int, ...]
    drops: tuple[int, ...]
    vs_reference: float | None = None
    vs_floor: float | None = None
    scaling: float | None = None
    latency: tuple[tuple[float, int], ...] = ()
    counters: Mapping[str, float] = field(default_factory=dict)
    foreign: float = 0.0
    instructions: float | None = None  # per packet
    turns: tuple[float, ...] = ()  # each turn's median of ``cpu``


@dataclass
class _Samples:
    """One list a turn."""

    program: Program
    traffic: Load
    cpu: list[list[float]] = field(default_factory=list)
    wall: list[list[float]] = field(default_factory=list)
    busiest: list[list[float]] = field(default_factory=list)
    hertz: list[float] = field(default_factory=list)  # of the time-stamp counter
    results: list[dict[str, Any]] = field(default_factory=list)
    foreign: list[float] = field(default_factory=list)


Pair = tuple[Program, Load]
Tick = Callable[[int, int], None]


def measure(
    pairs: Sequence[Pair], *, rounds: int = 9, turns: int = 5, latency: bool = False, tick: Tick = lambda done, of: None
) -> list[Run]:
    """Measures programs on loads, all interleaved: each of ``turns`` turns starts every pair once, which after a
    warm-up goes ``rounds`` times over the packets. ``tick`` is told how many of how many starts are done.

    Raises as :func:`maestro.verify.run.replay` does.
    """
    samples = [_Samples(program, traffic) for program, traffic in pairs]
    for turn in range(turns):
        for number, sample in enumerate(samples):
            _take(sample, rounds, latency and turn == 0)
            tick(turn * len(samples) + number + 1, turns * len(samples))
    return [_run(sample, samples) for sample in samples]


def _take(sample: _Samples, rounds: int, latency: bool) -> None:
    program, traffic = sample.program, sample.traffic
    latency = latency and program.form != FLOOR
    arguments = ["--cores", str(program.cores), "--bench", str(rounds), "--bench-time", traffic.time]
    arguments += [*(["--latency"] if latency else []), *input_arguments(traffic.captures)]
    check, start = IdleCheck(), monotonic()
    result: dict[str, Any] = run_json(program.path, arguments)
    sample.foreign.append(check.foreign(monotonic() - start))
    packets = sum(result["packets_per_core"])
    if not packets:
        raise InternalError("a benchmark without packets")
    all_rounds = result["rounds"]
    sample.results.append(result)
    sample.cpu.append([one["mpps"] for one in all_rounds])
    sample.wall.append([1e3 * packets / max(1, one["wall_ns"]) for one in all_rounds])
    sample.busiest.append([1e3 * packets / max(1, *one["cpu_ns"]) for one in all_rounds])
    ticks, ns = (sum(sum(one[key]) for one in all_rounds) for key in ("ticks", "lap_ns"))
    sample.hertz.append(1e9 * ticks / max(1, ns))


def _run(sample: _Samples, samples: Sequence[_Samples]) -> Run:
    program, last = sample.program, sample.results[-1]
    packets, hertz = sum(last["packets_per_core"]), median(sample.hertz)
    cpu_ns = median(sum(one["cpu_ns"]) for result in sample.results for one in result["rounds"])
    ticks = sample.results[0].get("latency_ticks", [])
    return Run(
        program,
        sample.traffic,
        _spread(sample.cpu),
        _spread(sample.wall),
        _spread(sample.busiest),
        cpu_ns * hertz / 1e9 / packets,
        tuple(last["packets_per_core"]),
        tuple(last["dropped_per_core"]),
        _ratio(sample, samples, lambda p: (p.nf, p.form) == (program.nf, REFERENCE)),
        _ratio(sample, samples, lambda p: p.form == FLOOR),
        _ratio(sample, samples, lambda p: (p.nf, p.form, p.cores) == (program.nf, program.form, 1)),
        tuple((1e9 * value / hertz, count) for value, count in ticks),
        _counters(last),
        max(sample.foreign),
        turns=tuple(median(turn) for turn in sample.cpu),
    )


def _spread(turns: list[list[float]]) -> Spread:
    medians = [median(turn) for turn in turns]
    return Spread(median(rate for turn in turns for rate in turn), min(medians), max(medians))


def _ratio(sample: _Samples, samples: Sequence[_Samples], is_base: Callable[[Program], bool]) -> float | None:
    """To the first such program on the same load: the median of the turns' ratios."""
    base = next((s for s in samples if s.traffic == sample.traffic and is_base(s.program)), None)
    if base is None:
        return None
    return median(median(mine) / median(other) for mine, other in zip(sample.cpu, base.cpu, strict=True))


def _counters(result: dict[str, Any]) -> dict[str, float]:
    """Lock waits, HTM aborts and the like, where the program counts them: an object of numbers."""
    counters = result.get("counters", {})
    return {name: value for name, value in counters.items() if isinstance(value, int | float)}
