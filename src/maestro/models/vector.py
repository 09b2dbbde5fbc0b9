"""lib/verified/vector.h: an array of cells that an NF borrows and gives back.

A borrowed cell is an object in the executor's memory whose bytes are those of one symbol, the cell read. Giving it
back (or ending the path) writes the cell if its bytes are not those that were read. Cells that may be the same one
are told apart by forking, but only where one of them changed, or is still borrowed and so may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from maestro.ir.expr import Expr, binary, concat, const, eq, extract, substitute, symbols
from maestro.ir.memory import Cell, Function, Object, Pointer, Scalar, byte_of, is_undefined, uninitialised
from maestro.ir.model import Field, Kind
from maestro.models.coherence import may_alias
from maestro.models.context import Args, Context, expr, model
from maestro.models.locals import pointed_layouts
from maestro.models.state import Handle, create, handle_of


@dataclass
class _Borrowed:
    index: Expr
    cell: Pointer
    content: Expr
    """What the vector holds at ``index`` as far as operations say; the cell may have moved on."""
    lent: bool = True
    """Not given back yet: the NF may write through its pointer at any time."""


@model("vector_allocate")
def vector_allocate(ctx: Context, args: Args) -> Scalar:
    size, capacity, init, out = args
    handle = Handle("vector", ctx.constant(capacity, "a vector's capacity"), ctx.user_span())
    handle.elem_size = ctx.constant(size, "a vector's element size")
    handle.initial = bytes(handle.elem_size)
    if isinstance(init, Function):
        element = ctx.new(Object("vector element", handle.elem_size, uninitialised("vector element")))
        ctx.call(init, element)
        handle.elem_layout = element_layout(ctx, init, handle.elem_size)
        handle.initial = _concrete(ctx, element, handle.elem_size)
    create(ctx, handle, out)
    return const(1, 32)


def element_layout(ctx: Context, function: Function, size: int) -> tuple[Field, ...]:
    """The members of an element of ``size`` bytes, as a function that handles one sees them."""
    for layout in pointed_layouts(ctx.program, function.name):
        if layout.size == size:
            return tuple(Field(leaf.name or "value", leaf.offset, leaf.size) for leaf in layout.leaves)
    return ()


def _concrete(ctx: Context, pointer: Pointer, size: int) -> bytes:
    content = defined(ctx, pointer, size)
    return ctx.constant(content, "a vector element during initialisation").to_bytes(size, "big")


def defined(ctx: Context, pointer: Pointer, size: int) -> Expr:
    """The cell's bytes in memory order; bytes never written (padding) count as zero."""
    parts = []
    for value, k in ctx.read(pointer, size):
        byte = byte_of(value, k)
        if not isinstance(byte, Expr):
            ctx.unsupported("stores a pointer in a vector", "store an index instead", "pointer-in-state")
        parts.append(byte)
    content = concat(*parts)
    if any(is_undefined(s) for s in symbols(content)):
        return substitute(content, lambda s: const(0, s.width) if is_undefined(s) else None)
    return content


@model("vector_borrow")
def vector_borrow(ctx: Context, args: Args) -> None:
    ctx.store(args[2], borrow(ctx, handle_of(ctx, args[0], "vector"), expr(args[1])), 8)


def borrow(ctx: Context, handle: Handle, index: Expr) -> Pointer:
    """The cell at ``index``, until :func:`give_back` or the path's end."""
    return _initial_cell(ctx, handle, index) if ctx.initialising else _cell(ctx, handle, index)


def _initial_cell(ctx: Context, handle: Handle, index: Expr) -> Pointer:
    i = ctx.constant(index, "a vector index during initialisation")
    if i >= handle.capacity:
        ctx.fail(f"borrows cell {i} of a vector of {handle.capacity}", "stay below the capacity", "bounds")
    content = cast(bytes, handle.contents.get(i, handle.initial))
    return _object(ctx, handle, const(int.from_bytes(content), 8 * handle.elem_size))


