"""A model that uses what the two-way firewall and the policer do not: every operation, every verdict, awkward edits."""

from __future__ import annotations

from handmade import DEVICE, LAN_AXIOMS, NOW, Builder, pkt
from maestro.diagnostics import Span
from maestro.ir.expr import Expr, binary, concat, const, eq, extract, negate, packet_byte, zext
from maestro.ir.model import Assume, Field, Kind, Model, Path, StateObject
from maestro.ir.packet import LENGTH

CAPACITY = 4
SWAP_MACS = tuple((i, packet_byte((i + 6) % 12)) for i in range(12))


def sink() -> Model:
    """Bytes 16… of the packet say what to do: 16 the command, 17 a key, 18 an index, 20…23 a number."""
    layout = (Field("tag", 0, 1), Field("name", 2, 1))
    objects = (
        StateObject("a.table", "map", CAPACITY, Span("s.c", 1), key_layout=layout, key_size=4),
        StateObject("names", "vector", CAPACITY, Span("s.c", 2), elem_size=4, initial=bytes(4)),
        StateObject("ids", "dchain", CAPACITY, Span("s.c", 3)),
        StateObject(
            "cells", "vector", 256, Span("s.c", 4), elem_size=20, initial=bytes(range(20)),
            contents=((3, bytes(range(100, 120))),),
        ),
        StateObject(
            "known", "map", 8, Span("s.c", 5), key_layout=(Field("k", 0, 1),), key_size=1, contents=((7, b"a"),),
        ),
        StateObject("fixed", "dchain", 4, Span("s.c", 6), contents=((2, b""),)),
    )  # fmt: skip
    b = Builder().assume(binary("ule", const(40, 16), LENGTH), 10)
    short = Builder().assume(binary("ult", LENGTH, const(40, 16)), 10).end("flood", edits=((0, const(1, 8)),))
    commands = [_bind, _look, _forget, _expire, _overwrite, _fill, _constants]
    paths: list[Path] = [short]
    for i, command in enumerate(commands):
        here = b.fork().assume(eq(packet_byte(16), const(i, 8)), 20 + i)
        b.assume(negate(eq(packet_byte(16), const(i, 8))), 20 + i)
        paths += command(here)
    return Model("sink", 2, objects, (*paths, _misdirected(b)), LAN_AXIOMS)


def _key() -> Expr:
    return concat(const(0x5A, 8), packet_byte(17))


def _bind(b: Builder) -> list[Path]:
    """Allocate an index, bind the key to it, and send the index back in the packet: it is visible."""
    get = b.call("a.table", "map_get", Kind.READ, 30, {"key": _key()}, {"found": 1, "value": 32})
    old = b.fork().assume(get.result("found"), 30)
    old.call("ids", "dchain_refresh", Kind.REFRESH, 31, {"index": get.result("value"), "time": NOW}, {"ok": 1})
    b.assume(negate(get.result("found")), 30)
    new = b.call("ids", "dchain_allocate", Kind.ALLOCATE, 32, {"time": NOW}, {"ok": 1, "index": 32})
    full = b.fork().assume(negate(new.result("ok")), 32)
    size = full.call("a.table", "map_size", Kind.READ, 33, {}, {"size": 32}).result("size")
    b.assume(new.result("ok"), 32)
    b.call("a.table", "map_put", Kind.WRITE, 34, {"key": _key(), "value": new.result("index")}, {})
    cell = concat(const(0x5A, 8), const(9, 8), packet_byte(17), const(0, 8))
    b.call("names", "vector_write", Kind.WRITE, 35, {"index": new.result("index"), "cell": cell}, {})
    return [
        old.end("forward", const(1, 16), _number_at(24, get.result("value"))),
        full.end("drop", edits=_number_at(24, size)),
        b.end("forward", const(1, 16), _number_at(24, new.result("index"))),
    ]


def _number_at(offset: int, value: Expr) -> tuple[tuple[int, Expr], ...]:
    return tuple((offset + i, extract(value, 31 - 8 * i, 24 - 8 * i)) for i in range(4))


def _look(b: Builder) -> list[Path]:
    """Read-only state, filled during init; the answers decide the verdict and are stored."""
    get = b.call("known", "map_get", Kind.READ, 40, {"key": packet_byte(17)}, {"found": 1, "value": 32})
    index = zext(packet_byte(18), 32)
    test = b.call("fixed", "dchain_test", Kind.TEST, 41, {"index": index}, {"allocated": 1})
    both = binary("and", get.result("found"), test.result("allocated"))
    port = concat(const(0, 8), extract(get.result("value"), 7, 0))
    return [
        b.fork().assume(both, 42).end("forward", port, SWAP_MACS),
        b.fork().assume(negate(both), 42).end("forward", zext(test.result("allocated"), 16)),
    ]


