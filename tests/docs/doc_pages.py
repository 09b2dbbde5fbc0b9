"""Commands and files in Markdown pages, as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS = (
    "maestro", "make", "pip", "python3", "python", "cp", "ip", "for", "eval", "dev=eth0;", "mkdocs", "diff", "./check",
    "./nf-dpdk", "fw-parallel/nf-dpdk", "DIR/nf-replay", "dpdk-hugepages.py", "dpdk-devbind.py",
)  # fmt: skip
"""What a command begins with."""

_COMMAND = re.compile(rf"^(?: {{4,}})(?:\$ )?((?:{'|'.join(map(re.escape, WORDS))})(?= |$).*)$")
_FILE = re.compile(r"^```c\n(/\* ([a-z-]+\.c) \*/\n.*?)^```$", re.MULTILINE | re.DOTALL)
_SYNOPSIS = re.compile(r"(?<![\w.=/-])(SOURCE|NF|NAME|HEX|FILE|DIR|KIND|TEXT|COMMAND|CODE|A)\b|\.\.\.|\[|bash\|zsh")


@dataclass(frozen=True)
class Command:
    """``text``: one line, continuation lines joined. ``shown``: the output that follows on the page, if any."""

    page: Path
    line: int
    text: str
    shown: str = ""

    @property
    def is_synopsis(self) -> bool:
        """``maestro analyze SOURCE... [options]`` is not to be typed."""
        return self.text.startswith(("maestro ", "DIR/")) and '"' not in self.text and bool(_SYNOPSIS.search(self.text))


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("examples/*/README.md"))]


def files(page: Path) -> dict[str, str]:
    """C files that the page shows: a block whose first line is ``/* name.c */``."""
    return {name: text for text, name in _FILE.findall(page.read_text(encoding="utf-8"))}


def commands(page: Path) -> Iterator[Command]:
    """Commands in blocks of code that are indented, in order. Text that happens to be indented has text before it."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number, fenced = 0, False
    while number < len(lines):
        line, before = lines[number], lines[number - 1] if number else ""
        fenced ^= line.lstrip().startswith("```")
        found = None if fenced or (before.strip() and not before.startswith("    ")) else _COMMAND.match(line)
        first = number + 1
        if found:
            text = found[1]
            while text.endswith("\\"):
                number += 1
                text = text[:-1].rstrip() + " " + lines[number].strip()
            shown = list(_shown(lines[number + 1 :])) if line.lstrip().startswith("$ ") else []
            yield Command(page, first, text, "\n".join(shown).rstrip())
        number += 1


def spans(page: Path) -> list[str]:
    """Commands of maestro in the text, as `code`."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [" ".join(found.split()) for found in re.findall(r"(?<!`)`(maestro [^`]+)`", text)]


def _shown(rest: list[str]) -> Iterator[str]:
    for line in rest:
        if (line and not line.startswith("    ")) or line.lstrip().startswith("$ "):
            return
        yield line[4:]
