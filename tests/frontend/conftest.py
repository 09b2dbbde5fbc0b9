from __future__ import annotations

import functools
from pathlib import Path

import pytest
from c_snippets import CompileC, compile_folder


@pytest.fixture
def compile_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CompileC:
    """``compile_c("…")`` compiles ``nf.c``; ``compile_c({"a.c": "…", "a.h": "…"})`` a folder. Run in that folder."""
    monkeypatch.chdir(tmp_path)
    return functools.partial(compile_folder, tmp_path)
