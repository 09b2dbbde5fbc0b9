"""The paths and the execution tree as the page shows them: plain values that go into its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maestro.diagnostics import InternalError, Span
from maestro.ir.expr import Expr, const, substitute, sym
from maestro.ir.model import Assume, Model, Operation, Path
from maestro.ir.tree import Branch, Do, Given, Leaf, Tree, build
from maestro.report.facts import Places, owner
from maestro.report.page.words import Words, edits, port_name

Json = dict[str, Any]

_DEEDS = {
    "map_get": "look up in", "map_put": "store in", "map_erase": "erase from", "map_size": "count the entries of",
    "vector_read": "read", "vector_write": "write", "dchain_allocate": "take a free entry of",
    "dchain_refresh": "refresh", "dchain_test": "test", "dchain_free": "free an entry of",
    "dchain_expire_one": "expire the oldest of", "expire_map": "expire", "expire_range": "clear a run of",
    "cht_find": "choose a backend of", "sketch_refresh": "refresh", "sketch_fetch": "ask", "sketch_touch": "count in",
    "sketch_expire": "expire", "lpm_lookup": "look up in", "lpm_update": "change",
}  # fmt: skip
_SHOWN = ("key", "cell", "value", "index", "time", "address")
"""Arguments worth a reader's time."""


@dataclass(frozen=True)
class Lines:
    """Links to C lines: only those in files that the page shows have an anchor (``anchors``: file name → number)."""

    places: Places
    anchors: Mapping[str, int]

    def of(self, span: Span | None) -> Json | None:
        if span is None or not span.line or span.file.startswith("<"):
            return None
        name = self.places.file(span)
        if name not in self.anchors:
            return None
        return {"text": self.places.short(span), "id": f"L{self.anchors[name]}-{span.line}"}


class Paths:
    """All paths of a model, described once."""

    def __init__(self, model: Model, names: Mapping[int, str], lines: Lines) -> None:
        owners = {o.name: owner(model, o.name) for o in model.objects}
        self._model, self._names, self._lines, self._owners = model, names, lines, owners
        self._words = [Words(model, p, owners, names) for p in model.paths]

    def all(self) -> list[Json]:
        return [self._path(i, p) for i, p in enumerate(self._model.paths)]

    def _path(self, number: int, path: Path) -> Json:
        words = self._words[number]
        ports = [n for n in range(self._model.ports) if _arrives(path, n)]
        return {
            "id": number,
            "ports": ports,
            "verdict": path.verdict.kind,
            "verdict_text": self._verdict(path, words, ports),
            "line": self._lines.of(path.verdict.span),
            "objects": list(dict.fromkeys(self._owners[o.object] for o in path.operations)),
            "steps": [self._step(step, words) for step in path.steps],
            "edits": edits(path, words),
            "changes": any(o.kind.modifies for o in path.operations),
        }

    def _step(self, step: Assume | Operation, words: Words) -> Json:
        if isinstance(step, Assume):
            kind = "given" if step.given else "if"
            return {"kind": kind, "text": words.condition(step.cond), "line": self._lines.of(step.span)}
        return self._operation(step, words)

    def _operation(self, op: Operation, words: Words) -> Json:
        known = [(name, value) for name, value in op.args if name in _SHOWN]
        detail = "; ".join(
            words.argument(op, n, v) if n in ("key", "cell") else f"{n} = {words.value(v)}" for n, v in known
        )
        return {
            "kind": "do",
            "does": op.kind.value,
            "object": self._owners[op.object],
            "part": op.object,
            "text": f"{_DEEDS.get(op.method, op.kind.value)} {op.object}",
            "detail": detail,
            "number": op.ordinal,
            "line": self._lines.of(op.span) or next(filter(None, map(self._lines.of, op.chain)), None),
        }

    def _verdict(self, path: Path, words: Words, ports: Sequence[int]) -> str:
        verdict = path.verdict
        if verdict.port is None:
            return {"drop": "drop", "flood": "send to all other ports"}.get(verdict.kind, verdict.kind)
        there = {_at(verdict.port, n) for n in ports}
        only = there.pop() if len(there) == 1 else None
        if only is not None and only.is_const:
            return f"forward to port {port_name(only.value, self._names)}"
        return f"forward to port {words.value(verdict.port)}"

    def tree(self) -> Json | None:
        """Nested nodes: what is done up to the next branch, its condition, then ``yes`` and ``no``; leaves have a path.

        None when the NF has no paths.
        """
        return self._node(build(self._model.paths)) if self._model.paths else None

    def _node(self, tree: Tree) -> Json:
        done: list[Operation] = []
        while isinstance(tree, Do | Given):
            if isinstance(tree, Do):
                done.append(tree.operation)
            tree = tree.then
        operations = list(dict.fromkeys(f"{o.kind.value} {self._owners[o.object]}" for o in done))
        match tree:
            case Leaf(number):
                return {"path": number, "do": operations}
            case Branch(cond, span, yes, no):
                text = self._words[_first(yes)].condition(cond)
                branches = {"yes": self._node(yes), "no": self._node(no)}
                return {"if": text, "line": self._lines.of(span), "do": operations, **branches}
        raise InternalError(f"a tree ends in {type(tree).__name__}")


def _first(tree: Tree) -> int:
    """A path below ``tree``."""
    while not isinstance(tree, Leaf):
        tree = tree.yes if isinstance(tree, Branch) else tree.then
    return tree.path


def _at(e: Expr, port: int) -> Expr:
    return substitute(e, {sym("device", 16): const(port, 16)}.get)


def _arrives(path: Path, port: int) -> bool:
    """Whether a packet of ``port`` may take the path, as far as the tests of the port alone tell."""
    return not any(_at(c, port).is_false for c in path.conditions)
