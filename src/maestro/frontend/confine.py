"""Which files the compiler may read for an NF that nobody vouches for, and whether it kept to them.

The compiler itself says what it read: its dependency file has every header, whatever ``__has_include`` found and
``#embed`` took, and the line markers have every name that a ``#line`` gives to a place. Symbolic links are followed.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from maestro.diagnostics import SourceError
from maestro.frontend.names import RUNTIME_DIR

_MARKER = re.compile(r'^# \d+ "((?:[^"\\]|\\.)*)"', re.MULTILINE)
_WORD = re.compile(r"(?:\\[\s\S]|\$\$|[^\s\\$])+")
_ESCAPED = re.compile(r"\\([ #\\])|\$\$")


def require_inside(source: Path, dependencies: str, preprocessed: str, roots: Sequence[str]) -> None:
    """Raises SourceError (``include-outside``) for the first file that lies in none of ``roots``.

    ``dependencies``: the compiler's dependency file; empty when it failed. ``preprocessed``: its other output. The
    message has the file's name, which stands in the source, and nothing of what is in the file.
    """
    read = [(str(source), True), *((name, True) for name in listed(dependencies))]
    named = [(name, False) for name in _named(preprocessed)]
    allowed = [os.path.realpath(r) for r in (*roots, RUNTIME_DIR)]
    for name, must_exist in dict.fromkeys([*read, *named]):
        if _outside(name, allowed, must_exist=must_exist):
            raise SourceError(
                f"{source.name} reads or names '{name}', which lies outside the NF's folders",
                hint="if you trust the NF, add the file's folder with -I DIR",
                code="include-outside",
            )


def may_read_of(sources: Iterable[Path], allowed: Iterable[Path]) -> Callable[[str], bool]:
    """Whether an NF may read a file while it starts: one in its own folder, or in ``allowed``, or one of them."""
    roots = [os.path.realpath(p) for p in (*(s if s.is_dir() else s.parent for s in sources), *allowed)]
    return lambda name: _within(name, roots)


def _within(path: str, real_roots: Sequence[str]) -> bool:
    real = os.path.realpath(path)
    return any(real == root or real.startswith(root.rstrip("/") + "/") for root in real_roots)


def _outside(name: str, allowed: Sequence[str], *, must_exist: bool) -> bool:
    """A name that is not that of a file is none of our business, unless the compiler read that file."""
    return (must_exist or os.path.lexists(name)) and not _within(name, allowed)


def listed(dependencies: str) -> list[str]:
    """The files in a make rule, as clang writes it."""
    _, _, rest = dependencies.replace("\\\n", " ").partition(": ")
    return [_ESCAPED.sub(lambda m: m[1] or "$", word) for word in _WORD.findall(rest)]


def _named(preprocessed: str) -> Iterator[str]:
    """The files that line markers name; ``<built-in>`` and ``<command line>`` are none."""
    for name in dict.fromkeys(_MARKER.findall(preprocessed)):
        plain = re.sub(r"\\(.)", r"\1", name)
        if not plain.startswith("<"):
            yield plain
