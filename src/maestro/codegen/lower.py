"""From the execution tree to steps that each become a few lines of C.

Decides, path by path, what depends on the path's past: which keys are built already, and which bytes of a cell a
write really changes. What comes out has only loads, names to be chosen and statements left to print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from maestro.codegen.flows import NO_TABLES, Tables
from maestro.codegen.memory import Copy, Piece, Put, Words, memory_bytes
from maestro.diagnostics import InternalError, Span
from maestro.ir.expr import Expr, concat, const, packet_byte
from maestro.ir.model import Operation
from maestro.ir.tree import Branch, Do, Leaf, Tree


@dataclass(frozen=True, eq=False)
class BuildKey:
    """Assemble the packed ``key`` of map ``object`` in an array of its own.

    ``words``: of 64 bits, the last one padded with zeros, each of which is one of ``pieces``; and its hash.
    """

    object: str
    key: Expr
    pieces: tuple[Piece, ...]
    then: Step
    words: bool = False


@dataclass(frozen=True, eq=False)
class Call:
    """Any operation but on a vector; ``args`` rewritten, without the key, which is ``key`` (None for sketches)."""

    op: Operation
    args: dict[str, Expr]
    key: Expr | None
    then: Step


@dataclass(frozen=True, eq=False)
class ReadCell:
    op: Operation
    index: Expr
    cell: Expr
    then: Step


@dataclass(frozen=True, eq=False)
class WriteCell:
    """``pieces``: the bytes that differ from what the cell is known to hold."""

    op: Operation
    index: Expr
    pieces: tuple[Piece, ...]
    then: Step


@dataclass(frozen=True, eq=False)
class If:
    cond: Expr
    span: Span | None
    yes: Step
    no: Step


@dataclass(frozen=True, eq=False)
class Return:
    """Edit the packet, compute ``checksums``, say where it starts now (``head``), then give the verdict."""

    kind: str
    port: Expr | None
    edits: tuple[Piece, ...]
    span: Span | None
    head: int = 0
    checksums: tuple[tuple[Expr, Expr], ...] = ()


@dataclass(frozen=True, eq=False)
class Again:
    """Give the packet up: it must start over in the write form. ``locked``: with the core's own lock held."""

    span: Span | None
    locked: bool = False


@dataclass(frozen=True, eq=False)
class Due:
    """Start over if the expiry ``op`` may find something that was last touched at or before ``time``.

    Likewise if an allocation ``op`` would find an index (``time`` None).
    """

    op: Operation
    time: Expr | None
    then: Step


@dataclass(frozen=True, eq=False)
class Differs:
    """Start over if the cell's bytes are not already those of ``pieces``, which ``op`` would write."""

    op: Operation
    index: Expr
    pieces: tuple[Piece, ...]
    then: Step


@dataclass(frozen=True, eq=False)
class Lock:
    """Take the core's own lock."""

    then: Step


@dataclass(frozen=True, eq=False)
class Unlock:
    """Let it go. ``all``: end the transaction, or let all locks go, whichever it is."""

    then: Step
    all: bool = False


@dataclass(frozen=True, eq=False)
class Look:
    """Remember the leaf and what its rest looks up: keys, in which maps (by place in ``keys``), indices of which
    allocators, hashes in which sketches.
    """

    keys: tuple[BuildKey, ...]
    gets: tuple[tuple[str, int], ...]
    indices: tuple[tuple[str, Expr], ...]
    sketches: tuple[tuple[str, Expr], ...]


Step = BuildKey | Call | ReadCell | WriteCell | If | Return | Again | Due | Differs | Lock | Unlock | Look
"""What :func:`lower` makes; ``Again`` to ``Unlock`` are put in by ``locking``, ``Look`` by ``ahead``."""


def uses(step: Step) -> tuple[Expr, ...]:
    """The expressions that the step itself evaluates, in order."""
    match step:
        case BuildKey():
            return _values(step.pieces)
        case Call():
            return tuple(step.args.values())
        case ReadCell():
            return (step.index,)
        case WriteCell() | Differs():
            return (step.index, *_values(step.pieces)) if step.pieces else ()
        case If():
            return (step.cond,)
        case Return():
            offsets = tuple(e for pair in step.checksums for e in pair)
            return _values(step.edits) + ((step.port,) if step.port else ()) + offsets
        case Due():
            return (step.time,) if step.time else ()
        case Look():
            keys = tuple(p for key in step.keys for p in key.pieces)
            return _values(keys) + tuple(e for _, e in (*step.indices, *step.sketches))
        case Again() | Lock() | Unlock():
            return ()


def _values(pieces: tuple[Piece, ...]) -> tuple[Expr, ...]:
    return tuple(p.value for p in pieces if isinstance(p, Put))


