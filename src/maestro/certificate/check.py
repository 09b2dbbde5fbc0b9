"""The independent checker: does a plan keep an NF's behaviour when every core has state of its own?

From the model and the plan alone it works out which operations touch the same entry and has Z3 refute, with the
concrete keys, that two such packets reach different cores. It shares no code with the phases that made the plan.
What is checked, and why it suffices: docs/explanation/certificate.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from maestro.certificate import (
    assumptions,
    conflicts,
    expiry,
    fits,
    interchange,
    leaks,
    named,
    ownership,
    replicas,
    sweeps,
)
from maestro.certificate.judge import Judge
from maestro.certificate.locations import Atlas, Group, groups
from maestro.certificate.result import Certificate, Failure
from maestro.certificate.runs import Run
from maestro.certificate.views import Views
from maestro.ir.model import Model
from maestro.ir.plan import Plan
from maestro.solver.effort import Effort


def check(model: Model, plan: Plan, *, timeout_ms: int = 10_000, effort: Effort | None = None) -> Certificate:
    """Check every object that ``plan`` does not lock; ``timeout_ms`` bounds one question to Z3, ``effort`` all of them.

    Locked objects need no proof. Anything that cannot be shown, for whatever reason, is a failure.
    """
    start = perf_counter()
    judge = Judge(timeout_ms, effort)
    runs = tuple(Run(path) for path in model.paths)
    failures = [*fits.check(model, plan, runs)]
    if not failures:
        views = Views(model, plan, judge)
        for group in groups(model, plan, runs):
            failures += _group(model, plan, group, runs, views, judge)
        failures += replicas.check(model, plan, runs, judge)
    if judge.gave_up:
        why = f" (the proof ran out of {judge.gave_up}; --{judge.gave_up}-limit gives it more)"
        failures = [replace(f, message=f.message + why) for f in failures]
    unique = tuple({(f.message, f.spans): f for f in failures}.values())
    rests = assumptions.of(model, plan, runs)
    return Certificate(not unique, judge.obligations, unique, rests, perf_counter() - start, judge.gave_up)


def _group(
    model: Model, plan: Plan, group: Group, runs: Sequence[Run], views: Views, judge: Judge
) -> Iterator[Failure]:
    constant = {o.name for o in plan.objects if o.strategy == "read-only"}
    mixed = group.objects - group.sharded - constant
    if mixed:
        text = f"{', '.join(sorted(group.objects))} share their entries, but {', '.join(sorted(mixed))} is not sharded"
        yield Failure(text, tuple(sorted(group.objects)), tuple(sorted({model.object(n).span for n in group.objects})))
        return
    atlas = Atlas(model, group, tuple(runs), judge)
    yield from ownership.check(model, plan, atlas)
    yield from leaks.check(atlas)
    yield from expiry.check(model, atlas, judge)
    yield from sweeps.check(plan, atlas, judge)
    yield from conflicts.check(plan, atlas, views, judge)
    yield from named.check(model, plan, atlas, views, judge)
    yield from interchange.check(model, plan, atlas, views, judge)
