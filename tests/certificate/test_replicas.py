"""R7: a firewall that also counts packets per destination; what may and what may not be replicated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from certificate.plans import firewall_plan
from certificate.tamper import append, calls, each_operation, each_path, with_arg
from handmade import NOW, Builder, firewall, pkt
from maestro.certificate.check import check
from maestro.diagnostics import Span
from maestro.ir.expr import Expr, binary, concat, const, eq, extract, ite, negate, zext
from maestro.ir.model import Assume, Field, Kind, Model, Operation, Path, StateObject, Verdict
from maestro.ir.packet import LENGTH
from maestro.ir.plan import ObjectPlan, Plan, Replica

FIREWALL = firewall()
DST = pkt(30, 33)
COUNTED = ("seen", "seen_keys", "counts", "seen_ages")
PARTS = ((0, 8, "add"), (8, 4, "max"))
Change = Callable[[Expr, Expr], tuple[Expr, Expr]]


def number(cell: Expr, at: int, size: int) -> Expr:
    """The little-endian number at byte ``at``."""
    top = cell.width - 1
    return concat(*(extract(cell, top - 8 * k, top - 8 * k - 7) for k in reversed(range(at, at + size))))


def packed(*numbers: Expr) -> Expr:
    return concat(*(extract(n, 8 * i + 7, 8 * i) for n in numbers for i in range(n.width // 8)))


def add_and_max(packets: Expr, longest: Expr) -> tuple[Expr, Expr]:
    length = zext(LENGTH, 32)
    return binary("add", packets, const(1, 64)), ite(binary("ult", longest, length), length, longest)


def counting(change: Change = add_and_max, first: Change | None = None) -> Model:
    """The firewall, counting what it forwards. Element of ``counts``: number of packets (8), longest packet (4)."""
    layout = (Field("addr", 0, 4),)
    objects = (
        StateObject("seen", "map", 64, Span("nf.c", 101), key_layout=layout, key_size=4),
        StateObject("seen_keys", "vector", 64, Span("nf.c", 102), elem_size=4, elem_layout=layout, initial=bytes(4)),
        StateObject("counts", "vector", 64, Span("nf.c", 103), elem_size=12, initial=bytes(12)),
        StateObject("seen_ages", "dchain", 64, Span("nf.c", 104)),
    )
    paths = [q for p in FIREWALL.paths for q in (_count(p, change, first or change) if _forwards(p) else [p])]
    return replace(FIREWALL, objects=(*FIREWALL.objects, *objects), paths=tuple(paths))


def _forwards(p: Path) -> bool:
    return p.verdict.kind == "forward"


def _count(p: Path, change: Change, first: Change) -> list[Path]:
    b = Builder(p.steps)
    found = b.call("seen", "map_get", Kind.READ, 110, {"key": DST}, {"found": 1, "value": 32})
    hit = b.fork().assume(found.result("found"), 110)
    _write(hit, found.result("value"), change, 111)
    b.assume(negate(found.result("found")), 110)
    new = b.call("seen_ages", "dchain_allocate", Kind.ALLOCATE, 112, {"time": NOW}, {"ok": 1, "index": 32})
    full = b.fork().assume(negate(new.result("ok")), 112)
    b.assume(new.result("ok"), 112)
    index = new.result("index")
    b.call("seen", "map_put", Kind.WRITE, 113, {"key": DST, "value": index}, {})
    b.call("seen_keys", "vector_write", Kind.WRITE, 114, {"index": index, "cell": DST}, {})
    _write(b, index, first, 115, fresh=True)
    return [replace(p, steps=c.steps) for c in (hit, full, b)]


def _write(b: Builder, index: Expr, change: Change, line: int, fresh: bool = False) -> None:
    cell = b.call("counts", "vector_read", Kind.READ, line, {"index": index}, {"cell": 96}).result("cell")
    old = (const(0, 64), const(0, 32)) if fresh else (number(cell, 0, 8), number(cell, 8, 4))
    b.call("counts", "vector_write", Kind.WRITE, line, {"index": index, "cell": packed(*change(*old))}, {})


def copies(model: Model, parts: tuple[tuple[int, int, str], ...] = PARTS) -> Plan:
    objects = tuple(
        ObjectPlan(o.name, o.kind, "replicated" if o.name in COUNTED else "sharded", "R7", (o.span,))
        for o in model.objects
    )
    keys = Replica("seen_keys", ((0, 4, "same"),))
    merged = (Replica("seen"), keys, Replica("counts", parts), Replica("seen_ages"))
    return replace(firewall_plan(model), objects=objects, replicas=merged)


COUNTING = counting()


def failing(model: Model, plan: Plan | None = None) -> str:
    certificate = check(model, plan or copies(model))
    assert not certificate.holds
    return "\n".join(f.message for f in certificate.failures)


def test_nobody_can_tell() -> None:
    certificate = check(COUNTING, copies(COUNTING))
    assert certificate.failures == ()
    assert certificate.obligations > 10
    assert any(a.startswith("replica:") for a in certificate.assumptions)


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (lambda a, b: (binary("or", a, const(5, 64)), b), "or"),
        (lambda a, b: (binary("xor", a, zext(LENGTH, 64)), b), "xor"),
        (lambda a, b: (binary("sub", a, zext(LENGTH, 64)), b), "add"),
    ],
)
def test_other_ways_to_merge(change: Change, how: str) -> None:
    model = counting(change)
    assert check(model, copies(model, ((0, 8, how),))).failures == ()
    wrong = "max" if how != "max" else "add"
    assert f"is not shown to be {wrong}" in failing(model, copies(model, ((0, 8, wrong),)))


def test_longest_by_a_branch() -> None:
    """Written only when the packet is longer than what the entry holds."""

    def split(p: Path) -> list[Path]:
        write = next((o for o in p.operations if o.object == "counts" and o.method == "vector_write"), None)
        if write is None or write.span is None or write.span.line != 111:
            return [p]
        old = number(next(o for o in p.operations if o.object == "counts").result("cell"), 8, 4)
        longer = binary("ult", old, zext(LENGTH, 32))
        before = tuple(s for s in p.steps if s is not write)
        return [
            replace(p, steps=(*before, Assume(longer), write)),
            replace(p, steps=(*before, Assume(negate(longer)))),
        ]

    model = counting(lambda a, b: (a, zext(LENGTH, 32)))
    model = replace(model, paths=tuple(q for p in model.paths for q in split(p)))
    assert check(model, copies(model, ((8, 4, "max"),))).failures == ()
    assert "counts.vector_write (nf.c:111)" in failing(model, copies(model, ((8, 4, "add"),)))


def branching(kept: Callable[[Expr], Expr]) -> Model:
    """Counts on both sides of the test whether the packet is longer; ``kept``: the length written if it is not."""

    def split(p: Path) -> list[Path]:
        write = next((o for o in p.operations if o.object == "counts" and o.method == "vector_write"), None)
        if write is None or write.span is None or write.span.line != 111:
            return [p]
        cell = next(o for o in p.operations if o.object == "counts").result("cell")
        packets, old = binary("add", number(cell, 0, 8), const(1, 64)), number(cell, 8, 4)
        longer = binary("ult", old, zext(LENGTH, 32))
        before = tuple(s for s in p.steps if s is not write)
        return [
            replace(p, steps=(*before, Assume(cond), with_arg(write, "cell", packed(packets, longest))))
            for cond, longest in ((longer, zext(LENGTH, 32)), (negate(longer), kept(old)))
        ]

    model = counting()
    return replace(model, paths=tuple(q for p in model.paths for q in split(p)))


def test_branch_inside_a_write() -> None:
    """The length is put back as it was where it is not exceeded, while the other part is counted on either side."""
    model = branching(lambda old: old)
    assert check(model, copies(model)).failures == ()
    assert "counts.vector_write (nf.c:111)" in failing(model, copies(model, ((0, 8, "add"), (8, 4, "add"))))
    assert "counts.vector_write (nf.c:111)" in failing(branching(lambda _: const(7, 32)))


def test_product_does_not_merge() -> None:
    model = counting(lambda a, b: (binary("add", binary("mul", a, const(3, 64)), const(1, 64)), b))
    text = failing(model)
    assert "counts.vector_write (nf.c:111): is not shown to be add with a value that depends on the packet" in text


def test_first_packet_counts_otherwise() -> None:
    model = counting(first=lambda a, b: (const(2, 64), add_and_max(a, b)[1]))
    assert "whether a packet changes the entry depends on what a copy holds" in failing(model)


def test_counting_stops_at_a_limit() -> None:
    def limited(p: Path) -> list[Path]:
        write = next((o for o in p.operations if o.object == "counts" and o.method == "vector_write"), None)
        if write is None or write.span is None or write.span.line != 111:
            return [p]
        old = number(next(o for o in p.operations if o.object == "counts").result("cell"), 0, 8)
        small = binary("ult", old, const(100, 64))
        before = tuple(s for s in p.steps if s is not write)
        return [replace(p, steps=(*before, Assume(small), write)), replace(p, steps=(*before, Assume(negate(small))))]

    model = replace(COUNTING, paths=tuple(q for p in COUNTING.paths for q in limited(p)))
    assert "whether a packet changes the entry depends on what a copy holds" in failing(model)


def test_unmerged_bytes() -> None:
    text = failing(COUNTING, copies(COUNTING, ((0, 8, "add"),)))
    assert "changes bytes of counts that the plan does not merge" in text
    assert "the checker does not know how to merge by sum" in failing(
        COUNTING, copies(COUNTING, ((0, 8, "sum"), (8, 4, "max")))
    )


def test_count_in_a_branch() -> None:
    """Who has sent too much is dropped: the count decides."""

    def drop(p: Path) -> list[Path]:
        if not any(o.span and o.span.line == 111 for o in p.operations):
            return [p]
        many = binary("ult", const(100, 64), number(p.operations[-1].arg("cell"), 0, 8))
        return [
            replace(p, steps=(*p.steps, Assume(many)), verdict=Verdict("drop")),
            replace(p, steps=(*p.steps, Assume(negate(many)))),
        ]

    model = replace(COUNTING, paths=tuple(q for p in COUNTING.paths for q in drop(p)))
    text = failing(model)
    assert "is replicated, but what it holds decides what the NF does: end drop or end forward" in text
    assert "counts.vector_read (nf.c:111)" in text


def test_count_in_the_packet() -> None:
    def show(p: Path) -> Path:
        cells = [o.result("cell") for o in p.operations if o.object == "counts" and o.method == "vector_read"]
        return replace(p, edits=((6, extract(cells[0], 7, 0)),)) if cells else p

    text = failing(each_path(COUNTING, show))
    assert "counts.vector_read (nf.c:111)" in text
    assert "what it returns goes into the packet, its port or other state" in text


def test_count_decides_over_other_state() -> None:
    """The firewall closes a flow when its destination is counted for the first time."""

    def close(p: Path) -> Path:
        if not any(o.span and o.span.line == 115 for o in p.operations):
            return p
        return append(p, "flows", "map_erase", Kind.FREE, 120, {"key": pkt(26, 38)})

    assert "is replicated, but what it holds decides what the NF does" in failing(each_path(COUNTING, close))


def test_expired_entries_do_not_merge() -> None:
    def expire(p: Path) -> Path:
        first = p.operations[0]
        both = replace(first, object="seen_ages", related=("seen_keys", "seen"), ordinal=1000, results=())
        return replace(p, steps=(both, *p.steps))

    text = failing(each_path(COUNTING, expire))
    assert "seen_ages.expire_map (nf.c:8): removes entries of a replicated object" in text


def test_keys_differ() -> None:
    """The vector of keys says 'same': then it may not hold the source."""

    def other(o: Operation) -> Operation:
        return with_arg(o, "cell", pkt(26, 29)) if o.object == "seen_keys" else o

    text = failing(each_operation(COUNTING, other))
    assert "seen_keys.vector_write (nf.c:114): may write different values to one entry (Z3: sat)" in text


def test_entry_under_a_stored_key() -> None:
    def other(p: Path) -> Path:
        if not calls(p, "dchain_refresh") or not any(o.object == "counts" for o in p.operations):
            return p
        cell = next(o.result("cell") for o in p.operations if o.object == "counts")
        key = extract(cell, 31, 0)
        return append(p, "seen", "map_get", Kind.READ, 121, {"key": key}, found=1, value=32)

    assert "seen.map_get (nf.c:121): the key depends on what a copy holds" in failing(each_path(COUNTING, other))


def test_one_global_counter() -> None:
    """No map at all: cell 0. It must start with what adding leaves alone."""

    def count(p: Path) -> Path:
        b = Builder(p.steps)
        zero = const(0, 32)
        cell = b.call("total", "vector_read", Kind.READ, 130, {"index": zero}, {"cell": 64}).result("cell")
        more = packed(binary("add", number(cell, 0, 8), const(1, 64)))
        b.call("total", "vector_write", Kind.WRITE, 131, {"index": zero, "cell": more}, {})
        return replace(p, steps=b.steps)

    def model(initial: bytes) -> Model:
        total = StateObject("total", "vector", 1, Span("nf.c", 105), elem_size=8, initial=initial)
        return each_path(replace(FIREWALL, objects=(*FIREWALL.objects, total)), count)

    def plan(m: Model) -> Plan:
        right = firewall_plan(m)
        last = replace(right.objects[-1], strategy="replicated")
        return replace(right, objects=(*right.objects[:-1], last), replicas=(Replica("total", ((0, 8, "add"),)),))

    assert check(model(bytes(8)), plan(model(bytes(8)))).failures == ()
    started = model(bytes([7, *bytes(7)]))
    assert "an entry starts as 7, which add does not leave alone" in failing(started, plan(started))


def test_groups_do_not_mix() -> None:
    plan = copies(COUNTING)
    mixed = tuple(replace(o, strategy="sharded") if o.name == "seen" else o for o in plan.objects)
    text = failing(COUNTING, replace(plan, objects=mixed, replicas=plan.replicas[1:]))
    assert "share their entries, but" in text
    assert "seen is not replicated" in text


def test_merging_what_is_not_replicated() -> None:
    plan = copies(COUNTING)
    plan = replace(plan, replicas=(*plan.replicas, Replica("flows")))
    assert "the plan says how to merge flows, which is not replicated" in failing(COUNTING, plan)


def test_condition_on_the_packet_is_no_interference() -> None:
    """Only TCP is counted: the packet decides, not the copy."""
    tcp = eq(pkt(23, 23), const(6, 8))

    def split(p: Path) -> list[Path]:
        where = next((i for i, s in enumerate(p.steps) if isinstance(s, Operation) and s.object == "seen"), None)
        if where is None:
            return [p]
        counted = replace(p, steps=(*p.steps[:where], Assume(tcp), *p.steps[where:]))
        return [counted, replace(p, steps=(*p.steps[:where], Assume(negate(tcp))))]

    paths = tuple(dict.fromkeys(q for p in COUNTING.paths for q in split(p)))
    model = replace(COUNTING, paths=paths)
    assert check(model, copies(model)).failures == ()
