"""Which objects are explained together, by which requirements, reasons and C lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handmade import Builder, firewall, policer
from maestro.ir.expr import Expr, concat, extract, packet_byte, uf, zext
from maestro.ir.model import Model, Path
from maestro.ir.plan import Plan, Reason
from maestro.report.codes import explanations, is_refusal, rules
from maestro.report.facts import reasons, said, together
from maestro.report.sections import Section, deeds, index_fields, named_fields, sections
from maestro.rss.profile import load
from maestro.sharding.decide import decide
from sharding.nfs import DST, SPORT, SRC, expire, forward, model, objects, pkt, table, touch, two_tables


def plan_of(nf: Model) -> Plan:
    return decide(nf, profile=load("e810"), cores=2).plan


def explained(nf: Model) -> list[Section]:
    return list(sections(nf, plan_of(nf))[0])


def names(section: Section) -> list[str]:
    return [o.name for o in section.objects]


def test_the_firewalls_table_is_one_section() -> None:
    (only,) = explained(firewall())
    assert names(only) == ["flows", "keys", "heap"]
    assert (only.strategy, only.rules) == ("sharded", ("R1",))
    assert len(only.constraints) == 3
    assert [r.code for r in only.reasons] == ["divided-capacity", "resteered", "resteered"]


def test_the_lines_that_decide_are_those_of_the_requirements() -> None:
    nf = policer()
    (only,) = explained(nf)
    assert {s.line for s in only.decided_by} == {s.line for c in only.constraints for s in c.spans}
    assert 12 not in {s.line for s in only.decided_by}, "expiry decides nothing"


def three_tables() -> Model:
    """Tables keyed by (src, dst), (dst, sport) and (src, sport): any two can be sharded together."""

    def run(b: Builder) -> list[Path]:
        for n, name in enumerate(("first", "second", "third")):
            expire(b, name, 8 + 100 * n)
        return [
            forward(e)
            for c, _ in touch(b, "first", concat(SRC, DST))
            for d, _ in touch(c, "second", concat(DST, SPORT), 100)
            for e, _ in touch(d, "third", concat(SRC, SPORT), 200)
        ]

    keys = (concat(SRC, DST), concat(DST, SPORT), concat(SRC, SPORT))
    state = [
        objects(name, key, line=1 + 100 * n)
        for n, (name, key) in enumerate(zip(("first", "second", "third"), keys, strict=True))
    ]
    return model(tuple(o for group in state for o in group), run)


@pytest.mark.parametrize("nf", [two_tables(SRC, DST), three_tables()], ids=["two", "three"])
def test_a_conflict_names_its_requirements(nf: Model) -> None:
    """The hybrid's section of what is locked says with what it is at odds."""
    found = explained(nf)
    (locked,) = [s for s in found if s.strategy == "locked"]
    (reason,) = [r for r in locked.reasons if r.conflict]
    assert reason.code in ("disjoint-keys", "incompatible-keys")
    assert len(reason.conflict) >= 2
    assert {s.line for c in reason.conflict for s in c.spans} >= {20, 120}
    assert {n for c in reason.conflict for n in c.objects} >= {o.name for o in locked.objects}


@pytest.mark.parametrize(("key", "code"), [(pkt(6, 11), "not-hashable"), (uf("crc32", 32, SRC), "not-linear")])
def test_refusals_stand_with_their_objects(key: Expr, code: str) -> None:
    (only,) = explained(table(key))
    assert only.strategy == "locked"
    assert names(only) == ["flows", "flows_keys", "flows_ages"]
    assert code in [r.code for r in only.reasons]
    assert all(is_refusal(r) for r in only.reasons)


def test_reasons_about_no_object_are_left_over() -> None:
    nf = firewall()
    plan = replace(plan_of(nf), reasons=(Reason("stateless", "nothing"),))
    found, rest = sections(nf, plan)
    assert [r.code for s in found for r in s.reasons] == []
    assert [r.code for r in rest] == ["stateless"]


def test_no_reason_is_lost_or_told_twice() -> None:
    for nf in (firewall(), policer(), two_tables(SRC, DST), table(pkt(6, 11))):
        plan = plan_of(nf)
        found, rest = sections(nf, plan)
        told = [r for s in found for r in s.reasons] + list(rest)
        assert sorted(r.message for r in told) == sorted({r.message for r in plan.reasons})
        assert [o.name for s in found for o in s.objects] == [o.name for o in plan.objects]


def test_what_is_done_where() -> None:
    done = {span.line: text for span, text in deeds(firewall()).items()}
    assert done[42] == "refreshes heap"
    assert done[30] == "stores in flows; writes keys" or done[30] == "writes keys"
    assert done[40] == "looks up flows"


def test_unknown_codes_count_as_refusals() -> None:
    assert is_refusal(Reason("never-heard-of", "x"))
    assert not is_refusal(Reason("divided-capacity", "x"))
    assert {e.code for e in explanations().values() if not e.is_refusal} >= {"stateless", "assumed", "steered"}


def test_all_rules_have_names() -> None:
    assert list(rules()) == [f"R{n}" for n in range(1, 8)]


def test_indices_and_fields_by_name() -> None:
    assert index_fields(zext(concat(packet_byte(36), packet_byte(37)), 32)) == "l4.dport"
    assert index_fields(zext(extract(packet_byte(60), 3, 0), 32)) == "bytes 60"
    nf = policer()
    assert list(named_fields(nf, "buckets", [(8, 8), (3, 2), (0, 16)])) == ["time", "bytes 3 to 4", "tokens", "time"]


def test_messages_speak_of_maps_not_of_their_parts() -> None:
    nf = firewall()
    parts = tuple(replace(nf.objects[0], name=f"flows.{part}") for part in ("map", "keys", "ages"))
    whole = replace(nf, objects=(*parts, nf.objects[1]))
    assert said(whole, "`flows.keys`, `flows.map`, `keys`: as `flows.ages` is") == "`flows`, `keys`: as `flows` is"


def test_arrays_of_objects_are_told_as_one() -> None:
    assert list(together(["a[0].x", "b", "a[2].x", "a[1].x", "c[7]", "a[0].y"])) == ["a[0..2].x", "b", "c[7]", "a[0].y"]
    nf = firewall()
    alike = tuple(Reason("divided-capacity", f"levels[{n}].map: 8 entries", (nf.objects[n].name,)) for n in (0, 1))
    (only,) = reasons(nf, replace(plan_of(nf), reasons=alike))
    assert only.message == "levels[0..1].map: 8 entries"
    assert only.objects == (nf.objects[0].name, nf.objects[1].name)
