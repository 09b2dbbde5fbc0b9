"""Forms of the execution tree for NFs with state that cores have in common (``locked`` objects).

=====================================  =================================================================
step of the tree (the write form)      in the read form
=====================================  =================================================================
changes common state                   ``again``: forget everything, start over in the write form
touches the age of a common index      the same, in memory of the core's own, where no ``again`` follows
writes what a common cell may hold     if the cell holds it: nothing; else ``again``
expires common entries                 if there may be any to expire: ``again``; else nothing
allocates a common index               if one is free: ``again``; else nothing
changes the core's own state, and the  ``again``, so that there is nothing to undo; but expiring the
packet may have to start over later    core's own entries may stay: whatever looks at them expires first
everything below starts over           ``again`` at once
first step that reads common state,    before it, ``lock``: from here on until the last such step the
or the time while that may follow      core's own lock is held
last step that reads common state      after it, ``unlock``
=====================================  =================================================================

So a path holds no lock before it needs one and none after; one that never touches common state takes none. The core's
own objects (sharded, steered, replicated, read-only) need none, but the time is that of the whole packet, and only
under a lock is it known that no other core has seen a later one. The write form is the tree as it is, with all locks
held from beginning to end; as a transaction (:func:`brief_form`), from the beginning to the last step that needs it.

Nothing but touches of ages and expiries changes state in the read form, and an aborted attempt has touched nothing: it
leaves no trace. A touch may come later than in the tree, as nothing in the read form looks at ages. Packet edits come
last in every form.

A write may leave a cell as it is when what it writes depends neither on the time nor on what is in a cell: a bridge
notes again behind which port a host is. A counter or a bucket always changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from maestro.codegen.lower import (
    Again,
    BuildKey,
    Call,
    Differs,
    Due,
    If,
    Lock,
    Look,
    ReadCell,
    Return,
    Step,
    Unlock,
    WriteCell,
    following,
    uses,
)  # fmt: skip
from maestro.codegen.memory import Copy, Piece, Put, Words
from maestro.codegen.needs import Needs
from maestro.ir.expr import Expr, negate, sym, symbols
from maestro.ir.model import Kind, Model, Operation
from maestro.ir.plan import Plan

NOW = sym("now", 64)

_AGED = frozenset({
    "dchain_allocate", "dchain_refresh", "dchain_test", "dchain_free", "dchain_expire_one", "expire_map",
})  # fmt: skip


@dataclass(frozen=True)
class Common:
    """``objects``: those that cores have in common. ``aged``: the allocators among them that cores touch on their own.

    An allocator that is given other times than the packet's, or that other structures look into, is a plain one:
    touching it changes common state. ``htm``: transactions before locks.
    """

    objects: frozenset[str] = frozenset()
    aged: frozenset[str] = frozenset()
    htm: bool = False

    def touched_by(self, op: Operation) -> bool:
        return not self.objects.isdisjoint((op.object, *op.related))


NONE = Common()


def common(model: Model, plan: Plan) -> Common:
    """What the plan locks."""
    objects = frozenset(o.name for o in plan.objects if o.strategy == "locked")
    ops = [op for p in model.paths for op in p.operations]
    plain = {op.object for op in ops if op.method not in _AGED or not _at_now(op)}
    aged = {o.name for o in model.objects if o.kind == "dchain" and o.name in objects and o.name not in plain}
    return Common(objects, frozenset(aged), plan.strategy == "htm" and bool(objects))


def _at_now(op: Operation) -> bool:
    return op.method not in ("dchain_allocate", "dchain_refresh") or op.arg("time") is NOW


def brief_form(step: Step, shared: Common, words: Words) -> Step:
    """The write form of NFs with transactions: ``step``, which ends them after the last step that needs common state.

    Packet edits and the verdict come after that, where nothing can make the packet start over any more.
    """
    return _ReadForm(shared, words).inside(step, whole=True)


def read_form(step: Step, shared: Common, words: Words) -> Step:
    """The read form of ``step``, whose values ``words`` knows. An ``Again`` where it can process no packet."""
    form = _ReadForm(shared, words)
    return form.locked(form.restarting(step))


class _ReadForm:
    def __init__(self, shared: Common, words: Words) -> None:
        self._shared = shared
        self._words = words
        self._needs = Needs()
        self._facts: dict[Step, tuple[bool, bool]] = {}

    # -- where to start over

    def restarting(self, step: Step) -> Step:
        """``step`` with ``Again`` and ``Due`` in the places of changes."""
        match step:
            case If():
                yes, no = self.restarting(step.yes), self.restarting(step.no)
                both = isinstance(yes, Again) and isinstance(no, Again)
                return Again(step.span) if both else replace(step, yes=yes, no=no)
            case BuildKey():
                then = self.restarting(step.then)
                return then if isinstance(then, Again) else replace(step, then=then)
            case Call() | ReadCell() | WriteCell():
                return self._operation(step)
        return step

    def _operation(self, step: Call | ReadCell | WriteCell) -> Step:
        shared = self._shared.touched_by(step.op)
        if shared and step.op.method in _MAY_BE_NOTHING:
            assert isinstance(step, Call)
            return self._due(step)
        touch = step.op.object in self._shared.aged and step.op.kind is Kind.REFRESH
        steady = isinstance(step, WriteCell) and all(self._is_steady(p) for p in step.pieces)
        if shared and _changes(step) and not touch and not steady:
            return Again(step.op.span)
        then = self.restarting(step.then)
        if isinstance(then, Again):
            return then
        if shared and _changes(step) and isinstance(step, WriteCell):
            return Differs(step.op, step.index, step.pieces, then)
        if touch and step.op.result("ok") not in self._needs.values((then,)):
            return self._sunk(step, then)
        if _changes(step) and self._restarts(then) and not self._harmless(step):
            return Again(step.op.span)
        return replace(step, then=then)

    def _due(self, step: Call) -> Step:
        """Past a ``Due`` nothing has expired, or nothing was allocated."""
        then = step.then
        ok = dict(step.op.results).get("ok")
        if ok is not None and isinstance(then, If) and then.cond in (ok, negate(ok)):
            then = then.no if then.cond is ok else then.yes
        then = self.restarting(then)
        return then if isinstance(then, Again) else Due(step.op, _threshold(step), then)

    def _sunk(self, touch: Step, step: Step) -> Step:
        """``step`` with ``touch`` done where nothing starts over any more."""
        if isinstance(step, Again):
            return step
        if not self._restarts(step):
            return _over(touch, (step,))
        return _over(step, tuple(self._sunk(touch, s) for s in following(step)))

    def _is_steady(self, piece: Piece) -> bool:
        """Whether the cell may well hold already what the piece writes."""
        match piece:
            case Put(value=value):
                return not any(s is NOW or self._is_stored(s) for s in symbols(value))
            case Copy(base=base):
                return base is None or base.op != "sym"
        return piece.size in (2, 4, 8)

    def _is_stored(self, e: Expr) -> bool:
        load = self._words.load(e)
        return load is not None and load.base is not None

    def _harmless(self, step: Step) -> bool:
        """Expiry of the core's own entries, whose number nobody asks for."""
        if not isinstance(step, Call) or step.op.method != "expire_map":
            return False
        return step.op.result("count") not in self._needs.values((step.then,))

    def _restarts(self, step: Step) -> bool:
        """Whether a packet may start over here or below."""
        return self._fact(step)[0]

    def _reads(self, step: Step) -> bool:
        """Whether something here or below needs a lock."""
        return self._fact(step)[1]

    def _fact(self, step: Step) -> tuple[bool, bool]:
        known = self._facts.get(step)
        if known is None:
            below = [self._fact(s) for s in following(step)]
            restarts = isinstance(step, Again | Due | Differs) or any(r for r, _ in below)
            reads = self._looks(step) or any(r for _, r in below)
            known = self._facts[step] = (restarts, reads)
        return known

    def _looks(self, step: Step) -> bool:
        if isinstance(step, Call | ReadCell | WriteCell):
            return self._shared.touched_by(step.op)
        return isinstance(step, Due | Differs)

    # -- where to lock

    def locked(self, step: Step) -> Step:
        """``step`` with the core's own lock taken where it must be."""
        if not self._reads(step):
            return step
        if self._looks(step) or any(NOW in symbols(e) for e in uses(step)):
            return Lock(self.inside(step))
        return _over(step, tuple(self.locked(s) for s in following(step)))

    def inside(self, step: Step, *, whole: bool = False) -> Step:
        """``step``, reached with the lock held (``whole``: all), which is let go as soon as it can be."""
        if isinstance(step, Again):
            return replace(step, locked=True)
        if not self._reads(step):
            return Unlock(step, whole)
        return _over(step, tuple(self.inside(s, whole=whole) for s in following(step)))


_MAY_BE_NOTHING = frozenset({"expire_map", "dchain_expire_one", "dchain_allocate"})
"""What changes nothing at times, as can be told in advance."""


def _threshold(step: Call) -> Expr | None:
    return step.args["time"] if step.op.kind is Kind.EXPIRE else None


def _changes(step: Call | ReadCell | WriteCell) -> bool:
    if isinstance(step, WriteCell) and not step.pieces:
        return False
    return step.op.kind.modifies


def _over(step: Step, below: tuple[Step, ...]) -> Step:
    """``step`` with other steps below it."""
    match step:
        case If():
            return replace(step, yes=below[0], no=below[1])
        case Return() | Again() | Look():
            return step
    return replace(step, then=below[0])


def constants(op: Operation) -> Iterator[tuple[Expr, str]]:
    """What the results of an expiry or an allocation are when there was nothing."""
    for _, e in op.results:
        yield e, "false" if e.width == 1 else "0"


def has_again(step: Step) -> bool:
    """Whether a packet may start over here or below."""
    return isinstance(step, Again | Due | Differs) or any(has_again(s) for s in following(step))
