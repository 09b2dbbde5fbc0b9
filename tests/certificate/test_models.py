"""Right plan, but the NF does something that separate state cannot keep: each refused by name and line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from certificate.plans import firewall_plan, policer_plan
from certificate.tamper import append, calls, each_arg, each_operation, each_path, result, with_arg, without
from handmade import NOW, firewall, pkt, policer
from maestro.certificate.check import check
from maestro.ir.expr import Expr, binary, concat, const, extract, packet_byte, sym
from maestro.ir.model import Assume, Field, Kind, Model, Operation, Path, StateObject, Verdict
from maestro.ir.packet import LENGTH

FIREWALL, POLICER = firewall(), policer()


def failing(model: Model) -> str:
    plan = (firewall_plan if model.nf == "firewall" else policer_plan)(model)
    certificate = check(model, plan)
    assert not certificate.holds
    return "\n".join(f.message for f in certificate.failures)


def accepted(model: Model) -> tuple[str, ...]:
    """The assumptions; the certificate must hold."""
    certificate = check(model, (firewall_plan if model.nf == "firewall" else policer_plan)(model))
    assert certificate.failures == ()
    return certificate.assumptions


def extend(model: Model, method: str, change: Callable[[Path], Path]) -> Model:
    """``change`` the paths that call ``method``."""
    return each_path(model, lambda p: change(p) if calls(p, method) else p)


def test_no_expiry_at_all_is_fine() -> None:
    assert check(POLICER, policer_plan(POLICER)).holds
    model = without(FIREWALL, "expire_map")
    assert check(model, firewall_plan(model)).holds


def test_expiry_missing_on_one_path() -> None:
    text = failing(without(FIREWALL, "expire_map", lambda p: calls(p, "dchain_allocate")))
    assert "a path touches the group without expiring it first" in text
    assert "flows.map_get (nf.c:22), heap.expire_map (nf.c:8)" in text


def test_expiry_after_the_lookup() -> None:
    def late(p: Path) -> Path:
        first = p.steps[0]
        return replace(p, steps=(*p.steps[1:], first)) if calls(p, "map_get") else p

    assert "without expiring it first" in failing(each_path(FIREWALL, late))


def test_two_thresholds() -> None:
    def other(p: Path) -> Path:
        if not calls(p, "dchain_allocate"):
            return p
        expire = p.operations[0]
        return replace(p, steps=(with_arg(expire, "time", NOW), *p.steps[1:]))

    text = failing(each_path(FIREWALL, other))
    assert "heap.expire_map (nf.c:8): expire one allocator in different ways" in text


def test_threshold_that_falls() -> None:
    text = failing(each_arg(FIREWALL, "expire_map", "time", lambda e: binary("sub", const(0, 64), NOW)))
    assert "may decrease as time goes on (Z3: sat)" in text
    assert "heap.expire_map (nf.c:8)" in text


def test_threshold_of_the_packet() -> None:
    packet_time = binary("sub", NOW, concat(const(0, 48), LENGTH))
    assert "depends on more than the time" in failing(each_arg(FIREWALL, "expire_map", "time", lambda e: packet_time))


def test_expiring_one_entry_a_packet() -> None:
    def one(o: Operation) -> Operation:
        if o.method != "expire_map":
            return o
        results = (("ok", sym("heap#0.ok", 1)), ("index", sym("heap#0.index", 32)))
        return replace(o, method="dchain_expire_one", related=(), results=results)

    text = failing(each_operation(FIREWALL, one))
    assert "heap.dchain_expire_one (nf.c:8): frees one entry a packet" in text


def test_expiry_takes_another_key_from_the_vector() -> None:
    text = failing(each_arg(FIREWALL, "vector_write", "cell", lambda e: concat(extract(e, 95, 0), const(0, 8))))
    assert (
        "keys.vector_write (nf.c:30), heap.expire_map (nf.c:8): the cell does not hold a key that the packet has"
        in text
    )


def test_key_never_written_to_the_vector() -> None:
    text = failing(without(FIREWALL, "vector_write"))
    assert "flows.map_put (nf.c:29)" in text
    assert "the key is not written to keys" in text


def test_index_in_the_verdict() -> None:
    def leak(p: Path) -> Path:
        return replace(p, verdict=Verdict("forward", extract(result(p, "map_get", "value"), 15, 0), p.verdict.span))

    text = failing(extend(FIREWALL, "dchain_refresh", leak))
    assert (
        "flows.map_get (nf.c:22): flows#1.value depends on other cores' packets but goes into the output port" in text
    )


def test_index_in_a_branch() -> None:
    def leak(p: Path) -> Path:
        cond = binary("ult", result(p, "dchain_allocate", "index"), const(7, 32))
        return replace(p, steps=(*p.steps, Assume(cond)))

    text = failing(extend(FIREWALL, "map_put", leak))
    assert "heap.dchain_allocate (nf.c:25)" in text
    assert "goes into a branch" in text


def test_index_that_an_assertion_bounds_is_no_leak() -> None:
    def bound(p: Path) -> Path:
        cond = binary("ult", result(p, "dchain_allocate", "index"), const(1024, 32))
        return replace(p, steps=(*p.steps, Assume(cond, given=True)))

    model = extend(FIREWALL, "map_put", bound)
    certificate = check(model, firewall_plan(model))
    assert certificate.holds
    assert any(a.startswith("given:") for a in certificate.assumptions)


def test_index_in_the_packet() -> None:
    """Which index it is, is the allocator's business: cores have indices of their own, and the NF is right with any."""

    def leak(p: Path) -> Path:
        return replace(p, edits=((34, extract(result(p, "dchain_allocate", "index"), 7, 0)),))

    assert any(a.startswith("allocation:") for a in accepted(extend(FIREWALL, "map_put", leak)))


