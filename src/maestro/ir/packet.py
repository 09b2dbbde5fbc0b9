"""Packet fields and packet types: the vocabulary shared by the model, RSS, the certificate and the output.

Offsets are in bytes from the start of the Ethernet header, for an untagged frame. Packet types are disjoint and
cover every frame of at least 14 bytes; they are what NIC profiles speak of. They are decided in this order:

* ``vlan``: EtherType 0x8100 or 0x88a8;
* ``ipv6-tcp``, ``ipv6-udp``, ``ipv6-other``: EtherType 0x86dd and at least 54 bytes, by the first next-header
  field (and room for four bytes of ports);
* ``ipv4-*``: EtherType 0x0800, at least 34 bytes, version 4, IHL at least 5 and inside the frame:
  ``ipv4-fragment`` (offset or more-fragments set), else ``ipv4-options`` (IHL > 5), else ``ipv4-tcp`` /
  ``ipv4-udp`` (and room for four bytes of ports), else ``ipv4-other``;
* ``non-ip``: all else.
"""

from __future__ import annotations

from maestro.ir.expr import Expr, binary, concat, const, eq, extract, ite, land, negate, packet_byte, sym, zext

FIELDS: dict[str, int] = {
    "eth.dst": 48,
    "eth.src": 48,
    "eth.type": 16,
    "vlan.id": 12,
    "ipv4.src": 32,
    "ipv4.dst": 32,
    "ipv4.proto": 8,
    "ipv6.src": 128,
    "ipv6.dst": 128,
    "l4.sport": 16,
    "l4.dport": 16,
}
"""Field widths in bits; bit 0 of a field is its most significant bit."""

PACKET_TYPES = (
    "ipv4-tcp", "ipv4-udp", "ipv4-other", "ipv4-options", "ipv4-fragment",
    "ipv6-tcp", "ipv6-udp", "ipv6-other", "vlan", "non-ip",
)  # fmt: skip

_L2 = {"eth.dst": 0, "eth.src": 6, "eth.type": 12}
_IPV4 = {"ipv4.src": 26, "ipv4.dst": 30, "ipv4.proto": 23}
_IPV6 = {"ipv6.src": 22, "ipv6.dst": 38}


def field_offsets(packet_type: str, ihl: int = 5) -> dict[str, int]:
    """Byte offset of every whole-byte field that a packet of this type has.

    ``ihl`` is the IPv4 header length in 32-bit words. For ``ipv4-options`` and ``ipv4-fragment`` the ports are
    given where a first fragment or a TCP/UDP packet would have them.
    """
    if packet_type.startswith("ipv4"):
        ports = {} if packet_type == "ipv4-other" else {"l4.sport": 14 + 4 * ihl, "l4.dport": 16 + 4 * ihl}
        return _L2 | _IPV4 | ports
    if packet_type.startswith("ipv6"):
        ports = {} if packet_type == "ipv6-other" else {"l4.sport": 54, "l4.dport": 56}
        return _L2 | _IPV6 | ports
    return dict(_L2)


LENGTH = sym("pkt_len", 16)


def _at_least(n: int | Expr) -> Expr:
    return binary("ule", const(n, 16) if isinstance(n, int) else n, LENGTH)


def ethertype() -> Expr:
    return concat(packet_byte(12), packet_byte(13))


def ihl() -> Expr:
    """The IPv4 header length in 32-bit words, 4 bits."""
    return extract(packet_byte(14), 3, 0)


def whole_header_words() -> Expr:
    """The IPv4 header length in 32-bit words, 4 bits, if it is at least 5 and the header lies in the frame; else 5.

    Where software that follows the header length (``PortPlan.owner_layout`` ``ihl``) looks for what comes after.
    """
    whole = land(binary("ule", const(5, 4), ihl()), _at_least(_header_end()))
    return ite(whole, ihl(), const(5, 4))


def _header_end() -> Expr:
    return binary("add", const(14, 16), binary("shl", zext(ihl(), 16), const(2, 16)))


def is_type(packet_type: str) -> Expr:
    """The predicate (width 1) over ``pkt[k]`` and ``pkt_len`` of a packet type, as the module docstring defines it."""
    tagged = binary("or", eq(ethertype(), const(0x8100, 16)), eq(ethertype(), const(0x88A8, 16)))
    v4, v6 = _is_ipv4(), land(eq(ethertype(), const(0x86DD, 16)), _at_least(54))
    if packet_type == "vlan":
        return tagged
    if packet_type == "non-ip":
        return land(negate(tagged), negate(v4), negate(v6))
    if packet_type.startswith("ipv6"):
        return land(v6, _by_protocol(packet_type, packet_byte(20), _at_least(58)))
    fragment = negate(eq(concat(extract(packet_byte(20), 5, 0), packet_byte(21)), const(0, 14)))
    options = negate(eq(ihl(), const(5, 4)))
    if packet_type == "ipv4-fragment":
        return land(v4, fragment)
    if packet_type == "ipv4-options":
        return land(v4, negate(fragment), options)
    plain = land(v4, negate(fragment), negate(options))
    return land(plain, _by_protocol(packet_type, packet_byte(23), _at_least(38)))


def _is_ipv4() -> Expr:
    return land(
        eq(ethertype(), const(0x0800, 16)),
        _at_least(34),
        eq(extract(packet_byte(14), 7, 4), const(4, 4)),
        binary("ule", const(5, 4), ihl()),
        _at_least(_header_end()),
    )


def _by_protocol(packet_type: str, proto: Expr, room: Expr) -> Expr:
    tcp, udp = (land(eq(proto, const(n, 8)), room) for n in (6, 17))
    if packet_type.endswith("tcp"):
        return tcp
    if packet_type.endswith("udp"):
        return udp
    return land(negate(tcp), negate(udp))
