"""The sum that Internet checksums are made of, over bytes of the packet.

The sum over the packet *as it arrived* is an uninterpreted function of where and how many bytes, ``packet_sum``;
what the NF wrote since then is added as differences. So a checksum is an exact expression, whatever the payload.
Everything else of checksums (rte_ip.h, nf-util.h) is plain C, which is executed as it is.
"""

from __future__ import annotations

from maestro.ir.expr import TRUE, Expr, binary, const, extract, ite, negate, packet_byte, uf, zext
from maestro.ir.memory import Object, Pointer, Scalar, byte_of
from maestro.models.context import Args, Context, expr, model

EXPANDED = 64
"""Up to this many bytes are added one by one, when it is known how many they are."""


@model("maestro_add_bytes")
def maestro_add_bytes(ctx: Context, args: Args) -> Scalar:
    """Adds 16-bit words in memory order, the last one padded with a zero byte, without folding."""
    total, pointer, length = expr(args[0]), args[1], expr(args[2])
    if length.is_const and length.value <= EXPANDED:
        cells = ctx.read(pointer, length.value)
        return _added(total, [expr(byte_of(value, k)) for value, k in cells])
    obj = ctx.object(pointer)
    assert isinstance(pointer, Pointer)
    if obj.size is not None:
        ctx.unsupported("adds up memory of a length that is not known", "use a constant length", "checksum")
    start = ctx.bounded(pointer.offset, "where a checksum starts", either_way=True)
    if start >> 63:
        ctx.unsupported("adds up a header that it inserted", "set its checksum field by field", "checksum")
    count = extract(length, 31, 0)
    total = binary("add", total, uf("packet_sum", 32, const(start, 32), count))
    covered: Expr | None = TRUE
    for at, new in reversed(_rewritten(obj, start)):
        change = _weighed(binary("sub", zext(new, 32), zext(packet_byte(start + at), 32)), at)
        if covered is not None:  # once one byte is known to be part of the sum, those before it are
            covered = _covered(ctx, at, count)
        total = binary("add", total, change if covered is None else ite(covered, change, const(0, 32)))
    return total


def _added(total: Expr, values: list[Expr]) -> Expr:
    for at, byte in enumerate(values):
        total = binary("add", total, _weighed(zext(byte, 32), at))
    return total


def _weighed(byte: Expr, at: int) -> Expr:
    """Every second byte is the high half of a word."""
    return binary("shl", byte, const(8, 32)) if at % 2 else byte


def _rewritten(obj: Object, start: int) -> list[tuple[int, Expr]]:
    """Where, from ``start`` on, the NF wrote what into the packet."""
    cells = ((offset - start, byte_of(*cell)) for offset, cell in sorted(obj.cells.items()) if offset >= start)
    return [(at, expr(byte)) for at, byte in cells if byte is not packet_byte(start + at)]


def _covered(ctx: Context, at: int, count: Expr) -> Expr | None:
    """Whether byte ``at`` is one of ``count``; None when it surely is."""
    covered = binary("ult", const(at, 32), count)
    return covered if ctx.may_equal(negate(covered), const(1, 1)) else None