def test_index_in_a_cell() -> None:
    def leak(p: Path) -> Path:
        index = result(p, "dchain_allocate", "index")
        return append(
            p, "buckets", "vector_write", Kind.WRITE, 50, {"index": index, "cell": concat(index, const(0, 96))}
        )

    assert any(a.startswith("allocation:") for a in accepted(extend(POLICER, "map_put", leak)))


def test_index_in_a_key() -> None:
    def leak(p: Path) -> Path:
        key = concat(const(0, 72), result(p, "dchain_allocate", "index"))
        return append(p, "flows", "map_get", Kind.READ, 51, {"key": key}, found=1, value=32)

    text = failing(extend(FIREWALL, "map_put", leak))
    assert "depends on other cores' packets but goes into map_get of flows" in text
    assert "nf.c:51" in text


def test_number_of_expired_entries() -> None:
    def leak(p: Path) -> Path:
        cond = binary("eq", p.operations[0].result("count"), const(0, 32))
        return replace(p, steps=(*p.steps, Assume(cond)))

    text = failing(each_path(FIREWALL, leak))
    assert "heap.expire_map (nf.c:8): heap#0.count depends on other cores' packets but goes into a branch" in text


def test_number_of_entries() -> None:
    def leak(p: Path) -> Path:
        p = append(p, "flows", "map_size", Kind.READ, 60, {}, size=32)
        return replace(p, edits=((0, extract(p.operations[-1].result("size"), 7, 0)),))

    assert "flows.map_size (nf.c:60)" in failing(extend(FIREWALL, "map_get", leak))


def test_key_over_mac_addresses() -> None:
    """Steered by IP addresses and ports, stored by MAC addresses."""
    mac = pkt(0, 12)
    model = each_arg(FIREWALL, "map_get", "key", lambda e: mac)
    model = each_arg(each_arg(model, "map_put", "key", lambda e: mac), "vector_write", "cell", lambda e: mac)
    text = failing(model)
    assert "flows.map_get (nf.c:22)" in text
    assert "touch one entry but may go to different cores" in text


