"""Every figure: units of work, each with a result of its own, so that a suite that was stopped goes on where it was."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from maestro.bench import results, skew
from maestro.bench.build import ALL
from maestro.bench.loads import Wanted
from maestro.bench.predict import Want, predict
from maestro.bench.session import Order, Outcome, session
from maestro.diagnostics import UserError
from maestro.ir.plan import PortPlan
from maestro.pipeline import Job, Phases
from maestro.rss import spread

FIGURES = ("nfs", "sizes", "churn", "flows", "skew", "predict")
"""``nfs``: what there is of every NF: time to generate, forms, cores, uniform and Zipf, latency, keys."""

FOCUS = ("nop", "firewall", "policer", "nat", "connection-limiter", "port-scan-detector")
"""Where sizes, churn and predictions are looked at; all NFs given, when none of these is among them."""

Json = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What decides the results. ``most``: flows at the end of the curve."""

    flows: int = 40_000
    most: int = 1_000_000
    cores: tuple[int, ...] = (1, 2)
    sizes: tuple[int, ...] = (64, 128, 256, 512, 1024, 1500)
    churns: tuple[float, ...] = (6e4, 6e5, 6e6, 6e7)
    upto: int = 64
    rounds: int = 5
    turns: int = 3
    seed: int = 1


@dataclass(frozen=True)
class Unit:
    """``work`` gets a scratch folder and returns the result."""

    figure: str
    nf: str
    work: Callable[[Path], Json]

    @property
    def name(self) -> str:
        return f"{self.figure}-{self.nf}"


def units(jobs: Sequence[Job], settings: Settings, figures: Sequence[str], phases: Phases, say: Say) -> list[Unit]:
    """Raises UserError (``suite``) for figures that there are not."""
    for name in figures:
        if name not in FIGURES:
            raise UserError(f"no figure is called '{name}'", hint=f"there is {', '.join(FIGURES)}", code="suite")
    named = {_name(job): replace(job, seed=settings.seed) for job in jobs}
    focus = {n: job for n, job in named.items() if n in FOCUS} or named
    first = {n: job for n, job in focus.items() if n == "firewall"} or dict([next(iter(focus.items()))])
    chosen = {"nfs": named, "sizes": focus, "churn": focus, "flows": first, "skew": first, "predict": focus}
    works = {"nfs": _nfs, "sizes": _sizes, "churn": _churn, "flows": _flows, "skew": _skew, "predict": _predict}
    return [Unit(figure, n, partial(works[figure], job, settings, phases, say))
            for figure in FIGURES if figure in figures for n, job in chosen[figure].items()]  # fmt: skip


def run_suite(todo: Sequence[Unit], settings: Settings, folder: Path, say: Say) -> list[Json]:
    """Does what ``folder`` has no result of, and returns all results, in order.

    Raises UserError (``suite``) when the folder holds results of other settings, and what the units raise, but for NFs
    that are at fault: these are said and left out.
    """
    kept = folder / "results"
    kept.mkdir(parents=True, exist_ok=True)
    _same_settings(kept / "settings.json", settings)
    missing = [unit for unit in todo if not (kept / f"{unit.name}.json").exists()]
    if len(missing) < len(todo):
        say(f"{len(todo) - len(missing)} of {len(todo)} results are there already")
    begun = monotonic()
    for number, unit in enumerate(missing):
        _save(kept / f"{unit.name}.json", _result(unit, say))
        done = number + 1
        left = (monotonic() - begun) / done * (len(missing) - done)
        say(f"{unit.name}: {done} of {len(missing)} done, about {_duration(left)} left")
    return [json.loads((kept / f"{unit.name}.json").read_text()) for unit in todo]


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"


def _result(unit: Unit, say: Say) -> Json:
    scratch = Path(tempfile.mkdtemp(prefix="maestro-suite-"))
    try:
        found = unit.work(scratch)
    except UserError as error:
        say(f"{unit.name}: {error.message}")
        found = {"failed": error.message, "code": error.code}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return {"figure": unit.figure, "nf": unit.nf, **found}


