"""Assertions as assumptions: a branch whose one side can only fail an assertion is no branch.

before:  assume c → … forward     after:  given c → … forward
         assume !c → assert fails
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from maestro.diagnostics import InternalError, SourceError, Span
from maestro.ir.model import Assume, Note, Path, Step
from maestro.symex.ends import AssertionFailed


@dataclass(frozen=True)
class Finished:
    """One run's steps, and its path, or the assertion that it failed."""

    steps: tuple[Step, ...]
    path: Path | None
    failed: AssertionFailed | None = None


def without_failed_assertions(
    runs: list[Finished], assumed: Collection[tuple[Span | None, str]] = ()
) -> tuple[tuple[Path, ...], tuple[Note, ...]]:
    """The paths that end with a verdict, and a note for every assertion taken as given, those ``assumed`` as well."""
    kept = _prune(runs, 0)
    if not kept:
        failed = runs[0].failed
        raise SourceError("every packet fails an assertion", span=failed.span if failed else None, code="assert")
    failures = {*assumed, *((r.failed.span, r.failed.text) for r in runs if r.failed)}
    notes = tuple(
        Note("assumed", f"the assertion `{text}` is taken to hold", span)
        for span, text in sorted(failures, key=lambda f: (str(f[0]), f[1]))
    )
    return tuple(r.path for r in kept if r.path is not None), notes


def _prune(runs: list[Finished], depth: int) -> list[Finished]:
    """``runs`` share their first ``depth`` steps; those that end with a verdict, with given branches marked."""
    while True:
        first = runs[0]
        if depth == len(first.steps):
            if len(runs) != 1:
                raise InternalError("two runs took the same steps")
            return [] if first.failed else [first]
        step = first.steps[depth]
        same = [r for r in runs if r.steps[depth] == step]
        if len(same) != len(runs):
            break
        depth += 1
    yes = _prune(same, depth + 1)
    no = _prune([r for r in runs if r.steps[depth] != step], depth + 1)
    if yes and no:
        return yes + no
    return [_given(r, depth) for r in yes or no]


def _given(run: Finished, depth: int) -> Finished:
    step = run.steps[depth]
    assert isinstance(step, Assume)
    steps = (*run.steps[:depth], replace(step, given=True), *run.steps[depth + 1 :])
    return Finished(steps, run.path and replace(run.path, steps=steps))
