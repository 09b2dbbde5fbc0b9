"""How C files are named in what the user reads."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from pathlib import Path

RUNTIME_DIR = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "runtime")

RUNTIME_PREFIX = "<maestro>/"


def is_runtime(shown: str) -> bool:
    """Whether a file as :meth:`Names.show` names it is part of Maestro's own runtime."""
    return shown.startswith(RUNTIME_PREFIX)


def is_own(place: Path) -> bool:
    """Whether a file or folder belongs to Maestro's own runtime."""
    path = os.path.abspath(place)
    return path == RUNTIME_DIR or _inside(path, RUNTIME_DIR) is not None


def _inside(path: str, root: str) -> str | None:
    """``path`` relative to ``root``, None when it lies elsewhere; both absolute."""
    prefix = root.rstrip("/") + "/"
    return path.removeprefix(prefix) if path.startswith(prefix) else None


class Names:
    """``given``: the sources and include folders as the user wrote them. ``own``: more folders of Maestro's."""

    def __init__(self, given: Sequence[Path], own: Sequence[Path] = ()) -> None:
        folders = [p if p.is_dir() else p.parent for p in given]
        self._roots = [(os.path.abspath(f), str(f)) for f in folders]
        self._own = [RUNTIME_DIR, *map(str, own)]
        self._cwd = os.getcwd()

    def show(self, path: str) -> str:
        """Maestro's own files as ``<maestro>/name``; else relative to the current folder, or as the user gave it."""
        if any(_inside(path, root) is not None for root in self._own):
            return RUNTIME_PREFIX + os.path.basename(path)
        local = _inside(path, self._cwd)
        if local is not None:
            return local
        for root, written in self._roots:
            rest = _inside(path, root)
            if rest is not None:
                return os.path.join(written, rest)
        return path
