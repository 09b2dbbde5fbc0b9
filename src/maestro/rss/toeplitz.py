"""The Toeplitz hash of RSS: XOR, over the set input bits i, of the 32-bit window ``key[i … i + 31]``.

Bit 0 of keys and inputs is the most significant bit of the first byte (network order); windows and hashes are plain
32-bit integers. The table index is the low ``log2(table size)`` bits of the hash. Source: Microsoft, "RSS Hashing
Functions" (NDIS), whose verification suite is in ``tests/rss/test_toeplitz.py``.
"""

from __future__ import annotations

WINDOW = 32
"""Bits of a window, and of the hash."""

MICROSOFT_KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa")
"""The 40-byte key of Microsoft's verification suite; also the default of many drivers."""


def symmetric_key(length: int) -> bytes:
    """``6d5a`` repeated: period 16, so exchanging sources with destinations does not change the hash.

    Woo and Park, "Scalable TCP Session Monitoring with Symmetric Receive-side Scaling", KAIST 2012. It is here to be
    compared with: its windows take only 16 values.
    """
    return (b"\x6d\x5a" * (length // 2 + 1))[:length]


def windows(key: bytes, count: int) -> list[int]:
    """The windows of input bits 0 … ``count`` - 1. Raises ValueError when the key is too short for them."""
    spare = 8 * len(key) - WINDOW
    if count > spare + 1:
        raise ValueError(f"{count} input bits need {count + WINDOW - 1} key bits, the key has {8 * len(key)}")
    bits = int.from_bytes(key, "big")
    return [bits >> (spare - i) & 0xFFFFFFFF for i in range(count)]


def hash(key: bytes, data: bytes) -> int:
    """The 32-bit hash of ``data``. Raises ValueError when the key is too short for it."""
    count = 8 * len(data)
    bits = int.from_bytes(data, "big")
    result = 0
    for i, window in enumerate(windows(key, count)):
        if bits >> (count - 1 - i) & 1:
            result ^= window
    return result
