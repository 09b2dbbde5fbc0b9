"""Skewed traffic, with the table that was planned and with one made for the traffic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from maestro import pipeline
from maestro.bench import loads, results
from maestro.bench.build import build, expiry
from maestro.bench.floor import build_floor
from maestro.bench.loads import Wanted
from maestro.bench.machine import load as busy
from maestro.bench.machine import machine
from maestro.bench.measure import FLOOR, Pair, Program, measure
from maestro.bench.split import Hashed, Splitter, Tables, balanced, loads_of
from maestro.pipeline import Job, Phases, Result

BALANCED = "balanced"


def measured(
    job: Job, flows: int, upto: int, times: tuple[int, int], folder: Path, phases: Phases, say: Callable[[str], None]
) -> dict[str, Any]:
    """On two cores: uniform and Zipf, the latter with both tables. Computed for more: how much a perfect machine gains.

    ``times``: rounds, turns.
    """
    built = build(job, ("auto",), (1, 2), folder / "nf", phases)
    (form,) = built.results
    result = built.results[form]
    made = {kind: loads.make(Wanted(kind, flows), folder / "traffic", expiry=expiry(result.model), ports=built.ports)
            for kind in ("uniform", "zipf")}  # fmt: skip
    splitter = Splitter(result.plan)
    hashed = {kind: splitter.count(load) for kind, load in made.items()}
    program = with_tables(result, balanced(hashed["zipf"], 2), folder / BALANCED, phases)
    floor = folder / FLOOR
    build_floor(floor)
    name = f"{form}, {BALANCED}"
    pairs: list[Pair] = [(Program(FLOOR, FLOOR, 1, floor), load) for load in made.values()]
    pairs += [(one, load) for load in made.values() for one in built.programs]
    pairs += [(Program(built.nf, name, n, program), made["zipf"]) for n in (1, 2)]
    rounds, turns = times
    runs = phases.run("measure", lambda: measure(pairs, rounds=rounds, turns=turns), lambda r: f"{len(r)} runs")
    found = results.document({**machine(), "load": busy()}, runs)
    return {**found, "speedup": speedups(splitter, hashed, upto)}


def with_tables(result: Result, tables: Tables, folder: Path, phases: Phases) -> Path:
    """The same NF with other indirection tables, built."""
    ports = tuple(replace(port, reta=tuple(tables[port.port])) for port in result.plan.ports)
    made = pipeline.generate(
        replace(result, plan=replace(result.plan, ports=ports)), folder, phases, build=True, extra=lambda _: "{}"
    )
    assert made.program is not None
    return made.program


def speedups(splitter: Splitter, hashed: dict[str, Hashed], upto: int) -> dict[str, list[list[float]]]:
    """(cores, packets in all over those of the busiest core) of each traffic, and of Zipf balanced."""
    counts = [1 << n for n in range(upto.bit_length()) if 1 << n <= min(p.reta_size for p in splitter.ports.values())]
    out = {kind: [_gain(h, splitter.tables(n), n) for n in counts] for kind, h in hashed.items()}
    out[f"zipf, {BALANCED}"] = [_gain(hashed["zipf"], balanced(hashed["zipf"], n), n) for n in counts]
    return out


def _gain(hashed: Hashed, tables: Tables, cores: int) -> list[float]:
    loads: Sequence[int] = loads_of(hashed, tables, cores)
    return [cores, round(sum(loads) / max(1, *loads), 4)]
