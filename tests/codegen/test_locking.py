"""The read form, path by path: what is done with the lock held, without it, and before starting over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

import pytest
from compiled import shared_nothing
from sink import sink

import handmade
from maestro.codegen.emit import emit_nf, emit_rss, steps
from maestro.codegen.locking import Common, brief_form, common, read_form
from maestro.codegen.lower import Again, Call, Differs, Due, Lock, ReadCell, Return, Step, Unlock, WriteCell, following
from maestro.ir.expr import binary, const
from maestro.ir.model import Kind, Model
from maestro.ir.plan import Plan, PortPlan

MODELS = [handmade.firewall, handmade.policer, sink]


def locking(model: Model, names: set[str]) -> Plan:
    plan = shared_nothing(model, 2)
    objects = tuple(replace(o, strategy="locked") if o.name in names else o for o in plan.objects)
    return replace(plan, objects=objects, strategy="hybrid")


def written(model: Model) -> list[str]:
    return sorted({op.object for p in model.paths for op in p.operations if op.kind.modifies})


def choices(model: Model) -> Iterator[set[str]]:
    """All that is written, and every one or two of it."""
    names = written(model)
    yield set(names)
    for count in (1, 2):
        yield from (set(c) for c in combinations(names, count))


def runs(step: Step) -> Iterator[list[Step]]:
    below = following(step)
    if not below:
        yield [step]
    for s in below:
        yield from ([step, *rest] for rest in runs(s))


def form(model: Model, shared: Common) -> Step:
    words, step = steps(model)
    return read_form(step, shared, words)


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_common_state_is_looked_at_under_the_lock_and_never_changed(make: Callable[[], Model]) -> None:
    model = make()
    for names in choices(model):
        shared = common(model, locking(model, names))
        for run in runs(form(model, shared)):
            held = False
            for step in run:
                match step:
                    case Lock() | Unlock():
                        assert held == isinstance(step, Unlock)
                        held = not held
                    case Due() | Differs():
                        assert held
                    case Again():
                        assert step.locked == held
                    case Return():
                        assert not held
                    case Call() | ReadCell() | WriteCell() if shared.touched_by(step.op):
                        assert held
                        touch = step.op.object in shared.aged and step.op.kind is Kind.REFRESH
                        silent = isinstance(step, WriteCell) and not step.pieces
                        assert touch or silent or not step.op.kind.modifies


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_nothing_is_changed_before_starting_over(make: Callable[[], Model]) -> None:
    """But for expiry of what is the core's own."""
    model = make()
    for names in choices(model):
        for run in runs(form(model, common(model, locking(model, names)))):
            last = max((i for i, s in enumerate(run) if isinstance(s, Again | Due | Differs)), default=0)
            before = [s for s in run[:last] if isinstance(s, Call | WriteCell) and s.op.kind.modifies]
            assert {s.op.method for s in before if not isinstance(s, WriteCell) or s.pieces} <= {"expire_map"}


def test_paths_without_common_state_take_no_lock() -> None:
    model = handmade.policer()
    for run in runs(form(model, common(model, locking(model, set(written(model)))))):
        looks = [s for s in run if isinstance(s, Call | ReadCell | WriteCell | Due | Differs)]
        assert any(isinstance(s, Lock) for s in run) == bool(looks)


def test_a_packet_that_always_changes_common_state_does_not_try_to_read() -> None:
    """The policer's: whether the address is known or not, a bucket changes."""
    model = handmade.policer()
    late = [r for r in runs(form(model, common(model, locking(model, {"buckets"})))) if isinstance(r[-1], Again)]
    assert late
    for run in late:
        assert not [s for s in run if isinstance(s, Lock)]
        assert {s.op.method for s in run if isinstance(s, Call)} == {"expire_map"}


def test_an_allocator_told_other_times_is_a_plain_one() -> None:
    model = handmade.firewall()
    every = set(written(model))
    assert common(model, locking(model, every)).aged == {"heap"}
    later = binary("add", handmade.NOW, const(1, 64))
    paths = tuple(
        replace(
            p,
            steps=tuple(
                replace(s, args=(("time", later),)) if getattr(s, "method", "") == "dchain_allocate" else s
                for s in p.steps
            ),
        )
        for p in model.paths
    )
    odd = replace(model, paths=paths)
    assert common(odd, locking(odd, every)).aged == frozenset()
    text = emit_nf(odd, locking(odd, every))
    assert "  struct dchain heap;" in text
    assert "dchain_due(&nf->shared->heap, now - 10000000000)" in text


def test_firewall_text(golden: Callable[[str, str], None]) -> None:
    model = handmade.firewall()
    golden("firewall.locks.nf.c", emit_nf(model, locking(model, set(written(model)))))


def test_hybrid_policer_text(golden: Callable[[str, str], None]) -> None:
    golden("policer.hybrid.nf.c", emit_nf(handmade.policer(), locking(handmade.policer(), {"buckets"})))


def transactions(model: Model) -> Plan:
    return replace(locking(model, set(written(model))), strategy="htm")


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_a_transaction_ends_after_the_last_use_of_common_state_and_before_the_packet_is_edited(
    make: Callable[[], Model],
) -> None:
    model = make()
    for names in choices(model):
        shared = common(model, locking(model, names))
        words, step = steps(model)
        for run in runs(brief_form(step, shared, words)):
            ends = [i for i, s in enumerate(run) if isinstance(s, Unlock)]
            assert len(ends) == 1
            assert not [s for s in run if isinstance(s, Lock | Again | Due | Differs)]
            uses = [
                i for i, s in enumerate(run) if isinstance(s, Call | ReadCell | WriteCell) and shared.touched_by(s.op)
            ]
            assert all(i < ends[0] for i in uses)
            assert isinstance(run[-1], Return)  # where edits are


def test_firewall_with_transactions_text(golden: Callable[[str, str], None]) -> None:
    model = handmade.firewall()
    golden("firewall.htm.nf.c", emit_nf(model, transactions(model)))


def test_where_nothing_is_divided_any_split_is_right() -> None:
    model = handmade.firewall()
    port = PortPlan(0, (), bytes(40), 128, (0, 1) * 64)
    for plan, any_split in ((transactions(model), True), (shared_nothing(model, 2), False)):
        text = emit_rss(replace(plan, ports=(port,)))
        assert plan.any_split == any_split
        assert (".any_split = true," in text) == ("Any spread is" in text) == any_split
