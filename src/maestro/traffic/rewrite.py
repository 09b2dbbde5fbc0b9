"""Captures made fit for sharing and measuring: anonymised, and with frames of one size.

Addresses are anonymised as Crypto-PAn does it (Xu, Fan, Ammar, Moon, ICNP 2002): bit i is flipped by a keyed function
of the bits before it, so two addresses share as long a prefix as before, and subnets stay subnets. The function is
BLAKE2b. MAC addresses are replaced by keyed hashes. Ports, protocols, lengths and times stay. Everything behind the
transport header, and whatever is neither IP nor ARP, is zeroed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes

from maestro.diagnostics import UserError
from maestro.traffic.packets import IPV4, IPV6, MIN_FRAME, TCP, UDP, checksum, pseudo_header
from maestro.traffic.pcap import PcapWriter
from maestro.traffic.scan import frames

_ARP, _TAGS, _HEADERS = 0x0806, (0x8100, 0x88A8), {TCP: 20, UDP: 8, 1: 4, 58: 4, 132: 12}


@dataclass(frozen=True)
class Rewrite:
    """``size``: bytes on the wire that every TCP and UDP frame gets, as far as its headers fit. ``key``: for
    ``anonymise``; the same key maps the same addresses alike, and whoever has it can undo it. None: one that is
    forgotten."""

    anonymise: bool = False
    size: int | None = None
    key: bytes | None = None

    @property
    def does_something(self) -> bool:
        return self.anonymise or self.size is not None


KEEP = Rewrite()


def rewritten(source: Path, target: Path, how: Rewrite) -> Path:
    """Write ``source``, changed, to ``target``. Raises UserError (``pcap``)."""
    hide = Anonymiser(how.key or token_bytes(32)) if how.anonymise else None
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with PcapWriter(target) as writer:
            for time, frame in _changed(source, hide, how.size):
                writer.write(time, frame)
    except OSError as error:
        raise UserError(f"{target}: {error.strerror}", code="pcap") from error
    return target


def _changed(source: Path, hide: Anonymiser | None, size: int | None) -> Iterator[tuple[int, bytes]]:
    for time, frame in frames(source):
        frame = hide.frame(frame) if hide else frame
        yield time, resized(frame, size) if size is not None else frame


class Anonymiser:
    """One key's mapping."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.address = lru_cache(1 << 18)(self._address)
        self._flips = lru_cache(1 << 20)(self._flip)
        self.mac = lru_cache(1 << 16)(self._mac)

    def _flip(self, prefix: int, bits: int, width: int) -> int:
        text = prefix.to_bytes(16, "big") + bytes((bits, width))
        return blake2b(text, key=self._key, digest_size=1).digest()[0] & 1

    def _address(self, address: bytes) -> bytes:
        """``address``: 4 or 16 bytes."""
        width, value, out = 8 * len(address), int.from_bytes(address, "big"), 0
        for bits in range(width):
            prefix = value >> width - bits
            out = out << 1 | (value >> width - 1 - bits & 1) ^ self._flips(prefix, bits, width)
        return out.to_bytes(len(address), "big")

    def _mac(self, mac: bytes) -> bytes:
        """Locally administered; group addresses (broadcast) stay what they are."""
        digest = blake2b(mac, key=self._key, digest_size=6).digest()
        return mac if mac[0] & 1 else bytes((digest[0] & 0xFC | 2,)) + digest[1:]

    def frame(self, frame: bytes) -> bytes:
        out = bytearray(frame.ljust(14, b"\0"))
        out[0:6], out[6:12] = self.mac(bytes(out[0:6])), self.mac(bytes(out[6:12]))
        at = _ethertype_at(out)
        kind, start = int.from_bytes(out[at : at + 2], "big"), at + 2
        if kind == IPV4 and len(out) >= start + 20:
            self._ip(out, start, start + 12, 4)
        elif kind == IPV6 and len(out) >= start + 40:
            self._ip(out, start, start + 8, 16)
        elif kind == _ARP and len(out) >= start + 28:
            self._arp(out, start)
        else:
            out[start:] = bytes(len(out) - start)
        return bytes(out[: len(frame)])

    def _ip(self, out: bytearray, start: int, addresses: int, width: int) -> None:
        for at in (addresses, addresses + width):
            out[at : at + width] = self.address(bytes(out[at : at + width]))
        l4, proto, whole = _transport(out, start)
        begin = l4 + (_HEADERS.get(proto, 0) if whole else 0)
        out[begin:] = bytes(max(0, len(out) - begin))
        _fix_checksums(out, start)

    def _arp(self, out: bytearray, start: int) -> None:
        for at in (start + 8, start + 18):
            out[at : at + 6] = self.mac(bytes(out[at : at + 6])) if any(out[at : at + 6]) else bytes(6)
        for at in (start + 14, start + 24):
            out[at : at + 4] = self.address(bytes(out[at : at + 4]))
        out[start + 28 :] = bytes(len(out) - start - 28)