def _forget(b: Builder) -> list[Path]:
    """Free the index that the packet names and erase the key that it was bound to."""
    freed = b.call("ids", "dchain_free", Kind.FREE, 50, {"index": pkt(20, 23)}, {"ok": 1}).result("ok")
    no = b.fork().assume(negate(freed), 50).end("drop")
    b.assume(freed, 50)
    cell = b.call("names", "vector_read", Kind.READ, 51, {"index": pkt(20, 23)}, {"cell": 32}).result("cell")
    key = concat(extract(cell, 31, 24), extract(cell, 15, 8))
    b.call("a.table", "map_erase", Kind.FREE, 52, {"key": key}, {})
    return [no, b.end("forward", const(0, 16))]


def _expire(b: Builder) -> list[Path]:
    """Expire all but leave what is younger than 50 ns; then one more, whatever its age."""
    time = binary("sub", NOW, const(50, 64))
    count = b.call("ids", "expire_map", Kind.EXPIRE, 60, {"time": time}, {"count": 32}, ("names", "a.table"))
    one = b.call("ids", "dchain_expire_one", Kind.EXPIRE, 61, {"time": NOW}, {"ok": 1, "index": 32})
    none = b.fork().assume(negate(one.result("ok")), 61)
    b.assume(one.result("ok"), 61)
    cell = b.call("names", "vector_read", Kind.READ, 62, {"index": one.result("index")}, {"cell": 32}).result("cell")
    b.call("a.table", "map_erase", Kind.FREE, 63, {"key": concat(extract(cell, 31, 24), extract(cell, 15, 8))}, {})
    return [
        none.end("drop", edits=_number_at(20, count.result("count"))),
        b.end("flood", edits=_number_at(20, count.result("count"))),
    ]


def _read(b: Builder, line: int, index: Expr) -> Expr:
    return b.call("cells", "vector_read", Kind.READ, line, {"index": index}, {"cell": 160}).result("cell")


def _write(b: Builder, line: int, index: Expr, cell: Expr) -> None:
    b.call("cells", "vector_write", Kind.WRITE, line, {"index": index, "cell": cell}, {})


def _overwrite(b: Builder) -> list[Path]:
    """Two elements, perhaps the same one, are read, then both written: the values read stay what they were."""
    i, j = zext(packet_byte(18), 32), zext(packet_byte(19), 32)
    first = _read(b, 70, i)
    other = _read(b, 71, j)
    b.call(
        "cells", "vector_write", Kind.WRITE, 72, {"index": j, "cell": concat(pkt(20, 23), extract(first, 127, 0))}, {}
    )
    turned = concat(extract(other, 79, 0), extract(other, 159, 80))
    _write(b, 73, i, turned)
    again = _read(b, 74, j)
    little = concat(*(extract(first, 128 + 8 * k + 7, 128 + 8 * k) for k in range(4)))
    same = eq(little, extract(again, 159, 128))
    edits = tuple((20 + k, extract(first, 159 - 8 * k, 152 - 8 * k)) for k in range(4))
    return [
        b.fork().assume(same, 75).end("drop", edits=edits),
        b.fork()
        .assume(negate(same), 75)
        .end("forward", const(1, 16), (*edits, *_number_at(24, extract(again, 31, 0)))),
    ]


def _fill(b: Builder) -> list[Path]:
    """Change two bytes of an element; the other eighteen are not stored."""
    i = zext(packet_byte(18), 32)
    cell = _read(b, 80, i)
    total = binary("add", extract(cell, 31, 16), pkt(20, 21))
    _write(b, 81, i, concat(extract(cell, 159, 32), total, extract(cell, 15, 0)))
    large = binary("slt", total, const(0, 16))
    return [
        b.fork().assume(large, 82).end("forward", DEVICE, _number_at(20, zext(total, 32))),
        b.fork().assume(negate(large), 82).end("drop", edits=((20, packet_byte(20)), (21, packet_byte(20)))),
    ]


def _constants(b: Builder) -> list[Path]:
    """Elements at constant indices: writing one leaves what is known of the other."""
    one, two = const(1, 32), const(2, 32)
    a = _read(b, 90, one)
    c = _read(b, 91, two)
    _write(b, 92, one, concat(extract(c, 159, 152), extract(a, 151, 0)))
    _write(b, 93, two, concat(packet_byte(20), extract(c, 151, 0)))
    b.steps += (Assume(binary("ult", DEVICE, const(2, 16)), Span("s.c", 94), given=True),)
    first, second = packet_byte(21), packet_byte(22)
    yes = b.fork().assume(eq(first, const(1, 8)), 95)
    b.assume(negate(eq(first, const(1, 8))), 95)
    also = b.fork().assume(eq(second, const(1, 8)), 96)
    b.assume(negate(eq(second, const(1, 8))), 96)
    return [_touch(yes), _touch(also), b.end("drop")]


def _touch(b: Builder) -> Path:
    """The same work on two paths."""
    b.call(
        "cells", "vector_write", Kind.WRITE, 97, {"index": const(5, 32), "cell": concat(pkt(0, 15), pkt(20, 23))}, {}
    )
    return b.end("forward", const(1, 16), ((12, const(0x08, 8)), (13, const(0, 8))))


def _misdirected(b: Builder) -> Path:
    """The port comes from a byte that the edits change."""
    return b.end("forward", concat(const(0, 8), packet_byte(0)), SWAP_MACS)
