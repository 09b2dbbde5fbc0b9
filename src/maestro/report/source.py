"""Excerpts of C source: the line that a message is about, with a caret."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from maestro.diagnostics import Span

_WIDTH = 84
"""Columns of source shown; of longer lines, what is around the place."""


def excerpt(span: Span, path: Path | None = None) -> list[Text]:
    """The line of ``span`` in ``path`` (its own file unless given) with a caret below; empty when unreadable."""
    try:
        text = (path or Path(span.file)).read_text(errors="replace")
    except OSError:
        return []
    lines = text.splitlines()
    if not 1 <= span.line <= len(lines):
        return []
    line, column = lines[span.line - 1].expandtabs(4).rstrip(), _column(lines[span.line - 1], span.column)
    start = max(0, column - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = ("…" if start else "") + line[start + bool(start) : start + _WIDTH]
    rows = [Text(f"{span.line:>6} | ", style="dim").append(shown, style="default")]
    rows.append(Text("       | ", style="dim").append(" " * (column - start) + "^", style="bold green"))
    return rows


def _column(line: str, column: int) -> int:
    """Screen column from 0 of C column ``column``; of the first character that is not blank when unknown (0)."""
    if not column:
        column = len(line) - len(line.lstrip()) + 1
    return len(line[: column - 1].expandtabs(4))
