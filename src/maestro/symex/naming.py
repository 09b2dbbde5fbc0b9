"""Names of state objects: those of the C variables and members that hold them.

From every global, along pointers, to the handles. What a user calls a structure is the last part of the way there:
``flow_manager->state->fm`` is ``fm``, the member of a global struct is ``flows.map``. Names that would clash are
given in full, and a ``static`` variable whose name another file uses, too, with its file: ``flows.table``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro.frontend.debug import Layout, LeafKind, struct_layout
from maestro.ir.memory import Memory, Pointer, join
from maestro.ir.program import DebugRef, GlobalVariable, Program
from maestro.models.state import Handle
from maestro.symex.image import Image

MAX_ELEMENTS = 64
"""Of arrays behind a pointer so many elements are searched."""


@dataclass(frozen=True)
class _Place:
    """An object of a known type: ``full`` is the C expression for it, ``short`` what is left after the last arrow.

    ``pointer``: the name of the pointer that leads there, None for a global. Memory behind one may be an array.
    """

    obj: int
    type: DebugRef
    full: str
    short: str
    pointer: str | None = None

    def element(self, i: int | None) -> tuple[str, str]:
        """Full and short name of element ``i``, or of the object where there is one only."""
        if i is None:
            return (self.full, self.short) if self.pointer is None else (f"{self.full}->", "")
        return f"{self.full}[{i}]", f"{self.pointer or self.short}[{i}]"


def name_handles(program: Program, image: Image, handles: Sequence[tuple[int, Handle]]) -> None:
    """Give every handle its name, all different."""
    found: dict[int, tuple[str, str]] = {}
    wanted = {number for number, _ in handles}
    for number, full, short in _reachable(program, image):
        if number in wanted:
            found.setdefault(number, (full, short))
    shorts = Counter(short for _, short in found.values())
    taken: set[str] = set()
    for position, (number, handle) in enumerate(handles):
        full, short = found.get(number, (f"{handle.kind}{position}",) * 2)
        handle.rename(_unique(short if shorts[short] <= 1 else full, taken))


def _unique(name: str, taken: set[str]) -> str:
    candidate, n = name, 1
    while candidate in taken:
        n += 1
        candidate = f"{name}#{n}"
    taken.add(candidate)
    return candidate


def _roots(program: Program) -> Iterator[tuple[GlobalVariable, DebugRef, str]]:
    """The globals of known type, each with a name: of those that files have in common, with the file."""
    known = [(g, g.debug) for g in program.globals.values() if g.debug is not None and g.data is not None]
    often = Counter(g.display for g, _ in known)
    for g, debug in known:
        file = f"{Path(g.span.file).stem}." if g.span is not None and often[g.display] > 1 else ""
        yield g, debug, file + g.display


def _reachable(program: Program, image: Image) -> Iterator[tuple[int, str, str]]:
    """(object number, full name, short name) of everything that globals point to, nearest first."""
    todo = deque(_Place(image.address[g.name], debug, name, name) for g, debug, name in _roots(program))
    seen: set[tuple[int, DebugRef]] = set()
    while todo:
        place = todo.popleft()
        if (place.obj, place.type) in seen:
            continue
        seen.add((place.obj, place.type))
        layout = struct_layout(program, place.type)
        if layout is None or layout.size == 0:
            continue
        for offset, i in _elements(image.memory, place, layout):
            full_, short_ = place.element(i)
            for name, pointer, target in _pointers(image.memory, place, layout, offset):
                full, short = _join(full_, name), _join(short_, name)
                yield pointer.obj, full, short
                if target is not None and pointer.offset.value == 0:
                    todo.append(_Place(pointer.obj, target, full, "", short))


def _elements(memory: Memory, place: _Place, layout: Layout) -> list[tuple[int, int | None]]:
    """Byte offset and index of every element. What a pointer to a pointer leads to is an array even if of one."""
    size = memory.object(place.obj).size or 0
    count = min(size // layout.size, MAX_ELEMENTS)
    is_pointer = any(not leaf.name and leaf.kind is LeafKind.POINTER for leaf in layout.leaves)
    if count == 1 and not (is_pointer and place.pointer is not None):
        return [(0, None)]
    return [(i * layout.size, i) for i in range(count)]


def _pointers(
    memory: Memory, place: _Place, layout: Layout, base: int
) -> Iterator[tuple[str, Pointer, DebugRef | None]]:
    for leaf in layout.leaves:
        if leaf.kind is LeafKind.POINTER:
            value = join(memory.load(place.obj, base + leaf.offset, leaf.size))
            if isinstance(value, Pointer):
                yield leaf.name, value, leaf.target


def _join(path: str, name: str) -> str:
    if not path or path.endswith("->") or name.startswith("[") or not name:
        return path + name
    return f"{path}.{name}"
