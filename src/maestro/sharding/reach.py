"""Which packets can take a path: per arrival port, which packet types, and with which IPv4 header lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from maestro.ir.expr import FALSE, Expr, concat, const, eq, extract, negate, packet_offset, substitute, symbols
from maestro.ir.model import Model
from maestro.ir.packet import PACKET_TYPES, ihl, is_type, whole_header_words
from maestro.sharding.provenance import Trace, conjuncts
from maestro.solver.answer import Answer

Solve = Callable[[Sequence[Expr]], Answer]
"""Whether width-1 expressions can all be 1 at once."""

_IPV4 = {12: 0x08, 13: 0x00}
_PLAIN = _IPV4 | {14: 0x45}
_IPV6 = {12: 0x86, 13: 0xDD}
_FIXED_BYTES: dict[str, dict[int, int]] = {
    "ipv4-tcp": _PLAIN | {23: 6}, "ipv4-udp": _PLAIN | {23: 17}, "ipv4-other": _PLAIN,
    "ipv4-options": _IPV4, "ipv4-fragment": _IPV4,
    "ipv6-tcp": _IPV6 | {20: 6}, "ipv6-udp": _IPV6 | {20: 17}, "ipv6-other": _IPV6,
}  # fmt: skip
"""Bytes that ``is_type`` fixes: they decide most conditions without a solver."""

FLOATING_PORTS = ("ipv4-options", "ipv4-fragment")
"""Types in which the position of the ports depends on the IPv4 header length."""


class Reach:
    """Answers for one model. ``solve`` decides what substitution does not; *unknown* counts as possible."""

    def __init__(self, model: Model, solve: Solve) -> None:
        self._model = model
        self._solve = solve
        self._axioms = _packet_conditions(model.axioms)
        self._possible = cache(self._ask)
        self._conditions = cache(self._own_conditions)
        self.types = cache(self._types)
        self.header_length = cache(self._header_length)
        self.owner_words = cache(self._owner_words)

    def _types(self, trace: Trace, port: int) -> tuple[str, ...]:
        """The packet types with which a packet that arrives on ``port`` can take the path."""
        conditions = self._conditions(trace, port)
        return tuple(t for t in PACKET_TYPES if self._possible(conditions, t))

    def _owner_words(self, trace: Trace, port: int, packet_type: str, words: int | None) -> int | None:
        """The header length by which software finds the ports of such packets (of a header of ``words``, if given).

        5 or that length, where the path's conditions show it; None where they do not.
        """
        if packet_type in _FIXED_BYTES and 14 in _FIXED_BYTES[packet_type]:
            return 5
        own = [is_type(packet_type)] + ([eq(ihl(), const(words, 4))] if words is not None else [])
        for n in dict.fromkeys((words if words and words > 5 else 5, 5)):
            question = [*self._sorted(trace, port), *own, negate(eq(whole_header_words(), const(n, 4)))]
            if self._solve(question) is Answer.UNSAT:
                return n
        return None

    def _sorted(self, trace: Trace, port: int) -> list[Expr]:
        return sorted((c for c in self._conditions(trace, port) if not c.is_const), key=str)

    def _header_length(self, trace: Trace, port: int, packet_type: str) -> int | None:
        """What the low half of byte 14 is (IPv4: the IHL, 32-bit words), when the type or the path's conditions allow
        exactly one value as far as substitution can tell."""
        fixed = _FIXED_BYTES.get(packet_type, {})
        if 14 in fixed:
            return fixed[14] & 15
        conditions = self._conditions(trace, port)
        shortest = 5 if packet_type in FLOATING_PORTS else 0
        lengths = [n for n in range(shortest, 16) if FALSE not in _with(conditions, fixed, n)]
        if len(lengths) > 1 and packet_type in FLOATING_PORTS and self._is_plain(trace, port, packet_type):
            return 5
        return lengths[0] if len(lengths) == 1 else None

    def _is_plain(self, trace: Trace, port: int, packet_type: str) -> bool:
        """Whether the path takes no packets with IPv4 options; asked where the frame's length comes into it."""
        question = [*self._sorted(trace, port), is_type(packet_type), negate(eq(ihl(), const(5, 4)))]
        return self._solve(question) is Answer.UNSAT

    def _own_conditions(self, trace: Trace, port: int) -> frozenset[Expr]:
        device = const(port, 16)
        own = self._axioms | _packet_conditions(trace.path.conditions)
        return frozenset(substitute(c, lambda s: device if s.name == "device" else None) for c in own)

    def _ask(self, conditions: frozenset[Expr], packet_type: str) -> bool:
        left = _with(conditions, _FIXED_BYTES.get(packet_type, {}))
        if FALSE in left:
            return False
        query = [*sorted((c for c in left if not c.is_const), key=str), is_type(packet_type)]
        return self._solve(query) is not Answer.UNSAT


def _packet_conditions(conditions: tuple[Expr, ...]) -> frozenset[Expr]:
    """Those conjuncts that speak of the packet and its port alone; leaving out the others admits more packets."""
    return frozenset(
        c
        for c in conjuncts(conditions)
        if all(s.name in ("device", "pkt_len") or packet_offset(s) is not None for s in symbols(c))
    )


def _with(conditions: frozenset[Expr], fixed: dict[int, int], length: int | None = None) -> set[Expr]:
    """``conditions`` for packets that have these byte values and, if given, this IHL."""

    def value(s: Expr) -> Expr | None:
        k = packet_offset(s)
        if k == 14 and length is not None:
            return concat(extract(s, 7, 4), const(length, 4))
        return const(fixed[k], 8) if k is not None and k in fixed else None

    return {substitute(c, value) for c in conditions}
