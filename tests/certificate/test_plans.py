"""Right plans hold, fast; a plan with one thing wrong does not, and the failure names objects and C lines."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from certificate.plans import DST, FOUR, OTHER_KEY, SYMMETRIC_KEY, fields, firewall_plan, plan, policer_plan, port
from handmade import Builder, firewall, policer
from maestro.certificate.check import check
from maestro.ir.expr import const
from maestro.ir.model import Model
from maestro.ir.plan import FieldBits, Plan
from maestro.solver.answer import Answer
from maestro.solver.z3_backend import Z3, Result

FIREWALL, POLICER = firewall(), policer()


def failing(model: Model, plan: Plan) -> str:
    """The failures' texts; the certificate must not hold."""
    certificate = check(model, plan)
    assert not certificate.holds
    return "\n".join(f.message for f in certificate.failures)


@pytest.mark.parametrize(("model", "plan"), [(FIREWALL, firewall_plan(FIREWALL)), (POLICER, policer_plan(POLICER))])
def test_right_plan_holds(model: Model, plan: Plan) -> None:
    certificate = check(model, plan)
    assert certificate.failures == ()
    assert certificate.holds
    assert certificate.obligations >= 2
    assert {a.split(":")[0] for a in certificate.assumptions} == {
        "time",
        "nic",
        "order",
        "frames",
        "capacity",
        "allocation",
    }


def test_stateless_needs_no_obligation() -> None:
    model = Model("nop", 1, (), (Builder().end("forward", const(0, 16)),))
    certificate = check(model, plan(model, (port(0),)))
    assert certificate.holds
    assert certificate.obligations == 0


def test_locked_objects_need_no_obligation() -> None:
    locked = replace(plan(FIREWALL, (port(0, key=OTHER_KEY), port(1)), "locked"), strategy="locks")
    certificate = check(FIREWALL, locked)
    assert certificate.holds
    assert certificate.obligations == 0


def test_locked_object_in_shared_nothing_plan() -> None:
    assert "flows is locked" in failing(FIREWALL, plan(FIREWALL, (port(0), port(1)), "locked"))


def test_other_key() -> None:
    text = failing(FIREWALL, firewall_plan(FIREWALL, key=OTHER_KEY))
    assert "flows.map_get (nf.c:22)" in text
    assert "flows.map_get (nf.c:40)" in text
    assert "at port 1 (table index" in text


def test_spans_and_objects_are_listed() -> None:
    failure = check(FIREWALL, firewall_plan(FIREWALL, key=OTHER_KEY)).failures[0]
    assert failure.objects == ("flows", "heap", "keys")
    assert {22, 23, 25, 40, 42} <= {s.line for s in failure.spans}


