"""Excerpts of source: what is underlined, where labels go, and that nothing is wider than the terminal."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from maestro.report.source import Excerpt, Mark

SOURCE = """\
int f(void) {
  if (a(b(1), 2) && other(3)) {
\treturn tabbed(x);
  }
  x = value + 1;
}
"""
LONG = f"  {'first_argument + ' * 8}target(1, 2){' + last_argument' * 8};\n"


def shown(tmp_path: Path, *marks: Mark, source: str = SOURCE, width: int = 100, **options: object) -> list[str]:
    path = tmp_path / "nf.c"
    path.write_text(source)
    out = StringIO()
    console = Console(file=out, width=width, highlight=False)
    console.print(Excerpt(path, marks, **options))  # type: ignore[arg-type]
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert all(len(line) <= width for line in lines), lines
    return lines


def test_calls_with_their_arguments_and_labels(tmp_path: Path) -> None:
    assert shown(tmp_path, Mark(2, 7, "asks"), Mark(2, 21, "tells"), name="nf.c") == [
        "    --> nf.c:2",
        "     2 |   if (a(b(1), 2) && other(3)) {",
        "       |       ^^^^^^^^^^ asks",
        "       |                     ^^^^^^^^ tells",
    ]


def test_names_characters_and_unknown_columns(tmp_path: Path) -> None:
    assert shown(tmp_path, Mark(5, 7), Mark(5, 13), Mark(1, 0)) == [
        "     1 | int f(void) {",
        "       | ^^^^^^^^^^^^^",
        "     5 |   x = value + 1;",
        "       |       ^^^^^",
        "       |             ^",
    ]


def test_tabs_are_four_columns(tmp_path: Path) -> None:
    assert shown(tmp_path, Mark(3, 9)) == [
        "     3 |     return tabbed(x);",
        "       |            ^^^^^^^^^",
    ]


def test_each_line_once_with_all_its_labels(tmp_path: Path) -> None:
    marks = [Mark(5, 7, "reads"), Mark(2, 7), Mark(5, 7, "writes"), Mark(5, 7, "reads")]
    assert shown(tmp_path, *marks)[2:] == ["     5 |   x = value + 1;", "       |       ^^^^^ reads, writes"]


@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_long_lines_show_the_place(tmp_path: Path, width: int) -> None:
    column = LONG.index("target") + 1
    line, carets, *_ = shown(tmp_path, Mark(1, column, "is the target"), source=LONG, width=width)
    first = carets.index("^")
    underlined = line[first : carets.rindex("^") + 1]
    assert underlined == "target(1, 2)"
    assert ("…" in line) == (width < 200 or len(LONG) > 190)


def test_places_far_apart_on_one_line(tmp_path: Path) -> None:
    """What the window does not reach is pointed to at its end, with its label."""
    marks = [Mark(1, 3, "first"), Mark(1, LONG.rindex("last") + 1, "far")]
    rows = shown(tmp_path, *marks, source=LONG, width=60)
    assert all(row[6:9] == " | " for row in rows)
    assert rows[2].endswith("^")
    assert rows[3].endswith("far")


def test_a_label_that_does_not_fit_has_its_own_line(tmp_path: Path) -> None:
    rows = shown(tmp_path, Mark(5, 7, "x" * 60), width=60)
    assert rows[1] == "       |       ^^^^^"
    assert "".join(row[9:] for row in rows[2:]).replace(" ", "") == "x" * 60


def test_many_lines_are_cut(tmp_path: Path) -> None:
    source = "call();\n" * 20
    marks = [Mark(n, 1) for n in range(1, 21)]
    rows = shown(tmp_path, *marks, source=source, most=8)
    assert len(rows) == 17
    assert rows[-1] == "       | and lines 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20"
    assert len(shown(tmp_path, *marks[:9], source=source, most=8)) == 18
    assert len(shown(tmp_path, *marks, source=source, most=100)) == 40


def test_nothing_to_show(tmp_path: Path) -> None:
    assert shown(tmp_path, Mark(99, 1), name="nf.c") == []
    out = StringIO()
    Console(file=out).print(Excerpt(tmp_path / "gone.c", (Mark(1, 1),), "gone.c"))
    assert out.getvalue() == ""
