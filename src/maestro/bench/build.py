"""NFs → programs to measure: the reference, and every form asked for, built with the same compiler and flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maestro import pipeline
from maestro.bench.measure import REFERENCE, Program
from maestro.diagnostics import UnsupportedError, UserError
from maestro.forms import forms
from maestro.ir.model import Kind, Model
from maestro.pipeline import Job, Phases, Result
from maestro.verify.traffic import timeout_of

ALL = ("all",)
"""Every form that the NF has."""


@dataclass(frozen=True)
class Built:
    """One NF. ``results``: by form. ``refused``: strategy → why not. ``seconds``: of each phase from C to the first
    form's project, built. ``tables``: entries of what it allocates. ``expiry``: ns after which it forgets, None:
    never."""

    nf: str
    programs: tuple[Program, ...]
    results: dict[str, Result]
    refused: dict[str, str]
    seconds: dict[str, float]
    tables: dict[str, int]
    expiry: int | None
    ports: int


def build(job: Job, strategies: Sequence[str], cores: Sequence[int], folder: Path, phases: Phases) -> Built:
    """The NF's forms in ``folder``, each for the largest of ``cores``. ``strategies``: ``ALL``, or some.

    Several strategies may come to one form, which is built once; a strategy that the NF cannot have is noted, unless
    nothing is left. Raises the diagnostics of the pipeline.
    """
    begun = len(phases.timings)
    job = replace(job, cores=max(cores))
    make = _all if tuple(strategies) == ALL else _some
    results, refused = make(job, strategies, _Maker(folder, phases))
    first = next(iter(results.values()))
    seconds = {t.phase: t.seconds for t in reversed(phases.timings[begun:])}  # the first of a name wins
    programs = [Program(first.plan.nf, REFERENCE, 1, pipeline.reference(first, folder, phases))]
    for form, made in results.items():
        assert made.program is not None
        programs += [Program(first.plan.nf, form, n, made.program) for n in sorted(set(cores))]
    return Built(
        first.plan.nf, tuple(programs), results, refused, seconds, tables(first.model), expiry(first.model),
        first.model.ports,
    )  # fmt: skip


@dataclass(frozen=True)
class _Maker:
    """A result → the same, built; every form in a folder of its own."""

    folder: Path
    phases: Phases

    def __call__(self, result: Result) -> Result:
        target = self.folder / result.plan.strategy
        return pipeline.generate(result, target, self.phases, build=True, extra=lambda _: "{}")


def _all(job: Job, _: Sequence[str], make: _Maker) -> tuple[dict[str, Result], dict[str, str]]:
    refused: dict[str, str] = {}

    def built(result: Result) -> Result:
        try:
            return make(result)
        except UnsupportedError as error:
            refused[result.plan.strategy] = error.message
            return result

    found = sorted(forms(job, make.phases, built), key=lambda form: not form.chosen)
    refused |= {form.name: form.reason.message for form in found if form.reason}
    return {form.name: form.result for form in found if form.result and form.result.program}, refused


def _some(job: Job, strategies: Sequence[str], make: _Maker) -> tuple[dict[str, Result], dict[str, str]]:
    results: dict[str, Result] = {}
    refused: dict[str, str] = {}
    failure: UserError | None = None
    known: Result | None = None
    for strategy in strategies:
        try:
            known = made = pipeline.analyze(replace(job, strategy=strategy), make.phases, known)
            job = replace(job, seed=made.job.seed)  # all forms with the same keys
            if made.plan.strategy not in results:
                results[made.plan.strategy] = make(made)
        except UnsupportedError as error:
            refused[strategy], failure = error.message, error
    if failure and not results:
        raise failure
    return results, refused


def tables(model: Model) -> dict[str, int]:
    """Entries of the allocators that packets allocate from."""
    used = {op.object for path in model.paths for op in path.operations if op.kind is Kind.ALLOCATE}
    return {o.name: o.capacity for o in model.objects if o.kind == "dchain" and o.name in used}


def expiry(model: Model) -> int | None:
    expires = any(op.kind is Kind.EXPIRE for path in model.paths for op in path.operations)
    return timeout_of(model) if expires else None
