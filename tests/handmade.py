"""Models built by hand, for tests of the phases behind the symbolic executor.

``firewall()`` is the 7-path class of the two-way firewall: port 0 LAN, port 1 WAN. ``policer()`` polices port 0 per
destination address. They have the exact form that ``maestro.symex`` produces.
"""

from __future__ import annotations

from maestro.diagnostics import Span
from maestro.ir.expr import (
    Expr,
    binary,
    concat,
    const,
    eq,
    extract,
    negate,
    packet_byte,
    sym,
    zext,
)  # fmt: skip
from maestro.ir.model import (
    Assume,
    Field,
    Kind,
    Model,
    Operation,
    Path,
    StateObject,
    Step,
    Verdict,
)  # fmt: skip
from maestro.ir.packet import LENGTH

NOW = sym("now", 64)
DEVICE = sym("device", 16)
LAN_AXIOMS = (
    binary("ult", DEVICE, const(2, 16)),
    binary("ule", const(14, 16), LENGTH),
    binary("sle", const(0, 64), NOW),
)


def pkt(first: int, last: int) -> Expr:
    """Bytes first…last as one value, byte ``first`` most significant (network order)."""
    return concat(*(packet_byte(i) for i in range(first, last + 1)))


class Builder:
    """Appends steps; ``fork`` continues a copy."""

    def __init__(self, steps: tuple[Step, ...] = ()) -> None:
        self.steps = steps

    def fork(self) -> Builder:
        return Builder(self.steps)

    def assume(self, cond: Expr, line: int) -> Builder:
        self.steps += (Assume(cond, Span("nf.c", line)),)
        return self

    def call(
        self, obj: str, method: str, kind: Kind, line: int, args: dict[str, Expr], results: dict[str, int],
        related: tuple[str, ...] = (),
    ) -> Operation:  # fmt: skip
        n = sum(isinstance(s, Operation) for s in self.steps)
        res = tuple((k, sym(f"{obj}#{n}.{k}", w)) for k, w in results.items())
        op = Operation(n, obj, method, kind, tuple(args.items()), res, related, Span("nf.c", line))
        self.steps += (op,)
        return op

    def end(self, kind: str, port: Expr | None = None, edits: tuple[tuple[int, Expr], ...] = ()) -> Path:
        return Path(self.steps, Verdict(kind, port, Span("nf.c", 99)), edits)


def _is_flow(b: Builder) -> tuple[list[Path], Builder]:
    """Forks off the packets that are not TCP/UDP over IPv4; returns their paths and the rest."""
    ip = binary("and", eq(pkt(12, 13), const(0x0800, 16)), binary("ule", const(34, 16), LENGTH))
    l4 = binary(
        "and",
        binary("or", eq(packet_byte(23), const(6, 8)), eq(packet_byte(23), const(17, 8))),
        binary("ule", const(38, 16), LENGTH),
    )
    no_ip = b.fork().assume(negate(ip), 10).end("drop")
    b.assume(ip, 10)
    no_l4 = b.fork().assume(negate(l4), 12).end("drop")
    return [no_ip, no_l4], b.assume(l4, 12)


def firewall() -> Model:
    """Objects: map ``flows``, vector ``keys`` (13 bytes), allocator ``heap``; capacity 1024; expiry 10 s."""
    layout = tuple(Field(n, o, s) for n, o, s in [
        ("src_port", 0, 2), ("dst_port", 2, 2), ("src_ip", 4, 4), ("dst_ip", 8, 4), ("proto", 12, 1)
    ])  # fmt: skip
    objects = (
        StateObject("flows", "map", 1024, Span("nf.c", 1), key_layout=layout, key_size=13),
        StateObject("keys", "vector", 1024, Span("nf.c", 2), elem_size=13, elem_layout=layout, initial=bytes(13)),
        StateObject("heap", "dchain", 1024, Span("nf.c", 3)),
    )
    b = Builder()
    expiry = binary("sub", NOW, const(10_000_000_000, 64))
    b.call("heap", "expire_map", Kind.EXPIRE, 8, {"time": expiry}, {"count": 32}, ("keys", "flows"))
    paths, b = _is_flow(b)
    lan = eq(DEVICE, const(0, 16))
    wan = b.fork().assume(negate(lan), 20)
    b.assume(lan, 20)
    forward = concat(pkt(34, 37), pkt(26, 33), packet_byte(23))
    inverse = concat(pkt(36, 37), pkt(34, 35), pkt(30, 33), pkt(26, 29), packet_byte(23))
    get = b.call("flows", "map_get", Kind.READ, 22, {"key": forward}, {"found": 1, "value": 32})
    hit = b.fork().assume(get.result("found"), 22)
    hit.call("heap", "dchain_refresh", Kind.REFRESH, 23, {"index": get.result("value"), "time": NOW}, {"ok": 1})
    paths.append(hit.end("forward", const(1, 16)))
    b.assume(negate(get.result("found")), 22)
    new = b.call("heap", "dchain_allocate", Kind.ALLOCATE, 25, {"time": NOW}, {"ok": 1, "index": 32})
    paths.append(b.fork().assume(negate(new.result("ok")), 25).end("forward", const(1, 16)))
    b.assume(new.result("ok"), 25)
    index = new.result("index")
    b.call("keys", "vector_read", Kind.READ, 27, {"index": index}, {"cell": 104})
    b.call("flows", "map_put", Kind.WRITE, 29, {"key": forward, "value": index}, {})
    b.call("keys", "vector_write", Kind.WRITE, 30, {"index": index, "cell": forward}, {})
    paths.append(b.end("forward", const(1, 16)))
    get = wan.call("flows", "map_get", Kind.READ, 40, {"key": inverse}, {"found": 1, "value": 32})
    paths.append(wan.fork().assume(negate(get.result("found")), 40).end("drop"))
    wan.assume(get.result("found"), 40)
    wan.call("heap", "dchain_refresh", Kind.REFRESH, 42, {"index": get.result("value"), "time": NOW}, {"ok": 1})
    paths.append(wan.end("forward", const(0, 16), ((6, const(2, 8)),)))
    return Model("firewall", 2, objects, tuple(paths), LAN_AXIOMS)


