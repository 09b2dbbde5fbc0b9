"""NFs → programs to measure: the reference, and every form asked for, built with the same compiler and flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maestro import pipeline
from maestro.bench.measure import REFERENCE, Program
from maestro.diagnostics import UnsupportedError, UserError
from maestro.ir.model import Kind, Model
from maestro.pipeline import Job, Phases, Result
from maestro.verify.traffic import timeout_of

STRATEGIES = ("auto", "shared-nothing", "locks", "htm")


@dataclass(frozen=True)
class Built:
    """One NF. ``results``: by form. ``refused``: strategy → why not. ``seconds``: from C to the finished project, by
    form. ``tables``: entries of what it allocates. ``expiry``: ns after which it forgets, None: never."""

    nf: str
    programs: tuple[Program, ...]
    results: dict[str, Result]
    refused: dict[str, str]
    seconds: dict[str, dict[str, float]]
    tables: dict[str, int]
    expiry: int | None
    ports: int

    def forms(self) -> list[str]:
        return list(self.results)


def build(job: Job, strategies: Sequence[str], cores: Sequence[int], folder: Path, phases: Phases) -> Built:
    """The NF's forms in ``folder``, each for the largest of ``cores``.

    Several strategies may come to one form, which is built once; a strategy that the NF cannot have is noted, unless
    nothing is left. Raises the diagnostics of the pipeline.
    """
    job = replace(job, cores=max(cores))
    results: dict[str, Result] = {}
    refused: dict[str, str] = {}
    seconds: dict[str, dict[str, float]] = {}
    failure: UserError | None = None
    for strategy in strategies:
        try:
            made = _form(replace(job, strategy=strategy), folder, phases, results)
        except UnsupportedError as error:
            refused[strategy], failure = str(error).splitlines()[0], error
            continue
        seconds.setdefault(made.plan.strategy, {t.phase: t.seconds for t in made.timings})
        results.setdefault(made.plan.strategy, made)
        job = replace(job, seed=made.job.seed)  # all forms with the same keys
    if not results:
        assert failure is not None
        raise failure
    first = next(iter(results.values()))
    programs = [Program(first.plan.nf, REFERENCE, 1, pipeline.reference(first, folder, phases))]
    for form, made in results.items():
        assert made.program is not None
        programs += [Program(first.plan.nf, form, n, made.program) for n in sorted(set(cores))]
    return Built(
        first.plan.nf, tuple(programs), results, refused, seconds, tables(first.model), expiry(first.model),
        first.model.ports,
    )  # fmt: skip


def _form(job: Job, folder: Path, phases: Phases, known: dict[str, Result]) -> Result:
    """Analysed, and built unless a form like it is ``known``."""
    begun = len(phases.timings)
    target = folder / job.strategy
    if target.exists():
        raise UserError(f"{target} exists", code="output-exists")
    made = pipeline.parallelize(job, target, phases, build=False, extra=lambda _: "{}")
    if made.plan.strategy in known:
        return known[made.plan.strategy]
    made = pipeline.build_project(made, phases)
    return replace(made, timings=phases.timings[begun:])


def tables(model: Model) -> dict[str, int]:
    """Entries of the allocators that packets allocate from."""
    used = {op.object for path in model.paths for op in path.operations if op.kind is Kind.ALLOCATE}
    return {o.name: o.capacity for o in model.objects if o.kind == "dchain" and o.name in used}


def expiry(model: Model) -> int | None:
    expires = any(op.kind is Kind.EXPIRE for path in model.paths for op in path.operations)
    return timeout_of(model) if expires else None