def test_key_from_stored_state() -> None:
    def chained(p: Path) -> Path:
        cell = result(p, "vector_read", "cell")
        return append(p, "dst_map", "map_get", Kind.READ, 70, {"key": extract(cell, 31, 0)}, found=1, value=32)

    text = failing(extend(POLICER, "dchain_refresh", chained))
    assert "dst_map.map_get (nf.c:70): its key" in text
    assert "depends on stored state" in text


def test_index_never_stored() -> None:
    """Nobody finds it again; it stays its core's until it expires."""
    accepted(without(FIREWALL, "map_put"))


def test_index_stored_twice() -> None:
    """Under a second key too, which has to have the same core: one on MAC addresses has not."""

    def again(key: Expr) -> Model:
        def change(p: Path) -> Path:
            value = result(p, "dchain_allocate", "index")
            return append(p, "flows", "map_put", Kind.WRITE, 33, {"key": key, "value": value})

        return extend(FIREWALL, "map_put", change)

    accepted(again(concat(pkt(34, 37), pkt(26, 33), const(0, 8))))
    text = failing(again(pkt(0, 12)))
    assert "flows.map_put (nf.c:33)" in text
    assert "touch one entry but may go to different cores" in text


def test_what_a_map_holds_is_no_index() -> None:
    def alias(p: Path) -> Path:
        key = p.operations[1].arg("key")
        return append(p, "flows", "map_put", Kind.WRITE, 33, {"key": key, "value": const(3, 32)})

    text = failing(extend(FIREWALL, "dchain_refresh", alias))
    assert "flows.map_put (nf.c:33): stores 3, which may not be an index of its own core" in text


def test_index_used_without_looking() -> None:
    def blind(p: Path) -> Path:
        value = result(p, "map_get", "value")
        return append(p, "heap", "dchain_refresh", Kind.REFRESH, 34, {"index": value, "time": NOW}, ok=1)

    text = failing(extend(without(FIREWALL, "dchain_refresh"), "map_get", blind))
    assert "heap.dchain_refresh (nf.c:34): the index is used although the map may not hold the key" in text


def test_index_from_nowhere() -> None:
    def odd(e: Expr) -> Expr:
        return binary("add", e, const(1, 32))

    text = failing(each_arg(FIREWALL, "dchain_refresh", "index", odd))
    assert "the index (flows#1.value + 1) may be another entry's: not shown to be 1 * flows#1.value + r" in text
    text = failing(each_arg(FIREWALL, "dchain_refresh", "index", lambda e: sym("odd", 32)))
    assert "the index odd comes neither from a map, an allocation, nor the packet" in text


def test_free_without_erase() -> None:
    """The map keeps an index that may become another entry's: of the same core."""

    def free(p: Path) -> Path:
        index = result(p, "map_get", "value")
        return append(p, "heap", "dchain_free", Kind.FREE, 35, {"index": index}, ok=1)

    accepted(extend(FIREWALL, "dchain_refresh", free))


def test_free_with_erase() -> None:
    def close(p: Path) -> Path:
        get = next(o for o in p.operations if o.method == "map_get")
        p = append(p, "flows", "map_erase", Kind.FREE, 34, {"key": get.arg("key")})
        return append(p, "heap", "dchain_free", Kind.FREE, 35, {"index": get.result("value")}, ok=1)

    model = extend(FIREWALL, "dchain_refresh", close)
    assert check(model, firewall_plan(model)).failures == ()


def test_use_after_free() -> None:
    def close(p: Path) -> Path:
        get = next(o for o in p.operations if o.method == "map_get")
        p = append(p, "heap", "dchain_free", Kind.FREE, 35, {"index": get.result("value")}, ok=1)
        p = append(p, "flows", "map_erase", Kind.FREE, 36, {"key": get.arg("key")})
        return append(p, "keys", "vector_read", Kind.READ, 37, {"index": get.result("value")}, cell=104)

    accepted(extend(FIREWALL, "dchain_refresh", close))


