"""R5 and R6: which NATs hold under which plan, and what each of their premises is good for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from certificate.nats import FLOW, NAMED, PEER, by_index, by_peer, nat
from certificate.plans import SYMMETRIC_KEY, fields
from certificate.tamper import append, calls, each_arg, each_operation, each_path, with_arg, without
from handmade import NOW
from maestro.certificate.check import check
from maestro.ir.expr import Expr, binary, concat, const, eq, extract, negate, sym, zext
from maestro.ir.model import Assume, Kind, Model, Operation, Path
from maestro.ir.plan import FieldBits, Interchange, Plan, Steering
from sharding.nfs import DPORT, SPORT, SRC

NAT = nat()
FULL_CONE = nat(key=concat(SRC, SPORT), check=False)
EARLY = nat(early=True)
UNTESTED = nat(test=False)


def failing(model: Model, plan: Plan) -> str:
    certificate = check(model, plan)
    assert not certificate.holds
    return "\n".join(f.message for f in certificate.failures)


# --- R5: by the peer


def test_peers_meet() -> None:
    certificate = check(NAT, by_peer(NAT))
    assert certificate.failures == ()
    assert certificate.obligations > 5
    assert {a.split(":")[0] for a in certificate.assumptions} >= {"allocation", "capacity", "given"}


def test_refresh_before_the_check() -> None:
    text = failing(EARLY, by_peer(EARLY))
    assert "flows_ages.dchain_refresh (nf.c:34) may happen at another core's index" in text


def test_no_check_at_all() -> None:
    model = nat(check=False)
    text = failing(model, by_peer(model))
    assert "touch" not in text
    assert "agree on what is compared, though flows_ages.dchain_refresh (nf.c:34) may happen at another" in text
    assert "may go to different cores" in text


def test_initial_bytes_are_somebody() -> None:
    """Without asking the allocator: a packet from 0.0.0.0:0 is the peer of a cell that nobody has written."""
    text = failing(UNTESTED, by_peer(UNTESTED))
    assert "flows_keys.vector_read (nf.c:31)" in text
    assert "fares otherwise" in text or "may happen at another core's index" in text


def test_initial_bytes_are_nobody() -> None:
    """The same, but such packets are dropped before."""

    def decent(p: Path) -> Path:
        if not any(o.object == "flows_keys" and o.method == "vector_read" for o in p.operations):
            return p
        return replace(p, steps=(Assume(negate(eq(SRC, const(0, 32)))), *p.steps))

    model = each_path(UNTESTED, decent)
    assert check(model, by_peer(model)).failures == ()


def test_port_not_compared() -> None:
    """Only the address is compared, but the address and the port are hashed."""

    def blind(p: Path) -> Path:
        steps = tuple(s for s in p.steps if not (isinstance(s, Assume) and s.span and s.span.line == 33))
        return replace(p, steps=steps)

    model = replace(NAT, paths=tuple(blind(p) for p in NAT.paths if not _ends_at(p, 33)))
    text = failing(model, by_peer(model))
    assert "flows_keys.vector_write (nf.c:24)" in text
    assert "agree on what is compared" in text
    plan = by_peer(model)
    by_address = [replace(p, **_only(name)) for p, name in zip(plan.ports, ("ipv4.dst", "ipv4.src"), strict=True)]
    assert check(model, replace(plan, ports=tuple(by_address))).failures == ()


def _ends_at(p: Path, line: int) -> bool:
    last = [s for s in p.steps if isinstance(s, Assume) and s.span][-1]
    return last.span is not None and last.span.line == line and p.verdict.kind == "drop"


def _only(name: str) -> dict[str, object]:
    inputs = fields(name)
    types = {"ipv4-tcp": inputs, "ipv4-udp": inputs}
    return {"fields": inputs, "inputs": types, "owner_inputs": inputs}


def test_strangers_fare_otherwise() -> None:
    """A stranger's packet is forwarded, one that names a free index is dropped."""

    def forwarded(p: Path) -> Path:
        hit = next(q for q in NAT.paths if calls(q, "vector_read") and q.verdict.kind == "forward" and q.edits)
        return replace(p, verdict=hit.verdict) if _ends_at(p, 32) else p

    text = failing(each_path(NAT, forwarded), by_peer(NAT))
    assert "it fares otherwise than a packet that names a free index (forward at nf.c:99, drop at nf.c:99)" in text


def test_strangers_packet_is_edited() -> None:
    def edited(p: Path) -> Path:
        return replace(p, edits=((22, const(0, 8)),)) if _ends_at(p, 33) else p

    assert "it fares otherwise" in failing(each_path(NAT, edited), by_peer(NAT))


def test_strangers_leave_the_cell_as_it_is() -> None:
    """Giving back what was read changes nothing; anything else does."""

    def write(cell: Callable[[Expr], Expr]) -> Model:
        def change(p: Path) -> Path:
            if not _ends_at(p, 33):
                return p
            old = next(o for o in p.operations if o.method == "vector_read").result("cell")
            return append(p, "flows_keys", "vector_write", Kind.WRITE, 35, {"index": NAMED, "cell": cell(old)})

        return each_path(NAT, change)

    model = write(lambda old: old)
    assert check(model, by_peer(model)).failures == ()
    model = write(lambda old: concat(const(1, 8), extract(old, 87, 0)))
    assert "flows_keys.vector_write (nf.c:35) may happen at another core's index" in failing(model, by_peer(model))


