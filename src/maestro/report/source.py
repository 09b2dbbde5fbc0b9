"""Excerpts of C source, as compilers show them: lines with what is meant underlined, and a word on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from maestro.diagnostics import Span

_GUTTER = 9
"""Columns to the left of the source."""

_MOST = 8
"""Lines shown of one file, unless all are asked for."""

_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Mark:
    """``line`` and ``column`` count from 1; ``column`` 0 is unknown. ``label``: what is to be said about the place."""

    line: int
    column: int
    label: str = ""


@dataclass(frozen=True)
class Excerpt:
    """The lines of ``path`` that ``marks`` are on, each once; nothing when the file cannot be read.

    ``name``: of the file, as a heading; without, there is none. ``most``: how many lines; 0: all.
    """

    path: Path
    marks: tuple[Mark, ...]
    name: str = ""
    most: int = _MOST

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        try:
            lines = self.path.read_text(errors="replace").splitlines()
        except OSError:
            return
        inside = dict.fromkeys(m for m in self.marks if 1 <= m.line <= len(lines))
        marks = sorted(inside, key=lambda m: (m.line, m.column))
        numbers = list(dict.fromkeys(m.line for m in marks))
        shown = numbers[: self.most or None] if len(numbers) != self.most + 1 else numbers
        if self.name and marks:
            yield Text("    ").append("--> ", style="blue").append(f"{self.name}:{marks[0].line}")
        width = max(20, options.max_width - _GUTTER)
        for number in shown:
            yield from _line(number, lines[number - 1], [m for m in marks if m.line == number], width)
        if rest := numbers[len(shown) :]:
            yield Text(f"       | and lines {', '.join(map(str, rest))}", style="dim")


def excerpt(span: Span, path: Path | None = None) -> Excerpt:
    """The line of ``span`` alone."""
    return Excerpt(path or Path(span.file), (Mark(span.line, span.column),))


def excerpts(
    spans: Iterable[Span], paths: Mapping[str, tuple[Path, str]], labels: Mapping[Span, str], most: int = _MOST
) -> list[Excerpt]:
    """One excerpt a file. ``paths``: of a span's file, the file to read and its name."""
    by_file = groupby(sorted(set(spans)), key=lambda s: s.file)
    return [
        Excerpt(paths[file][0], tuple(Mark(s.line, s.column, labels.get(s, "")) for s in own), paths[file][1], most)
        for file, own in by_file
    ]


def _line(number: int, source: str, marks: Sequence[Mark], width: int) -> Iterable[Text]:
    """A line of source and, below, one line for each place on it."""
    text = source.expandtabs(4).rstrip()
    places = [(*_extent(source, text, column), list(own)) for column, own in groupby(marks, key=lambda m: m.column)]
    start = _window(text, places[0][0], places[-1][1], width)
    shown = ("…" if start else "") + text[start + bool(start) :]
    shown = shown if len(shown) <= width else shown[: width - 1] + "…"
    yield Text().append(f"{number:>6} | ", style="dim").append(shown)
    for first, last, own in places:
        label = ", ".join(dict.fromkeys(m.label for m in own if m.label))
        # What lies beyond the window is pointed to at its end.
        yield from _underline(min(first - start, width - 1), min(last - start, width), label, width)


def _underline(first: int, last: int, label: str, width: int) -> Iterable[Text]:
    """The label stands behind the carets, or in a line of its own where it would not fit."""
    carets = "^" * max(1, last - first)
    row = Text().append("       | ", style="dim").append(" " * first + carets, style="bold green")
    if label and first + len(carets) + 1 + len(label) <= width:
        yield row.append(f" {label}", style="green")
        return
    yield row
    if label:
        indent = max(0, min(first, width - len(label)))
        for at in range(0, len(label), width):
            yield Text().append("       | ", style="dim").append(" " * indent + label[at : at + width], style="green")


def _window(text: str, first: int, last: int, width: int) -> int:
    """Where to start so that columns ``first`` to ``last`` are seen, as far as that goes."""
    if last <= width - 1 or len(text) <= width:
        return 0
    return max(0, min(first - 4, last + 1 - width)) if last - first < width - 4 else max(0, first - 4)


def _extent(source: str, text: str, column: int) -> tuple[int, int]:
    """Screen columns, from 0, of what starts at C column ``column``: a call with its arguments, a name, a character.

    All that is not blank when the column is unknown (0).
    """
    if not column:
        return len(text) - len(text.lstrip()), len(text)
    first = len(source[: column - 1].expandtabs(4))
    name = _NAME.match(text, first)
    if not name:
        return first, first + 1
    last = name.end()
    if text[last : last + 1] != "(":
        return first, last
    depth = 0
    for at in range(last, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return first, at + 1
    return first, len(text)
