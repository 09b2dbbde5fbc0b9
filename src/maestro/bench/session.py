"""One call of ``maestro bench``: NFs × forms × cores × traffic, built, then all measured in turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

from maestro import pipeline
from maestro.bench import instructions, loads
from maestro.bench.build import Built, build
from maestro.bench.floor import build_floor
from maestro.bench.loads import Wanted
from maestro.bench.machine import BUSY, load, machine
from maestro.bench.measure import FLOOR, REFERENCE, Load, Pair, Program, Run, measure
from maestro.pipeline import Job, Phases, Result

Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What to measure. ``wanted``: every traffic, each for every program."""

    jobs: Sequence[Job]
    strategies: Sequence[str]
    cores: Sequence[int]
    wanted: Sequence[Wanted]
    rounds: int = 9
    turns: int = 5
    latency: bool = False
    instructions: bool = False


@dataclass(frozen=True)
class Outcome:
    machine: dict[str, Any]
    runs: tuple[Run, ...]
    built: tuple[Built, ...] = field(default=())


def session(order: Order, folder: Path, phases: Phases, say: Say) -> Outcome:
    """Build and measure in ``folder``; ``say`` gets warnings. Raises the diagnostics of every step."""
    built = [build(job, order.strategies, order.cores, folder / f"nf{i}", phases) for i, job in enumerate(order.jobs)]
    for one in built:
        for strategy, why in one.refused.items():
            say(f"{one.nf} has no form {strategy}: {why}")
    floor = folder / FLOOR
    phases.run("floor", lambda: build_floor(floor), lambda _: "parse, hash, one prefetched probe in plain C")
    pairs = phases.run("traffic", lambda: pairs_of(built, floor, order.wanted, folder, say), _described)
    facts = {**machine(), "load": load()}
    if facts["load"] > BUSY:
        say(f"the machine is not idle: load {facts['load']:.2f}; CPU time does not count others, but caches do")
    runs = phases.run("measure", lambda: _measured(order, pairs, say), lambda found: f"{len(found)} runs")
    return Outcome(facts, tuple(runs), tuple(built))


def quick(result: Result, folder: Path, flows: int, phases: Phases) -> list[Run]:
    """A short measurement of a built NF: the floor, the original, the NF on one core and on its cores."""
    original, floor, program = pipeline.reference(result, folder, phases), folder / FLOOR, result.program
    assert program is not None
    phases.run("floor", lambda: build_floor(floor), lambda _: "parse, hash, one prefetched probe in plain C")
    nf, form = result.plan.nf, result.plan.strategy
    programs = [Program(FLOOR, FLOOR, 1, floor), Program(nf, REFERENCE, 1, original)]
    programs += [Program(nf, form, cores, program) for cores in sorted({1, result.job.cores})]
    traffic = loads.make(Wanted(flows=flows), folder / "traffic", ports=result.model.ports)
    return phases.run(
        "measure",
        lambda: measure([(one, traffic) for one in programs], rounds=3, turns=3),
        lambda _: f"{flows} flows, 64-byte packets",
    )


def pairs_of(built: Sequence[Built], floor: Path, wanted: Sequence[Wanted], folder: Path, say: Say) -> list[Pair]:
    """Programs with their loads; the floor once for each load."""
    pairs: list[Pair] = []
    floors: list[Load] = []
    for one in wanted:
        for nf in built:
            traffic = loads.make(one, folder / "traffic", expiry=nf.expiry, ports=nf.ports)
            warning = loads.capacity_warning(traffic.flows, nf.tables)
            if warning:
                say(f"{nf.nf}: {warning}")
            if one.churn and nf.expiry is None:
                say(f"{nf.nf} forgets nothing, so flows are not churned")
            pairs += [pair for program in nf.programs if (pair := (program, traffic)) not in pairs]
            if traffic not in floors:
                floors.append(traffic)
    return [*((Program(FLOOR, FLOOR, 1, floor), traffic) for traffic in floors), *pairs]


def _described(pairs: Sequence[Pair]) -> str:
    loads = {id(traffic): traffic for _, traffic in pairs}.values()
    return ", ".join(dict.fromkeys(f"{one.traffic} {one.flows}" for one in loads))


def _measured(order: Order, pairs: Sequence[Pair], say: Say) -> list[Run]:
    begun = last = monotonic()

    def tick(done: int, of: int) -> None:
        nonlocal last
        now = monotonic()
        if now - last > 10:
            say(f"{done} of {of} starts, {(now - begun) / done * (of - done):.0f} s left")
            last = now

    runs = measure(pairs, rounds=order.rounds, turns=order.turns, latency=order.latency, tick=tick)
    busy = max(run.foreign for run in runs)
    if busy > BUSY:
        say(f"other work took up to {busy:.1f} cores during a measurement")
    if order.instructions:
        return [replace(run, instructions=instructions.per_packet(run.program, run.traffic)) for run in runs]
    return runs