def test_peer_rewritten_later() -> None:
    """A LAN packet of the flow changes what answers are compared with, from a field that is not its core's."""

    def rewrite(p: Path) -> Path:
        refreshes = [o for o in p.operations if o.span and o.span.line == 21]
        if not refreshes:
            return p
        index = refreshes[0].arg("index")
        cell = concat(extract(FLOW, 95, 64), SRC, extract(FLOW, 31, 0))
        return append(p, "flows_keys", "vector_write", Kind.WRITE, 25, {"index": index, "cell": cell})

    text = failing(each_path(NAT, rewrite), by_peer(NAT))
    assert "flows_keys.vector_write (nf.c:25)" in text


def test_peer_from_elsewhere() -> None:
    model = each_arg(NAT, "vector_write", "cell", lambda cell: concat(extract(cell, 95, 16), sym("flows#1.value", 16)))
    text = failing(model, by_peer(NAT))
    assert "flows_keys.vector_write (nf.c:24): what later packets are compared with is not made of the packet's" in text


def test_nothing_stored_with_the_allocation() -> None:
    text = failing(without(NAT, "vector_write"), by_peer(NAT))
    assert "flows_keys.vector_read (nf.c:31): nothing may have been stored to compare with, but" in text


def test_touched_without_a_look() -> None:
    """Nothing is tested, compared or stored: whoever names an index refreshes it."""
    model = without(nat(test=False, check=False), "vector_write")
    text = failing(model, by_peer(model))
    assert "flows_keys.vector_read (nf.c:31): nothing may have been stored to compare with, but" in text


def test_answer_of_the_allocator_ignored() -> None:
    """The allocator is asked, but its answer decides nothing."""

    def ignored(p: Path) -> Path:
        steps = tuple(s for s in p.steps if not (isinstance(s, Assume) and s.span and s.span.line == 30))
        return replace(p, steps=steps)

    model = replace(NAT, paths=tuple(ignored(p) for p in NAT.paths if not _ends_at(p, 30)))
    text = failing(model, by_peer(model))
    assert "flows_ages.dchain_test (nf.c:30)" in text


def test_another_index_than_the_tested_one() -> None:
    def other(o: Operation) -> Operation:
        return with_arg(o, "index", zext(SPORT, 32)) if o.method == "dchain_test" else o

    assert "one packet names several indices" in failing(each_operation(NAT, other), by_peer(NAT))


def test_filled_at_init() -> None:
    first = replace(NAT.objects[1], contents=((0, bytes(12)),))
    model = replace(NAT, objects=(NAT.objects[0], first, NAT.objects[2]))
    assert "filled at init" in failing(model, by_peer(model))


@pytest.mark.parametrize("wan", [fields("ipv4.src", "l4.dport"), fields("ipv4.dst", "l4.sport"), fields("l4.sport")])
def test_other_fields(wan: tuple[FieldBits, ...]) -> None:
    inputs = {"ipv4-tcp": wan, "ipv4-udp": wan}
    text = failing(NAT, by_peer(NAT, inputs=inputs, fields=wan, owner_inputs=wan))
    assert "at port 1 (table index" in text
    assert "agree on what is compared" in text


def test_types_that_the_nic_does_not_hash() -> None:
    text = failing(NAT, by_peer(NAT, resteered=("ipv4-options", "non-ip")))
    assert "ipv4-fragment at port 1 (table index 0)" in text


def test_plan_that_lets_nobody_name_an_index() -> None:
    text = failing(NAT, replace(by_peer(NAT), interchanges=()))
    assert "one object is reached by allocated indices and computed indices" in text


def test_interchange_of_other_bytes() -> None:
    plan = replace(by_peer(NAT), interchanges=(Interchange(("flows_keys", "flows_ages"), "flows_keys", ((0, 4),)),))
    assert "agree on what is compared" in failing(NAT, plan)
    plan = replace(plan, interchanges=(Interchange(("flows_keys", "flows_ages"), "flows_keys", ((8, 5),)),))
    assert "the plan compares bytes that flows_keys does not have" in failing(NAT, plan)
    assert check(
        NAT, replace(plan, interchanges=(Interchange(("flows_keys", "flows_ages"), "flows_keys", PEER),))
    ).holds


# --- R6: by the index


@pytest.mark.parametrize("model", [NAT, FULL_CONE, EARLY, UNTESTED], ids=["nat", "full cone", "early", "untested"])
def test_indices_come_home(model: Model) -> None:
    certificate = check(model, by_index(model))
    assert certificate.failures == ()
    assert certificate.obligations >= 4


def test_wan_hashes_more() -> None:
    more = fields("l4.dport", "l4.sport")
    inputs = {"ipv4-tcp": more, "ipv4-udp": more}
    text = failing(FULL_CONE, by_index(FULL_CONE, inputs=inputs, fields=more, owner_inputs=more))
    assert "flows_ages.dchain_test (nf.c:30)" in text
    assert "name one index but may go to different cores" in text


