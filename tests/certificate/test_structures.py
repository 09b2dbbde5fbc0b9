"""Sketches, cells at multiples of an index, ranges, prefix and consistent-hashing tables; locks beside shards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from certificate.plans import OTHER_KEY, fields, firewall_plan, plan, port
from certificate.tamper import append, calls, each_arg, each_operation, each_path, result, with_arg, without
from handmade import LAN_AXIOMS, NOW, Builder, firewall, pkt
from maestro.certificate.check import check
from maestro.diagnostics import Span
from maestro.ir.expr import Expr, binary, concat, const, extract, negate, zext
from maestro.ir.model import Field, Kind, Model, Operation, Path, StateObject
from maestro.ir.plan import FieldBits, ObjectPlan, Plan, Reason
from sharding.nfs import DPORT, DST, SRC, expire, forward, get, insert, model, objects, refresh, vector

FIREWALL = firewall()


def hashing(m: Model, *names: str, strategy: str = "sharded") -> Plan:
    inputs: tuple[FieldBits, ...] = fields(*names)
    ports = tuple(
        port(n, fields=inputs, key=OTHER_KEY, inputs=dict.fromkeys(("ipv4-tcp", "ipv4-udp"), inputs),
             owner_inputs=inputs)
        for n in (0, 1)
    )  # fmt: skip
    return plan(m, ports, strategy)


def failing(m: Model, p: Plan) -> str:
    certificate = check(m, p)
    assert not certificate.holds
    return "\n".join(f.message for f in certificate.failures)


# --- sketches


def limiter() -> Model:
    """Lets a pair of addresses open so many flows; the sketch counts per pair. C lines 50 to 54."""
    pair = concat(SRC, DST)
    flow = concat(pair, pkt(34, 37))
    sketch = StateObject("clients", "sketch", 512, Span("nf.c", 9), threshold=4)

    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        b.call("clients", "sketch_expire", Kind.EXPIRE, 50, {"time": binary("sub", NOW, const(5, 64))}, {})
        found = get(b, "flows", flow)
        hit = b.fork().assume(found.result("found"), 20)
        refresh(hit, "flows", found.result("value"))
        b.assume(negate(found.result("found")), 20)
        args = {"key": pair, "hash": binary("add", SRC, DST)}
        b.call("clients", "sketch_refresh", Kind.REFRESH, 51, args | {"time": NOW}, {})
        over = b.call("clients", "sketch_fetch", Kind.READ, 52, args, {"over": 1}).result("over")
        refused = b.fork().assume(over, 52)
        b.assume(negate(over), 52)
        new = b.call("flows_ages", "dchain_allocate", Kind.ALLOCATE, 22, {"time": NOW}, {"ok": 1, "index": 32})
        full = b.fork().assume(negate(new.result("ok")), 22)
        b.assume(new.result("ok"), 22)
        insert(b, "flows", flow, new.result("index"))
        b.call("clients", "sketch_touch", Kind.WRITE, 54, args | {"time": NOW}, {"ok": 1})
        return [forward(hit), refused.end("drop"), full.end("drop"), forward(b)]

    return model((*objects("flows", flow), sketch), run)


LIMITER = limiter()


def test_sketch() -> None:
    certificate = check(LIMITER, hashing(LIMITER, "ipv4.src", "ipv4.dst"))
    assert certificate.failures == ()
    assert any(a.startswith("sketch:") for a in certificate.assumptions)


def test_sketch_of_another_core() -> None:
    text = failing(LIMITER, hashing(LIMITER, "ipv4.src", "ipv4.dst", "l4.sport"))
    assert "clients.sketch_refresh (nf.c:51)" in text
    assert "touch one entry but may go to different cores" in text
    assert "flows.map_get" not in text


def test_sketch_not_expired_first() -> None:
    def late(p: Path) -> Path:
        expiry = [s for s in p.steps if isinstance(s, Operation) and s.method == "sketch_expire"]
        return replace(p, steps=(*(s for s in p.steps if s not in expiry), *expiry))

    text = failing(each_path(LIMITER, late), hashing(LIMITER, "ipv4.src", "ipv4.dst"))
    assert "clients.sketch_refresh (nf.c:51), clients.sketch_expire (nf.c:50): a path touches the group without" in text


def test_sketch_threshold_falls() -> None:
    falls = each_arg(LIMITER, "sketch_expire", "time", lambda e: binary("sub", const(0, 64), NOW))
    assert "may decrease as time goes on" in failing(falls, hashing(LIMITER, "ipv4.src", "ipv4.dst"))


def test_locked_sketch_beside_sharded_flows() -> None:
    right = hashing(LIMITER, "ipv4.src", "ipv4.dst", "l4.sport")
    mixed = tuple(replace(o, strategy="locked") if o.kind == "sketch" else o for o in right.objects)
    assert check(LIMITER, replace(right, strategy="hybrid", objects=mixed)).failures == ()


# --- cells at c * index + r


def detector(
    at: Callable[[Expr, Expr], Expr] = lambda index, count: binary("add", binary("mul", index, const(8, 32)), count),
    bounded: bool = True,
    sweep: tuple[Callable[[Expr], Expr], Callable[[Expr], Expr]] | None = None,
) -> Model:
    """Up to eight ports a source: index i has the cells ``at(i, 0)`` … ``at(i, 7)`` of ``ports_keys``.

    ``bounded``: a source with eight ports gets no more. ``sweep``: from and to which cell a new source's are erased.
    C lines 60 to 69.
    """
    port_key = concat(SRC, DPORT)
    layout = (Field("src", 0, 4), Field("port", 4, 2))
    ports = (
        StateObject("ports", "map", 8192, Span("nf.c", 60), key_layout=layout, key_size=6),
        StateObject("ports_keys", "vector", 8192, Span("nf.c", 61), elem_size=6, initial=bytes(6)),
    )

    def seen(b: Builder, index: Expr) -> list[Path]:
        known = b.call("ports", "map_get", Kind.READ, 64, {"key": port_key}, {"found": 1, "value": 32})
        again = b.fork().assume(known.result("found"), 64)
        b.assume(negate(known.result("found")), 64)
        cell = b.call("counts", "vector_read", Kind.READ, 65, {"index": index}, {"cell": 32}).result("cell")
        paths = [forward(again)]
        if bounded:
            few = binary("ult", cell, const(8, 32))
            paths.append(b.fork().assume(negate(few), 66).end("drop"))
            b.assume(few, 66)
        b.call("ports_keys", "vector_write", Kind.WRITE, 67, {"index": at(index, cell), "cell": port_key}, {})
        b.call("ports", "map_put", Kind.WRITE, 68, {"key": port_key, "value": at(index, cell)}, {})
        more = binary("add", cell, const(1, 32))
        b.call("counts", "vector_write", Kind.WRITE, 69, {"index": index, "cell": more}, {})
        return [*paths, forward(b)]

    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        found = get(b, "flows", SRC)
        hit = b.fork().assume(found.result("found"), 20)
        refresh(hit, "flows", found.result("value"))
        b.assume(negate(found.result("found")), 20)
        new = b.call("flows_ages", "dchain_allocate", Kind.ALLOCATE, 22, {"time": NOW}, {"ok": 1, "index": 32})
        full = b.fork().assume(negate(new.result("ok")), 22)
        b.assume(new.result("ok"), 22)
        index = new.result("index")
        insert(b, "flows", SRC, index)
        if sweep:
            cells = {"start": sweep[0](index), "end": sweep[1](index)}
            b.call("ports", "expire_range", Kind.FREE, 63, cells, {}, ("ports_keys",))
        b.call("counts", "vector_write", Kind.WRITE, 62, {"index": index, "cell": const(0, 32)}, {})
        return [*seen(hit, found.result("value")), full.end("drop"), forward(b)]

    return model((*objects("flows", SRC), vector("counts", 4), *ports), run)


def times_eight(index: Expr) -> Expr:
    return binary("mul", index, const(8, 32))


def test_cells_of_an_index() -> None:
    certificate = check(detector(), hashing(detector(), "ipv4.src"))
    assert certificate.failures == ()


def test_cells_overflow() -> None:
    """With more sources, 32 bits do not hold eight times the index."""
    m = detector()
    large = tuple(replace(o, capacity=2**30) if o.name == "flows_ages" else o for o in m.objects)
    m = replace(m, objects=large)
    assert "not shown to be 8 * flows#1.value + r with r < 8" in failing(m, hashing(m, "ipv4.src"))


def test_cells_by_shift_and_or() -> None:
    def at(index: Expr, count: Expr) -> Expr:
        return binary("or", concat(extract(index, 28, 0), const(0, 3)), zext(extract(count, 2, 0), 32))

    m = detector(at)
    assert check(m, hashing(m, "ipv4.src")).failures == ()


def test_cells_beyond() -> None:
    """Nothing keeps the ninth port out of the next source's cells."""
    m = detector(bounded=False)
    text = failing(m, hashing(m, "ipv4.src"))
    assert "ports_keys.vector_write (nf.c:67): the index" in text
    assert "may be another entry's: not shown to be 8 * flows#1.value + r with r < 8 (sat)" in text


