"""Small NFs for the rules: tables with a chosen key, and what breaks them.

A table is the usual group: a map (``flows``) from the key to an index, the vector of the keys (``flows_keys``), and
the allocator (``flows_ages``). C lines: expiry 8, lookup 20, refresh 21, allocation 22, insertion 23 and 24, each plus
100 for the second table of an NF.
"""

from __future__ import annotations

from collections.abc import Callable

from handmade import LAN_AXIOMS, NOW, Builder, pkt
from maestro.diagnostics import Span
from maestro.ir.expr import Expr, binary, const, eq, negate, packet_byte
from maestro.ir.model import Field, Kind, Model, Operation, Path, StateObject
from maestro.ir.packet import LENGTH

SRC, DST, SPORT, DPORT = pkt(26, 29), pkt(30, 33), pkt(34, 35), pkt(36, 37)
TEN_SECONDS = const(10_000_000_000, 64)


def objects(name: str, key: Expr, capacity: int = 1024, line: int = 1) -> tuple[StateObject, ...]:
    """The objects of one table."""
    size = key.width // 8
    layout = (Field("key", 0, size),)
    return (
        StateObject(name, "map", capacity, Span("nf.c", line), key_layout=layout, key_size=size),
        StateObject(
            f"{name}_keys", "vector", capacity, Span("nf.c", line + 1),
            elem_size=size, elem_layout=layout, initial=bytes(size),
        ),
        StateObject(f"{name}_ages", "dchain", capacity, Span("nf.c", line + 2)),
    )  # fmt: skip


def vector(name: str, size: int, capacity: int = 1024) -> StateObject:
    return StateObject(name, "vector", capacity, Span("nf.c", 4), elem_size=size, initial=bytes(size))


def expire(b: Builder, name: str, line: int = 8, threshold: Expr | None = None) -> Operation:
    time = binary("sub", NOW, TEN_SECONDS) if threshold is None else threshold
    related = (f"{name}_keys", name)
    return b.call(f"{name}_ages", "expire_map", Kind.EXPIRE, line, {"time": time}, {"count": 32}, related)


def get(b: Builder, name: str, key: Expr, line: int = 20) -> Operation:
    return b.call(name, "map_get", Kind.READ, line, {"key": key}, {"found": 1, "value": 32})


def refresh(b: Builder, name: str, index: Expr, line: int = 21) -> Operation:
    return b.call(f"{name}_ages", "dchain_refresh", Kind.REFRESH, line, {"index": index, "time": NOW}, {"ok": 1})


def allocate(b: Builder, name: str, line: int = 22) -> Operation:
    return b.call(f"{name}_ages", "dchain_allocate", Kind.ALLOCATE, line, {"time": NOW}, {"ok": 1, "index": 32})


def insert(b: Builder, name: str, key: Expr, index: Expr, line: int = 23) -> None:
    b.call(name, "map_put", Kind.WRITE, line, {"key": key, "value": index}, {})
    b.call(f"{name}_keys", "vector_write", Kind.WRITE, line + 1, {"index": index, "cell": key}, {})


def touch(b: Builder, name: str, key: Expr, later: int = 0) -> list[tuple[Builder, Expr | None]]:
    """Looks ``key`` up, refreshes or inserts it: (continuation, index) of a hit, a full table, a new entry."""
    found = get(b, name, key, 20 + later)
    hit = b.fork().assume(found.result("found"), 20 + later)
    refresh(hit, name, found.result("value"), 21 + later)
    b.assume(negate(found.result("found")), 20 + later)
    new = allocate(b, name, 22 + later)
    full = b.fork().assume(negate(new.result("ok")), 22 + later)
    b.assume(new.result("ok"), 22 + later)
    insert(b, name, key, new.result("index"), 23 + later)
    return [(hit, found.result("value")), (full, None), (b, new.result("index"))]


def forward(b: Builder) -> Path:
    return b.end("forward", const(1, 16))


def ipv4_tcp(b: Builder) -> tuple[Path, Builder]:
    """Drops everything that is not IPv4 TCP by a look at bytes 12, 13 and 23, options and fragments included."""
    tcp = binary("and", eq(pkt(12, 13), const(0x0800, 16)), eq(packet_byte(23), const(6, 8)))
    tcp = binary("and", tcp, binary("ule", const(38, 16), LENGTH))
    return b.fork().assume(negate(tcp), 10).end("drop"), b.assume(tcp, 10)


def model(state: tuple[StateObject, ...], run: Callable[[Builder], list[Path]], name: str = "nf") -> Model:
    """An NF that drops what is not TCP and does ``run`` with the rest, whatever the port."""
    drop, b = ipv4_tcp(Builder())
    return Model(name, 2, state, (drop, *run(b)), LAN_AXIOMS)


def table(key: Expr) -> Model:
    """One table with this key."""

    def run(b: Builder) -> list[Path]:
        expire(b, "flows")
        return [forward(c) for c, _ in touch(b, "flows", key)]

    return model(objects("flows", key), run)


def two_tables(first: Expr, second: Expr) -> Model:
    """Tables ``first`` and ``second``, both used by every packet."""

    def run(b: Builder) -> list[Path]:
        expire(b, "first")
        expire(b, "second", 108)
        return [forward(d) for c, _ in touch(b, "first", first) for d, _ in touch(c, "second", second, 100)]

    return model((*objects("first", first), *objects("second", second, line=101)), run)