def _object(ctx: Context, handle: Handle, content: Expr) -> Pointer:
    size = handle.elem_size
    cells: dict[int, Cell] = {i: (extract(content, 8 * (size - i) - 1, 8 * (size - i - 1)), 0) for i in range(size)}
    return ctx.new(Object(handle.name or "vector cell", size, uninitialised("cell"), cells=cells))


def _cell(ctx: Context, handle: Handle, index: Expr) -> Pointer:
    borrowed: list[_Borrowed] = ctx.known.setdefault(f"vector {handle.name}", [])
    _settle(ctx, handle, borrowed)
    for known in borrowed:
        if known.index is index:
            return _lend(known)
    _check_bounds(ctx, handle, index)
    for known in borrowed:
        matters = known.lent or _changed(known)
        if matters and may_alias(ctx, known.index, index) and ctx.decide(eq(known.index, index)):
            return _lend(known)
    op = ctx.record(handle.name, "vector_read", Kind.READ, {"index": index}, {"cell": 8 * handle.elem_size})
    cell = op.result("cell")
    borrowed.append(_Borrowed(index, _object(ctx, handle, cell), cell))
    return borrowed[-1].cell


def _lend(known: _Borrowed) -> Pointer:
    known.lent = True
    return known.cell


def _changed(known: _Borrowed) -> bool:
    return not (known.content.op == "sym" and known.content.name.endswith(".cell"))


def _check_bounds(ctx: Context, handle: Handle, index: Expr) -> None:
    """Indices that the NF computes must be proven; those that state gave it are the structures' own business."""
    if any("#" in s.name for s in symbols(index)):
        return
    outside = binary("ule", const(handle.capacity, 32), index)
    if ctx.may_equal(outside, const(1, 1)):
        ctx.fail(
            f"borrows cell {index} of `{handle.name}`, which has {handle.capacity}",
            "check the index before this line",
            "bounds",
        )


@model("vector_return")
def vector_return(ctx: Context, args: Args) -> None:
    give_back(ctx, handle_of(ctx, args[0], "vector"), expr(args[1]), args[2])


def give_back(ctx: Context, handle: Handle, index: Expr, cell: Scalar) -> None:
    if ctx.initialising:
        assert isinstance(cell, Pointer)
        i = ctx.constant(index, "a vector index during initialisation")
        content = _concrete(ctx, cell, handle.elem_size)
        if content != handle.contents.get(i, handle.initial):
            handle.cht_height = 0
        handle.contents[i] = content
        return
    for known in ctx.known.setdefault(f"vector {handle.name}", []):
        if isinstance(cell, Pointer) and known.cell.obj == cell.obj:
            known.lent = False
    settle(ctx, handle)


def settle(ctx: Context, handle: Handle) -> None:
    """Write back what changed: something is about to look at the vector's cells."""
    _settle(ctx, handle, ctx.known.get(f"vector {handle.name}", []))


def settle_all(ctx: Context, handles: list[Handle]) -> None:
    """Write back every borrowed cell that changed: the path ends."""
    for handle in handles:
        if handle.kind == "vector":
            settle(ctx, handle)


def _settle(ctx: Context, handle: Handle, borrowed: list[_Borrowed]) -> None:
    for known in borrowed:
        content = defined(ctx, known.cell, handle.elem_size)
        if content is known.content:
            continue
        if handle.cht_height:
            ctx.unsupported("changes a consistent hashing table on the packet path", "fill it in nf_init", "cht")
        ctx.record(handle.name, "vector_write", Kind.WRITE, {"index": known.index, "cell": content}, {})
        known.content = content
        _spread(ctx, handle, known, borrowed)


def _spread(ctx: Context, handle: Handle, written: _Borrowed, borrowed: list[_Borrowed]) -> None:
    """Another borrowed cell may be the one just written."""
    for other in borrowed:
        if other is written or not may_alias(ctx, other.index, written.index):
            continue
        if ctx.decide(eq(other.index, written.index)):
            other.content = written.content
            ctx.write(other.cell, ctx.read(written.cell, handle.elem_size))
