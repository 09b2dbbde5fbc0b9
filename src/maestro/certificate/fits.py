"""Whether a plan speaks of the model at all: its objects, ports, tables and keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.certificate import steering
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run, only_inputs
from maestro.ir.model import Model
from maestro.ir.plan import Plan

_STRATEGIES = ("read-only", "sharded", "steered", "replicated", "locked")


def check(model: Model, plan: Plan, runs: Sequence[Run]) -> Iterator[Failure]:
    """What makes the plan meaningless, before anything can be proved about it."""
    planned = [o.name for o in plan.objects]
    if sorted(planned) != sorted(o.name for o in model.objects):
        yield Failure(f"the plan is for the objects {', '.join(planned) or 'none'}, not for the model's")
        return
    yield from _strategies(plan)
    yield from _read_only(plan, runs)
    yield from _annotations(model, plan)
    if [p.port for p in plan.ports] != list(range(model.ports)):
        yield Failure(f"the plan has the ports {[p.port for p in plan.ports]}, the model {model.ports} ports")
    for port in plan.ports:
        for problem in steering.problems(port, plan.cores):
            yield Failure(f"port {port.port}: {problem}")


def _strategies(plan: Plan) -> Iterator[Failure]:
    for o in plan.objects:
        if o.strategy not in _STRATEGIES:
            yield Failure(f"{o.name}: the checker knows no proof for the strategy {o.strategy}", (o.name,), o.spans)
        if o.strategy == "locked" and plan.strategy == "shared-nothing":
            yield Failure(f"{o.name} is locked in a plan that is called shared-nothing", (o.name,), o.spans)


def _read_only(plan: Plan, runs: Sequence[Run]) -> Iterator[Failure]:
    for planned in plan.objects:
        if planned.strategy == "read-only":
            # Expiry only reads its first related object, the keys' vector; consistent hashing reads all of them.
            touching = (o for r in runs for o in r.path.operations if planned.name in (o.object, *o.related[1:]))
            writes = [o for o in touching if o.kind.modifies]
            if writes:
                yield about(writes, f"{planned.name} is called read-only but is modified")


def _annotations(model: Model, plan: Plan) -> Iterator[Failure]:
    """What the plan says of steering, interchange and replicas is about objects of the right kind and strategy."""
    strategy = {o.name: o.strategy for o in plan.objects}
    kind = {o.name: o.kind for o in model.objects}
    for s in plan.steering:
        if (kind.get(s.allocator), strategy.get(s.allocator)) != ("dchain", "steered"):
            yield Failure(f"the plan steers indices of {s.allocator}, which is not a steered allocator")
        if not only_inputs(s.index) or not 0 <= s.port < model.ports:
            yield Failure(f"the plan steers {s.allocator} by {s.index} at port {s.port}, which no packet can name")
    for i in plan.interchanges:
        wrong = [n for n in (*i.objects, i.vector) if strategy.get(n) != "sharded"]
        if wrong:
            yield Failure(f"the plan lets packets name entries of {', '.join(wrong)}, which is not sharded")
    for r in plan.replicas:
        if strategy.get(r.object) != "replicated":
            yield Failure(f"the plan says how to merge {r.object}, which is not replicated")
