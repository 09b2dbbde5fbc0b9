"""lib/verified/packet-io.h: plain C that is executed as it is, but for the one call that says where a packet starts."""

from __future__ import annotations

from maestro.diagnostics import SourceError
from maestro.ir.expr import binary, packet_offset, signed, symbols, zext
from maestro.ir.memory import Pointer
from maestro.models.context import Args, Context, expr, model

HEAD = "packet head"
"""Key of what is known along a path: where the packet starts now, in bytes from where it started when it arrived."""


@model("packet_start_moved")
def packet_start_moved(ctx: Context, args: Args) -> None:
    """The packet's first byte is another one from here on; forks when that depends on the packet."""
    assert isinstance(args[0], Pointer), args[0]
    ctx.known[HEAD] = signed(ctx.bounded(args[0].offset, "how far a packet's start moves", either_way=True), 64)


@model("port_chosen")
def port_chosen(ctx: Context, args: Args) -> None:
    """Raises SourceError (``no-port``) where packets alone decide on a port that the NF does not have.

    Ports that depend on state are taken to exist: the assertion that follows in C says so.
    """
    device, count = expr(args[0]), expr(args[1])
    of_packet = all(s.name in ("device", "pkt_len", "now") or packet_offset(s) is not None for s in symbols(device))
    if not count.is_const or not of_packet:
        return
    beyond = binary("ule", zext(count, 32), zext(device, 32))
    if ctx.possible(beyond):
        which = f"port {device.value}" if device.is_const else "a port that depends on the packet"
        raise SourceError(
            f"packets leave through {which}, but the NF has ports 0 to {count.value - 1} only",
            span=ctx.user_span(),
            hint="name one of these on every path, or give the NF more: --ports",
            code="no-port",
        )
