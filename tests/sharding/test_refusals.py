"""NFs that cannot be sharded: every refusal by its code, objects, C lines and hint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handmade import DEVICE, NOW, Builder, firewall, pkt
from maestro.diagnostics import Span, UnsupportedError
from maestro.ir.expr import Expr, binary, concat, const, eq, extract, negate, uf, zext
from maestro.ir.model import Kind, Model, Path
from maestro.ir.plan import Plan, Reason
from maestro.rss.profile import load
from maestro.sharding.decide import decide
from maestro.solver.answer import Answer
from sharding.nfs import (
    DPORT,
    DST,
    SRC,
    allocate,
    expire,
    forward,
    get,
    insert,
    model,
    objects,
    refresh,
    table,
    touch,
    two_tables,
    vector,
)  # fmt: skip


def refused(nf: Model, nic: str = "e810", strategy: str = "locks") -> Plan:
    plan = decide(nf, profile=load(nic), cores=2).plan
    assert plan.strategy == strategy
    assert (plan.constraints == ()) == (strategy == "locks")
    return plan


def accepted(nf: Model) -> Plan:
    plan = decide(nf, profile=load("e810"), cores=2).plan
    assert plan.strategy == "shared-nothing"
    return plan


def reason(nf: Model, code: str, strategy: str = "locks") -> Reason:
    """The only reason of that code; every refusal has a hint and names C lines."""
    reasons = refused(nf, strategy=strategy).reasons
    assert all(r.hint and r.spans for r in reasons if r.code != "hybrid-choice")
    (found,) = [r for r in reasons if r.code == code]
    return found


def lines(r: Reason) -> list[int]:
    return [s.line for s in r.spans]


def rules(nf: Model, strategy: str = "locks") -> dict[str, tuple[str, str | None]]:
    return {o.name: (o.strategy, o.rule) for o in refused(nf, strategy=strategy).objects}


# Keys


def test_mac_key() -> None:
    nf = table(pkt(6, 11))
    r = reason(nf, "not-hashable")
    assert r.message == (
        "`flows`, `flows_ages`, `flows_keys`: the key is made of eth.src, which Intel E810 (ice) cannot hash"
    )
    assert lines(r) == [20, 21, 22, 23, 24]
    assert "key the state by fields that all packets of one entry share" in r.hint
    assert rules(nf)["flows"] == ("locked", "R4")


def test_disjoint_keys() -> None:
    nf = two_tables(SRC, DST)
    r = reason(nf, "disjoint-keys", "hybrid")
    assert "keyed by ipv4.src and ipv4.dst: no field in common" in r.message
    assert {"first", "second"} <= set(r.objects)
    assert set(lines(r)) >= {20, 120}
    assert "common field" in r.hint
    assert rules(nf, "hybrid")["first"] == ("sharded", "R1")
    assert rules(nf, "hybrid")["second"] == ("locked", "R3")
    choice = reason(nf, "hybrid-choice", "hybrid")
    assert "`second`, `second_keys`, `second_ages` could be sharded instead" in choice.message


def counter(index: Expr) -> Model:
    def run(b: Builder) -> list[Path]:
        cell = b.call("hits", "vector_read", Kind.READ, 30, {"index": index}, {"cell": 64}).result("cell")
        one_more = binary("add", cell, const(1, 64))
        b.call("hits", "vector_write", Kind.WRITE, 31, {"index": index, "cell": one_more}, {})
        return [forward(b)]

    return model((vector("hits", 8),), run)


def test_constant_index() -> None:
    r = reason(counter(const(0, 32)), "constant-key")
    assert r.message == "`hits`: the key is constant, so packets that have nothing in common use the same entry"
    assert r.objects == ("hits",)
    assert lines(r) == [30, 31]
    assert "give each flow an entry of its own" in r.hint
    assert rules(counter(const(0, 32)))["hits"] == ("locked", "R4")


def test_index_from_the_packet_can_be_sharded() -> None:
    plan = decide(counter(zext(extract(SRC, 9, 0), 32)), profile=load("e810"), cores=2).plan
    assert plan.strategy == "shared-nothing"
    assert [(f.name, f.first, f.count) for f in plan.ports[0].fields] == [("ipv4.src", 22, 10)]


def test_counter_a_port_conflicts_within_each_port() -> None:
    r = reason(counter(zext(DEVICE, 32)), "constant-key")
    assert r.objects == ("hits",)


def test_hashed_key() -> None:
    r = reason(table(uf("crc32", 32, SRC)), "not-linear")
    assert "the key is computed with `crc32`" in r.message
    assert lines(r) == [20, 21, 22, 23, 24]
    assert "packet fields themselves" in r.hint


def test_time_key() -> None:
    r = reason(table(extract(NOW, 63, 32)), "not-a-packet-field")
    assert "the key depends on now, which is not a field of the packet" in r.message
    assert {"flows", "flows_keys", "flows_ages"} == set(r.objects)
    assert "key the state by fields" in r.hint


def test_stored_key() -> None:
    def run(b: Builder) -> list[Path]:
        first = get(b, "first", SRC)
        hit = b.fork().assume(first.result("found"), 20)
        read = hit.call("first_keys", "vector_read", Kind.READ, 25, {"index": first.result("value")}, {"cell": 32})
        hit.call("second", "map_put", Kind.WRITE, 26, {"key": read.result("cell"), "value": const(1, 32)}, {})
        return [forward(hit), forward(b.assume(negate(first.result("found")), 20))]

    nf = model((*objects("first", SRC), objects("second", SRC)[0]), run)
    r = reason(nf, "not-a-packet-field")
    assert r.message == "`second` is accessed by a key that depends on stored state: what `first_keys` holds"
    assert r.objects == ("second",)
    assert lines(r) == [26]
    assert "packet itself carries" in r.hint


# Indices


def test_index_in_the_packet() -> None:
    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        ends = []
        for c, index in touch(b, "flows", concat(SRC, DST)):
            edits = () if index is None else ((34, extract(index, 15, 8)), (35, extract(index, 7, 0)))
            ends.append(c.end("forward", const(1, 16), edits))
        return ends

    assert accepted(model(objects("flows", concat(SRC, DST)), run)).steering == ()


def test_index_in_a_branch() -> None:
    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        ends = []
        for c, index in touch(b, "flows", SRC):
            if index is None:
                ends.append(forward(c))
                continue
            low = binary("ult", index, const(100, 32))
            ends += [forward(c.fork().assume(low, 30)), c.assume(negate(low), 30).end("drop")]
        return ends

    leaks = [r for r in refused(model(objects("flows", SRC), run)).reasons if r.code == "index-leaks"]
    assert [lines(r) for r in leaks] == [[20, 30], [22, 30]]
    assert "decides a branch" in leaks[0].message


def test_index_selects_a_constant() -> None:
    """A table that init filled and nobody changes tells indices apart."""

    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        ends = []
        for c, index in touch(b, "flows", SRC):
            if index is not None:
                c.call("ports", "vector_read", Kind.READ, 33, {"index": index}, {"cell": 16})
            ends.append(forward(c))
        return ends

    ports = replace(vector("ports", 2), contents=((0, b"\0\1"), (1, b"\0\2")))
    leaks = [r for r in refused(model((*objects("flows", SRC), ports), run)).reasons if r.code == "index-leaks"]
    assert "is part of the index given to `ports`" in leaks[0].message
    assert [lines(r) for r in leaks] == [[20, 33], [22, 33]]


def test_map_size() -> None:
    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        size = b.call("flows", "map_size", Kind.READ, 18, {}, {"size": 32}).result("size")
        full = binary("ule", const(1000, 32), size)
        drop = b.fork().assume(full, 19).end("drop")
        b.assume(negate(full), 19)
        return [drop, *(forward(c) for c, _ in touch(b, "flows", SRC))]

    r = reason(model(objects("flows", SRC), run), "global-quantity")
    assert r.message == ("the number of entries of `flows` decides a branch; no core knows the entries of the others")
    assert r.objects == ("flows",)
    assert lines(r) == [18, 19]
    assert "count per flow" in r.hint


def test_expired_count() -> None:
    def run(b: Builder) -> list[Path]:
        count = expire(b, "flows").result("count")
        some = eq(count, const(0, 32))
        drop = b.fork().assume(negate(some), 9).end("drop")
        b.assume(some, 9)
        return [drop, *(forward(c) for c, _ in touch(b, "flows", SRC))]

    r = reason(model(objects("flows", SRC), run), "global-quantity")
    assert "the number of expired entries of `flows_ages` decides a branch" in r.message
    assert lines(r) == [8, 9]


def test_index_never_put() -> None:
    """It is the core's that allocated it, and nobody else's."""

    def run(b: Builder) -> list[Path]:
        new = allocate(b, "flows")
        return [
            b.fork().assume(new.result("ok"), 22).end("forward", const(1, 16)),
            b.assume(negate(new.result("ok")), 22).end("drop"),
        ]

    accepted(model(objects("flows", SRC), run))


def test_index_from_the_packet_into_allocated_entries() -> None:
    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        inside = eq(DEVICE, const(0, 16))
        outside = b.fork().assume(negate(inside), 15)
        refresh(outside, "flows", zext(DPORT, 32), 40)
        return [forward(outside), *(forward(c) for c, _ in touch(b.assume(inside, 15), "flows", SRC))]

    plan = accepted(model(objects("flows", SRC), run))
    assert {o.name: (o.strategy, o.rule) for o in plan.objects}["flows_ages"] == ("steered", "R6")
    assert [(s.allocator, s.port) for s in plan.steering] == [("flows_ages", 1)]


def test_index_that_no_allocator_gave() -> None:
    def run(b: Builder) -> list[Path]:
        found = get(b, "flows", SRC)
        hit = b.fork().assume(found.result("found"), 20)
        refresh(hit, "flows", found.result("value"))
        b.assume(negate(found.result("found")), 20)
        insert(b, "flows", SRC, const(3, 32))
        return [forward(hit), forward(b)]

    (r,) = [
        r
        for r in refused(model(objects("flows", SRC), run)).reasons
        if r.code == "foreign-index" and r.objects == ("flows",)
    ]
    assert r.message == "`flows` stores an index that no allocator gave out for that key"
    assert lines(r) == [23]


def test_shared_index() -> None:
    def run(b: Builder) -> list[Path]:
        found = get(b, "services", DST)
        hit = b.fork().assume(found.result("found"), 20)
        index = found.result("value")
        hit.call("hits", "vector_write", Kind.WRITE, 31, {"index": index, "cell": const(1, 64)}, {})
        return [forward(hit), forward(b.assume(negate(found.result("found")), 20))]

    services = objects("services", DST)[0]
    two = replace(services, contents=((0, b"\1\1\1\1"), (0, b"\2\2\2\2")))
    r = reason(model((two, vector("hits", 8)), run), "shared-index")
    assert r.objects == ("services", "hits")
    assert lines(r) == [1]
    assert "an entry of its own" in r.hint
    own = replace(services, contents=((0, b"\1\1\1\1"), (1, b"\2\2\2\2")))
    plan = decide(model((own, vector("hits", 8)), run), profile=load("e810"), cores=2).plan
    assert {o.name: o.strategy for o in plan.objects} == {"services": "read-only", "hits": "sharded"}


def test_filled_at_init() -> None:
    nf = table(SRC)
    state = tuple(replace(o, contents=((0, b"\1\1\1\1"),)) if o.kind == "map" else o for o in nf.objects)
    r = reason(replace(nf, objects=state), "filled-at-init")
    assert r.message == "`flows` already holds entries when the NF starts (1) and changes later"
    assert r.objects == ("flows",)
    assert lines(r) == [1]
    assert "a map of their own" in r.hint


# Expiry and leftovers


def test_expiry_on_some_paths_only() -> None:
    def run(b: Builder) -> list[Path]:
        inside = eq(DEVICE, const(0, 16))
        outside = b.fork().assume(negate(inside), 15)
        b.assume(inside, 15)
        expire(b, "flows")
        found = get(outside, "flows", SRC, 40)
        return [
            *(forward(c) for c, _ in touch(b, "flows", SRC)),
            forward(outside.fork().assume(found.result("found"), 40)),
            outside.assume(negate(found.result("found")), 40).end("drop"),
        ]

    r = reason(model(objects("flows", SRC), run), "expiry-elsewhere")
    assert r.message.startswith("some packets use `flows` without expiring `flows_ages` first")
    assert set(r.objects) == {"flows_ages", "flows"}
    assert lines(r) == [40, 8]
    assert "expire at the start of every packet" in r.hint


def test_two_ages() -> None:
    def run(b: Builder) -> list[Path]:
        inside = eq(DEVICE, const(0, 16))
        outside = b.fork().assume(negate(inside), 15)
        b.assume(inside, 15)
        expire(b, "flows")
        expire(outside, "flows", 9, binary("sub", NOW, const(5, 64)))
        ends = [*touch(b, "flows", SRC), *touch(outside, "flows", SRC)]
        return [forward(c) for c, _ in ends]

    r = reason(model(objects("flows", SRC), run), "expiry-elsewhere")
    assert r.message == "`flows_ages` is expired in different ways on different paths"
    assert lines(r) == [8, 9]
    assert "one threshold everywhere" in r.hint


@pytest.mark.parametrize(
    ("threshold", "good"),
    [
        (NOW, True),
        (binary("udiv", NOW, const(2, 64)), True),
        (binary("sub", const(1 << 40, 64), NOW), False),
        (zext(pkt(26, 29), 64), False),
    ],
)
def test_thresholds(threshold: Expr, good: bool) -> None:
    def run(b: Builder) -> list[Path]:
        expire(b, "flows", threshold=threshold)
        return [forward(c) for c, _ in touch(b, "flows", SRC)]

    plan = decide(model(objects("flows", SRC), run), profile=load("e810"), cores=2).plan
    assert ("expiry-elsewhere" in {r.code for r in plan.reasons}) is not good
    assert plan.strategy == ("shared-nothing" if good else "locks")


def test_expires_one() -> None:
    def run(b: Builder) -> list[Path]:
        time = binary("sub", NOW, const(10, 64))
        b.call("flows_ages", "dchain_expire_one", Kind.EXPIRE, 8, {"time": time}, {"ok": 1, "index": 32})
        return [forward(c) for c, _ in touch(b, "flows", SRC)]

    r = reason(model(objects("flows", SRC), run), "expires-one")
    assert r.objects == ("flows_ages",)
    assert lines(r) == [8]
    assert "expire_items_single_map" in r.hint


def buckets(write_when_new: bool) -> Model:
    """A counter a flow that a new flow does, or does not, reset."""

    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        (hit, index), (full, _), (new, fresh) = touch(b, "flows", SRC)
        assert index is not None
        assert fresh is not None
        cell = hit.call("hits", "vector_read", Kind.READ, 30, {"index": index}, {"cell": 64}).result("cell")
        many = binary("ult", const(9, 64), cell)
        if write_when_new:
            new.call("hits", "vector_write", Kind.WRITE, 33, {"index": fresh, "cell": const(0, 64)}, {})
        more = binary("add", cell, const(1, 64))
        drop = hit.fork().assume(many, 31).end("drop")
        hit.assume(negate(many), 31).call("hits", "vector_write", Kind.WRITE, 32, {"index": index, "cell": more}, {})
        return [drop, forward(hit), forward(full), forward(new)]

    return model((*objects("flows", SRC), vector("hits", 8)), run)


def test_stale_cell() -> None:
    """What a freed index's cell still holds, a flow of the same core left there."""
    accepted(buckets(write_when_new=False))
    accepted(buckets(write_when_new=True))