def resized(frame: bytes, size: int) -> bytes:
    """The frame with ``size`` bytes on the wire: payload cut or padded with zeros, lengths and checksums adjusted.

    Headers are never cut. Fragments, and frames other than TCP and UDP, stay as they are.
    """
    at = _ethertype_at(frame)
    start = at + 2
    if int.from_bytes(frame[at:start], "big") not in (IPV4, IPV6) or len(frame) < start + 20:
        return frame
    l4, proto, whole = _transport(frame, start)
    if not whole or proto not in (TCP, UDP):
        return frame
    header = 8 if proto == UDP else max(20, 4 * (frame[l4 + 12] >> 4)) if len(frame) > l4 + 12 else len(frame)
    length = max(size - 4, l4 + header, MIN_FRAME)
    out = bytearray(frame[:length].ljust(length, b"\0"))
    if frame[start] >> 4 == 4:
        out[start + 2 : start + 4] = (length - start).to_bytes(2, "big")
    else:
        out[start + 4 : start + 6] = (length - start - 40).to_bytes(2, "big")
    if proto == UDP:
        out[l4 + 4 : l4 + 6] = (length - l4).to_bytes(2, "big")
    _fix_checksums(out, start)
    return bytes(out)


def _ethertype_at(frame: bytes | bytearray) -> int:
    at = 12
    while int.from_bytes(frame[at : at + 2], "big") in _TAGS and len(frame) >= at + 6:
        at += 4
    return at


def _transport(frame: bytes | bytearray, start: int) -> tuple[int, int, bool]:
    """Where the transport header begins, its protocol, and whether it is there: not in later fragments."""
    if frame[start] >> 4 == 4:
        first = not (frame[start + 6] & 0x1F or frame[start + 7])
        return start + 4 * (frame[start] & 15), frame[start + 9], first
    return start + 40, frame[start + 6], True


def _fix_checksums(out: bytearray, start: int) -> None:
    """Of IPv4, TCP and UDP. A UDP datagram without one stays so; where a frame was cut or is a fragment, there is no
    right one."""
    l4, proto, whole = _transport(out, start)
    version = out[start] >> 4
    if version == 4:
        out[start + 10 : start + 12] = b"\0\0"
        out[start + 10 : start + 12] = checksum(bytes(out[start:l4])).to_bytes(2, "big")
        end, more = start + int.from_bytes(out[start + 2 : start + 4], "big"), out[start + 6] & 0x20
        ends = [int.from_bytes(out[at : at + 4], "big") for at in (start + 12, start + 16)]
    else:
        end, more = start + 40 + int.from_bytes(out[start + 4 : start + 6], "big"), 0
        ends = [int.from_bytes(out[at : at + 16], "big") for at in (start + 8, start + 24)]
    place = {TCP: 16, UDP: 6}.get(proto)
    if not whole or more or place is None or end > len(out) or l4 + place + 2 > end:
        return
    if proto == UDP and version == 4 and out[l4 + 6 : l4 + 8] == b"\0\0":
        return
    out[l4 + place : l4 + place + 2] = b"\0\0"
    covered = pseudo_header(ends[0], ends[1], proto, end - l4, version) + bytes(out[l4:end])
    out[l4 + place : l4 + place + 2] = (checksum(covered) or 0xFFFF).to_bytes(2, "big")