def policer() -> Model:
    """Objects: map ``dst_map``, vectors ``addresses`` (4 bytes), ``buckets`` (16), allocator ``heap``; 512 entries."""
    addr = (Field("addr", 0, 4),)
    objects = (
        StateObject("dst_map", "map", 512, Span("nf.c", 1), key_layout=addr, key_size=4),
        StateObject("addresses", "vector", 512, Span("nf.c", 2), elem_size=4, elem_layout=addr, initial=bytes(4)),
        StateObject(
            "buckets", "vector", 512, Span("nf.c", 3), elem_size=16,
            elem_layout=(Field("tokens", 0, 8), Field("time", 8, 8)), initial=bytes(16),
        ),
        StateObject("heap", "dchain", 512, Span("nf.c", 4)),
    )  # fmt: skip
    b = Builder()
    ip = binary("and", eq(pkt(12, 13), const(0x0800, 16)), binary("ule", const(34, 16), LENGTH))
    paths = [b.fork().assume(negate(ip), 10).end("drop")]
    b.assume(ip, 10)
    expiry = binary("sub", NOW, const(10_000_000_000, 64))
    b.call("heap", "expire_map", Kind.EXPIRE, 12, {"time": expiry}, {"count": 32}, ("addresses", "dst_map"))
    lan = eq(DEVICE, const(1, 16))
    paths.append(b.fork().assume(lan, 14).end("forward", const(0, 16)))
    b.assume(negate(lan), 14)
    key = pkt(30, 33)
    get = b.call("dst_map", "map_get", Kind.READ, 20, {"key": key}, {"found": 1, "value": 32})
    paths += _police(b.fork().assume(get.result("found"), 20), get.result("value"))
    b.assume(negate(get.result("found")), 20)
    new = b.call("heap", "dchain_allocate", Kind.ALLOCATE, 40, {"time": NOW}, {"ok": 1, "index": 32})
    paths.append(b.fork().assume(negate(new.result("ok")), 40).end("drop"))
    b.assume(new.result("ok"), 40)
    index = new.result("index")
    b.call("addresses", "vector_read", Kind.READ, 42, {"index": index}, {"cell": 32})
    b.call("buckets", "vector_read", Kind.READ, 43, {"index": index}, {"cell": 128})
    b.call("dst_map", "map_put", Kind.WRITE, 44, {"key": key, "value": index}, {})
    b.call("addresses", "vector_write", Kind.WRITE, 45, {"index": index, "cell": key}, {})
    tokens = binary("sub", const(100_000, 64), zext(LENGTH, 64))
    b.call("buckets", "vector_write", Kind.WRITE, 46, {"index": index, "cell": _cell(tokens, NOW)}, {})
    paths.append(b.end("forward", const(1, 16)))
    return Model("policer", 2, objects, tuple(paths), LAN_AXIOMS)


def _cell(*values: Expr) -> Expr:
    """Little-endian 64-bit fields as memory bytes, first byte most significant."""
    return concat(*(extract(v, 8 * i + 7, 8 * i) for v in values for i in range(8)))


def _police(b: Builder, index: Expr) -> list[Path]:
    b.call("heap", "dchain_refresh", Kind.REFRESH, 22, {"index": index, "time": NOW}, {"ok": 1})
    cell = b.call("buckets", "vector_read", Kind.READ, 24, {"index": index}, {"cell": 128}).result("cell")
    tokens = concat(*(extract(cell, 64 + 8 * i + 7, 64 + 8 * i) for i in range(8)))
    then = concat(*(extract(cell, 8 * i + 7, 8 * i) for i in range(8)))
    elapsed = binary("sub", NOW, then)
    rate = binary("udiv", binary("mul", elapsed, const(1_000_000, 64)), const(1_000_000_000, 64))
    filled = binary("add", tokens, rate)
    size = zext(LENGTH, 64)
    enough = binary("ult", size, filled)
    ok = b.fork().assume(enough, 30)
    ok.call(
        "buckets", "vector_write", Kind.WRITE, 32,
        {"index": index, "cell": _cell(binary("sub", filled, size), NOW)}, {},
    )  # fmt: skip
    b.assume(negate(enough), 30)
    b.call("buckets", "vector_write", Kind.WRITE, 33, {"index": index, "cell": _cell(filled, NOW)}, {})
    return [ok.end("forward", const(1, 16)), b.end("drop")]
