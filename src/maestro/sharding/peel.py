"""Injective functions taken off: if all indices are ``f(x)`` for one injective f, then equal indices are equal x.

before:  zext32(l4.dport) - 0x400  =  zext32(l4.dport') - 0x400      (a sum: no XOR of packet bits)
after:   l4.dport = l4.dport'
"""

from __future__ import annotations

from collections.abc import Sequence

from maestro.ir.expr import Expr, packet_byte, packet_offset, substitute, symbols


def peeled(expressions: Sequence[Expr]) -> list[Expr]:
    """``expressions`` without the injective functions that all of them are made with."""
    inner = list(expressions)
    while True:
        layers = {_layer(e) for e in inner}
        if len(layers) != 1 or None in layers:
            return inner
        inner = [_operand(e) for e in inner]


def _layer(e: Expr) -> tuple[object, ...] | None:
    """What ``e`` is made of its operand with, when that is injective."""
    if e.op in ("zext", "sext"):
        return e.op, e.width, e.args[0].width
    if e.op in ("add", "sub", "xor"):
        constants = [(i, a) for i, a in enumerate(e.args) if a.is_const]
        if len(constants) == 1:
            return e.op, constants[0][0], constants[0][1].value, e.width
    return None


def _operand(e: Expr) -> Expr:
    return next(a for a in e.args if not a.is_const)


def moved(e: Expr, to: Expr) -> Expr:
    """``e``, reading the packet bytes that ``to`` reads, in order, instead of its own: behind another header."""
    places = dict(zip(packet_bytes(e), packet_bytes(to), strict=False))
    return substitute(e, lambda s: packet_byte(places[k]) if (k := packet_offset(s)) in places else None)


def packet_bytes(e: Expr) -> tuple[int, ...]:
    """The offsets of the packet bytes that ``e`` reads."""
    return tuple(sorted({k for s in symbols(e) if (k := packet_offset(s)) is not None}))
