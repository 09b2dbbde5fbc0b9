"""Names for the bytes of a frame, for people who read about differences."""

from __future__ import annotations

_ETHERNET = (("eth.dst", 6), ("eth.src", 6), ("eth.type", 2))
_VLAN = (("vlan.tag", 2), ("vlan.type", 2))
_IPV4 = (
    ("ipv4.ihl", 1), ("ipv4.tos", 1), ("ipv4.length", 2), ("ipv4.id", 2), ("ipv4.fragment", 2), ("ipv4.ttl", 1),
    ("ipv4.proto", 1), ("ipv4.checksum", 2), ("ipv4.src", 4), ("ipv4.dst", 4),
)  # fmt: skip
_IPV6 = (("ipv6.flow", 4), ("ipv6.length", 2), ("ipv6.next", 1), ("ipv6.hops", 1), ("ipv6.src", 16), ("ipv6.dst", 16))
_UDP = (("l4.sport", 2), ("l4.dport", 2), ("udp.length", 2), ("udp.checksum", 2))
_TCP = (
    ("l4.sport", 2), ("l4.dport", 2), ("tcp.seq", 4), ("tcp.ack", 4), ("tcp.flags", 2), ("tcp.window", 2),
    ("tcp.checksum", 2), ("tcp.urgent", 2),
)  # fmt: skip

_Layout = tuple[tuple[str, int], ...]


def field_at(frame: bytes, at: int) -> str:
    """The field that byte ``at`` of a frame belongs to: ``ipv4.ttl``; ``payload`` beyond the known headers."""
    for name, size in _layout(frame):
        if at < size:
            return name
        at -= size
    return "payload"


def _layout(frame: bytes) -> _Layout:
    match frame[12:14]:
        case b"\x08\x00" if len(frame) >= 34:
            options = 4 * max(frame[14] & 15, 5) - 20
            first = (frame[20] & 0x1F, frame[21]) == (0, 0)
            l4 = _l4(frame[23]) if first else ()
            return (*_ETHERNET, *_IPV4, ("ipv4.options", options), *l4)
        case b"\x86\xdd" if len(frame) >= 54:
            return (*_ETHERNET, *_IPV6, *_l4(frame[20]))
        case b"\x81\x00" | b"\x88\xa8":
            return _ETHERNET + _VLAN
        case _:
            return _ETHERNET


def _l4(proto: int) -> _Layout:
    match proto:
        case 6:
            return _TCP
        case 17:
            return _UDP
        case _:
            return ()