def test_key_left_in_a_second_map() -> None:
    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        (hit, _), (full, _), (new, fresh) = touch(b, "flows", SRC)
        assert fresh is not None
        new.call("alias", "map_put", Kind.WRITE, 35, {"key": SRC, "value": fresh}, {})
        return [forward(hit), forward(full), forward(new)]

    alias = objects("alias", SRC)[0]
    accepted(model((*objects("flows", SRC), alias), run))


def test_expiry_erases_another_key() -> None:
    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        new = allocate(b, "flows")
        full = b.fork().assume(negate(new.result("ok")), 22)
        b.assume(new.result("ok"), 22)
        index = new.result("index")
        b.call("flows", "map_put", Kind.WRITE, 23, {"key": SRC, "value": index}, {})
        b.call("flows_keys", "vector_write", Kind.WRITE, 24, {"index": index, "cell": DST}, {})
        return [forward(full), forward(b)]

    r = reason(model(objects("flows", SRC), run), "stale-index")
    assert "`flows_keys` gets another key than the one under which `flows` holds the index" in r.message
    assert lines(r) == [24]


@pytest.mark.parametrize("erased", [True, False])
def test_freed_entry(erased: bool) -> None:
    def run(b: Builder) -> list[Path]:
        (hit, index), (full, _), (new, _) = touch(b, "flows", SRC)
        assert index is not None
        if erased:
            hit.call("flows", "map_erase", Kind.FREE, 26, {"key": SRC}, {})
        hit.call("flows_ages", "dchain_free", Kind.FREE, 27, {"index": index}, {"ok": 1})
        return [forward(hit), forward(full), forward(new)]

    accepted(model(objects("flows", SRC), run))


