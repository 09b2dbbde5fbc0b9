"""``maestro explain``: one code in full, or all in short."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from maestro.report.codes import Explanation, explanations

_FENCE = re.compile(r"```c?\n(.*?)\n```", re.DOTALL)


def one(found: Explanation) -> RenderableType:
    """Meaning, example and what to do, wrapped to the console's width."""
    head = Text(found.code, style="bold").append(f"  {found.group}", style="dim")
    parts: list[RenderableType] = [head, Text("")]
    parts += _markdown(found.meaning)
    parts += [Text(""), Text("Example", style="bold"), *_markdown(found.example)]
    parts += [Text(""), Text("What to do", style="bold"), *_markdown(found.hint)]
    return Group(*parts)


def _markdown(text: str) -> Iterator[RenderableType]:
    """Paragraphs as running text, fenced C as it is."""
    for n, part in enumerate(_FENCE.split(text)):
        if n % 2:
            yield Padding(Text(part, style="cyan", no_wrap=True), (1, 0, 0, 6), expand=False)
        elif part.strip():
            paragraphs = "\n\n".join(" ".join(p.split()) for p in part.strip().split("\n\n"))
            yield Padding(Text(paragraphs[0].upper() + paragraphs[1:]), (0, 0, 0, 2), expand=False)


def everything() -> RenderableType:
    """All codes by group, each with its first sentence."""
    parts: list[RenderableType] = []
    for group, members in groupby(explanations().values(), key=lambda e: e.group):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(no_wrap=True, min_width=24)
        table.add_column()
        for e in members:
            table.add_row(Text(f"  {e.code}"), Text(e.summary))
        parts += [Text("\n" if parts else "").append(group, style="bold"), table]
    return Group(*parts, Text("\nmaestro explain CODE says more."))


def as_json(found: list[Explanation]) -> str:
    """A list of objects, in the page's order."""
    codes = [
        {"code": e.code, "group": e.group, "meaning": e.meaning, "example": e.example, "hint": e.hint} for e in found
    ]
    return json.dumps({"codes": codes}, ensure_ascii=False, indent=2)