def _save(path: Path, found: Json) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    os.replace(part, path)


def _same_settings(path: Path, settings: Settings) -> None:
    mine = json.loads(json.dumps(asdict(settings)))
    if not path.exists():
        _save(path, mine)
    elif json.loads(path.read_text()) != mine:
        hint = "name another folder with --out, or give the same options to go on"
        raise UserError(f"{path.parent} holds results of other settings", hint=hint, code="suite")


def _name(job: Job) -> str:
    source = job.sources[0]
    return source.name if source.is_dir() else source.stem


# ---- Units ----


def _order(job: Job, settings: Settings, wanted: Sequence[Wanted], strategies: Sequence[str], **more: Any) -> Order:
    return Order([job], strategies, settings.cores, wanted, settings.rounds, settings.turns, **more)


def _measured(outcome: Outcome) -> Json:
    return results.document(outcome.machine, outcome.runs)


def _nfs(job: Job, settings: Settings, phases: Phases, say: Say, folder: Path) -> Json:
    wanted = [Wanted(kind, settings.flows) for kind in ("uniform", "zipf")]
    outcome = session(_order(job, settings, wanted, ALL, latency=True), folder, phases, say)
    (built,) = outcome.built
    best = next(iter(built.results.values()))
    keys = {str(port.port): _key(port) for port in best.plan.ports if _inputs(port)}
    return {**_measured(outcome), "form": best.plan.strategy, "seconds": built.seconds, "refused": built.refused,
            "keys": keys}  # fmt: skip


def _inputs(port: PortPlan) -> Any:
    return port.inputs.get("ipv4-udp") or ()


def _key(port: PortPlan) -> Json:
    """How even the key spreads packets whose hashed fields look like something."""
    return {s.traffic: {"entry": s.entry, "core": s.core, "variation": s.variation}
            for s in spread.measure(port.key, _inputs(port), port.reta)}  # fmt: skip


def _sizes(job: Job, settings: Settings, phases: Phases, say: Say, folder: Path) -> Json:
    wanted = [Wanted("uniform", settings.flows, size) for size in settings.sizes]
    wanted += [Wanted(kind, settings.flows) for kind in ("imix", "internet", "datacentre")]
    return _measured(session(_order(job, settings, wanted, ("auto",)), folder, phases, say))


def _churn(job: Job, settings: Settings, phases: Phases, say: Say, folder: Path) -> Json:
    flows = min(settings.flows, 10_000)
    wanted = [Wanted("uniform", flows, churn=churn) for churn in settings.churns]
    return _measured(session(_order(job, settings, wanted, ALL), folder, phases, say))


def _flows(job: Job, settings: Settings, phases: Phases, say: Say, folder: Path) -> Json:
    counts = [n for n in (1_000, 4_000, 10_000, 40_000, 65_536, 250_000, 1_000_000, 4_000_000, 10_000_000)
              if n <= settings.most] or [settings.most]  # fmt: skip
    order = replace(_order(job, settings, [Wanted("uniform", n) for n in counts], ("auto",)), cores=(1,))
    return _measured(session(order, folder, phases, say))


def _skew(job: Job, settings: Settings, phases: Phases, say: Say, folder: Path) -> Json:
    return skew.measured(job, settings.flows, settings.upto, (settings.rounds, settings.turns), folder, phases, say)


def _predict(job: Job, settings: Settings, phases: Phases, say: Say, folder: Path) -> Json:
    from maestro.bench.machine import machine
    from maestro.bench.predicted import document

    found = []
    for kind in ("uniform", "zipf"):
        want = Want(job, ("auto",), Wanted(kind, settings.flows), settings.upto, rounds=settings.rounds,
                    turns=settings.turns)  # fmt: skip
        found += predict(want, folder / kind, phases, say)
    return document(machine(), found)
