"""Compile C snippets on the fly."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

from maestro.frontend.compile import compile_sources
from maestro.ir.program import Program

CompileC = Callable[..., Program]


def compile_folder(folder: Path, source: str | dict[str, str], **options: object) -> Program:
    """Write ``nf.c``, or the files of a dictionary, into ``folder`` (the current one) and compile it."""
    files = {"nf.c": source} if isinstance(source, str) else source
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return compile_sources([Path(".")], **options)  # type: ignore[arg-type]
