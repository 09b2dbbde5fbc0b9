"""lib/verified/packet-io.h: plain C that is executed as it is, but for the one call that says where a packet starts."""

from __future__ import annotations

from maestro.diagnostics import SourceError
from maestro.ir.expr import signed
from maestro.ir.memory import Pointer
from maestro.models.context import Args, Context, expr, model

HEAD = "packet head"
"""Key of what is known along a path: where the packet starts now, in bytes from where it started when it arrived."""


@model("packet_start_moved")
def packet_start_moved(ctx: Context, args: Args) -> None:
    """The packet's first byte is another one from here on; forks when that depends on the packet."""
    assert isinstance(args[0], Pointer), args[0]
    ctx.known[HEAD] = signed(ctx.bounded(args[0].offset, "how far a packet's start moves"), 64)


@model("port_chosen")
def port_chosen(ctx: Context, args: Args) -> None:
    """Raises SourceError (``no-port``) where packets leave through a port that is certainly none of the NF's."""
    device, count = expr(args[0]), expr(args[1])
    if device.op == "const" and count.op == "const" and device.value >= count.value:
        raise SourceError(
            f"a packet leaves through port {device.value}, but the NF has ports 0 to {count.value - 1}",
            span=ctx.user_span(),
            hint=f"name one of these, or give the NF more: --ports {device.value + 1}",
            code="no-port",
        )