def test_two_multiples() -> None:
    """Every other cell is written by seven times the index."""

    def other(o: Operation) -> Operation:
        if o.method != "vector_read" or o.object != "counts":
            return o
        return replace(o, object="ports_keys", args=(("index", binary("mul", o.arg("index"), const(7, 32))),))

    m = each_operation(detector(), other)
    text = failing(m, hashing(m, "ipv4.src"))
    assert "one object is reached by allocated indices times 7 and allocated indices times 8" in text


def test_coarser_key_alone_is_not_enough_for_the_source() -> None:
    m = detector()
    text = failing(m, hashing(m, "ipv4.src", "l4.dport"))
    assert "flows.map_get (nf.c:20)" in text
    assert "ports.map_get (nf.c:64)" not in text


def test_sweep_of_own_cells() -> None:
    m = detector(sweep=(times_eight, lambda i: binary("add", times_eight(i), const(8, 32))))
    certificate = check(m, hashing(m, "ipv4.src"))
    assert certificate.failures == ()
    assert any(a.startswith("sweep:") for a in certificate.assumptions)


@pytest.mark.parametrize(
    "sweep",
    [
        (lambda i: i, lambda i: const(8, 32)),
        (times_eight, lambda i: binary("add", times_eight(i), const(9, 32))),
        (lambda i: const(0, 32), lambda i: const(8, 32)),
    ],
)
def test_sweep_of_others_cells(sweep: tuple[Callable[[Expr], Expr], Callable[[Expr], Expr]]) -> None:
    m = detector(sweep=sweep)
    right = hashing(m, "ipv4.src")
    assert "ports.expire_range (nf.c:63): the cells may be those of other cores' indices" in failing(m, right)
    named = replace(right, reasons=(Reason("own-sweep", "as published", ("ports", "ports_keys")),))
    certificate = check(m, named)
    assert certificate.failures == ()
    assert any(a.startswith("sweep:") for a in certificate.assumptions)
    other = replace(right, reasons=(Reason("own-sweep", "as published", ("flows",)),))
    assert not check(m, other).holds


