"""The answer to a frame: its addresses and ports, whatever it carries, change places."""

from __future__ import annotations

_TAGS = (b"\x81\x00", b"\x88\xa8")
_WITH_PORTS = (6, 17, 132)
_ICMP, _ECHO_REQUEST, _ECHO_REPLY = 1, 8, 0


def mirrored(frame: bytes) -> bytes:
    """``frame`` as its receiver would answer it. Swapping leaves the checksums of IP, TCP and UDP right.

    Frames too short or too odd to have addresses come back with what they have swapped.
    """
    out = bytearray(frame)
    _swap(out, 0, 6)
    at = 12
    while out[at : at + 2] in _TAGS:
        at += 4
    match bytes(out[at : at + 2]):
        case b"\x08\x00" if len(out) >= at + 22:
            _mirror_ipv4(out, at + 2)
        case b"\x86\xdd" if len(out) >= at + 42:
            _swap(out, at + 10, 16)
            if out[at + 8] in _WITH_PORTS:
                _swap(out, at + 42, 2)
    return bytes(out)


def ports_at(frame: bytes) -> int | None:
    """Where the ports of an untagged IPv4 TCP, UDP or SCTP frame begin; None for other frames and later fragments."""
    if frame[12:14] != b"\x08\x00" or len(frame) < 38 or frame[23] not in _WITH_PORTS:
        return None
    at = 14 + 4 * (frame[14] & 15)
    return at if (frame[20] & 0x1F, frame[21]) == (0, 0) and at >= 34 and len(frame) >= at + 4 else None


def _mirror_ipv4(out: bytearray, ip: int) -> None:
    _swap(out, ip + 12, 4)
    l4 = ip + 4 * (out[ip] & 15)
    if out[ip + 6] & 0x1F or out[ip + 7]:
        return
    if out[ip + 9] in _WITH_PORTS:
        _swap(out, l4, 2)
    elif out[ip + 9] == _ICMP and l4 < len(out) and out[l4] == _ECHO_REQUEST:
        out[l4] = _ECHO_REPLY


def _swap(out: bytearray, at: int, size: int) -> None:
    """Swap two neighbouring fields; leave a frame alone that ends before."""
    if at + 2 * size <= len(out):
        out[at : at + 2 * size] = out[at + size : at + 2 * size] + out[at : at + size]
