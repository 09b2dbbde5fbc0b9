"""R5: a packet may name an entry by its index, but only the entry's own peer gets further than a miss.

Cores have indices of their own. A packet that names an index of another core finds it free, its cells never written.
That is no difference when, in the sequential NF,

* a packet gets further than such a *foreign* packet would only if it agrees with what the cell holds, and whoever wrote
  that has the same core (for the bytes that the plan lists, whatever else the cell holds);
* every other packet has the same outcome as on the foreign path, and modifies nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from maestro.certificate.cells import octets, unchanged
from maestro.certificate.conflicts import declared, pair
from maestro.certificate.judge import Judge
from maestro.certificate.locations import Atlas, Location
from maestro.certificate.outcomes import modifications, pairing
from maestro.certificate.result import Failure, about, describe
from maestro.certificate.runs import Run, only_inputs
from maestro.certificate.views import Site, View, Views
from maestro.ir.expr import Expr, concat, const, eq, negate
from maestro.ir.model import Model, Operation, StateObject
from maestro.ir.plan import Interchange, Plan
from maestro.solver.answer import Answer


def check(model: Model, plan: Plan, atlas: Atlas, views: Views, judge: Judge) -> Iterator[Failure]:
    """What shows that a packet of another core was expected to find something."""
    for entry in plan.interchanges:
        if atlas.group.objects & set(entry.objects):
            yield from _Exchange(model, entry, atlas, views, judge).failures()


@dataclass(frozen=True, eq=False)
class _Exchange:
    model: Model
    entry: Interchange
    atlas: Atlas
    views: Views
    judge: Judge

    def failures(self) -> Iterator[Failure]:
        problem = self._problem()
        if problem:
            names = tuple(sorted({*self.entry.objects, self.entry.vector}))
            yield Failure(f"{', '.join(names)}: {problem}", names, tuple(self.model.object(n).span for n in names))
            return
        broken = [*self._unreadable()]
        yield from broken
        if not broken:
            yield from declared(v for site in self._writers for v in self._seen(site))
            for run in self._naming:
                yield from self._run(run)

    def _problem(self) -> str | None:
        vector = self._vector
        if vector.kind != "vector" or not self._places or max(self._places) >= vector.elem_size:
            return f"the plan compares bytes that {vector.name} does not have"
        if any(self.model.object(n).contents for n in (*self.entry.objects, self.entry.vector)):
            return "filled at init, so packets may name indices that no core allocated"
        return None

    @property
    def _vector(self) -> StateObject:
        return self.model.object(self.entry.vector)

    @cached_property
    def _places(self) -> tuple[int, ...]:
        return tuple(at + i for at, size in self.entry.bytes for i in range(size))

    @cached_property
    def _naming(self) -> tuple[Run, ...]:
        """The paths on which the packet names an index."""
        return tuple(r for r in self.atlas.runs if self.named(r))

    def named(self, run: Run) -> list[Operation]:
        """The operations at indices that the packet names."""
        return [o for o, t in self.atlas.targets(run) if t.how == "named" and o.object in self.entry.objects]

    def _writes(self) -> Iterator[tuple[Run, Operation]]:
        """The writes that may change the compared bytes."""
        for run in self.atlas.runs:
            for o in run.path.operations:
                written = o.object == self._vector.name and o.method == "vector_write"
                if written and not unchanged(run, o, self._places):
                    yield run, o

    def _compared(self, run: Run, write: Operation) -> Expr:
        return concat(*octets(run.resolve(write.arg("cell")), self._places))

    def _unreadable(self) -> Iterator[Failure]:
        for run, write in self._writes():
            if not only_inputs(self._compared(run, write)):
                yield about([write], "what later packets are compared with is not made of the packet's fields alone")
        for run in self._naming:
            indices = {run.resolve(o.arg("index")) for o in self.named(run)}
            if len(indices) > 1:
                yield about(self.named(run), "one packet names several indices")

    @cached_property
    def _writers(self) -> tuple[Site, ...]:
        """Where the compared bytes come from: functions of the writing packet."""
        found: dict[tuple[Expr, tuple[Expr, ...]], list[Operation]] = {}
        for run, write in self._writes():
            found.setdefault((self._compared(run, write), run.input_conditions), []).append(write)
        return tuple(Site(Location("", e), conditions, tuple(ops)) for (e, conditions), ops in found.items())

    def _seen(self, site: Site) -> tuple[View, ...]:
        if site not in self._cache:
            self._cache[site] = tuple(self.views.of(site))
        return self._cache[site]

    @cached_property
    def _cache(self) -> dict[Site, tuple[View, ...]]:
        return {}

    def _run(self, run: Run) -> Iterator[Failure]:
        """Like a foreign packet, or at the core of the entry's peer."""
        further = self._further(run)
        if further is None:
            return
        reads = [o for o in self.named(run) if o.object == self._vector.name]
        if not reads or reads[0].method != "vector_read":
            yield about(self.named(run), f"the packet is not compared with {self._vector.name}, but {further}")
            return
        cell = concat(*octets(reads[0].result("cell"), self._places))
        if not self._written(run) and self._may([*run.conditions, self._as_initial(reads[0])]):
            yield about(reads, f"nothing may have been stored to compare with, but {further}")
        peer = Site(Location("", cell), run.conditions, tuple(self.named(run)))
        for writer in self._writers:
            pairs = ((p, q) for p in self._seen(peer) for q in self._seen(writer))
            what = f"agree on what is compared, though {further},"
            failure = next((f for p, q in pairs if (f := pair(p, q, self.judge, what=what))), None)
            if failure:
                yield failure

    def _written(self, run: Run) -> bool:
        """Whether what the path compares with has been written; where it makes no difference, that will do."""
        tests = [o for o in self.named(run) if o.method == "dchain_test"]
        if not any(run.holds(o.result("allocated")) for o in tests):
            return not tests and not modifications(run, self.atlas.group)  # Never written, it looks alike on all cores.
        writes = {(id(r), r.resolve(w.arg("index"))) for r, w in self._writes()}
        return all(
            (id(r), o.result("index")) in writes
            for r in self.atlas.runs
            for o in self.atlas.group.operations(r)
            if o.method == "dchain_allocate" and r.holds(o.result("ok")) is not False
        )

    def _may(self, conditions: Sequence[Expr]) -> bool:
        return self.judge.ask([*self.model.axioms, *conditions]).answer is not Answer.UNSAT

    def _as_initial(self, read: Operation) -> Expr:
        cell = read.result("cell")
        initial = self.model.object(read.object).initial
        return eq(cell, const(int.from_bytes(initial, "big"), cell.width))

    def _foreign(self, run: Run) -> tuple[Expr, ...] | None:
        """The path as a core takes it that does not have the index; None when it cannot."""
        facts = list(run.conditions)
        for o in self.named(run):
            if o.method == "dchain_test":
                facts.append(negate(o.result("allocated")))
            elif o.method == "vector_read":
                facts.append(self._as_initial(o))
        answer = self.judge.may_hold([*self.model.axioms, *facts])
        return None if answer is Answer.UNSAT else tuple(facts)

    @cached_property
    def _foreigners(self) -> tuple[tuple[Run, tuple[Expr, ...]], ...]:
        found = ((r, self._foreign(r)) for r in self._naming)
        return tuple((r, facts) for r, facts in found if facts is not None)

    def _further(self, run: Run) -> str | None:
        """What a packet on this path gets that a foreign one does not; None when that is nothing."""
        for other, facts in self._foreigners:
            apart = {s for r in (run, other) for o in self.named(r) for _, s in o.results}
            both = pairing(run, other, facts, apart, self.atlas.group)
            changing = [*modifications(run, self.atlas.group), *modifications(other, self.atlas.group)]
            if changing and self._may(both.together):
                return f"{describe(changing)} may happen at another core's index"
            if not changing and self._may([*both.together, both.differ]):
                return f"it fares otherwise than a packet that names a free index ({_end(run)}, {_end(other)})"
        return None


def _end(run: Run) -> str:
    verdict = run.path.verdict
    return f"{verdict.kind} at {verdict.span or 'no line'}"