def copied(step: Step) -> tuple[Expr, ...]:
    """The cells that the step copies bytes of, and the keys that it passes or copies."""
    pieces = step.pieces if isinstance(step, BuildKey | WriteCell | Differs) else ()
    pieces = step.edits if isinstance(step, Return) else pieces
    bases = tuple(p.base for p in pieces if isinstance(p, Copy) and p.base is not None)
    return (*bases, step.key) if isinstance(step, Call) and step.key is not None else bases


def following(step: Step) -> tuple[Step, ...]:
    match step:
        case If():
            return (step.yes, step.no)
        case Return() | Again() | Look():
            return ()
        case _:
            return (step.then,)


@dataclass(frozen=True)
class _Past:
    """``keys`` that are built, ``words`` those among them that are so in words; ``held``: per vector, per index, the
    cell it is known to hold now.
    """

    keys: frozenset[Expr] = frozenset()
    words: frozenset[Expr] = frozenset()
    held: tuple[tuple[str, Expr, Expr], ...] = ()

    def cell(self, vector: str, index: Expr) -> Expr | None:
        return next((c for v, i, c in self.held if v == vector and i is index), None)

    def read(self, vector: str, index: Expr, cell: Expr) -> _Past:
        others = tuple(h for h in self.held if h[:2] != (vector, index))
        return replace(self, held=(*others, (vector, index, cell)))

    def wrote(self, vector: str, index: Expr, cell: Expr) -> _Past:
        """What other indices of the vector hold is known only if they are known to be other indices."""
        others = (h for h in self.held if h[0] != vector or (h[1].is_const and index.is_const and h[1] is not index))
        return replace(self, held=(*others, (vector, index, cell)))


def lower(tree: Tree, words: Words, tables: Tables = NO_TABLES) -> Step:
    """The steps of a simplified tree. Keys of fused maps are in words; vectors that nobody reads are not written."""
    return _Lowering(words, tables).lower(tree, _Past())


class _Lowering:
    def __init__(self, words: Words, tables: Tables) -> None:
        self._words = words
        self._in_words = tables.maps
        self._dropped = tables.dropped

    def lower(self, tree: Tree, past: _Past) -> Step:
        words = self._words
        match tree:
            case Leaf():
                edits = [(k, v) for k, v in sorted(tree.edits, key=lambda e: e[0]) if v is not packet_byte(k)]
                port = words.rewrite(tree.verdict.port) if tree.verdict.port else None
                pieces = words.pieces(edits, in_packet=True)
                asked = tuple((words.rewrite(ip), words.rewrite(l4)) for ip, l4 in tree.checksums)
                return Return(tree.verdict.kind, port, pieces, tree.verdict.span, tree.head, asked)
            case Branch(cond, span, yes, no):
                return If(words.rewrite(cond), span, self.lower(yes, past), self.lower(no, past))
            case Do(op, then):
                return self._operation(op, then, past)
        raise InternalError(f"not simplified: {tree}")

    def _operation(self, op: Operation, then: Tree, past: _Past) -> Step:
        words = self._words
        if op.object in self._dropped:
            return self.lower(then, past)
        if op.method == "vector_read":
            index, cell = op.arg("index"), op.result("cell")
            after = self.lower(then, past.read(op.object, index, cell))
            return ReadCell(op, words.rewrite(index), cell, after)
        if op.method == "vector_write":
            index, cell = op.arg("index"), op.arg("cell")
            pieces = _changes(cell, past.cell(op.object, index), words, past)
            after = self.lower(then, past.wrote(op.object, index, cell))
            return WriteCell(op, words.rewrite(index), pieces, after)
        args = {name: words.rewrite(value) for name, value in op.args if name != "key"}
        key = None if op.method.startswith("sketch_") else dict(op.args).get("key")  # a sketch needs the hash only
        in_words = op.object in self._in_words
        if key is None or key in (past.words if in_words else past.keys):
            return Call(op, args, key, self.lower(then, past))
        past = replace(past, keys=past.keys | {key}, words=past.words | ({key} if in_words else set()))
        call = Call(op, args, key, self.lower(then, past))
        data = memory_bytes(key)
        pieces = _key_words(data, words) if in_words else words.pieces(list(enumerate(data)))
        return BuildKey(op.object, key, pieces, call, in_words)


def _key_words(data: Sequence[Expr], words: Words) -> tuple[Piece, ...]:
    """The bytes of a key as little-endian words of 64 bits."""
    padded = [*data, *[const(0, 8)] * (-len(data) % 8)]
    starts = range(0, len(padded), 8)
    return tuple(Put(at, 8, words.rewrite(concat(*reversed(padded[at : at + 8]))), False) for at in starts)


def _changes(cell: Expr, held: Expr | None, words: Words, past: _Past) -> tuple[Piece, ...]:
    if cell in past.keys and held is not cell:
        return (Copy(0, cell.width // 8, cell, 0),)
    before = memory_bytes(held) if held is not None else [None] * (cell.width // 8)
    after = memory_bytes(cell)
    return words.pieces([(i, new) for i, (old, new) in enumerate(zip(before, after, strict=True)) if new is not old])
