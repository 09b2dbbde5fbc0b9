"""Globals that carry something from one packet to the next are state, and must be known as such.

Scratch globals (written before they are read, or left as they were) are harmless. One that some path reads before
writing it and some path leaves changed is state outside the state structures: refused with its name.
"""

from __future__ import annotations

from collections.abc import Callable

from maestro.diagnostics import UnsupportedError
from maestro.ir.memory import Cell, Memory, Scalar, byte_of
from maestro.symex.image import Image


class Persistence:
    """Collects, over all paths, which bytes of persistent memory are read first and which end up changed."""

    def __init__(self, image: Image, is_runtime: Callable[[str], bool]) -> None:
        self._image = image
        self._is_runtime = is_runtime
        self._read: set[tuple[int, int]] = set()
        self._changed: set[tuple[int, int]] = set()

    def observe(self, memory: Memory) -> None:
        """Take note of one finished path."""
        self._read |= {(number, offset) for number, offsets in memory.first_reads.items() for offset in offsets}
        for number, cells in memory.written().items():
            if memory.object(number).persistent:
                for offset, cell in cells.items():
                    if _byte(cell) != _byte(memory.initial_cell(number, offset)):
                        self._changed.add((number, offset))

    def check(self) -> None:
        """Raises UnsupportedError when a global carries a value between packets."""
        for number, offset in sorted(self._read & self._changed):
            obj = self._image.memory.object(number)
            if obj.span and self._is_runtime(obj.span.file):
                raise UnsupportedError(
                    f"a function of the C library, such as `rand`, keeps its `{obj.name}` from one packet to the next",
                    hint="choose by what the packet carries: a hash of its fields, or its time",
                    code="global-state",
                )
            raise UnsupportedError(
                f"`{obj.name}` (byte {offset}) carries a value from one packet to the next",
                span=obj.span,
                hint="keep what outlives a packet in a map, a vector or an allocator",
                code="global-state",
            )


def _byte(cell: Cell) -> tuple[Scalar, int]:
    """What decides whether two cells are equal: the byte, or the place in a pointer."""
    byte = byte_of(*cell)
    return byte, 0 if byte is not cell[0] else cell[1]
