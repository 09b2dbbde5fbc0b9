"""Lines of C: indented by two spaces, at most 100 columns, comments that say where a line comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence

_COLUMNS = 100
_BREAKS = (re.compile(r"(?<=,) |(?<=&&) |(?<=\|\|) "), re.compile(r"(?<= =) |(?<= [-+*|?:]) "))
"""Where a line may be broken; the second only where the first gives no place."""


class Writer:
    """Collects the lines of one function body, starting one level deep."""

    def __init__(self, depth: int = 1) -> None:
        self.lines: list[str] = []
        self._depth = depth

    def line(self, text: str, comment: str = "") -> None:
        """One statement; the comment follows it, or stands before it where there is no room."""
        self.block([(text, comment)])

    def block(self, statements: Sequence[tuple[str, str]]) -> None:
        """Statements that belong together, their comments under one another."""
        indent = "  " * self._depth
        for text, comment in aligned([(f"{indent}{text}", comment) for text, comment in statements]):
            if comment:
                self.lines.append(f"{indent}{comment}")
            self.lines += wrap(text)

    def open(self, head: str, comment: str = "") -> None:
        """``head {``: what follows is one level deeper, until it is closed."""
        self.line(f"{head} {{", comment)
        self._depth += 1

    def close(self) -> None:
        self._depth -= 1
        self.lines.append(f"{'  ' * self._depth}}}")


def aligned(lines: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Lines with their comments appended in one column; a comment that has no room is given back beside its line."""
    noted = [text for text, comment in lines if comment and len(text) + len(comment) + 7 <= _COLUMNS]
    column = max(map(len, noted), default=0)
    out: list[tuple[str, str]] = []
    for text, comment in lines:
        note = f"/* {comment} */" if comment else ""
        room = max(column, len(text)) + 1 + len(note) <= _COLUMNS
        padding = column if room else len(text)
        fits = len(text) + 1 + len(note) <= _COLUMNS
        out.append((f"{text:{padding}} {note}", "") if note and fits else (text, note))
    return out


def wrap(text: str) -> list[str]:
    """``text`` broken after commas and operators, continued four columns deeper than it began."""
    deeper = " " * (len(text) - len(text.lstrip()) + 4)
    lines: list[str] = []
    while len(text) > _COLUMNS:
        cuts = next((cuts for cuts in (_cuts(text, len(deeper), b) for b in _BREAKS) if cuts), None)
        if cuts is None:
            break
        lines.append(text[: cuts[-1]])
        text = deeper + text[cuts[-1] + 1 :]
    return [*lines, text]


def wrapped(lines: Sequence[str]) -> list[str]:
    """Every one of ``lines`` that is too long, broken."""
    return [part for line in lines for part in (wrap(line) if "\n" not in line else [line])]


def _cuts(text: str, start: int, at: re.Pattern[str]) -> list[int]:
    return [m.start() for m in at.finditer(text, start) if m.start() <= _COLUMNS]
