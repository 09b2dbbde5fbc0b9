"""What the compiler made, kept by the content of what it was made from."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from maestro.frontend.toolchain import cache_dir

_KEPT = 512
"""Entries of a kind; those not used for longest are forgotten."""


def remembered(kind: str, key: str, make: Callable[[], bytes | None]) -> bytes | None:
    """What ``make`` returned for this ``key`` in an earlier run, or returns now. None, a failure, is not kept.

    ``kind``: the subfolder of the cache. Without a cache folder that can be written, ``make`` is called each time.
    """
    folder = cache_dir()
    entry = folder / kind / hashlib.sha256(key.encode()).hexdigest() if folder else None
    try:
        if entry is not None:
            content = entry.read_bytes()
            os.utime(entry)  # used now
            return content
    except OSError:
        pass
    made = make()
    if entry is not None and made is not None:
        _store(entry, made)
    return made


def _store(entry: Path, content: bytes) -> None:
    """Atomically, and forget entries. A full or read-only disk costs only the cache."""
    try:
        entry.parent.mkdir(exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=entry.parent)
        with os.fdopen(handle, "wb") as f:
            f.write(content)
        os.replace(temporary, entry)
        for path in sorted(entry.parent.iterdir(), key=lambda p: p.stat().st_mtime)[:-_KEPT]:
            path.unlink(missing_ok=True)
    except OSError:
        pass
