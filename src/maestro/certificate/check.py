"""The independent checker: does a plan keep an NF's behaviour when every core has state of its own?

From the model and the plan alone it works out which operations touch the same entry and has Z3 refute, with the
concrete keys, that two such packets reach different cores. It shares no code with the phases that made the plan.
What is checked, and why it suffices: docs/explanation/certificate.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter

from maestro.certificate import conflicts, expiry, leaks, leftovers, ownership, steering
from maestro.certificate.judge import Judge
from maestro.certificate.locations import Group, groups
from maestro.certificate.result import Certificate, Failure, about
from maestro.certificate.runs import Run
from maestro.ir.model import Assume, Model
from maestro.ir.plan import Plan

_ALWAYS = (
    "time: the clock never goes back, and the cores' clocks agree",
    "nic: the NIC classifies, hashes and steers packets as its profile says",
    "order: packets of different entries may overtake each other, packets of one entry may not",
    "frames: every frame has at least 14 bytes",
)
_CAPACITY = "capacity: each core has its share of an allocator, so a core may be full before the sequential NF is"
_GIVEN = "given: what the NF asserts, and what its API promises, holds"


def check(model: Model, plan: Plan, *, timeout_ms: int = 10_000) -> Certificate:
    """Check every object that ``plan`` calls sharded or read-only; ``timeout_ms`` bounds one question to Z3.

    Locked objects need no proof. Anything that cannot be shown, for whatever reason, is a failure.
    """
    start = perf_counter()
    judge = Judge(timeout_ms)
    runs = [Run(path) for path in model.paths]
    failures = [*_plan_fits(model, plan), *_read_only(plan, runs)]
    if not failures:
        for group in groups(model, plan, runs):
            failures += _group(model, plan, group, runs, judge)
    unique = tuple({(f.message, f.spans): f for f in failures}.values())
    return Certificate(not unique, judge.obligations, unique, _assumptions(model, plan), perf_counter() - start)


def _group(model: Model, plan: Plan, group: Group, runs: Sequence[Run], judge: Judge) -> Iterator[Failure]:
    constant = {o.name for o in plan.objects if o.strategy == "read-only"}
    mixed = group.objects - group.sharded - constant
    if mixed:
        text = f"{', '.join(sorted(group.objects))} share their entries, but {', '.join(sorted(mixed))} is not sharded"
        yield Failure(text, tuple(sorted(group.objects)), tuple(sorted({model.object(n).span for n in group.objects})))
        return
    yield from ownership.check(model, group, runs)
    yield from leaks.check(group, runs)
    yield from leftovers.check(model, group, runs)
    yield from expiry.check(model, group, runs, judge)
    yield from conflicts.check(model, plan, group, runs, judge)


def _plan_fits(model: Model, plan: Plan) -> Iterator[Failure]:
    """The plan speaks of this model's objects and ports, and its tables and keys make sense."""
    planned = [o.name for o in plan.objects]
    if sorted(planned) != sorted(o.name for o in model.objects):
        yield Failure(f"the plan is for the objects {', '.join(planned) or 'none'}, not for the model's")
    for o in plan.objects:
        if o.strategy not in ("sharded", "read-only", "locked"):
            yield Failure(f"{o.name}: the checker knows no proof for the strategy {o.strategy}", (o.name,), o.spans)
        if o.strategy == "locked" and plan.strategy == "shared-nothing":
            yield Failure(f"{o.name} is locked in a plan that is called shared-nothing", (o.name,), o.spans)
    if [p.port for p in plan.ports] != list(range(model.ports)):
        yield Failure(f"the plan has the ports {[p.port for p in plan.ports]}, the model {model.ports} ports")
    for port in plan.ports:
        for problem in steering.problems(port, plan.cores):
            yield Failure(f"port {port.port}: {problem}")


def _read_only(plan: Plan, runs: Sequence[Run]) -> Iterator[Failure]:
    for planned in plan.objects:
        if planned.strategy == "read-only":
            # Expiry only reads its first related object, the keys' vector.
            touching = (o for r in runs for o in r.path.operations if planned.name in (o.object, *o.related[1:]))
            writes = [o for o in touching if o.kind.modifies]
            if writes:
                yield about(writes, f"{planned.name} is called read-only but is modified")


def _assumptions(model: Model, plan: Plan) -> tuple[str, ...]:
    sharded = {o.name for o in plan.objects if o.strategy == "sharded"}
    steps = [s for p in model.paths for s in p.steps]
    given = any(isinstance(s, Assume) and s.given for s in steps)
    capacity = any(o.name in sharded and o.kind == "dchain" for o in model.objects)
    return (*_ALWAYS, *([_CAPACITY] if capacity else []), *([_GIVEN] if given else []))
