"""An NF that finds ports behind IPv4 options: its re-steered packets must be steered by the ports it looks at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certificate.plans import plan, port
from handmade import DEVICE, NOW, Builder, firewall, pkt
from maestro.certificate.check import check
from maestro.ir.expr import Expr, binary, concat, const, eq, ite, land, packet_byte
from maestro.ir.model import Kind, Model, Path
from maestro.ir.packet import LENGTH, ihl

WORDS = (5, 6, 7)


def behind(words: int, at: int) -> Expr:
    """Two bytes, ``at`` bytes behind an IPv4 header of ``words`` words."""
    start = 14 + 4 * words + at
    return pkt(start, start + 1)


def chosen(at: int) -> Expr:
    """The same for the header length that the packet gives, as one expression."""
    return ite(eq(ihl(), const(5, 4)), behind(5, at), ite(eq(ihl(), const(6, 4)), behind(6, at), behind(7, at)))


def refresh_only(b: Builder, source: Expr, destination: Expr) -> Model:
    """Flows are looked up and refreshed; the two ports see each other's tuple swapped."""
    paths = []
    for device in (0, 1):
        c = b.fork().assume(eq(DEVICE, const(device, 16)), 20)
        there = concat(source, destination, pkt(26, 33), packet_byte(23))
        back = concat(destination, source, pkt(30, 33), pkt(26, 29), packet_byte(23))
        get = c.call("flows", "map_get", Kind.READ, 22, {"key": back if device else there}, {"found": 1, "value": 32})
        c.assume(get.result("found"), 22)
        args = {"index": get.result("value"), "time": NOW}
        c.call("heap", "dchain_refresh", Kind.REFRESH, 23, args, {"ok": 1})
        paths.append(c.end("forward", const(1 - device, 16)))
    return replace(firewall(), paths=tuple(paths))


def is_tcp() -> Builder:
    """What this NF takes for TCP over IPv4: the EtherType and the protocol alone."""
    return Builder().assume(eq(pkt(12, 13), const(0x800, 16)), 10).assume(eq(packet_byte(23), const(6, 8)), 10)


def by_branches() -> Model:
    """One path per header length."""
    paths: list[Path] = []
    for words in WORDS:
        b = is_tcp().assume(eq(ihl(), const(words, 4)), 11)
        b.assume(binary("ule", const(18 + 4 * words, 16), LENGTH), 12)
        paths += refresh_only(b, behind(words, 0), behind(words, 2)).paths
    return replace(firewall(), paths=tuple(paths))


def by_selection() -> Model:
    """One path; the ports are a choice by header length."""
    b = is_tcp().assume(land(binary("ule", const(5, 4), ihl()), binary("ule", ihl(), const(7, 4))), 11)
    b.assume(binary("ule", const(18 + 4 * 7, 16), LENGTH), 12)
    return refresh_only(b, chosen(0), chosen(2))


@pytest.mark.parametrize("model", [by_branches(), by_selection()], ids=["branches", "selection"])
def test_owner_layout_follows_the_header(model: Model) -> None:
    right = plan(model, (port(0, owner_layout="ihl"), port(1, owner_layout="ihl")))
    assert check(model, right).failures == ()
    certificate = check(model, plan(model, (port(0), port(1))))
    assert not certificate.holds
    assert "may go to different cores" in certificate.failures[0].message