def test_previous_owners_cell_in_the_packet() -> None:
    """An index's previous owner was on the same core, so what it left behind is what the sequential NF finds."""

    def show(p: Path) -> Path:
        return replace(p, edits=((6, extract(result(p, "vector_read", "cell"), 7, 0)),))

    accepted(extend(FIREWALL, "map_put", show))


def test_bucket_not_initialised() -> None:
    """The policer's new bucket keeps the tokens that it held for another address, of the same core."""

    def keep(o: Operation) -> Operation | None:
        return None if o.object == "buckets" and o.span and o.span.line == 46 else o

    accepted(each_operation(POLICER, keep))


def second_map(key: Expr, *, put: bool) -> Model:
    """The firewall with a map ``ports`` that leads to the cells of ``keys`` as well."""
    other = StateObject(
        "ports", "map", 1024, FIREWALL.objects[0].span, key_layout=(Field("p", 0, key.width // 8),), key_size=2
    )

    def second(p: Path) -> Path:
        p = append(p, "ports", "map_get", Kind.READ, 80, {"key": key}, found=1, value=32)
        p = replace(p, steps=(*p.steps, Assume(p.operations[-1].result("found"))))
        value = p.operations[-1].result("value")
        return append(p, "keys", "vector_read", Kind.READ, 81, {"index": value}, cell=104)

    def store(p: Path) -> Path:
        value = result(p, "dchain_allocate", "index")
        return append(p, "ports", "map_put", Kind.WRITE, 82, {"key": key, "value": value})

    model = extend(replace(FIREWALL, objects=(*FIREWALL.objects, other)), "dchain_refresh", second)
    return extend(model, "dchain_allocate", lambda p: store(p) if calls(p, "map_put") else p) if put else model


def test_two_maps_reach_one_vector() -> None:
    """Each has its own requirement; both hold indices of one core."""
    accepted(second_map(concat(pkt(34, 37), pkt(26, 33)), put=False))
    text = failing(second_map(pkt(36, 37), put=True))
    assert "ports.map_get (nf.c:80)" in text
    assert "ports.map_put (nf.c:82)" in text
    assert "touch one entry but may go to different cores" in text
    assert "flows" not in text


def test_one_cell_for_everybody() -> None:
    counter = StateObject("total", "vector", 1, FIREWALL.objects[0].span, elem_size=8, initial=bytes(8))

    def count(p: Path) -> Path:
        zero = const(0, 32)
        return append(p, "total", "vector_write", Kind.WRITE, 90, {"index": zero, "cell": const(1, 64)})

    model = extend(replace(FIREWALL, objects=(*FIREWALL.objects, counter)), "map_get", count)
    text = failing(model)
    assert "total.vector_write (nf.c:90)" in text
    assert "may go to different cores" in text


def test_index_computed_from_the_packet() -> None:
    """A table indexed by the destination address' low byte, steered by the whole address."""
    table = StateObject("table", "vector", 256, POLICER.objects[0].span, elem_size=8, initial=bytes(8))

    def count(p: Path) -> Path:
        low = concat(const(0, 24), packet_byte(33))
        return append(p, "table", "vector_write", Kind.WRITE, 91, {"index": low, "cell": const(1, 64)})

    model = extend(replace(POLICER, objects=(*POLICER.objects, table)), "map_get", count)
    text = failing(model)
    assert "table.vector_write (nf.c:91)" in text
    assert "dst_map" not in text


def test_filled_at_init() -> None:
    """Two keys with one index; and an index that the allocator would give out again."""

    def filled(contents: tuple[tuple[int, bytes], ...]) -> Model:
        first = replace(POLICER.objects[0], contents=contents)
        return replace(POLICER, objects=(first, *POLICER.objects[1:]))

    assert "after init two keys hold one index" in failing(filled(((0, b"aaaa"), (0, b"bbbb"))))
    assert "heap (nf.c:4): after init a map holds an index that heap may give out again" in failing(
        filled(((0, b"aaaa"),))
    )
