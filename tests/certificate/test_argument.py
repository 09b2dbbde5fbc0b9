"""The argument behind the certificate, executed: cores with states of their own against one sequential state.

The sequential allocator gives every packet an index of its core's part, the lowest free one: the allocation
assumption. Nothing else is shared by the cores, each of which expires when it sees a packet. Models that the checker
accepts must then give the same verdict and bytes, packet by packet, with tables that fill, entries that expire, cells
that still hold what their previous owners left, and keys that are kept after their index was freed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest

from certificate.nats import by_index, by_peer, nat
from certificate.plans import firewall_plan, policer_plan
from certificate.tamper import append, calls, each_operation, each_path, result
from codegen.model_interpreter import Allocator, Interpreter
from handmade import firewall, pkt, policer
from maestro.certificate.check import check
from maestro.certificate.steering import classes
from maestro.ir.expr import concat, const, evaluate, extract, packet_offset
from maestro.ir.model import Kind, Model, Operation, Path
from maestro.ir.plan import Plan, PortPlan
from sharding.nfs import SPORT, SRC

CAPACITY = 16
Owner = Callable[[int], int]


class Parts(Allocator):
    """The sequential allocator: ``core`` is that of the packet being processed."""

    def __init__(self, capacity: int, owner: Owner, cores: int) -> None:
        super().__init__(set())
        self.owner, self.core = owner, 0
        self.parts = [{i for i in range(capacity) if owner(i) == c} for c in range(cores)]

    def allocate(self, time: int) -> tuple[int, int]:
        self.free = self.parts[self.core]
        return super().allocate(time)

    def release(self, index: int) -> int:
        self.free = self.parts[self.owner(index)]
        return super().release(index)


class Both:
    """One sequential state and ``plan.cores`` separate ones, fed with the same packets."""

    def __init__(self, model: Model, plan: Plan, owner: Owner) -> None:
        self.plan, cores = plan, plan.cores
        self.one = Interpreter(model)
        self.cores = [Interpreter(model) for _ in range(cores)]
        self.known: dict[tuple[int, bytes], int] = {}
        for o in model.objects:
            if o.kind == "dchain":
                self.one._allocators[o.name] = Parts(o.capacity, owner, cores)
                for c, core in enumerate(self.cores):
                    core._allocators[o.name].free = {i for i in range(o.capacity) if owner(i) == c}

    def core(self, device: int, data: bytes) -> int:
        key = (device, data[:38])
        if key not in self.known:
            self.known[key] = core_of(self.plan.ports[device], data)
        return self.known[key]

    def differ(self, device: int, data: bytes, now: int) -> bool:
        core = self.core(device, data)
        for allocator in self.one._allocators.values():
            assert isinstance(allocator, Parts)
            allocator.core = core
        return self.one.packet(device, data, now) != self.cores[core].packet(device, data, now)


def core_of(port: PortPlan, data: bytes) -> int:
    """Of an IPv4/TCP frame: the core that the NIC, as the checker understands it, gives it."""
    (tcp,) = (c for c in classes(port) if "ipv4-tcp" in c.types)
    return port.reta[evaluate(tcp.index(len(data)), lambda s: data[packet_offset(s) or 0])]


def small(model: Model) -> Model:
    """Tables that fill."""
    return replace(model, objects=tuple(replace(o, capacity=CAPACITY) for o in model.objects))


def frame(src: int, dst: int, sport: int, dport: int, length: int) -> bytes:
    ip = bytes([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, src, 10, 0, 0, dst])
    ports = sport.to_bytes(2, "big") + dport.to_bytes(2, "big")
    return (bytes(range(12)) + bytes([8, 0]) + ip + ports).ljust(length, b"\0")


def traffic(rng: Random, packets: int) -> Iterator[tuple[int, bytes, int]]:
    """Few hosts and ports, both directions, answers to translated ports, strangers; pauses longer than the timeout."""
    now = 10**11
    for _ in range(packets):
        now += rng.choice((10**6, 10**8, 10**9, 4 * 10**9, 11 * 10**9))
        inside, outside = rng.randrange(1, 5), rng.randrange(101, 104)
        port, remote = rng.randrange(1, 4), rng.randrange(1, 3)
        length = rng.choice((60, 80, 1500))
        if rng.randrange(2):
            yield 0, frame(inside, outside, port, remote, length), now
        else:
            named = rng.choice((port, 1024 + rng.randrange(CAPACITY + 2)))
            yield 1, frame(outside, inside, remote, named, length), now


def contiguous(index: int) -> int:
    return index * 4 // CAPACITY


def run(model: Model, plan: Plan, owner: Owner = contiguous, seeds: int = 1) -> int:
    """How many packets of random traffic were treated otherwise."""
    differing = 0
    for seed in range(seeds):
        both = Both(model, plan, owner)
        differing += sum(both.differ(*packet) for packet in traffic(Random(seed), 500))
    return differing


def index_in_packet(p: Path) -> Path:
    return replace(p, edits=((6, extract(result(p, "dchain_allocate", "index"), 7, 0)),)) if calls(p, "map_put") else p


def old_cell_in_packet(p: Path) -> Path:
    if not calls(p, "map_put"):
        return p
    cell = result(p, "vector_read", "cell")
    return replace(p, edits=tuple((k, extract(cell, 8 * k + 7, 8 * k)) for k in range(6)))


def freed_but_kept(p: Path) -> Path:
    """Every packet with an even source port frees the index, and the map keeps it."""
    if not calls(p, "dchain_refresh"):
        return p
    return append(p, "heap", "dchain_free", Kind.FREE, 35, {"index": result(p, "map_get", "value")}, ok=1)


def stored_twice(p: Path) -> Path:
    if not calls(p, "map_put"):
        return p
    value = result(p, "dchain_allocate", "index")
    other = concat(pkt(34, 37), pkt(26, 33), const(0, 8))
    return append(p, "flows", "map_put", Kind.WRITE, 33, {"key": other, "value": value})


def bucket_kept(o: Operation) -> Operation | None:
    return None if o.object == "buckets" and o.span and o.span.line == 46 else o


FIREWALL, POLICER = small(firewall()), small(policer())
ACCEPTED = {
    "firewall": FIREWALL,
    "index in the packet": each_path(FIREWALL, index_in_packet),
    "previous owner's cell in the packet": each_path(FIREWALL, old_cell_in_packet),
    "freed but kept in the map": each_path(FIREWALL, freed_but_kept),
    "stored twice": each_path(FIREWALL, stored_twice),
    "all of it": each_path(each_path(each_path(FIREWALL, old_cell_in_packet), freed_but_kept), stored_twice),
    "policer": POLICER,
    "bucket of the previous owner": each_operation(POLICER, bucket_kept),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_and_the_same(name: str) -> None:
    model = ACCEPTED[name]
    plan = (firewall_plan if model.nf == "firewall" else policer_plan)(model)
    assert check(model, plan).failures == ()
    assert run(model, plan) == 0


def test_nat_by_peer() -> None:
    model = nat(size=CAPACITY)
    plan = by_peer(model)
    assert check(model, plan).failures == ()
    assert run(model, plan) == 0


@pytest.mark.parametrize(
    "model",
    [
        nat(size=CAPACITY),
        nat(early=True, size=CAPACITY),
        nat(key=concat(SRC, SPORT), check=False, size=CAPACITY),
    ],
    ids=["nat", "early", "full cone"],
)
def test_nat_by_index(model: Model) -> None:
    plan = by_index(model)
    assert check(model, plan).failures == ()
    wan = plan.ports[1]
    assert run(model, plan, lambda i: core_of(wan, frame(0, 0, 0, 1024 + i, 60))) == 0


@pytest.mark.parametrize(
    ("model", "plan"),
    [
        (FIREWALL, replace(policer_plan(FIREWALL), objects=firewall_plan(FIREWALL).objects)),
        (nat(size=CAPACITY), replace(by_index(nat(size=CAPACITY)), steering=())),
        (nat(early=True, size=CAPACITY), by_peer(nat(early=True, size=CAPACITY))),
        (nat(check=False, size=CAPACITY), by_peer(nat(check=False, size=CAPACITY))),
    ],
    ids=["firewall by destination", "nat by index, parts by number", "refresh before the check", "no check"],
)
def test_refused_and_not_the_same(model: Model, plan: Plan) -> None:
    """The traffic has teeth: what the checker refuses does differ."""
    assert not check(model, plan).holds
    assert run(model, plan, seeds=3) > 0
