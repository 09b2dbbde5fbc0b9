"""Memory of the executor: objects of bytes, written over a snapshot that all paths share.

A byte is a *cell*: byte k (0 = least significant) of a stored value, so that what was stored whole is loaded whole.
Pointers are (object, offset); they are stored and loaded like any 8-byte value, never as numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from maestro.diagnostics import Span
from maestro.ir.expr import Expr, concat, const, extract, sym


@dataclass(frozen=True)
class Pointer:
    """Byte ``offset`` (64-bit expression) of object number ``obj``."""

    obj: int
    offset: Expr


@dataclass(frozen=True)
class Function:
    """The address of a function."""

    name: str


Scalar = Expr | Pointer | Function
Cell = tuple[Scalar, int]
"""(value, k): byte k of value."""

Writes = dict[tuple[int, int], Cell]
"""What was written, by object and offset."""

ZERO_BYTE: Cell = (const(0, 8), 0)
NULL = const(0, 64)


@dataclass
class Object:
    """``size`` in bytes, None where only a path knows it (the packet). ``fill`` gives cells never written.

    ``persistent`` objects outlive a packet (globals, memory allocated during init). ``opaque`` names what a
    structure handle stands for: reading or writing it directly is an error. ``automatic`` ones are locals.
    """

    name: str
    size: int | None
    fill: Callable[[int], Cell]
    cells: dict[int, Cell] = field(default_factory=dict)
    persistent: bool = False
    constant: bool = False
    opaque: object | None = None
    freed: bool = False
    automatic: bool = False
    span: Span | None = None


def zeros(_offset: int) -> Cell:
    return ZERO_BYTE


def uninitialised(name: str) -> Callable[[int], Cell]:
    """Cells whose use in a decision or a result is an error; see :func:`is_undefined`."""
    return lambda offset: (sym(f"undef:{name}[{offset}]", 8), 0)


def is_undefined(e: Expr) -> bool:
    return e.op == "sym" and e.name.startswith("undef:")


def byte_of(value: Scalar, k: int) -> Scalar:
    """Byte k of an expression; pointers stay whole."""
    if isinstance(value, Expr):
        return value if value.width == 8 else extract(value, 8 * k + 7, 8 * k)
    return value


def join(cells: list[Cell]) -> Scalar | None:
    """The value whose bytes, least significant first, the cells are; None when pointers are torn."""
    value, k = cells[0]
    n = len(cells)
    if k == 0 and _size(value) == n:
        for at, (v, byte) in enumerate(cells):
            if v is not value or byte != at:
                break
        else:
            return value
    parts = []
    for value, k in cells:
        if not isinstance(value, Expr):
            return None
        parts.append(byte_of(value, k))
    return concat(*(p for p in reversed(parts) if isinstance(p, Expr)))


def word_at(writes: Writes, obj: int, offset: int) -> int:
    """How many bytes from there on were written as one value; 1 when the byte stands alone or was not written."""
    value, k = writes.get((obj, offset), ZERO_BYTE)
    size = _size(value)
    whole = k == 0 and all(writes.get((obj, offset + i)) == (value, i) for i in range(size))
    return size if whole else 1


def _size(value: Scalar) -> int:
    return value.width // 8 if isinstance(value, Expr) else 8


class Memory:
    """Objects by number. A path's memory starts as a cheap copy of the snapshot taken after init."""

    def __init__(self, base: Memory | None = None) -> None:
        self._base = base
        self._objects: dict[int, Object] = {}
        self._next: int = base._next if base else 1
        self._written: dict[int, dict[int, Cell]] = {}
        self.first_reads: dict[int, set[int]] = {}
        """Bytes of persistent objects that were read before they were written."""
        self._journals: list[dict[tuple[int, int], Cell | None]] = []

    def add(self, obj: Object) -> int:
        number = self._next
        self._next += 1
        self._objects[number] = obj
        return number

    def mark(self) -> int:
        """A place in time, for :meth:`release`."""
        return self._next

    def release(self, mark: int) -> None:
        """Locals made since ``mark`` are gone: using them is an error from here on."""
        for number in range(mark, self._next):
            obj = self._objects[number]
            obj.freed = obj.freed or obj.automatic

    def object(self, number: int) -> Object:
        found = self._objects.get(number)
        if found is None:
            assert self._base is not None, number
            found = self._base.object(number)
        return found

    def load(self, number: int, offset: int, size: int) -> list[Cell]:
        places = range(offset, offset + size)
        obj = self._objects.get(number)
        if obj is not None:
            cells, fill = obj.cells, obj.fill
            return [cells.get(i) or fill(i) for i in places]
        assert self._base is not None
        written = self._written.get(number)
        unwritten = places if written is None else [i for i in places if i not in written]
        if unwritten and self._base.object(number).persistent:
            self.first_reads.setdefault(number, set()).update(unwritten)
        before = self._base.load(number, offset, size)
        return before if written is None else [written.get(i) or b for i, b in zip(places, before, strict=True)]

    def store(self, number: int, offset: int, cells: list[Cell]) -> None:
        obj = self._objects.get(number)
        target = obj.cells if obj is not None else self._written.setdefault(number, {})
        if self._journals:
            journal = self._journals[-1]
            for i in range(len(cells)):
                journal.setdefault((number, offset + i), target.get(offset + i))
        for i, cell in enumerate(cells):
            target[offset + i] = cell

    # --- trying something out

    def begin(self) -> None:
        """What is written from here on can be taken back; may be nested."""
        self._journals.append({})

    def take(self) -> Writes:
        """Take back what was written since the last :meth:`begin`, and return it."""
        journal = self._journals.pop()
        written = {(number, offset): self._own(number)[offset] for number, offset in journal}
        for (number, offset), cell in journal.items():
            if cell is None:
                del self._own(number)[offset]
            else:
                self._own(number)[offset] = cell
        return written

    @property
    def depth(self) -> int:
        """How often :meth:`begin` was called without :meth:`take`."""
        return len(self._journals)

    def undo(self, depth: int) -> None:
        """Take back everything down to ``depth``."""
        while self.depth > depth:
            self.take()

    def _own(self, number: int) -> dict[int, Cell]:
        """Where this path keeps what it writes to an object."""
        obj = self._objects.get(number)
        return obj.cells if obj is not None else self._written.setdefault(number, {})

    def written(self) -> dict[int, dict[int, Cell]]:
        """What this path wrote to objects of the snapshot."""
        return self._written

    def initial_cell(self, number: int, offset: int) -> Cell:
        assert self._base is not None
        return self._base.load(number, offset, 1)[0]


def cells_of(value: Scalar, size: int) -> list[Cell]:
    """The cells of a value of ``size`` bytes in memory order (little-endian)."""
    if isinstance(value, Expr) and value.width != 8 * size:
        value = _widen(value, 8 * size)
    return [(value, k) for k in range(size)]


def _widen(value: Expr, width: int) -> Expr:
    return concat(const(0, width - value.width), value) if width > value.width else extract(value, width - 1, 0)
