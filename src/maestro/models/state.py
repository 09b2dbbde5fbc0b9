"""Handles of state structures: what the opaque pointers of libVig stand for in the executor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from maestro.diagnostics import Span
from maestro.ir.expr import Expr, binary, concat, const
from maestro.ir.memory import Function, Object, Pointer, Scalar, byte_of, uninitialised
from maestro.ir.model import Field, StateObject
from maestro.models.context import Context


@dataclass(eq=False)
class Handle:
    """One state structure. Filled while the NF initialises itself; only read afterwards.

    ``contents``: map: packed key → value; vector: index → bytes; dchain: index → b""; lpm: prefix and length → value.
    ``parts``: what a compound structure is made of, by the last part of each one's name. ``hash``: of a sketch.
    """

    kind: str
    capacity: int
    span: Span | None
    name: str = ""
    key_layout: tuple[Field, ...] = ()
    elem_size: int = 0
    initial: bytes = b""
    contents: dict[bytes | int, int | bytes] = field(default_factory=dict)
    elem_layout: tuple[Field, ...] = ()
    key_at: int = 0
    threshold: int = 0
    cht_height: int = 0
    hash: Function | None = None
    parts: dict[str, Handle] = field(default_factory=dict)

    def rename(self, name: str) -> None:
        """Give the structure, and what it is made of, its name."""
        self.name = name
        for last, part in self.parts.items():
            part.rename(f"{name}.{last}")

    def simple(self) -> tuple[Handle, ...]:
        """The structures that it is made of, or itself."""
        return tuple(self.parts.values()) or (self,)

    def as_object(self) -> StateObject:
        if self.kind in ("map", "lpm"):
            filled = tuple((cast(int, v), cast(bytes, k)) for k, v in self.contents.items())
        else:
            filled = tuple((cast(int, k), cast(bytes, v)) for k, v in self.contents.items())
        return StateObject(
            name=self.name,
            kind=self.kind,
            capacity=len(filled) if self.kind == "lpm" else self.capacity,
            span=self.span or Span("?", 0),
            key_layout=self.key_layout,
            key_size=max((f.offset + f.size for f in self.key_layout), default=0),
            elem_size=self.elem_size,
            elem_layout=self.elem_layout,
            initial=self.initial,
            contents=filled,
            key_at=self.key_at,
            threshold=self.threshold,
            cht_height=self.cht_height,
        )


def create(ctx: Context, handle: Handle, out: Scalar) -> None:
    """Make the structure and store the pointer to it at ``out``."""
    if not ctx.initialising:
        ctx.unsupported(
            f"allocates a {handle.kind} while processing a packet", "allocate state in nf_init", "late-allocation"
        )
    obj = Object(handle.kind, 0, uninitialised(handle.kind), opaque=handle, span=handle.span)
    pointer = ctx.new(obj)
    ctx.known.setdefault("handles", []).append((pointer.obj, handle))
    ctx.store(out, pointer, 8)


def handle_of(ctx: Context, pointer: Scalar, kind: str) -> Handle:
    """The structure that ``pointer`` refers to. Raises SourceError when it is not a ``kind``."""
    found = ctx.object(pointer).opaque if isinstance(pointer, Pointer) else None
    if not isinstance(found, Handle) or found.kind != kind:
        ctx.fail(f"the argument is not a {kind} that the NF allocated", f"allocate the {kind} in nf_init", "bad-handle")
    return found


def packed_key(ctx: Context, handle: Handle, pointer: Scalar) -> Expr:
    """The compared bytes of the key at ``pointer``, in memory order, first byte most significant."""
    assert isinstance(pointer, Pointer)
    parts: list[Expr] = []
    for f in handle.key_layout:
        from_ = shifted(pointer, f.offset)
        parts.extend(byte for value, k in ctx.read(from_, f.size) if isinstance(byte := byte_of(value, k), Expr))
    if len(parts) != sum(f.size for f in handle.key_layout):
        ctx.unsupported("a pointer is part of a key", "use packet fields or integers as key", "pointer-key")
    return concat(*parts)


def shifted(pointer: Pointer, by: int) -> Pointer:
    return Pointer(pointer.obj, binary("add", pointer.offset, const(by, 64)))
