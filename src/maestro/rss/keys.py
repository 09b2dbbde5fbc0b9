"""RSS keys as people write them: hexadecimal, or the name of a well-known one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches

from maestro.diagnostics import UserError
from maestro.rss.toeplitz import MICROSOFT_KEY, symmetric_key

_MLX5 = bytes.fromhex("2cc681d15bdbf4f7fca28319db1a3e946b9e38d92c9c03d1ad9944a7d9563d59063c25f3fc1fdc2a")
"""What mlx5, mana and netvsc set unless told otherwise (DPDK, ``rss_hash_default_key``)."""

_I40E = bytes.fromhex(
    "4439796bb54c5023b675ea5b124f9f30b8a2c03ddfdc4d02a08c9b334af64a4c05c6fa343958d8557d99583ae138c92e81150366"
)
"""What DPDK's i40e sets unless told otherwise (``rss_key_default``, little-endian words)."""


def _fixed(key: bytes) -> Callable[[int], bytes]:
    """Longer NICs get zeros behind the published bytes, which no input of a published length meets."""
    return lambda length: key[:length].ljust(length, b"\0")


WELL_KNOWN: Mapping[str, Callable[[int], bytes]] = {
    "microsoft": _fixed(MICROSOFT_KEY),
    "6d5a": symmetric_key,
    "mlx5": _fixed(_MLX5),
    "i40e": _fixed(_I40E),
}
"""Name → key of a given length in bytes."""

_ALIASES = {"symmetric": "6d5a", "ms": "microsoft", "default": "microsoft", "mana": "mlx5", "netvsc": "mlx5"}
_LONGEST = 64  # bytes: no NIC takes more


def read_key(text: str, length: int | None = None) -> bytes:
    """The key ``text``: a well-known name, or hexadecimal digits, with ``0x``, colons, dashes or spaces if you like.

    ``length``: bytes that the key must have; 40 is taken for well-known names when it is not given. Raises UserError
    (``rss-key``).
    """
    name = text.strip().lower()
    name = _ALIASES.get(name, name)
    if name in WELL_KNOWN:
        return WELL_KNOWN[name](40 if length is None else length)
    digits = re.sub(r"[:\-\s]|^0x", "", name)
    wrong = re.search(r"[^0-9a-f]", digits)
    if wrong or not digits:
        close = get_close_matches(name, [*WELL_KNOWN, *_ALIASES], n=1)
        what = f"{wrong[0]!r} is no hexadecimal digit" if wrong else "it is empty"
        raise _error(f"key {_short(text)!r}: {what}", f"did you mean {close[0]!r}?" if close else _NAMES)
    if len(digits) % 2:
        raise _error(f"key {_short(text)!r}: {len(digits)} hexadecimal digits are no whole number of bytes", _NAMES)
    key = bytes.fromhex(digits)
    if length is not None and len(key) != length:
        raise _error(f"key {_short(text)!r} has {len(key)} bytes, this NIC takes {length}", _NAMES)
    if not 8 <= len(key) <= _LONGEST:
        raise _error(f"key {_short(text)!r} has {len(key)} bytes, not 8 to {_LONGEST}", _NAMES)
    return key


def keys_by_port(texts: Sequence[str], ports: Iterable[int], length: int) -> dict[int, bytes]:
    """``PORT=KEY`` options, and at most one ``KEY`` for all other ports. Raises UserError (``rss-key``)."""
    found: dict[int, bytes] = {}
    rest: bytes | None = None
    for text in texts:
        port, equals, key = text.partition("=")
        if equals and not (port.isdecimal() and port.isascii()):
            raise _error(f"{_short(text)!r} is not PORT=KEY", "for example 0=6d5a")
        if (int(port) in found) if equals else rest is not None:
            raise _error(f"two keys for {f'port {port}' if equals else 'all ports'}", "give one a port")
        if equals:
            found[int(port)] = read_key(key, length)
        else:
            rest = read_key(text, length)
    missing = [port for port in ports if port not in found]
    if missing and rest is None:
        raise _error(f"no key for port {missing[0]}", f"--key {missing[0]}=KEY, or --key KEY for all ports")
    return {port: found.get(port, rest or b"") for port in ports}


_NAMES = f"keys known by name: {', '.join(WELL_KNOWN)}"


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:20]}…"


def _error(message: str, hint: str) -> UserError:
    return UserError(message, hint=hint, code="rss-key")