# Whole plans and errors


def test_innocent_objects_are_sharded() -> None:
    nf = two_tables(SRC, uf("crc32", 32, DST))
    assert reason(nf, "not-linear", "hybrid").objects == ("second", "second_ages", "second_keys")
    assert rules(nf, "hybrid")["first"] == ("sharded", "R1")
    assert rules(nf, "hybrid")["second"] == ("locked", "R4")
    plan = decide(nf, profile=load("e810"), cores=2, strategy="locks").plan
    assert {o.strategy for o in plan.objects} == {"locked"}
    assert [r.objects for r in plan.reasons if r.code == "locked-along"] == [
        ("first", "first_keys", "first_ages"), ("second", "second_keys", "second_ages"),
    ]  # fmt: skip


def test_locks_plan_spreads_packets_by_everything() -> None:
    plan = refused(table(pkt(6, 11)))
    assert [len(p.fields) for p in plan.ports] == [4, 4]
    assert all(p.resteered == () for p in plan.ports)


def test_shared_nothing_insisted_on() -> None:
    with pytest.raises(UnsupportedError) as e:
        decide(two_tables(SRC, DST), profile=load("e810"), cores=2, strategy="shared-nothing")
    assert e.value.code == "not-shardable"
    assert e.value.span == Span("nf.c", 20)
    text = str(e.value)
    assert "nf cannot be shared-nothing" in text
    assert "R3: " in text
    assert "no field in common" in text
    assert "nf.c:120" in text
    assert "--strategy auto" in text


@pytest.mark.parametrize("strategy", ["locks", "htm"])
def test_forms_of_the_whole_nf_lock_all_state_that_changes(strategy: str) -> None:
    plan = decide(firewall(), profile=load("e810"), cores=2, strategy=strategy).plan
    assert plan.strategy == strategy
    assert {o.strategy for o in plan.objects} == {"locked"}
    assert "locked-along" in {r.code for r in plan.reasons}


def test_unknown_counts_as_possible() -> None:
    """A solver that never knows makes more packet types reach the state, not fewer."""
    exact = decide(firewall(), profile=load("e810"), cores=2).plan
    vague = decide(firewall(), profile=load("e810"), cores=2, solve=lambda _: Answer.UNKNOWN).plan
    assert set(exact.ports[0].resteered) <= set(vague.ports[0].resteered)
