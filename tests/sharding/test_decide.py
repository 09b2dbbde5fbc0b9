"""From models to plans: the NFs that can be sharded."""

from __future__ import annotations

import pytest

from handmade import firewall, policer
from maestro.certificate.check import check
from maestro.ir.expr import binary, concat, const, extract, packet_byte
from maestro.ir.model import Model
from maestro.ir.plan import Plan
from maestro.rss.profile import load
from maestro.sharding.decide import decide
from sharding.nfs import DPORT, DST, SPORT, SRC, forward, model, table, two_tables

NAMES = {0: "LAN", 1: "WAN"}


def plan_of(nf: Model, nic: str = "e810", cores: int = 2) -> Plan:
    """The plan, which must be shared-nothing and hold before the certificate."""
    plan = decide(nf, profile=load(nic), cores=cores, port_names=NAMES).plan
    assert plan.strategy == "shared-nothing", plan.reasons
    certificate = check(nf, plan)
    assert certificate.holds, certificate.failures
    return plan


def fields(plan: Plan, port: int) -> dict[str, tuple[int, int]]:
    return {f.name: (f.first, f.count) for f in plan.ports[port].fields}


FOUR = {"ipv4.src": (0, 32), "ipv4.dst": (0, 32), "l4.sport": (0, 16), "l4.dport": (0, 16)}


@pytest.mark.parametrize("nic", ["e810", "82599", "generic"])
def test_firewall(nic: str) -> None:
    plan = plan_of(firewall(), nic)
    assert {o.name: (o.strategy, o.rule) for o in plan.objects} == dict.fromkeys(
        ("flows", "keys", "heap"), ("sharded", "R1")
    )
    assert fields(plan, 0) == fields(plan, 1) == FOUR
    for port in plan.ports:
        assert {"ipv4-options", "ipv4-fragment"} <= set(port.resteered)
        assert port.owner_layout == "fixed"


def test_firewall_constraints() -> None:
    plan = plan_of(firewall())
    flow, inverse = (
        "(ipv4.src, ipv4.dst, l4.sport, l4.dport, ipv4.proto)",
        "(ipv4.dst, ipv4.src, l4.dport, l4.sport, ipv4.proto)",
    )
    assert [(c.text, c.rule) for c in plan.constraints] == [
        (f"p0(LAN).flow = p0(LAN).flow → same core [p0(LAN).{flow} = p0(LAN).{flow}]", "R1"),
        (f"p0(LAN).flow = p1(WAN).inverse(flow) → same core [p0(LAN).{flow} = p1(WAN).{inverse}]", "R1"),
        (f"p1(WAN).flow = p1(WAN).flow → same core [p1(WAN).{flow} = p1(WAN).{flow}]", "R1"),
    ]
    across = plan.constraints[1]
    assert across.objects == ("flows", "heap")
    assert [s.line for s in across.spans] == [22, 23, 25, 29, 40, 42]


def test_firewall_facts() -> None:
    reasons = {(r.code, r.message) for r in plan_of(firewall()).reasons}
    assert ("divided-capacity", "flows: 1024 entries → 512 a core on 2 cores") in reasons
    assert (
        "resteered",
        "p0(LAN): Intel E810 (ice) does not hash ipv4-options, ipv4-fragment, non-ip as the state needs; software "
        "sends those packets to the core that owns their state",
    ) in reasons


def test_policer() -> None:
    plan = plan_of(policer(), cores=3)
    assert {o.strategy for o in plan.objects} == {"sharded"}
    assert fields(plan, 0) == {"ipv4.dst": (0, 32)}
    assert fields(plan, 1) == FOUR, "port 1 is free to spread as it likes"
    assert [c.text for c in plan.constraints] == ["p0(LAN).ipv4.dst = p0(LAN).ipv4.dst → same core"]
    divided = [r for r in plan.reasons if r.code == "divided-capacity"]
    assert [r.message for r in divided] == ["dst_map: 512 entries → 170 or 171 a core on 3 cores"]
    assert set(divided[0].objects) == {"dst_map", "addresses", "buckets", "heap"}


def test_port_scan_detector_takes_the_coarser_key() -> None:
    plan = plan_of(two_tables(SRC, concat(SRC, DPORT)))
    assert fields(plan, 0) == fields(plan, 1) == {"ipv4.src": (0, 32)}
    assert [(c.rule, c.text) for c in plan.constraints] == [
        ("R2", f"{p}.ipv4.src = {q}.ipv4.src → same core")
        for p, q in [("p0(LAN)", "p0(LAN)"), ("p0(LAN)", "p1(WAN)"), ("p1(WAN)", "p1(WAN)")]
    ]
    assert {"first", "second"} <= set(plan.constraints[0].objects)
    assert {o.name: o.rule for o in plan.objects if o.kind == "map"} == {"first": "R1", "second": "R2"}


def test_prefix_key() -> None:
    plan = plan_of(table(concat(extract(SRC, 31, 8), const(0, 8))))
    assert fields(plan, 0) == {"ipv4.src": (0, 24)}
    assert plan.constraints[0].text == "p0(LAN).ipv4.src/24 = p0(LAN).ipv4.src/24 → same core"


def test_xor_key() -> None:
    """Without the certificate: Z3 takes too long to see that equal XORs of addresses have equal hashes."""
    plan = decide(table(binary("xor", SRC, DST)), profile=load("e810"), cores=2, port_names=NAMES).plan
    assert plan.strategy == "shared-nothing"
    assert fields(plan, 0) == {"ipv4.src": (0, 32), "ipv4.dst": (0, 32)}
    text = "p0(LAN).(ipv4.src ^ ipv4.dst) = p0(LAN).(ipv4.src ^ ipv4.dst) → same core"
    assert plan.constraints[0].text == text


def test_bits_that_no_nic_can_use_are_left_out() -> None:
    computed = binary("mul", SPORT, DPORT)
    assert fields(plan_of(table(concat(SRC, computed))), 0) == {"ipv4.src": (0, 32)}


def test_mac_beside_an_address_is_left_out() -> None:
    mac = concat(*(packet_byte(k) for k in range(6, 12)))
    assert fields(plan_of(table(concat(mac, DST))), 0) == {"ipv4.dst": (0, 32)}


def test_stateless() -> None:
    plan = plan_of(model((), lambda b: [forward(b)]))
    assert [r.code for r in plan.reasons] == ["stateless"]
    assert plan.constraints == ()
    assert fields(plan, 0) == FOUR


def test_one_core_divides_nothing() -> None:
    assert "divided-capacity" not in {r.code for r in plan_of(firewall(), cores=1).reasons}


def test_same_seed_same_plan() -> None:
    one, two = (decide(firewall(), profile=load("e810"), cores=2, seed=7).plan for _ in range(2))
    assert one == two
    assert one != decide(firewall(), profile=load("e810"), cores=2, seed=8).plan


def test_firewall_is_fast() -> None:
    times = [decide(firewall(), profile=load("e810"), cores=2).timings["requirements"] for _ in range(4)]
    assert min(times) < 0.3
