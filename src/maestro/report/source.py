"""Excerpts of C source: the line that a message is about, with a caret."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from maestro.diagnostics import Span

_WIDTH = 84
"""Columns of source shown; longer lines are cut."""


def excerpt(span: Span, root: Path) -> list[Text]:
    """The line of ``span`` and, when its column is known, a caret below. Empty when the file cannot be read."""
    path = Path(span.file)
    try:
        text = (path if path.is_absolute() else root / path).read_text(errors="replace")
    except OSError:
        return []
    lines = text.splitlines()
    if not 1 <= span.line <= len(lines):
        return []
    line = lines[span.line - 1].expandtabs(4).rstrip()
    rows = [Text(f"{span.line:>6} | ", style="dim").append(line[:_WIDTH], style="default")]
    column = _column(lines[span.line - 1], span.column)
    if column < _WIDTH:
        rows.append(Text("       | ", style="dim").append(" " * column + "^", style="bold green"))
    return rows


def _column(line: str, column: int) -> int:
    """Screen column from 0 of C column ``column``; of the first character that is not blank when unknown (0)."""
    if not column:
        column = len(line) - len(line.lstrip()) + 1
    return len(line[: column - 1].expandtabs(4))
