"""Ports behind IPv4 options: which bytes software and NIC take for ports."""

from __future__ import annotations

import pytest

from handmade import LAN_AXIOMS, Builder, pkt
from maestro.certificate.check import check
from maestro.ir.expr import binary, concat, const, eq, negate, packet_byte
from maestro.ir.model import Model, Path
from maestro.ir.packet import LENGTH, ihl
from maestro.rss.profile import load
from maestro.sharding.decide import decide
from sharding.nfs import DPORT, DST, SPORT, SRC, expire, forward, objects, table, touch


def by_header_length(lengths: tuple[int, ...]) -> Model:
    """Tracks TCP flows by the 4-tuple, ports read behind the IPv4 header, one path a header length."""
    key = concat(SRC, DST, SPORT, DPORT)
    b = Builder()
    tcp = binary("and", eq(pkt(12, 13), const(0x0800, 16)), eq(packet_byte(23), const(6, 8)))
    paths: list[Path] = [b.fork().assume(negate(tcp), 10).end("drop")]
    b.assume(tcp, 10)
    expire(b, "flows")
    for n in lengths:
        here = binary("and", eq(ihl(), const(n, 4)), binary("ule", const(18 + 4 * n, 16), LENGTH))
        at = 14 + 4 * n
        own = concat(SRC, DST, pkt(at, at + 1), pkt(at + 2, at + 3))
        paths += [forward(c) for c, _ in touch(b.fork().assume(here, 11), "flows", own)]
        b.assume(negate(here), 11)
    return Model("options", 2, objects("flows", key), (*paths, b.end("drop")), LAN_AXIOMS)


def test_ports_read_at_their_true_place() -> None:
    nf = by_header_length((5, 6, 15))
    plan = decide(nf, profile=load("e810"), cores=2).plan
    assert plan.strategy == "shared-nothing"
    assert {p.owner_layout for p in plan.ports} == {"ihl"}
    assert {f.name for f in plan.ports[0].fields} == {"ipv4.src", "ipv4.dst", "l4.sport", "l4.dport"}
    assert "ipv4-fragment" in plan.ports[0].resteered
    certificate = check(nf, plan)
    assert certificate.holds, certificate.failures


@pytest.mark.parametrize("nf", [by_header_length((5,)), table(concat(SRC, DST, SPORT, DPORT))])
def test_ports_read_at_byte_34(nf: Model) -> None:
    plan = decide(nf, profile=load("e810"), cores=2).plan
    assert plan.strategy == "shared-nothing"
    assert {p.owner_layout for p in plan.ports} == {"fixed"}
    assert "ipv4-fragment" in plan.ports[0].resteered
    assert check(nf, plan).holds


def test_addresses_alone_need_no_software_for_fragments() -> None:
    plan = decide(table(SRC), profile=load("e810"), cores=2).plan
    assert "ipv4-fragment" not in plan.ports[0].resteered
    assert "ipv4-options" not in plan.ports[0].resteered
