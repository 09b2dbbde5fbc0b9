"""Two endpoints, as on a command line, and what RSS makes of a packet from one to the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from maestro.diagnostics import UserError
from maestro.rss import reta, toeplitz
from maestro.rss.symmetric import TWINS, combine


@dataclass(frozen=True)
class Endpoint:
    """``port`` is None when there is none."""

    address: IPv4Address | IPv6Address
    port: int | None

    def __str__(self) -> str:
        if self.port is None:
            return str(self.address)
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"


def read_endpoint(text: str) -> Endpoint:
    """``1.2.3.4``, ``1.2.3.4:80``, ``2001:db8::1``, ``[2001:db8::1]``, ``[2001:db8::1]:80``.

    Raises UserError (``endpoint``).
    """
    found = re.fullmatch(r"\[([^\]]*)\](?::(.*))?|([^:]*)(?::([^:]*))?", text.strip())
    address, port = (found[1] or found[3] or "", found[2] or found[4]) if found else (text.strip(), None)
    try:
        ip = ip_address(address)
    except ValueError:
        raise _error(f"{text!r}: {address!r} is no IP address") from None
    if "%" in address:
        raise _error(f"{text!r}: the zone of an address is not part of packets")
    if port is None:
        if found and text.strip().endswith(":"):
            raise _error(f"{text!r}: there is no port behind the colon")
        return Endpoint(ip, None)
    if not (port.isascii() and port.isdigit() and int(port[:6]) < 1 << 16 and len(port) < 6):
        raise _error(f"{text!r}: {port!r} is no port (0 to 65535)")
    return Endpoint(ip, int(port))


@dataclass(frozen=True)
class Hashed:
    """``inputs``: the fields fed to Toeplitz. ``flow`` is the hash over addresses and ports, None without ports;
    ``index`` and ``queue`` are those of :attr:`hash`."""

    source: Endpoint
    destination: Endpoint
    inputs: tuple[str, ...]
    addresses: int
    flow: int | None
    reta_size: int
    index: int
    cores: int
    queue: int

    @property
    def hash(self) -> int:
        return self.addresses if self.flow is None else self.flow


def hash_endpoints(
    key: bytes,
    source: Endpoint,
    destination: Endpoint,
    reta_size: int,
    cores: int,
    symmetric: str = "none",
    initial: int = 0,
) -> Hashed:
    """What a NIC with ``key`` and a round-robin table of ``reta_size`` entries makes of such a packet, in a
    ``symmetric`` mode or none, when its hash starts at ``initial``.

    Raises UserError: endpoints that do not fit together, a key too short, a table size that is no power of two.
    """
    if source.address.version != destination.address.version:
        raise _error(f"{source} is IPv{source.address.version}, {destination} is IPv{destination.address.version}")
    if (source.port is None) != (destination.port is None):
        raise _error(f"only one of {source} and {destination} has a port: give both, or neither")
    if reta_size < 1 or reta_size & (reta_size - 1):
        raise UserError(f"a table of {reta_size} entries: NICs take powers of two", code="rss-table")
    table = reta.fill(reta_size, cores)
    family = f"ipv{source.address.version}"
    size = len(source.address.packed)
    addresses = _both(f"{family}.src", int(source.address), int(destination.address), size, symmetric)
    inputs: tuple[str, ...] = (f"{family}.src", f"{family}.dst")
    data = addresses
    if source.port is not None and destination.port is not None:
        inputs = (*inputs, "l4.sport", "l4.dport")
        data += _both("l4.sport", source.port, destination.port, 2, symmetric)
    needed = len(data) + toeplitz.WINDOW // 8
    if len(key) < needed:  # one bit less would do, but keys are whole bytes
        text = f"the key has {len(key)} bytes, {len(data)} bytes of {', '.join(inputs)} need {needed}"
        raise UserError(text, hint="give a longer key", code="rss-key")
    value = initial ^ toeplitz.hash(key, data)
    index = value & (reta_size - 1)
    plain = initial ^ toeplitz.hash(key, addresses)
    flow = None if len(inputs) == 2 else value
    return Hashed(source, destination, inputs, plain, flow, reta_size, index, cores, table[index])


def _both(name: str, source: int, destination: int, size: int, mode: str) -> bytes:
    """The source field ``name`` and its destination as they are hashed, ``size`` bytes each."""
    values = source, destination
    if mode != "none":
        values = combine(mode, name, *values), combine(mode, TWINS[name], *values)
    return b"".join(value.to_bytes(size, "big") for value in values)


def _error(message: str) -> UserError:
    hint = "ADDRESS, ADDRESS:PORT, or for IPv6 [ADDRESS]:PORT, e.g. 66.9.149.187:2794"
    return UserError(message, hint=hint, code="endpoint")
