"""NATs by hand: port 0 LAN, port 1 WAN; a flow's external port is 1024 + its index.

C lines: expiry 8, lookup 20, refresh 21, allocation 22, insertion 23 and 24 on the LAN side; on the WAN side the
test of the allocator 30, the read of the flow 31, the comparisons 32 and 33, the refresh 34.
"""

from __future__ import annotations

from dataclasses import replace

from certificate.plans import OTHER_KEY, fields, plan, port
from handmade import DEVICE, LAN_AXIOMS, Builder
from maestro.ir.expr import Expr, binary, concat, const, eq, extract, negate, zext
from maestro.ir.model import Assume, Kind, Model, Path
from maestro.ir.plan import Interchange, Plan, Steering
from sharding.nfs import DPORT, DST, SPORT, SRC, allocate, expire, get, insert, ipv4_tcp, objects, refresh

FLOW = concat(SRC, DST, SPORT, DPORT)
START = const(1024, 32)
NAMED = binary("sub", zext(DPORT, 32), START)
"""The index that a packet from the WAN names."""

PEER = ((4, 4), (10, 2))
"""Where in a stored flow the remote address and port lie."""


def nat(
    *,
    key: Expr = FLOW,
    test: bool = True,
    check: bool = True,
    early: bool = False,
    named: Expr = NAMED,
    size: int = 1024,
) -> Model:
    """``test``: asks whether the index is allocated. ``check``: the packet must be from the flow's peer.

    ``early``: refreshes before it checks. ``size``: of the table. Only ``FLOW`` as ``key`` can be checked.
    """
    drop, b = ipv4_tcp(Builder())
    expire(b, "flows")
    lan = eq(DEVICE, const(0, 16))
    wan = b.fork().assume(negate(lan), 15)
    paths = [drop, *_outbound(b.assume(lan, 15), key), *_inbound(wan, key, test, check, early, named, size)]
    return Model("nat", 2, objects("flows", key, size), tuple(paths), LAN_AXIOMS)


def _outbound(b: Builder, key: Expr) -> list[Path]:
    found = get(b, "flows", key)
    hit = b.fork().assume(found.result("found"), 20)
    refresh(hit, "flows", found.result("value"))
    b.assume(negate(found.result("found")), 20)
    new = allocate(b, "flows")
    full = b.fork().assume(negate(new.result("ok")), 22).end("drop")
    b.assume(new.result("ok"), 22)
    insert(b, "flows", key, new.result("index"))
    return [_out(hit, found.result("value")), full, _out(b, new.result("index"))]


def _out(b: Builder, index: Expr) -> Path:
    external = binary("add", index, START)
    edits = ((34, extract(external, 15, 8)), (35, extract(external, 7, 0)))
    return b.end("forward", const(1, 16), edits)


def _inbound(b: Builder, key: Expr, test: bool, check: bool, early: bool, named: Expr, size: int) -> list[Path]:
    paths = []
    in_range = binary("ult", named, const(size, 32))
    if test:
        asked = b.call("flows_ages", "dchain_test", Kind.TEST, 30, {"index": named}, {"allocated": 1})
        paths.append(b.fork().assume(negate(asked.result("allocated")), 30).end("drop"))
        b.assume(asked.result("allocated"), 30)
        b.steps += (Assume(in_range, given=True),)
    else:
        paths.append(b.fork().assume(negate(in_range), 30).end("drop"))
        b.assume(in_range, 30)
    if early:
        refresh(b, "flows", named, 34)
    read = b.call("flows_keys", "vector_read", Kind.READ, 31, {"index": named}, {"cell": key.width})
    cell = read.result("cell")
    if check:
        for line, same in ((32, eq(extract(cell, 63, 32), SRC)), (33, eq(extract(cell, 15, 0), SPORT))):
            paths.append(b.fork().assume(negate(same), line).end("drop"))
            b.assume(same, line)
    if not early:
        refresh(b, "flows", named, 34)
    top = key.width - 1
    edits = tuple((30 + k, extract(cell, top - 8 * k, top - 8 * k - 7)) for k in range(4))
    return [*paths, b.end("forward", const(0, 16), edits)]


def by_peer(model: Model, **changes: object) -> Plan:
    """R5: the LAN hashes the destination, the WAN the source; ``changes`` are made to the WAN."""
    destination, source = fields("ipv4.dst", "l4.dport"), fields("ipv4.src", "l4.sport")
    lan = port(0, **_hashing(destination))
    wan = replace(port(1, **_hashing(source)), **changes)  # type: ignore[arg-type]
    names = tuple(o.name for o in model.objects)
    return replace(plan(model, (lan, wan)), interchanges=(Interchange(names, "flows_keys", PEER),))


def by_index(model: Model, **changes: object) -> Plan:
    """R6: the LAN hashes the source, the WAN the destination port, which names the index; ``changes`` to the WAN."""
    lan = port(0, **_hashing(fields("ipv4.src", "l4.sport")))
    wan = replace(port(1, **_hashing(fields("l4.dport"))), **changes)  # type: ignore[arg-type]
    steered = plan(model, (lan, wan), "steered")
    return replace(steered, steering=(Steering("flows_ages", 1, NAMED),))


def _hashing(inputs: tuple[object, ...]) -> dict[str, object]:
    return {
        "fields": inputs, "key": OTHER_KEY, "inputs": {"ipv4-tcp": inputs, "ipv4-udp": inputs}, "owner_inputs": inputs,
    }  # fmt: skip
