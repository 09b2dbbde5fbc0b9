"""What a certificate rests on, each as ``name: text``; docs/explanation/certificate.md explains them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maestro.certificate.locations import SHARDED
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
_ALLOCATION = "allocation: the NF is right whichever free index its allocator gives out; each core has a part of them"
_SKETCH = "sketch: each core has a whole sketch of its own, in which fewer keys collide than in the sequential NF's"
_REPLICA = "replica: each core counts in a table of full size; merged they are the sequential NF's, unless it was full"
_SWEEP = "sweep: erasing a run of cells is meant for keys that the same core stored, not for never-used cells' key"
_GIVEN = "given: what the NF asserts, and what its API promises, holds"


def of(model: Model, plan: Plan, runs: Sequence[Run]) -> tuple[str, ...]:
    """The assumptions that this plan needs."""
    return (*_ALWAYS, *_needed(model, plan, runs))


def _needed(model: Model, plan: Plan, runs: Sequence[Run]) -> Iterator[str]:
    split = {o.name for o in plan.objects if o.strategy in SHARDED}
    kinds = {o.kind for o in model.objects if o.name in split}
    operations = [o for r in runs for o in r.path.operations]
    if "dchain" in kinds:
        yield _CAPACITY
    if any(o.method == "dchain_allocate" and o.object in split for o in operations):
        yield _ALLOCATION
    if "sketch" in kinds:
        yield _SKETCH
    if any(o.strategy == "replicated" for o in plan.objects):
        yield _REPLICA
    if any(o.method == "expire_range" and o.object in split for o in operations):
        yield _SWEEP
    if any(isinstance(s, Assume) and s.given for r in runs for s in r.path.steps):
        yield _GIVEN
