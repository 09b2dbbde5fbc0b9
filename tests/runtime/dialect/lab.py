"""Small maestro.h NFs, built as they are, for the tests of one structure each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.model import Model
from maestro.symex.explore import explore
from maestro.traffic.packets import UDP, ethernet, ipv4, udp
from native import DROP, SECOND, NativeNF

START = 1000 * SECOND

Ask = Callable[..., bool]
"""``ask(command, key, value, time)``: what the NF makes of a packet; True when it is forwarded."""


def source(tmp_path: Path, declarations: str, body: str) -> Path:
    """An NF that does ``body`` for each packet and forwards it if ``yes`` is set then.

    The body sees ``what`` (the destination port), ``key`` (the source address) and ``value`` (the source port).
    """
    file = tmp_path / "nf.c"
    file.write_text(
        f"""#include <maestro.h>
OTHER_PACKETS(DROP);
{declarations}
void process_packet(int device, pkt_t p) {{
  bool yes = false;
  uint16_t what = p.tcpudp_dst, value = p.tcpudp_src;
  uint32_t key = p.ipv4_src;
  (void)what, (void)value, (void)key;
  {body}
  if (yes) forward(p, 1 - device);
}}
"""
    )
    return file


def asking(file: Path, folder: Path) -> Ask:
    """The NF, built natively, and asked by packets."""
    nf = NativeNF(file, folder)

    def ask(what: int, key: int = 0, value: int = 0, time: int = 0) -> bool:
        frame = ethernet(ipv4(key, 1, UDP, udp(key, 1, value, what)))
        return nf.send(0, frame, START + time)[0] != DROP

    return ask


def explored(file: Path) -> Model:
    return explore(load([file]).program, nf="nf", is_runtime=is_runtime)
