"""Rates on more cores than there are: costs measured on one core, with the packets that each of N cores would get by
the generated keys and tables; locks fitted on two cores; the last-level cache, the line and the bus on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from maestro.bench import loads
from maestro.bench.build import Built, build
from maestro.bench.loads import Wanted
from maestro.bench.machine import caches
from maestro.bench.measure import Load, Pair, Program, Run, measure
from maestro.bench.model import (
    Bound,
    CacheFit,
    LockFit,
    busiest_rate,
    fit_locks,
    fit_shared,
    least,
    line_rate,
    pcie_rate,
    summed_rate,
)
from maestro.bench.paths import Paths, path_loads, paths_of
from maestro.bench.split import Hashed, Splitter, Tables, loads_of
from maestro.pipeline import Job, Phases

_SLOT, _STATE = 96, 128
"""Bytes touched: per packet its slot and description, per flow two cache lines of state."""

TOLERANCE = 0.10
"""How far a prediction for two cores may be from what was measured."""

_SHARED = "shared-nothing"


@dataclass(frozen=True)
class Want:
    """``upto``: cores. ``gbps``: of the line, each way."""

    job: Job
    strategies: Sequence[str]
    traffic: Wanted
    upto: int = 64
    gbps: float = 100.0
    rounds: int = 9
    turns: int = 5


@dataclass(frozen=True)
class Point:
    """``memory``: each core at its own rate, packets in memory. ``bound``: when the busiest core is just busy, and the
    line and the bus do not carry more. ``share``: of the packets, on the busiest core."""

    cores: int
    memory: float
    bound: Bound
    share: float


@dataclass(frozen=True)
class Check:
    """Two cores, predicted from one and measured. ``error``: relative, median of the turns, in each of which both were
    run. ``fitted``: the locks' part was taken from that very measurement, so the error is that of the fit."""

    predicted: float
    measured: float
    error: float
    fitted: bool

    @property
    def holds(self) -> bool:
        return abs(self.error) <= TOLERANCE


@dataclass(frozen=True)
class Prediction:
    """Of one form on one traffic. ``measured``: the runs on 1 and 2 cores, on all packets."""

    nf: str
    form: str
    load: Load
    measured: tuple[Run, ...]
    points: tuple[Point, ...]
    check: Check
    caches: CacheFit
    locks: LockFit | None
    paths: Paths


@dataclass(frozen=True)
class _Share:
    """One core of ``cores``: the packets it would get, alone; ``packets``: how many lie in memory."""

    cores: int
    core: int
    load: Load
    packets: int


def predict(want: Want, folder: Path, phases: Phases, say: Callable[[str], None]) -> list[Prediction]:
    """Raises the diagnostics of building and measuring."""
    built = build(want.job, want.strategies, (1, 2), folder / "nf", phases)
    for strategy, why in built.refused.items():
        say(f"{built.nf} has no form {strategy}: {why}")
    load = phases.run(
        "traffic",
        lambda: loads.make(want.traffic, folder / "traffic", expiry=built.expiry, ports=built.ports),
        lambda made: f"{made.traffic}, {made.flows} flows",
    )
    return [
        phases.run("predict", lambda form=form: _form(want, built, form, load, folder), _summary)  # type: ignore[misc]
        for form in built.results
    ]


def _summary(found: Prediction) -> str:
    last, error = found.points[-1], 100 * found.check.error
    return f"{found.form}: {last.bound.mpps:.0f} Mpps on {last.cores} cores; two cores to {error:+.1f} %"


def _form(want: Want, built: Built, form: str, load: Load, folder: Path) -> Prediction:
    splitter = Splitter(built.results[form].plan)
    hashed = splitter.count(load)
    counts = [2 << n for n in range(want.upto.bit_length() - 1) if 2 << n <= _most(splitter)]
    shares = [share for n in counts for share in _shares(splitter, hashed, load, n, folder / f"parts-{form}")]
    one, two = (next(p for p in built.programs if (p.form, p.cores) == (form, n)) for n in (1, 2))
    alone = _alone(one, shares) if form != _SHARED else []
    kinds = path_loads(want.traffic, folder / "traffic", built)
    pairs: list[Pair] = [(one, load), (two, load), *((one, share.load) for share in shares), *alone]
    pairs += [(one, kind) for kind in kinds.values()]
    runs = measure(pairs, rounds=want.rounds, turns=want.turns)
    by_pair = {(run.program, id(run.traffic)): run for run in runs}
    costs = {(s.cores, s.core): by_pair[one, id(s.load)] for s in shares}
    lock_runs = [by_pair[program, id(kind)] for program, kind in alone]
    locks = _locks(runs[0], runs[1], shares, costs, lock_runs) if form != _SHARED else None
    fit = _cache_fit(load, hashed, runs[0], shares, costs)
    named = {name: by_pair[one, id(kind)] for name, kind in kinds.items()}
    maker = _Points(want, splitter, hashed, load, costs, shares, fit, locks)
    points = tuple(maker.point(n, runs[0]) for n in [1, *counts])
    check = _check(next(p.memory for p in points if p.cores == 2), runs[1], costs, locks)
    paths = paths_of(named, load, hashed.packets, splitter.ports, runs[0])
    return Prediction(built.nf, form, load, tuple(runs[:2]), points, check, fit, locks, paths)


