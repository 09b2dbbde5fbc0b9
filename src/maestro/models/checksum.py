"""Checksum helpers of nf-util.h, which loop over the payload: the path says which headers, generated code computes.

The call is taken to come after everything that it covers is in its place: an NF that writes to the IPv4 or transport
header afterwards is refused. It must not read the checksums back.
"""

from __future__ import annotations

from dataclasses import dataclass

from maestro.ir.expr import Expr, extract
from maestro.ir.memory import Cell, Pointer, Scalar, byte_of
from maestro.models.context import Args, Context, model

_KEY = "checksums"


@dataclass(frozen=True)
class _Call:
    """The headers' offsets in the packet, and what the packet held from the first on."""

    packet: Pointer
    ip: Expr
    l4: Expr
    covered: tuple[tuple[int, Cell], ...]


@model("nf_set_rte_ipv4_udptcp_checksum")
def nf_set_rte_ipv4_udptcp_checksum(ctx: Context, args: Args) -> None:
    ip, l4 = _header(ctx, args[0]), _header(ctx, args[1])
    if ip.obj != l4.obj:
        ctx.fail("computes checksums of headers that are not in one packet", "pass the packet's headers", "checksum")
    calls: list[_Call] = ctx.known.setdefault(_KEY, [])
    offsets = extract(ip.offset, 15, 0), extract(l4.offset, 15, 0)
    calls[:] = [c for c in calls if (c.ip, c.l4) != offsets]
    calls.append(_Call(ip, *offsets, _covered(ctx, ip, offsets[0])))


def _header(ctx: Context, pointer: Scalar) -> Pointer:
    if not isinstance(pointer, Pointer) or ctx.object(pointer).size is not None:
        ctx.fail("computes a checksum of something else than the packet", "pass the packet's headers", "checksum")
    return pointer


def _covered(ctx: Context, ip: Pointer, offset: Expr) -> tuple[tuple[int, Cell], ...]:
    """What was written to the packet from the IPv4 header on; all of it where the header has no fixed place."""
    first = offset.value if offset.is_const else 14
    return tuple(sorted((k, cell) for k, cell in ctx.object(ip).cells.items() if k >= first))


def checksums(ctx: Context) -> tuple[tuple[Expr, Expr], ...]:
    """The checksums that the path asked for, as ``ir.model.Path`` has them.

    Raises UnsupportedError when something that one covers was written later.
    """
    calls: list[_Call] = ctx.known.get(_KEY, [])
    for call in calls:
        if _bytes(_covered(ctx, call.packet, call.ip)) != _bytes(call.covered):
            ctx.unsupported(
                "writes to the packet's headers after their checksums were computed",
                "set the checksums last, when all fields have their values",
                "checksum-before-edit",
            )
    return tuple((call.ip, call.l4) for call in calls)


def _bytes(cells: tuple[tuple[int, Cell], ...]) -> list[tuple[int, Scalar]]:
    return [(k, byte_of(*cell)) for k, cell in cells]