def test_swept_cells_hold_other_keys() -> None:
    m = detector(sweep=(times_eight, lambda i: binary("add", times_eight(i), const(8, 32))))
    mac = each_operation(m, lambda o: with_arg(o, "cell", pkt(0, 5)) if o.span and o.span.line == 67 else o)
    text = failing(mac, hashing(m, "ipv4.src"))
    assert "ports_keys.vector_write (nf.c:67), ports.expire_range (nf.c:63): the cell does not hold a key" in text


# --- two maps that expire together


def test_key_inside_the_element() -> None:
    """The flow lies at byte 3 of a 16-byte element, and expiry erases it from two maps."""

    def wider(o: Operation) -> Operation:
        if o.object == "keys" and o.method == "vector_write":
            return with_arg(o, "cell", concat(const(0, 24), o.arg("cell")))
        if o.object == "keys":
            return replace(o, results=tuple((n, replace_width(s)) for n, s in o.results))
        return replace(o, related=("keys", "flows", "twins")) if o.method == "expire_map" else o

    def replace_width(s: Expr) -> Expr:
        return concat(const(0, 24), s)

    def put(p: Path) -> Path:
        flow = next(o for o in p.operations if o.method == "map_put")
        return append(p, "twins", "map_put", Kind.WRITE, 33, dict(flow.args))

    flows, keys, heap = FIREWALL.objects
    shifted = (
        replace(flows, key_at=3), replace(keys, elem_size=16, initial=bytes(16)), heap,
        replace(flows, name="twins", key_at=3),
    )  # fmt: skip
    m = each_operation(replace(FIREWALL, objects=shifted), wider)
    m = each_path(m, lambda p: put(p) if calls(p, "map_put") else p)
    assert check(m, firewall_plan(m)).failures == ()
    wrong = replace(m, objects=(*shifted[:3], replace(shifted[3], key_at=0)))
    assert "the cell does not hold a key that the packet has" in failing(wrong, firewall_plan(wrong))


# --- tables that nobody changes


def balanced() -> Model:
    """Sends packets where a prefix table and a consistent-hashing table say. C lines 80, 81."""
    tables = (
        StateObject("routes", "lpm", 100, Span("nf.c", 71), contents=((1, bytes([10, 0, 0, 0, 8])),)),
        StateObject("ring", "vector", 97 * 4, Span("nf.c", 72), elem_size=4, initial=bytes(4), cht_height=97),
        StateObject("active", "dchain", 4, Span("nf.c", 73), contents=((0, b""), (1, b""))),
    )
    b = Builder()
    b.call("routes", "lpm_lookup", Kind.READ, 80, {"address": DST}, {"value": 32})
    b.call("active", "cht_find", Kind.TEST, 81, {"hash": zext(SRC, 64)}, {"found": 1, "chosen": 32}, ("ring",))
    return Model("balanced", 2, tables, (b.end("forward", const(1, 16)),), LAN_AXIOMS)