def test_one_packet_type_hashes_more() -> None:
    """The NF takes TCP only, but UDP packets are what owners are found by. ICMP is neither."""
    more = fields("l4.dport", "l4.sport")
    plan = by_index(FULL_CONE)
    udp = replace(plan.ports[1], inputs={"ipv4-tcp": fields("l4.dport"), "ipv4-udp": more})
    text = failing(FULL_CONE, replace(plan, ports=(plan.ports[0], udp)))
    assert "ipv4-udp at port 1" in text
    assert "name one index but may go to different cores" in text
    other = replace(plan.ports[1], inputs=plan.ports[1].inputs | {"ipv4-other": fields("ipv4.src")})
    assert check(FULL_CONE, replace(plan, ports=(plan.ports[0], other))).failures == ()
    fragments = replace(plan.ports[1], resteered=("ipv4-options", "non-ip"))
    text = failing(FULL_CONE, replace(plan, ports=(plan.ports[0], fragments)))
    assert "ipv4-fragment at port 1 (table index 0)" in text


def test_ports_where_the_header_says() -> None:
    assert "name one index" in failing(FULL_CONE, by_index(FULL_CONE, owner_layout="ihl"))


def test_lan_key_is_not_hashed() -> None:
    plan = by_index(FULL_CONE)
    lan = replace(plan.ports[0], fields=fields("ipv4.dst"), inputs={"ipv4-tcp": fields("ipv4.dst")})
    text = failing(FULL_CONE, replace(plan, ports=(lan, plan.ports[1])))
    assert "flows.map_get (nf.c:20)" in text
    assert "touch one entry but may go to different cores" in text


@pytest.mark.parametrize(
    "index",
    [
        zext(DPORT, 32),
        binary("sub", zext(DPORT, 32), const(1025, 32)),
        binary("sub", zext(SPORT, 32), const(1024, 32)),
    ],
)
def test_steering_by_another_index(index: Expr) -> None:
    plan = replace(by_index(FULL_CONE), steering=(Steering("flows_ages", 1, index),))
    text = failing(FULL_CONE, plan)
    assert "flows_ages.dchain_test (nf.c:30)" in text
    assert "may differ from the steered one" in text or "name one index but may go to different cores" in text


def test_equal_index_written_otherwise() -> None:
    """The NF subtracts 1024 in 16 bits where that cannot wrap."""
    narrow = zext(binary("sub", DPORT, const(1024, 16)), 32)
    model = nat(key=concat(SRC, SPORT), check=False, named=narrow)
    text = failing(model, by_index(model))
    assert "may differ from the steered one" in text

    def large(p: Path) -> Path:
        return replace(p, steps=(Assume(binary("ule", const(1024, 16), DPORT)), *p.steps)) if _named(p) else p

    assert check(each_path(model, large), by_index(model)).failures == ()


def _named(p: Path) -> bool:
    return any(o.method in ("dchain_test", "vector_read") and o.span and o.span.line >= 30 for o in p.operations)


def test_steering_of_another_port() -> None:
    plan = replace(by_index(FULL_CONE), steering=(Steering("flows_ages", 0, NAMED),))
    assert "an index is named by packets at port 1, for which the plan steers nothing" in failing(FULL_CONE, plan)


def test_steering_of_what_is_not_steered() -> None:
    plan = replace(by_index(FULL_CONE), steering=(Steering("flows", 1, NAMED),))
    assert "the plan steers indices of flows, which is not a steered allocator" in failing(FULL_CONE, plan)


def test_index_beyond_the_capacity() -> None:
    smaller = replace(FULL_CONE.objects[1], capacity=1000)
    model = replace(FULL_CONE, objects=(FULL_CONE.objects[0], smaller, FULL_CONE.objects[2]))
    assert "flows_keys.vector_read (nf.c:31)" in failing(model, by_index(model))


def test_two_tables() -> None:
    """Ports whose tables differ may send one index to two cores."""
    plan = by_index(FULL_CONE)
    second = replace(plan.ports[1], reta=tuple((i + 1) % 4 for i in range(128)))
    assert check(FULL_CONE, replace(plan, ports=(plan.ports[0], second))).failures == ()
    wan_key = replace(plan.ports[1], key=SYMMETRIC_KEY)
    assert check(FULL_CONE, replace(plan, ports=(plan.ports[0], wan_key))).failures == ()


def test_foreign_index_stored() -> None:
    """A map may not hold what the packet names."""

    def store(p: Path) -> Path:
        if not any(o.span and o.span.line == 34 for o in p.operations):
            return p
        p = append(p, "flows", "map_put", Kind.WRITE, 36, {"key": concat(SRC, SPORT), "value": NAMED})
        return append(p, "flows_ages", "dchain_refresh", Kind.REFRESH, 37, {"index": NAMED, "time": NOW}, ok=1)

    text = failing(each_path(FULL_CONE, store), by_index(FULL_CONE))
    assert "flows.map_put (nf.c:36): stores" in text
    assert "which may not be an index of its own core" in text
