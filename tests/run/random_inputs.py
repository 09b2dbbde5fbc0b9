"""Random packets, more or less well-formed, and random state answers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from following import Draw, Input
from solved import Solution, as_input

from maestro.ir.model import Model, Operation
from maestro.traffic import odd, packets
from maestro.traffic.flows import FlowKey

LONGEST = 1514


def random_input(rng: Random, hints: Sequence[Solution]) -> tuple[Input, Solution]:
    """A packet, and the solution that it was made from (``{}`` if none) for the state to answer by."""
    kind = rng.randrange(4)
    if kind < 2:
        hint = rng.choice(hints)
        base = as_input(hint, rng)
        packet = base.packet if rng.random() < 0.3 else _scrambled(base.packet, rng)
        return Input(rng.randrange(2), _time(rng) if rng.random() < 0.3 else base.now, packet), hint
    if kind == 2:
        return Input(rng.randrange(2), _time(rng), rng.randbytes(_length(rng))), {}
    return Input(rng.randrange(2), _time(rng), _frame(rng)), {}


def _time(rng: Random) -> int:
    return rng.getrandbits(rng.choice((4, 20, 34, 44, 63)))


def _length(rng: Random) -> int:
    return rng.randrange(14, 80) if rng.random() < 0.95 else rng.randrange(14, LONGEST)


def _frame(rng: Random) -> bytes:
    ip, port = rng.getrandbits(32), rng.getrandbits(16)
    key = FlowKey(lan_ip=ip, wan_ip=rng.getrandbits(32), lan_l4=port, wan_l4=rng.getrandbits(16), proto=_proto(rng))
    frame = odd.odd_frame(key, True, rng) if rng.random() < 0.6 else odd.Ends(key, True).frame(rng.randbytes(9))
    return odd.mutated(frame, rng) if rng.random() < 0.3 else frame


def _proto(rng: Random) -> int:
    return rng.choice((packets.TCP, packets.UDP, packets.ICMP))


def _scrambled(packet: bytes, rng: Random) -> bytes:
    """A few of the first bytes changed (small numbers are likely), now and then another length."""
    changed = bytearray(packet)
    for _ in range(rng.randrange(1, 4)):
        changed[rng.randrange(min(len(changed), 60))] = rng.choice((rng.randrange(256), rng.randrange(4)))
    if rng.random() < 0.1:
        return bytes(changed[: rng.randrange(14, len(changed) + 1)])
    return bytes(changed)


def random_answers(model: Model, rng: Random, hint: Solution) -> Draw:
    """Often what ``hint`` says; small numbers are likely. The same operation always gets the same answer."""
    said: dict[tuple[object, ...], dict[str, int]] = {}

    def draw(op: Operation, args: tuple[int, ...]) -> dict[str, int]:
        call = (op.ordinal, op.object, op.method, args)
        if call not in said:
            said[call] = {name: _answer(model, rng, hint, op, name) for name, _ in op.results}
        return said[call]

    return draw


def _answer(model: Model, rng: Random, hint: Solution, op: Operation, name: str) -> int:
    symbol = op.result(name)
    if symbol.name in hint and rng.random() < 0.8:
        value = hint[symbol.name]
    elif name in ("value", "index", "count", "size"):
        value = rng.choice((rng.randrange(4), rng.getrandbits(31)))
    else:
        value = rng.getrandbits(symbol.width)
    if op.method == "lpm_lookup":
        return 0xFFFFFFFF if value >> 31 or not value else value & 0x7FFF
    if name == "chosen":
        table = model.object(op.related[0])
        return value % (table.capacity // table.cht_height)
    allocates = op.method in ("dchain_allocate", "dchain_expire_one") and name == "index"
    return value % model.object(op.object).capacity if allocates else value