def test_read_only_tables() -> None:
    m = balanced()
    assert check(m, hashing(m, "ipv4.src", strategy="read-only")).failures == ()


def test_tables_that_change() -> None:
    def update(p: Path) -> Path:
        args = {"prefix": SRC, "length": const(24, 8), "value": const(1, 16)}
        p = append(p, "routes", "lpm_update", Kind.WRITE, 82, args, ok=1)
        index = const(1, 32)
        return append(p, "active", "dchain_refresh", Kind.REFRESH, 83, {"index": index, "time": NOW}, ok=1)

    m = each_path(balanced(), update)
    text = failing(m, hashing(m, "ipv4.src", strategy="read-only"))
    assert "routes.lpm_update (nf.c:82): routes is called read-only but is modified" in text
    mixed = hashing(m, "ipv4.src")
    changed = tuple(replace(o, strategy="read-only") if o.name == "ring" else o for o in mixed.objects)
    text = failing(m, replace(mixed, objects=changed))
    assert "the checker does not know how to split lpm_update" in text
    assert "the checker does not know how to split cht_find" in text
    locked = tuple(o if o.strategy == "read-only" else replace(o, strategy="locked") for o in changed)
    assert check(m, replace(mixed, objects=locked, strategy="hybrid")).holds


# --- locks beside shards


def with_total() -> tuple[Model, Plan]:
    """The firewall with a counter of all packets, which is locked."""
    total = StateObject("total", "vector", 1, Span("nf.c", 90), elem_size=8, initial=bytes(8))

    def count(p: Path) -> Path:
        p = append(p, "total", "vector_read", Kind.READ, 91, {"index": const(0, 32)}, cell=64)
        more = binary("add", result(p, "vector_read", "cell"), const(1, 64))
        return append(p, "total", "vector_write", Kind.WRITE, 92, {"index": const(0, 32), "cell": more})

    m = each_path(replace(FIREWALL, objects=(*FIREWALL.objects, total)), count)
    right = firewall_plan(m)
    objects = tuple(ObjectPlan(o.name, o.kind, "locked" if o is total else "sharded", None, ()) for o in m.objects)
    return m, replace(right, strategy="hybrid", objects=objects)


def test_hybrid() -> None:
    m, right = with_total()
    assert check(m, right).failures == ()
    assert "total is locked in a plan that is called shared-nothing" in failing(
        m, replace(right, strategy="shared-nothing")
    )


def test_sharded_key_from_locked_state() -> None:
    m, right = with_total()

    def chained(p: Path) -> Path:
        key = concat(result(p, "vector_read", "cell"), const(0, 40))
        return append(p, "flows", "map_get", Kind.READ, 93, {"key": key}, found=1, value=32)

    text = failing(each_path(m, chained), right)
    assert "flows.map_get (nf.c:93): its key" in text
    assert "depends on stored state" in text


def test_locked_value_in_a_sharded_cell() -> None:
    """What a lock orders may be stored: packets of one core take effect in its order."""
    m, right = with_total()

    def stored(p: Path) -> Path:
        if not calls(p, "map_put"):
            return p
        index = result(p, "dchain_allocate", "index")
        cell = concat(result(p, "vector_read", "cell"), const(0, 8))
        return append(p, "notes", "vector_write", Kind.WRITE, 94, {"index": index, "cell": cell})

    notes = StateObject("notes", "vector", 1024, Span("nf.c", 95), elem_size=9, initial=bytes(9))
    m = each_path(replace(m, objects=(*m.objects, notes)), stored)
    right = replace(right, objects=(*right.objects, ObjectPlan("notes", "vector", "sharded", None, ())))
    assert check(m, right).failures == ()


def test_locked_allocator_of_a_sharded_map() -> None:
    m, right = with_total()
    mixed = tuple(replace(o, strategy="locked") if o.name == "heap" else o for o in right.objects)
    assert "share their entries, but heap is not sharded" in failing(m, replace(right, objects=mixed))


def test_filled_allocator_that_frees() -> None:
    """An index taken at init is no core's: it may not come back into the allocator."""
    filled = tuple(replace(o, contents=((3, b""),)) if o.kind == "dchain" else o for o in FIREWALL.objects)
    m = replace(FIREWALL, objects=filled)
    assert "frees indices that heap had allocated at init" in failing(m, firewall_plan(m))
    kept = without(m, "expire_map")
    assert check(kept, firewall_plan(kept)).failures == ()
