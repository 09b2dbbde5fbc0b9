"""R7: state that packets only add to, and that decides nothing, can have a copy on every core.

Two things are asked. **Nobody looks**: take the group's operations and the branches on what they returned out of the
execution tree, and both sides of every such branch are left the same. **It merges**: each value in the group's vectors
changes in one way only, which does not depend on order: adding, or the maximum, minimum, or, and, xor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from maestro.diagnostics import Span
from maestro.ir.expr import TRUE, Expr, binary, concat, extract, substitute, sym, symbols, zext
from maestro.ir.model import Kind, Model, Operation, StateObject
from maestro.ir.plan import Reason, Replica
from maestro.ir.tree import Branch, Do, Given, Leaf, Tree, build
from maestro.sharding.groups import Group
from maestro.sharding.hazards import spans_of
from maestro.sharding.provenance import Trace, is_input

_HOW = {"add": "add", "or": "or", "and": "and", "xor": "xor"}


@dataclass(frozen=True)
class _Change:
    """How one value of ``size`` bytes at ``offset`` is changed: by an operation that merges, or "set"."""

    offset: int
    size: int
    how: str


def replicas(model: Model, paths: Sequence[Trace], group: Group) -> tuple[Replica, ...] | Reason | None:
    """The copies to keep of the group's objects; or what alone stands in the way; None for several things."""
    seen = _looked_at(model, group)
    copies = _copies(model, paths, group)
    if seen is None:
        return copies
    return None if isinstance(copies, Reason) else seen


def _copies(model: Model, paths: Sequence[Trace], group: Group) -> tuple[Replica, ...] | Reason:
    removed = [
        op for t in paths for op in t.path.operations
        if op.object in group.objects and op.kind in (Kind.FREE, Kind.EXPIRE)
    ]  # fmt: skip
    if removed:
        text = f"entries of `{removed[0].object}` are removed, and a copy cannot tell whether another core still adds"
        return _not_commutative(model, group, text, removed)
    out = []
    for name in group.objects:
        if name in group.modified:
            parts = _parts(model, model.object(name), paths, group)
            if isinstance(parts, Reason):
                return parts
            out.append(Replica(name, parts))
    return tuple(out)


def _not_commutative(model: Model, group: Group, text: str, operations: Sequence[Operation]) -> Reason:
    names = tuple(n for n in group.objects if n in group.modified)
    spans = spans_of(operations) or tuple(model.object(n).span for n in names)
    hint = "copies on every core can be merged when packets only add to them, or take their maximum"
    return Reason("not-commutative", text, names, spans, hint)


# --- nobody looks


class _SeenError(Exception):
    """The group's state is looked at, at ``span``; never leaves this module."""

    def __init__(self, span: Span | None, how: str) -> None:
        super().__init__(how)
        self.span = span
        self.how = how


def _looked_at(model: Model, group: Group) -> Reason | None:
    try:
        _Without(group).tree(build(model.paths), {}, 0)
    except _SeenError as seen:
        names = tuple(n for n in group.objects if n in group.modified)
        return Reason(
            "read-counter",
            f"what {', '.join(f'`{n}`' for n in names)} holds {seen.how}",
            names,
            (seen.span,) if seen.span else (),
            "if no packet's fate depended on it, every core could have a copy",
        )
    return None


@dataclass(frozen=True)
class _Without:
    """Trees without a group: its operations are gone, other results are numbered anew, so that trees compare."""

    group: Group

    def tree(self, tree: Tree, names: Mapping[Expr, Expr], count: int) -> tuple[object, ...]:
        """The tree as a value. Raises _SeenError where the group makes a difference."""
        match tree:
            case Leaf(_, verdict, edits):
                if verdict.port is not None:
                    self._check(verdict.port, verdict.span, "chooses the output port")
                for _, value in edits:
                    self._check(value, verdict.span, "is written into the packet")
                port = verdict.port and _renamed(verdict.port, names)
                edited = tuple((k, _renamed(v, names)) for k, v in edits)
                return ("leaf", verdict.kind, port, edited, tree.head, tree.checksums)
            case Do(op, then):
                return self._operation(op, then, names, count)
            case Given(cond, _, then):
                return self.tree(then, names, count) if self._own(cond) else self._step(cond, then, names, count)
            case Branch(cond, span, yes, no):
                sides = self.tree(yes, names, count), self.tree(no, names, count)
                if not self._own(cond):
                    return ("branch", _renamed(cond, names), *sides)
                if sides[0] != sides[1]:
                    raise _SeenError(span, "decides over a packet")
                return sides[0]
        raise AssertionError(tree)

    def _step(self, cond: Expr, then: Tree, names: Mapping[Expr, Expr], count: int) -> tuple[object, ...]:
        return ("given", _renamed(cond, names), self.tree(then, names, count))

    def _operation(self, op: Operation, then: Tree, names: Mapping[Expr, Expr], count: int) -> tuple[object, ...]:
        if op.object in self.group.objects:
            return self.tree(then, names, count)
        for name, value in op.args:
            self._check(value, op.span, f"is part of the {name} given to `{op.object}`")
        args = tuple((name, _renamed(value, names)) for name, value in op.args)
        fresh = {value: sym(f"{op.object}##{count}.{name}", value.width) for name, value in op.results}
        return ("do", op.object, op.method, args, self.tree(then, {**names, **fresh}, count + 1))

    def _own(self, e: Expr) -> bool:
        return any(s.name.partition("#")[0] in self.group.objects for s in symbols(e) if "#" in s.name)

    def _check(self, e: Expr, span: Span | None, how: str) -> None:
        if self._own(e):
            raise _SeenError(span, how)


