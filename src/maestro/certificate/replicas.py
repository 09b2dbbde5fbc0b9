"""R7: every core has its own copy of an object, and nobody can tell, because nothing depends on what it holds.

The paths without their operations on replicated objects, and without the branches on what those returned, have to be
a decision tree still: at every point one next operation, or branches that exclude each other, or one outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from maestro.certificate import merges
from maestro.certificate.judge import Judge
from maestro.certificate.locations import linked
from maestro.certificate.result import Failure, about
from maestro.certificate.runs import Run
from maestro.ir.expr import Expr, negate, substitute, sym, symbols
from maestro.ir.model import Assume, Model, Operation
from maestro.ir.plan import Plan
from maestro.solver.answer import Answer

_Step = tuple[object, ...]


def check(model: Model, plan: Plan, runs: Sequence[Run], judge: Judge) -> Iterator[Failure]:
    """What lets a packet's treatment depend on a copy, or copies that cannot be merged."""
    replicated = frozenset(o.name for o in plan.objects if o.strategy == "replicated")
    if not replicated:
        return
    constant = {o.name for o in plan.objects if o.strategy == "read-only"}
    for names in linked(model, plan, runs):
        other = names - replicated - constant
        if names & replicated and other:
            text = f"{', '.join(sorted(names))} share their entries, but {', '.join(sorted(other))} is not replicated"
            yield Failure(text, tuple(sorted(names)), tuple(sorted({model.object(n).span for n in names})))
            return
    skeletons = [Skeleton(run, replicated) for run in runs]
    interference = [*_interference(skeletons, judge)]
    yield from interference
    if not interference:
        yield from merges.check(model, plan, replicated, skeletons, judge)


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A run without what it does with replicated objects; results of other operations are renamed alike in all runs."""

    run: Run
    replicated: frozenset[str]

    @cached_property
    def secret(self) -> frozenset[Expr]:
        """What replicated objects returned."""
        return frozenset(s for s, origin in self.run.origins.items() if origin.operation.object in self.replicated)

    @cached_property
    def _names(self) -> dict[Expr, Expr]:
        kept = [o for o in self.run.path.operations if o.object not in self.replicated]
        return {s: sym(f"{o.object}@{n}.{name}", s.width) for n, o in enumerate(kept) for name, s in o.results}

    def rename(self, e: Expr) -> Expr:
        return substitute(e, self._names.get)

    def depends(self, e: Expr) -> bool:
        return not self.secret.isdisjoint(symbols(e))

    @cached_property
    def conditions(self) -> tuple[Expr, ...]:
        """What the run demands of packet and state, but for the replicated objects."""
        return tuple(self.rename(c) for c in self.run.conditions if not self.depends(c))

    @cached_property
    def steps(self) -> tuple[_Step, ...]:
        """Decisions, operations, the outcome."""
        found: list[_Step] = []
        for step in self.run.path.steps:
            match step:
                case Assume(cond=cond, given=given):
                    if not given and not self.depends(cond):
                        found.append(("if", self.rename(cond)))
                case Operation() if step.object not in self.replicated:
                    found.append(self._call(step))
        path = self.run.path
        port = None if path.verdict.port is None else self.rename(path.verdict.port)
        edits = tuple((at, self.rename(value)) for at, value in path.edits)
        return (*found, ("end", path.verdict.kind, port, edits, path.head, path.checksums))

    def _call(self, o: Operation) -> _Step:
        return ("call", o.object, o.method, o.related, tuple((name, self.rename(arg)) for name, arg in o.args))

    def leaks(self) -> list[Operation]:
        """The replicated operations whose results reach what remains."""
        shown: list[Expr] = [e for _, e in self.run.path.edits]
        shown += [self.run.path.verdict.port] if self.run.path.verdict.port is not None else []
        shown += [a for o in self.run.path.operations if o.object not in self.replicated for _, a in o.args]
        return [self.run.origins[s].operation for e in shown for s in symbols(e) if s in self.secret]


def _interference(skeletons: Sequence[Skeleton], judge: Judge) -> Iterator[Failure]:
    for skeleton in skeletons:
        if leaking := skeleton.leaks():
            yield about(leaking, "is replicated, but what it returns goes into the packet, its port or other state")
    pending: list[tuple[int, list[Skeleton]]] = [(0, list(skeletons))]
    while pending:
        depth, together = pending.pop()
        branches: dict[_Step, list[Skeleton]] = {}
        for s in together:
            branches.setdefault(s.steps[depth], []).append(s)
        if len(branches) > 1 and not _exclude(list(branches), judge):
            yield about(
                _touching(together), f"is replicated, but what it holds decides what the NF does: {_list(branches)}"
            )
            return
        pending += [(depth + 1, rest) for step, rest in branches.items() if step[0] != "end"]


def _exclude(steps: Sequence[_Step], judge: Judge) -> bool:
    """Whether these are branches of which no two can be taken."""
    conditions = [s[1] for s in steps if s[0] == "if"]
    if len(conditions) < len(steps):
        return False
    for i, a in enumerate(conditions):
        for b in conditions[i + 1 :]:
            assert isinstance(a, Expr)
            assert isinstance(b, Expr)
            if a is not negate(b) and judge.ask([a, b]).answer is not Answer.UNSAT:
                return False
    return True


def _touching(skeletons: Sequence[Skeleton]) -> list[Operation]:
    return [o for s in skeletons for o in s.run.path.operations if o.object in s.replicated]


def _list(branches: dict[_Step, list[Skeleton]]) -> str:
    return " or ".join(sorted({" ".join(str(p) for p in step[:3] if p) for step in branches})[:3])
