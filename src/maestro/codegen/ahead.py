"""The pass ``batches``: what a packet needs is worked out and fetched before it is its turn.

===========================  ==============================================================
before                       after
===========================  ==============================================================
for each packet: the tree    for each packet: ``look``, the tests that the packet alone decides,
                             the keys that follow, their hashes; fetch the slots
                             for each packet: fetch the records
                             for each packet: the rest of the tree, from where ``look`` left
===========================  ==============================================================

The tests of ``look`` read the packet, its port, length and time, never state, so that it does not matter that packets
before it in the batch have not been processed yet. Operations that stood before such a test (expiry, as a rule) are the
first of the rest. Packets of one batch are processed in their order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from maestro.codegen.flows import Tables
from maestro.codegen.lower import BuildKey, Call, If, Look, ReadCell, Step, WriteCell, following, uses
from maestro.codegen.memory import Words
from maestro.ir.expr import Expr, symbols
from maestro.ir.model import Kind, Model

_MOST_KEYS = 3


@dataclass(frozen=True)
class Ahead:
    """``look``: the tree of tests, whose leaves are :class:`Look`; ``rests``: what follows leaf number n."""

    look: Step
    rests: tuple[tuple[Look, Step], ...]


def look_ahead(model: Model, words: Words, tables: Tables, step: Step) -> Ahead:
    """``step`` cut in two."""
    results = {e for path in model.paths for op in path.operations for _, e in op.results}
    cut = _Cut(words, tables, results)
    return Ahead(cut.tests(step, ()), tuple(cut.rests))


@dataclass
class _Cut:
    words: Words
    tables: Tables
    results: Collection[Expr]
    rests: list[tuple[Look, Step]] = field(default_factory=list)

    def tests(self, step: Step, passed: Sequence[Step]) -> Step:
        """``passed``: the operations on the way here."""
        match step:
            case If() if self._is_packets(step.cond):
                return replace(step, yes=self.tests(step.yes, passed), no=self.tests(step.no, passed))
            case Call() if step.op.kind is Kind.EXPIRE and self._is_packets(*uses(step)):
                return self.tests(step.then, (*passed, step))
        found = _Found()
        self._collect(step, found)
        look = Look(tuple(found.keys), tuple(found.gets), tuple(found.indices), tuple(found.sketches))
        self.rests.append((look, _after(passed, step)))
        return look

    def _is_packets(self, *values: Expr) -> bool:
        """Whether ``values`` depend on the packet alone."""
        for s in symbols(*values):
            load = self.words.load(s)
            if s in self.results or (load is not None and load.base is not None):
                return False
        return True

    def _collect(self, step: Step, found: _Found) -> None:
        """What may be looked up from here on, up to the next test of the packet, below which it may be shorter."""
        match step:
            case BuildKey() if step.words and self._is_packets(*uses(step)) and len(found.keys) < _MOST_KEYS:
                found.keys.append(step)
            case Call() if step.op.method == "map_get" and step.op.object in self.tables.maps:
                found.get(step)
            case Call() if "hash" in step.args and step.op.method.startswith("sketch_"):
                if self._is_packets(step.args["hash"]):
                    found.sketch(step)
            case Call() | ReadCell() | WriteCell():
                self._index(step, found)
            case If() if self._is_packets(step.cond):
                return
        for s in following(step):
            self._collect(s, found)

    def _index(self, step: Call | ReadCell | WriteCell, found: _Found) -> None:
        table = self.tables.of(step.op.object)
        index = step.args.get("index") if isinstance(step, Call) else step.index
        if table is not None and index is not None and self._is_packets(index):
            found.index(table.allocator, index)


@dataclass
class _Found:
    keys: list[BuildKey] = field(default_factory=list)
    gets: list[tuple[str, int]] = field(default_factory=list)
    indices: list[tuple[str, Expr]] = field(default_factory=list)
    sketches: list[tuple[str, Expr]] = field(default_factory=list)

    def sketch(self, call: Call) -> None:
        if (call.op.object, call.args["hash"]) not in self.sketches:
            self.sketches.append((call.op.object, call.args["hash"]))

    def get(self, call: Call) -> None:
        place = next((n for n, k in enumerate(self.keys) if k.key is call.key), None)
        if place is not None and (call.op.object, place) not in self.gets:
            self.gets.append((call.op.object, place))

    def index(self, allocator: str, index: Expr) -> None:
        if (allocator, index) not in self.indices:
            self.indices.append((allocator, index))


def _after(passed: Sequence[Step], step: Step) -> Step:
    for op in reversed(passed):
        assert isinstance(op, Call)
        step = replace(op, then=step)
    return step