def _renamed(e: Expr, names: Mapping[Expr, Expr]) -> Expr:
    return substitute(e, names.get)


# --- it merges


def _parts(
    model: Model, obj: StateObject, paths: Sequence[Trace], group: Group
) -> tuple[tuple[int, int, str], ...] | Reason:
    """How the values of a vector merge; of keys and allocators nothing is merged."""
    if obj.kind == "dchain" or obj.name in group.index_maps:
        return ()
    if obj.kind != "vector":
        return _not_commutative(model, group, f"`{obj.name}`, a {obj.kind}, has no merged form", [])
    found: list[_Change] = []
    for trace in paths:
        for op in trace.path.operations:
            if op.object == obj.name and op.method == "vector_write":
                changes = _changes(obj, trace, op)
                if changes is None:
                    text = f"a value in `{obj.name}` is changed in a way that depends on the order of packets"
                    return _not_commutative(model, group, text, [op])
                found += changes
    ways = {(c.offset, c.size): c.how for c in found if c.how != "set"}
    if any(ways.get((c.offset, c.size), c.how) != c.how for c in found if c.how != "set") or _overlapping(ways):
        return _not_commutative(model, group, f"a value in `{obj.name}` is changed in several ways", [])
    if not group.allocators and (any(obj.initial) or obj.contents or set(ways.values()) & {"min", "and"}):
        return _not_commutative(
            model, group, f"`{obj.name}` starts with values that merging would count once a core", []
        )
    for c in found:
        if c.how == "set" and not any(a < c.offset + c.size and c.offset < a + n for a, n in ways):
            ways[c.offset, c.size] = "same"
    return tuple((offset, size, how) for (offset, size), how in sorted(ways.items()))


def _overlapping(ways: Mapping[tuple[int, int], str]) -> bool:
    spans = sorted(ways)
    return any(a + n > b for (a, n), (b, _) in pairwise(spans))


def _changes(obj: StateObject, trace: Trace, write: Operation) -> list[_Change] | None:
    """What a write does to each value; None when it cannot be merged.

    A value that a new entry starts with counts as "set": under ``add`` it is what the first packet adds to zero.
    """
    cell, old = write.arg("cell"), _old(trace, write)
    starts = {f.offset: f.size for f in obj.elem_layout}
    out: list[_Change] = []
    at = 0
    while at < obj.elem_size:
        if old is not None and _number(cell, at, 1) is _number(old, at, 1):
            at += 1
            continue
        sizes = [n for n in (8, 4, 2, 1) if at % n == 0 and at + n <= obj.elem_size]
        sizes.sort(key=lambda n: n != starts.get(at))
        change = next((c for n in sizes if (c := _change(obj, trace, write, at, n, old))), None)
        if change is None:
            return None
        out.append(change)
        at += change.size
    return out


def _change(
    obj: StateObject, trace: Trace, write: Operation, offset: int, size: int, old: Expr | None
) -> _Change | None:
    new = _number(write.arg("cell"), offset, size)
    how = _way(new, None if old is None else _number(old, offset, size), trace)
    if how is None and _is_fresh(trace, write) and is_input(new) and not any(obj.initial[offset : offset + size]):
        how = "set"
    return _Change(offset, size, how) if how else None


def _old(trace: Trace, write: Operation) -> Expr | None:
    """What the cell held before, as far as the path has read it."""
    index = trace.symbol(write.arg("index"))
    reads = [
        op.result("cell")
        for op in trace.path.operations
        if op.method == "vector_read" and op.object == write.object and op.ordinal < write.ordinal
        and trace.symbol(op.arg("index")) is index
    ]  # fmt: skip
    return reads[-1] if reads else None


def _is_fresh(trace: Trace, write: Operation) -> bool:
    source = trace.source(write.arg("index"))
    return source is not None and source.method == "dchain_allocate"


def _number(cell: Expr, offset: int, size: int) -> Expr:
    """The little-endian value of ``size`` bytes of a cell."""
    top = cell.width - 1
    octets = [extract(cell, top - 8 * k, top - 8 * k - 7) for k in range(offset, offset + size)]
    return concat(*reversed(octets))


def _way(new: Expr, old: Expr | None, trace: Trace) -> str | None:
    """``old`` ∘ something of the packet, as the name of the operation."""
    if old is None:
        return None
    if new.op in _HOW and old in new.args:
        other = [a for a in new.args if a is not old]
        return _HOW[new.op] if all(is_input(a) for a in other) and len(other) == 1 else None
    if new.op == "sub" and new.args[0] is old and is_input(new.args[1]):
        return "add"
    if not is_input(new):
        return None
    if _at_most(old, new, trace):
        return "max"
    return "min" if _at_most(new, old, trace) else None


def _at_most(a: Expr, b: Expr, trace: Trace) -> bool:
    """Whether the path has seen that ``a`` <= ``b``, also in the way C compares numbers narrower than an int."""
    ways = [(op, a, b) for op in ("ult", "ule")]
    if a.width < 32:
        ways += [(op, zext(a, 32), zext(b, 32)) for op in ("slt", "sle", "ult", "ule")]
    return any(trace.facts.get(binary(*way)) is TRUE for way in ways)
