"""Loads and stores: which bytes an address means on this path, and whether they may be touched.

Every access is proven inside its object before it happens; one that may fall outside ends the analysis with the C
line, because what such an NF does is not defined.
"""

from __future__ import annotations

from maestro.diagnostics import InternalError, SourceError, Span, UnsupportedError
from maestro.ir.expr import Expr, binary, const, eq, ite, negate, signed, zext
from maestro.ir.memory import Cell, Function, Memory, Object, Pointer, Scalar, cells_of, join
from maestro.ir.packet import LENGTH
from maestro.solver.answer import Answer
from maestro.symex.run import Run

MAX_TARGETS = 64
"""A symbolic address may mean this many places; the path forks over them."""
MAX_SELECTED = 16
"""Up to this many places a load chooses by an expression instead of forking."""


class Access:
    """Memory as one path sees it."""

    def __init__(self, memory: Memory, run: Run) -> None:
        self.memory = memory
        self.run = run

    def read(self, pointer: Scalar, size: int, span: Span | None) -> list[Cell]:
        """``size`` cells in memory order."""
        if size == 0:
            return []
        target = self._target(pointer, span)
        obj = self._usable(target, span, "reads")
        offsets = self._offsets(target, obj, size, span, "reads")
        if len(offsets) > 1 and len(offsets) <= MAX_SELECTED:
            selected = self._select(target, offsets, size)
            if selected is not None:
                return selected
        offset = self.run.pin(target.offset, offsets, span)
        return self.memory.load(target.obj, offset, size)

    def write(self, pointer: Scalar, cells: list[Cell], span: Span | None) -> None:
        if not cells:
            return
        target = self._target(pointer, span)
        obj = self._usable(target, span, "writes")
        if obj.constant:
            raise SourceError(f"writes to the constant `{obj.name}`", span=span, code="write-constant")
        offsets = self._offsets(target, obj, len(cells), span, "writes")
        self.memory.store(target.obj, self.run.pin(target.offset, offsets, span), cells)

    def load(self, pointer: Scalar, size: int, span: Span | None) -> Scalar:
        """One value of ``size`` bytes."""
        value = join(self.read(pointer, size, span))
        if value is None:
            raise UnsupportedError("takes a pointer apart byte by byte", span=span, code="torn-pointer")
        return value

    def store(self, pointer: Scalar, value: Scalar, size: int, span: Span | None) -> None:
        self.write(pointer, cells_of(value, size), span)

    def object(self, pointer: Scalar, span: Span | None) -> Object:
        return self.memory.object(self._target(pointer, span).obj)

    def _target(self, pointer: Scalar, span: Span | None) -> Pointer:
        if isinstance(pointer, Pointer):
            offset = self.run.simplified(pointer.offset)
            return pointer if offset is pointer.offset else Pointer(pointer.obj, offset)
        if isinstance(pointer, Function):
            raise SourceError(f"reads or writes the function `{pointer.name}`", span=span, code="bad-pointer")
        if pointer.is_const and pointer.value == 0:
            raise SourceError(
                "uses a null pointer", span=span, hint="check the pointer before using it", code="null-pointer"
            )
        self.run.require_defined(pointer, span, "an address")
        raise UnsupportedError(
            f"uses the number {pointer} as an address", span=span, hint="keep pointers as pointers", code="bad-pointer"
        )

    def _usable(self, target: Pointer, span: Span | None, verb: str) -> Object:
        obj = self.memory.object(target.obj)
        if obj.freed:
            raise SourceError(f"{verb} `{obj.name}`, which was freed or has gone out of scope", span=span, code="freed")
        if obj.opaque is not None:
            raise UnsupportedError(
                f"{verb} the inside of `{obj.name}`, a state structure",
                span=span,
                hint="use the structure's functions",
                code="opaque",
            )
        return obj

    def _offsets(self, target: Pointer, obj: Object, size: int, span: Span | None, verb: str) -> list[int]:
        """The places this access may mean, each inside ``obj``."""
        if obj.size is None:
            return self._packet_offsets(target, size, span, verb)
        offset = target.offset
        if not offset.is_const:
            inside = binary("ule", offset, const(obj.size - size, 64)) if obj.size >= size else const(0, 1)
            self._require(inside, obj, size, span, verb)
            return self._enumerate(offset, obj, span)
        if offset.value + size > obj.size:
            self._outside(obj, offset, size, span, verb)
        return [offset.value]

    def _packet_offsets(self, target: Pointer, size: int, span: Span | None, verb: str) -> list[int]:
        """From where the packet starts now, which may be before its first byte on arrival, to its end."""
        offset, head = target.offset, self.run.head
        fixed = signed(offset.value, 64) if offset.is_const else None
        if fixed is not None and head <= fixed <= self.run.packet_floor - size:
            return [fixed]
        self.run.require_unguarded()
        obj = self.memory.object(target.obj)
        self._require(_inside_packet(offset, size, head), obj, size, span, verb, packet=offset)
        if fixed is not None:
            self.run.packet_floor = max(self.run.packet_floor, fixed + size)
            return [fixed]
        return [signed(v, 64) for v in self._enumerate(offset, obj, span)]

    def _require(
        self, inside: Expr, obj: Object, size: int, span: Span | None, verb: str, packet: Expr | None = None
    ) -> None:
        match self.run.possible(negate(inside)):
            case Answer.UNSAT:
                return
            case Answer.SAT:
                self._outside(obj, packet, size, span, verb)
            case Answer.UNKNOWN:
                raise UnsupportedError(
                    f"cannot show that what it {verb} of `{obj.name}` is inside it", span=span, code="bounds-unknown"
                )

    def _outside(self, obj: Object, offset: Expr | None, size: int, span: Span | None, verb: str) -> None:
        where = "" if offset is None else f" at byte {offset.value if offset.is_const else offset}"
        if obj.size is None:
            raise SourceError(
                f"{verb} {size} bytes{where} of the packet, which may be shorter than that",
                span=span,
                hint="check the packet's length (packet_length, packet_get_unread_length) before this access",
                code="packet-bounds",
            )
        raise SourceError(
            f"{verb} {size} bytes{where} of `{obj.name}`, which has {obj.size}",
            span=span,
            hint="check the index before this access",
            code="bounds",
        )

    def _enumerate(self, offset: Expr, obj: Object, span: Span | None) -> list[int]:
        values = self.run.values(offset, MAX_TARGETS)
        if values is None:
            raise UnsupportedError(
                f"an address inside `{obj.name}` can mean more than {MAX_TARGETS} places: {offset}",
                span=span,
                hint="index a vector or a map instead of an array, or bound the index",
                code="symbolic-pointer",
            )
        if not values:
            raise InternalError(f"an infeasible path reached {span}")
        return values

    def _select(self, target: Pointer, offsets: list[int], size: int) -> list[Cell] | None:
        """The value as a choice over the places, when all of them hold numbers."""
        loaded = [join(self.memory.load(target.obj, offset, size)) for offset in offsets]
        numbers = [v for v in loaded if isinstance(v, Expr)]
        if len(numbers) != len(offsets):
            return None
        choice = numbers[-1]
        for offset, value in zip(offsets[-2::-1], numbers[-2::-1], strict=True):
            choice = ite(eq(target.offset, const(offset, 64)), value, choice)
        return cells_of(choice, size)


def _inside_packet(offset: Expr, size: int, head: int) -> Expr:
    """Whether ``size`` bytes at ``offset`` are inside a packet that starts at ``head``."""
    end = binary("add", offset, const(size - head, 64))
    below = binary("ult", binary("add", offset, const(-head, 64)), const(1 << 17 if head else 1 << 16, 64))
    return binary("and", below, binary("ule", end, binary("add", zext(LENGTH, 64), const(-head, 64))))


def shifted(pointer: Pointer, by: Expr) -> Pointer:
    return Pointer(pointer.obj, binary("add", pointer.offset, by))
