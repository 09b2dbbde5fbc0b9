"""One run of the NF along one path: the decisions taken, what they imply, what was recorded.

Exploration re-executes: a run gets the decisions of an earlier run up to some branch, flips that one, and goes on.
Everything a run does is a function of its decisions, so equal prefixes give equal steps and equal symbol names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from maestro.diagnostics import SourceError, Span, UnsupportedError
from maestro.ir.expr import Expr, binary, const, eq, negate, sym, symbols
from maestro.ir.memory import is_undefined
from maestro.ir.model import Assume, Kind, Operation, Step
from maestro.models.packet import HEAD
from maestro.solver.answer import Answer
from maestro.solver.path import Oracle
from maestro.symex.budget import require_budget
from maestro.symex.ends import CannotMerge
from maestro.symex.pins import Pins, only_atom


@dataclass(frozen=True)
class Checkpoint:
    """What a run knew at some point; see :meth:`Run.checkpoint`."""

    constraints: int
    promises: int
    steps: int
    guards: int
    facts: dict[Expr, bool]
    packet_floor: int


@dataclass(frozen=True)
class Decision:
    """``forked``: the other side was feasible too."""

    value: bool
    forked: bool


class Run:
    """The state of one path that is not memory."""

    def __init__(
        self,
        oracle: Oracle | None,
        prefix: Sequence[Decision] = (),
        axioms: Sequence[Expr] = (),
        coin: Callable[[], bool] | None = None,
    ) -> None:
        """``coin``: which side to take where both are possible, behind the ``prefix``; None: the true one first."""
        self.oracle = oracle
        self._coin = coin
        self.prefix = tuple(prefix)
        self.decisions: list[Decision] = []
        self.pending: list[tuple[Decision, ...]] = []
        self.forks: list[Span | None] = []
        """Where this run was the first to come to a branch whose sides are both possible."""
        self.constraints: list[Expr] = list(axioms)
        self.facts: dict[Expr, bool] = {}
        self.steps: list[Step] = []
        self.known: dict[str, object] = {}
        self.packet_floor = 0
        self.assumed: set[tuple[Span | None, str]] = set()
        """Assertions that were taken to hold: where, and their text."""
        self._guards: list[Expr] = []
        self._promises: list[Expr] = []
        self._pins = Pins()
        self._operations = 0

    @property
    def initialising(self) -> bool:
        """Whether this is the run of the NF's init functions, where nothing is symbolic."""
        return self.oracle is None

    def decide(self, cond: Expr, span: Span | None) -> bool:
        """The truth of ``cond`` (width 1) on this path; forks when both are possible.

        Raises SourceError when it depends on memory that was never written.
        """
        cond = self._pins.apply(cond)
        if cond.is_const:
            return bool(cond.value)
        known = self.facts.get(cond)
        if known is not None:
            return known
        self.require_defined(cond, span, "a decision")
        if self.oracle is None:
            raise UnsupportedError(
                f"initialisation depends on a value that is not known: {cond}", span=span, code="symbolic-init"
            )
        require_budget(self.oracle.meter, span)
        if self._guards:
            return self._without_forking(cond)
        decision = self._next(cond)
        self.decisions.append(decision)
        self.learn(cond if decision.value else negate(cond), constrain=decision.forked)
        if decision.forked:
            self.steps.append(Assume(cond if decision.value else negate(cond), span))
        if decision.forked and len(self.decisions) > len(self.prefix):
            self.forks.append(span)
        return decision.value

    def asserted(self, cond: Expr, span: Span | None) -> bool | None:
        """Take ``cond`` to hold, since an assertion fails otherwise: no fork, but a given step when it may not hold.

        False when it cannot hold; None when that is known anyway, or not to be asked here.
        """
        cond = self._pins.apply(cond)
        if cond.is_const or self.facts.get(cond) is not None or self._guards or self.oracle is None:
            return None
        self.require_defined(cond, span, "an assertion")
        decision = self._next(cond, asserted=True)
        self.decisions.append(decision)
        self.learn(cond if decision.value else negate(cond), constrain=decision.forked)
        if decision.forked:
            self.steps.append(Assume(cond, span, given=True))
        return decision.value

    def _next(self, cond: Expr, *, asserted: bool = False) -> Decision:
        position = len(self.decisions)
        if position < len(self.prefix):
            return self.prefix[position]
        assert self.oracle is not None
        if self.oracle.check(self.constraints, cond) is Answer.UNSAT:
            return Decision(False, forked=False)
        if self.oracle.check(self.constraints, negate(cond)) is Answer.UNSAT:
            return Decision(True, forked=False)
        if asserted:
            return Decision(True, forked=True)
        if self._coin is not None:
            return Decision(self._coin(), forked=True)
        self.pending.append((*self.decisions, Decision(False, forked=True)))
        return Decision(True, forked=True)

    @property
    def probing(self) -> bool:
        """Whether this run only counts forks."""
        return self._coin is not None

    @property
    def head(self) -> int:
        """Where the packet starts now, in bytes from where it started when it arrived."""
        head = self.known.get(HEAD, 0)
        assert isinstance(head, int)
        return head

    def learn(self, fact: Expr, *, constrain: bool = True) -> None:
        """Add a fact that holds on this path; ``constrain=False`` when the constraints imply it already."""
        if constrain:
            self.constraints.append(fact)
        stack = [fact]
        while stack:
            f = stack.pop()
            self.facts[f] = True
            self.facts[negate(f)] = False
            if f.op == "and":
                stack.extend(f.args)
            elif f.op == "not" and f.args[0].op == "or":
                stack.extend(negate(a) for a in f.args[0].args)

    def given(self, cond: Expr, span: Span | None) -> None:
        """Take ``cond`` as promised by the API: a step of the path, but not a branch."""
        if cond.is_const or self.facts.get(cond):
            return
        self.learn(cond)
        self.steps.append(Assume(cond, span, given=True))

    # --- both sides of a branch, one after the other

    def require_unguarded(self) -> None:
        """What happens here must be safe whichever side of a merged branch is the right one: both may be computed."""
        if self._guards:
            raise CannotMerge

    def checkpoint(self) -> Checkpoint:
        """For :meth:`restore`: decisions and operations must not have been added since."""
        counts = (len(self.constraints), len(self._promises), len(self.steps), len(self._guards))
        return Checkpoint(*counts, dict(self.facts), self.packet_floor)

    def restore(self, at: Checkpoint) -> None:
        del self.constraints[at.constraints :], self._promises[at.promises :]
        del self.steps[at.steps :], self._guards[at.guards :]
        self.facts, self.packet_floor = at.facts, at.packet_floor

    def guard(self, cond: Expr) -> Checkpoint:
        """``cond`` holds until :meth:`unguard`; nothing may fork."""
        before = self.checkpoint()
        self._guards.append(cond)
        self.learn(cond)
        return before

    def unguard(self, before: Checkpoint) -> None:
        """What was learnt under the guard is forgotten, but for promises, which mention it."""
        kept, steps = self._promises[before.promises :], self.steps
        self.steps = []
        self.restore(before)
        self.steps = steps
        self._promises += kept
        for promise in kept:
            self.learn(promise)

    def promise(self, cond: Expr, span: Span | None) -> None:
        """The NF asserts ``cond`` where the guards hold."""
        whole = cond
        for guard in reversed(self._guards):
            whole = binary("or", negate(guard), whole)
        self.learn(cond)
        self._promises.append(whole)
        self.steps.append(Assume(whole, span, given=True))

    def _without_forking(self, cond: Expr) -> bool:
        if self.possible(cond) is Answer.UNSAT:
            return False
        if self.possible(negate(cond)) is Answer.UNSAT:
            return True
        raise CannotMerge

    def possible(self, cond: Expr) -> Answer:
        """Whether ``cond`` can hold on this path, without deciding it."""
        cond = self._pins.apply(cond)
        if cond.is_const:
            return Answer.SAT if cond.value else Answer.UNSAT
        known = self.facts.get(cond)
        if known is not None:
            return Answer.SAT if known else Answer.UNSAT
        if self.oracle is None:
            return Answer.UNKNOWN
        return self.oracle.check(self.constraints, cond)

    def values(self, e: Expr, limit: int) -> list[int] | None:
        """All values of ``e`` on this path, or None when there are too many or it is not known."""
        e = self._pins.apply(e)
        if e.is_const:
            return [e.value]
        return self.oracle.values(self.constraints, e, limit) if self.oracle else None

    def pin(self, e: Expr, values: Sequence[int], span: Span | None) -> int:
        """Fork over the ``values`` of ``e``; the one of this path. What ``e`` is made of is known from here on."""
        chosen = next((v for v in values[:-1] if self.decide(eq(e, const(v, e.width)), span)), values[-1])
        if len(values) > 1 and self.oracle is not None and (atom := only_atom(e)) is not None:
            left = self.oracle.values(self.constraints, atom, 1)
            if left is not None and len(left) == 1:
                self._pins.add(atom, const(left[0], atom.width))
        return chosen

    def simplified(self, e: Expr) -> Expr:
        """``e`` with what was pinned on this path put in."""
        return self._pins.apply(e)

    def record(
        self,
        obj: str,
        method: str,
        kind: Kind,
        args: Mapping[str, Expr],
        results: Mapping[str, int],
        *,
        related: tuple[str, ...] = (),
        chain: tuple[Span, ...] = (),
        span: Span | None = None,
    ) -> Operation:
        """Append a state operation; ``results`` gives the width of each result, which become symbols."""
        for name, value in args.items():
            self.require_defined(value, span, f"the {name} of {obj}.{method}")
        n = self._operations
        self._operations += 1
        symbols_ = tuple((name, sym(f"{obj}#{n}.{name}", width)) for name, width in results.items())
        op = Operation(n, obj, method, kind, tuple(args.items()), symbols_, related, span, chain)
        self.steps.append(op)
        return op

    def require_defined(self, e: Expr, span: Span | None, use: str) -> None:
        """Raises SourceError when ``e`` depends on memory that was never written."""
        for s in symbols(e):
            if is_undefined(s):
                what = s.name.removeprefix("undef:").split("[")[0]
                raise SourceError(
                    f"{use} depends on `{what}`, which was never given a value",
                    span=span,
                    hint=f"initialise `{what}` on every path that leads here",
                    code="uninitialised",
                )