def _check(predicted: float, two: Run, costs: dict[tuple[int, int], Run], locks: LockFit | None) -> Check:
    if locks is not None:
        return Check(predicted, two.cpu.median, predicted / two.cpu.median - 1, True)
    parts = [run for (cores, _), run in costs.items() if cores == 2]
    shared = predicted / sum(run.cpu.median for run in parts)  # what the model made of the costs alone
    rates = zip(two.turns, *(run.turns for run in parts), strict=True)
    error = median(shared * sum(alone) / both - 1 for both, *alone in rates)
    return Check(predicted, two.cpu.median, error, False)


def _most(splitter: Splitter) -> int:
    return min(port.reta_size for port in splitter.ports.values())


def _shares(splitter: Splitter, hashed: Hashed, load: Load, cores: int, folder: Path) -> list[_Share]:
    """The busiest core and one in the middle; of two cores, both."""
    tables = splitter.tables(cores)
    counts = loads_of(hashed, tables, cores)
    order = [core for core in sorted(range(cores), key=lambda c: counts[c]) if counts[core]]
    chosen = dict.fromkeys((order[len(order) // 2], order[-1], *(order if cores == 2 else ())))
    # Packets come from the same memory however many cores there are: a core's few ones are repeated.
    least = hashed.packets // 2 if cores > 2 else 0
    places = {core: folder / f"{cores}-{core}" for core in chosen}
    return [
        _Share(cores, n, splitter.part(load, tables, n, place, least), max(counts[n], least))
        for n, place in places.items()
    ]


def _alone(one: Program, shares: Sequence[_Share]) -> list[Pair]:
    """One busy core among idle ones: what taking their locks costs, when nobody disputes them."""
    last = shares[-1]
    return [(replace(one, cores=last.cores), last.load)]


def _cost(run: Run) -> float:
    return 1e3 / run.cpu.median


def _locks(
    one: Run, two: Run, shares: Sequence[_Share], costs: dict[tuple[int, int], Run], alone: Sequence[Run]
) -> LockFit:
    last = shares[-1]
    idle = costs[last.cores, last.core]
    each = max(0.0, median(1e3 / a - 1e3 / b for a, b in zip(alone[0].turns, idle.turns, strict=True)))
    halves = [costs[2, s.core] for s in shares if s.cores == 2]
    turns = [
        (1e3 / whole, sum(1e3 / half.turns[n] for half in halves) / len(halves), 1e3 / both)
        for n, (whole, both) in enumerate(zip(one.turns, two.turns, strict=True))
    ]
    return fit_locks(turns, each / max(1, last.cores - 1))


def _cache_fit(
    load: Load, hashed: Hashed, whole: Run, shares: Sequence[_Share], costs: dict[tuple[int, int], Run]
) -> CacheFit:
    points = [(_footprint(hashed.packets, load.flows), _cost(whole))]
    points += [(_footprint(s.packets, s.load.flows), _cost(costs[s.cores, s.core])) for s in shares]
    return fit_shared(sorted(caches().values()) or [1 << 25], points)


def _footprint(packets: int, flows: int) -> float:
    return _SLOT * packets + _STATE * flows


@dataclass(frozen=True)
class _Points:
    want: Want
    splitter: Splitter
    hashed: Hashed
    load: Load
    costs: dict[tuple[int, int], Run]
    shares: Sequence[_Share]
    fit: CacheFit
    locks: LockFit | None

    def point(self, cores: int, whole: Run) -> Point:
        if cores == 1:
            counts, costs = [self.hashed.packets], [_cost(whole)]
        else:
            tables: Tables = self.splitter.tables(cores)
            counts = loads_of(self.hashed, tables, cores)
            costs = self._costs(cores)
        memory, busiest = summed_rate(counts, costs), busiest_rate(counts, costs)
        limits = {"cores": busiest}
        if self.locks is not None:
            together = 1e3 / self.locks.time(sum(costs) / len(costs), cores)
            memory = min(memory, together)
            limits["locks"] = min(together, busiest) if cores > 1 else together
        limits["line"] = line_rate(self.want.gbps, self.load.size)
        limits["pcie"] = pcie_rate(self.load.size)
        return Point(cores, memory, least(limits), max(counts) / max(1, sum(counts)))

    def _costs(self, cores: int) -> list[float]:
        """ns a packet of each core: those measured their own, the others that of the one in the middle."""
        own = {s.core: self._shared(s) for s in self.shares if s.cores == cores}
        middle = next(iter(own.values()))
        return [own.get(core, middle) for core in range(cores)]

    def _shared(self, share: _Share) -> float:
        """As measured alone, and what others take of the last-level cache, which all use."""
        used = _footprint(share.packets, share.load.flows)
        everyone = _footprint(self.hashed.packets, self.load.flows)
        return _cost(self.costs[share.cores, share.core]) + self.fit.cost(used, everyone) - self.fit.cost(used, used)