@pytest.mark.parametrize("bit", [25, 31, 60, 126])
def test_flipped_key_bit(bit: int) -> None:
    """With 128 entries and 96 input bits, the key bits 25…126 matter."""
    flipped = bytearray(SYMMETRIC_KEY)
    flipped[bit // 8] ^= 0x80 >> bit % 8
    assert "may go to different cores" in failing(FIREWALL, firewall_plan(FIREWALL, key=bytes(flipped)))


@pytest.mark.parametrize("bit", [24, 127])
def test_key_bits_that_do_not_matter(bit: int) -> None:
    flipped = bytearray(SYMMETRIC_KEY)
    flipped[bit // 8] ^= 0x80 >> bit % 8
    assert check(FIREWALL, firewall_plan(FIREWALL, key=bytes(flipped))).holds


INVERSE = fields("ipv4.dst", "ipv4.src", "l4.dport", "l4.sport")


def unsymmetric(inverse: tuple[FieldBits, ...]) -> Plan:
    """Both ports have the key without symmetry; port 1 hashes ``inverse``."""
    second = port(1, key=OTHER_KEY, inputs={"ipv4-tcp": inverse, "ipv4-udp": INVERSE}, owner_inputs=INVERSE)
    return plan(FIREWALL, (port(0, key=OTHER_KEY), second))


def test_swapped_inputs_instead_of_a_symmetric_key() -> None:
    assert check(FIREWALL, unsymmetric(INVERSE)).holds


def test_inputs_in_another_order() -> None:
    text = failing(FIREWALL, unsymmetric(fields("ipv4.dst", "ipv4.src", "l4.sport", "l4.dport")))
    assert "ipv4-tcp at port" in text
    assert "flows.map_get (nf.c:40)" in text


def test_fragments_hashed_on_addresses_by_the_nic() -> None:
    inputs = {"ipv4-tcp": FOUR, "ipv4-udp": FOUR, "ipv4-fragment": fields("ipv4.src", "ipv4.dst")}
    text = failing(FIREWALL, firewall_plan(FIREWALL, inputs=inputs, resteered=("ipv4-options", "non-ip")))
    assert "ipv4-fragment at port 1" in text
    assert "flows.map_get" in text


def test_frames_that_only_look_like_ipv4() -> None:
    """EtherType 0x0800 with version 5: this firewall takes them for flows, the NIC does not."""
    text = failing(FIREWALL, firewall_plan(FIREWALL, resteered=("ipv4-options", "ipv4-fragment")))
    assert "non-ip at port 1 (table index 0)" in text


def test_wrong_owner_layout() -> None:
    """The model reads ports at byte 34 whatever the IHL."""
    text = failing(FIREWALL, firewall_plan(FIREWALL, owner_layout="ihl"))
    assert re.search(r"(options|fragment|non-ip) at port 1 \(table index \d+\) touch one entry", text)
    assert "heap.dchain_refresh (nf.c:42)" in text


def test_options_hashed_by_the_nic_where_their_ports_are() -> None:
    inputs = {"ipv4-tcp": FOUR, "ipv4-udp": FOUR, "ipv4-options": FOUR}
    text = failing(FIREWALL, firewall_plan(FIREWALL, inputs=inputs, resteered=("ipv4-fragment", "non-ip")))
    assert "ipv4-options at port 1" in text


def test_lost_direction() -> None:
    text = failing(FIREWALL, firewall_plan(FIREWALL, inputs={}))
    assert "at port 1 (table index 0)" in text
    assert "flows.map_get (nf.c:40)" in text


def test_policer_on_source_address() -> None:
    src = fields("ipv4.src")
    changed = {"inputs": {"ipv4-tcp": src, "ipv4-udp": DST}, "fields": src + DST}
    text = failing(POLICER, policer_plan(POLICER, **changed))
    assert "dst_map.map_get (nf.c:20)" in text
    assert "buckets.vector_write" in text


def test_policer_free_port_may_do_as_it_likes() -> None:
    right = policer_plan(POLICER)
    other = replace(right.ports[1], key=SYMMETRIC_KEY, inputs={}, resteered=(), reta_size=1, reta=(0,))
    assert check(POLICER, replace(right, ports=(right.ports[0], other))).holds


def test_tables_that_differ() -> None:
    reta = (1, *(i % 4 for i in range(1, 128)))
    assert "at port 1" in failing(FIREWALL, firewall_plan(FIREWALL, reta=reta))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fields": DST}, "port 1: the core of ipv4-tcp packets depends on more of ipv4.src than"),
        ({"key": SYMMETRIC_KEY[:15]}, "a key of 15 bytes is too short for the 96 input bits of ipv4-tcp"),
        ({"reta": tuple(i % 5 for i in range(128))}, "the table names a core that is not one of 4"),
        ({"reta": (0, 1)}, "the table has 2 entries, not 128"),
        ({"reta_size": 96, "reta": (0,) * 96}, "the table size 96 is not a power of two"),
        ({"inputs": {"ipv4-other": FOUR}}, "packets of type ipv4-other have no field l4.sport to hash"),
        ({"inputs": {"ipv5": FOUR}}, "the packet type 'ipv5' is unknown"),
        ({"owner_layout": "guess"}, "the owner layout 'guess' is unknown"),
        ({"port": 7}, "the plan has the ports [0, 7], the model 2 ports"),
    ],
)
def test_senseless_configuration(changes: dict[str, object], message: str) -> None:
    assert message in failing(FIREWALL, firewall_plan(FIREWALL, **changes))


def test_object_missing_from_plan() -> None:
    right = firewall_plan(FIREWALL)
    assert "not for the model's" in failing(FIREWALL, replace(right, objects=right.objects[1:]))


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("read-only", "flows.map_put (nf.c:29): flows is called read-only but is modified"),
        ("locked", "share their entries, but flows is not sharded"),
        ("replicated", "share their entries, but heap, keys is not replicated"),
        ("odd", "flows: the checker knows no proof for the strategy odd"),
    ],
)
def test_other_strategies_do_not_pass_for_sharded(strategy: str, message: str) -> None:
    right = replace(firewall_plan(FIREWALL), strategy="hybrid")
    first = replace(right.objects[0], strategy=strategy)
    assert message in failing(FIREWALL, replace(right, objects=(first, *right.objects[1:])))


def test_timeout_is_not_a_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z3 gives up on everything: each obligation is a failure that says so."""
    monkeypatch.setattr(Z3, "solve", lambda self, exprs, timeout_ms: Result(Answer.UNKNOWN))
    assert "Z3 answers unknown for" in failing(FIREWALL, firewall_plan(FIREWALL))
