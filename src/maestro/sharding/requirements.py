"""Requirements: for every two accesses that conflict, "keys equal ⇒ same core", over packet field bits.

Conflicting: same object, at least one modifies it, both paths feasible on their ports. The same access with itself
counts (two packets on one path), and so does every pair of ports.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import combinations_with_replacement

from maestro.diagnostics import Span
from maestro.ir.expr import Expr, const, packet_offset, substitute, symbols
from maestro.ir.packet import PACKET_TYPES
from maestro.rss.requirement import NIC_ONLY, OWNER_ONLY, Form, base_type
from maestro.sharding.accesses import Access
from maestro.sharding.bits import Bit, Missing, Namer, bits, nic_namer, owner_namer
from maestro.sharding.provenance import Trace, with_header
from maestro.sharding.reach import FLOATING_PORTS, Reach

Row = tuple[Form, Form]
"""One equation: left packet's bit = right packet's bit."""


@dataclass(frozen=True)
class Need:
    """``rows`` all hold ⇒ same core, for a packet of ``left_types`` on ``left_port`` and one on the right.

    ``objects`` and ``spans``: the state and the C lines that ask for it. ``missing``: bits of the keys that could not
    be used. No rows: any two such packets conflict.
    """

    left_port: int
    left_types: tuple[str, ...]
    right_port: int
    right_types: tuple[str, ...]
    rows: tuple[Row, ...]
    objects: tuple[str, ...]
    spans: tuple[Span, ...]
    missing: tuple[Missing, ...] = ()

    @cached_property
    def fields(self) -> frozenset[str]:
        """Names of all fields in the equations."""
        return frozenset(name for row in self.rows for form in row for name, _ in form.bits)


@dataclass(frozen=True)
class Layout:
    """Where software reads the ports of packets whose owner it computes: see ``PortPlan.owner_layout``.

    ``name`` is ``fixed`` (byte 34) or ``ihl`` (after the IPv4 header).
    """

    name: str

    @property
    def follows(self) -> bool:
        """Whether software follows the header length."""
        return self.name == "ihl"

    def by_nic(self, length: int | None, packet_type: str) -> Namer:
        """Names the bytes of a packet with this IHL (None: any) as the NIC does."""
        if packet_type in ("ipv6-tcp", "ipv6-udp"):
            return nic_namer(packet_type, 54)
        has_ports = packet_type in ("ipv4-tcp", "ipv4-udp", *FLOATING_PORTS)
        return nic_namer(packet_type, 14 + 4 * length if has_ports and length is not None else None)

    def by_owner(self, length: int | None) -> Namer:
        """Names the bytes of a packet with this IHL (None: any) as software does."""
        if not self.follows:
            return owner_namer(34)
        return owner_namer(None if length is None else 14 + 4 * length)


def choose_layout(accesses: Sequence[Access], paths: Sequence[Trace], reach: Reach, ports: int) -> Layout:
    """``ihl`` when some key is made of ports behind IPv4 options, ``fixed`` otherwise."""
    for access in accesses:
        trace = paths[access.path]
        offsets = {packet_offset(s) for s in symbols(access.location)}
        for port in range(ports):
            for packet_type in FLOATING_PORTS:
                if packet_type in reach.types(trace, port):
                    length = access.words or reach.header_length(trace, port, packet_type) or 5
                    if length > 5 and offsets & set(range(14 + 4 * length, 18 + 4 * length)):
                        return Layout("ihl")
    return Layout("fixed")


@dataclass(frozen=True)
class Site:
    """The accesses at one key, as packets of ``types`` on ``port`` make it."""

    space: str
    port: int
    types: tuple[str, ...]
    bits: tuple[Bit, ...]
    accesses: tuple[Access, ...]

    def conflicts(self, other: Site) -> frozenset[str]:
        """The objects on which an access here conflicts with one there."""
        here, there = ({a.object for a in s.accesses} for s in (self, other))
        modified = {a.object for s in (self, other) for a in s.accesses if a.modifies}
        return frozenset(here & there & modified)


def sites(
    accesses: Iterable[Access], paths: Sequence[Trace], reach: Reach, layout: Layout, ports: int
) -> tuple[Site, ...]:
    """``accesses`` as they appear on every port that can make them.

    A packet type appears under the two names of ``rss.requirement`` where the NIC and software name its bytes
    differently.
    """
    found: dict[tuple[str, int, tuple[Bit, ...]], tuple[dict[str, None], dict[Access, None]]] = {}
    forms = cache(partial(_forms, layout))
    for access in accesses:
        trace = paths[access.path]
        for port in range(ports):
            key = _on_port(access.location, port)
            for packet_type in reach.types(trace, port):
                length = _length(access, packet_type, reach.header_length(trace, port, packet_type))
                if length == _NONE:
                    continue
                by_owner = reach.owner_words(trace, port, packet_type, access.words) if layout.follows else None
                for name, form in forms(key, packet_type, length, by_owner):
                    types, made = found.setdefault((access.space, port, form), ({}, {}))
                    types[name] = made[access] = None
    return tuple(Site(s, p, tuple(types), form, tuple(made)) for (s, p, form), (types, made) in found.items())


_NONE = -1


def _length(access: Access, packet_type: str, possible: int | None) -> int | None:
    """The IPv4 header length with which a packet of this type makes the access; ``_NONE`` if it cannot."""
    if access.words is None or access.words == possible:
        return possible
    return access.words if possible is None else _NONE


def _forms(
    layout: Layout, key: Expr, packet_type: str, length: int | None, by_owner: int | None
) -> tuple[tuple[str, tuple[Bit, ...]], ...]:
    """The key's bits in packets of a type and IHL: (packet type, with its suffix where the names differ; bits).

    ``by_owner``: the header length by which software finds the ports.
    """
    if length is not None:
        key = with_header(key, length)
    nic, owner = bits(key, layout.by_nic(length, packet_type)), bits(key, layout.by_owner(by_owner))
    if nic == owner:
        return ((packet_type, nic),)
    return (packet_type + NIC_ONLY, nic), (packet_type + OWNER_ONLY, owner)


def _on_port(key: Expr, port: int) -> Expr:
    return substitute(key, lambda s: const(port, s.width) if s.name == "device" else None)


def needs(all_sites: Sequence[Site]) -> tuple[Need, ...]:
    """The requirements of one group, equal ones merged, those that can never apply left out."""
    found = []
    for a, b in combinations_with_replacement(sorted(all_sites, key=lambda s: s.port), 2):
        objects = a.conflicts(b) if a.space == b.space else frozenset()
        need = _need(a, b, objects) if objects else None
        found += [need] if need else []
    return merged(found)


def merged(all_needs: Iterable[Need]) -> tuple[Need, ...]:
    """Each requirement once, with all that ask for it."""
    out: dict[tuple[object, ...], Need] = {}
    for need in all_needs:
        key = (need.left_port, need.left_types, need.right_port, need.right_types, need.rows)
        out[key] = _merge(out[key], need) if key in out else need
    return tuple(out.values())


def _need(a: Site, b: Site, objects: frozenset[str]) -> Need | None:
    rows: dict[Row, None] = {}
    missing: dict[Missing, None] = {}
    for left, right in zip(a.bits, b.bits, strict=True):
        if isinstance(left, Missing) or isinstance(right, Missing):
            missing.update((m, None) for m in (left, right) if isinstance(m, Missing))
        elif left.bits or right.bits:
            rows[left, right] = None
        elif left.constant != right.constant:
            return None
    operations = [x.operation for s in (a, b) for x in s.accesses if x.object in objects]
    spans = tuple(sorted({op.span for op in operations if op.span}))
    ordered = tuple(sorted(rows, key=lambda row: (sorted(row[0].bits), sorted(row[1].bits))))
    return Need(a.port, a.types, b.port, b.types, ordered, tuple(sorted(objects)), spans, tuple(missing))


def _merge(a: Need, b: Need) -> Need:
    return replace(
        a,
        objects=tuple(sorted({*a.objects, *b.objects})),
        spans=tuple(sorted({*a.spans, *b.spans})),
        missing=tuple(dict.fromkeys(a.missing + b.missing)),
    )


def conflicting_types(all_needs: Iterable[Need]) -> dict[int, tuple[str, ...]]:
    """Port → packet types that reach conflicting accesses there, in the order of ``PACKET_TYPES``."""
    out: dict[int, set[str]] = {}
    for need in all_needs:
        for port, types in ((need.left_port, need.left_types), (need.right_port, need.right_types)):
            out.setdefault(port, set()).update(map(base_type, types))
    return {port: tuple(t for t in PACKET_TYPES if t in types) for port, types in sorted(out.items())}
