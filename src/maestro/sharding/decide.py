"""From the model to the plan: one strategy per state object, one RSS configuration per port, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from maestro.diagnostics import InternalError, UnsupportedError
from maestro.ir.model import Model
from maestro.ir.plan import Plan, Reason
from maestro.rss.profile import Profile
from maestro.rss.quality import Quality
from maestro.sharding.analysis import analyse
from maestro.sharding.job import Job
from maestro.sharding.reach import Solve
from maestro.sharding.rules import rule_of
from maestro.sharding.strategy import plan_of
from maestro.solver.bitwuzla_backend import Backend
from maestro.solver.effort import Effort, within

STRATEGIES = ("auto", "shared-nothing", "locks", "htm")
"""What can be asked for."""


@dataclass(frozen=True)
class Decision:
    """``quality``: of the RSS keys. ``timings``: seconds per step (``requirements``, ``keys``)."""

    plan: Plan
    quality: Quality
    timings: Mapping[str, float]


def decide(
    model: Model,
    *,
    profile: Profile,
    cores: int,
    strategy: str = "auto",
    seed: int | None = None,
    port_names: Mapping[int, str] | None = None,
    solve: Solve | None = None,
    effort: Effort | None = None,
    unproven: Sequence[Reason] = (),
    lock_all: bool = False,
) -> Decision:
    """The plan for ``model`` on ``cores`` cores behind a NIC.

    ``strategy``: ``auto`` shards what can be sharded and locks the rest; ``shared-nothing`` insists; ``locks`` locks
    all state that changes; ``htm`` puts it under hardware transactions, with the same locks to fall back to.
    ``seed`` makes another choice among equally good keys (None: 0). ``port_names``: port → name, for explanations.
    ``effort``: for the questions to the solver, which stay open when it is used up.
    ``unproven``: why earlier plans for this model did not pass their check: the objects that they name are locked, with
    ``lock_all`` all that change.
    Raises UnsupportedError ``not-shardable`` when shared-nothing is asked for and impossible; UserError when the NIC
    cannot serve so many cores.
    """
    if strategy not in STRATEGIES:
        raise InternalError(f"no strategy is called {strategy!r}")
    start = perf_counter()
    analysis = analyse(model, solve or within(effort or Effort(), Backend().check))
    middle = perf_counter()
    job = Job(analysis, profile, cores, seed or 0, port_names or {})
    whole = lock_all or strategy in ("locks", "htm")
    outcome = job.all_locked(tuple(unproven)) if whole else job.outcome(tuple(unproven))
    if outcome.locked and strategy == "shared-nothing":
        raise _not_shardable(model, outcome.refusals)
    plan = plan_of(job, outcome)
    if strategy == "htm" and plan.strategy == "locks":
        plan = replace(plan, strategy=strategy)
    quality = outcome.configuration.quality
    return Decision(plan, quality, {"requirements": middle - start, "keys": perf_counter() - middle})


def _not_shardable(model: Model, refusals: Sequence[Reason]) -> UnsupportedError:
    lines = [f"{model.nf} cannot be shared-nothing"]
    for reason in refusals:
        rule = rule_of(reason)
        lines.append(f"  {rule + ': ' if rule else ''}{reason.message} [{reason.code}]")
        lines += [f"    at {', '.join(map(str, reason.spans))}"] if reason.spans else []
        lines += [f"    hint: {reason.hint}"] if reason.hint else []
    span = next((s for r in refusals for s in r.spans), None)
    hint = "--strategy auto takes the best strategy that is possible"
    return UnsupportedError("\n".join(lines), span=span, hint=hint, code="not-shardable")
