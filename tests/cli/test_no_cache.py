"""``--no-cache``: nothing compiled before is used, nothing is kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.command_line import EXAMPLES, maestro


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_nothing_is_kept(cache: Path) -> None:
    run = maestro("analyze", EXAMPLES / "firewall-maestro", "--no-cache")
    assert run.status == 0
    assert "shared-nothing" in run.out
    assert list(cache.iterdir()) == []
    assert "MAESTRO_NO_CACHE" not in os.environ


def test_nothing_kept_is_used(cache: Path) -> None:
    assert maestro("analyze", EXAMPLES / "firewall-maestro").status == 0
    kept = [path for path in (cache / "maestro" / "ir").iterdir() if path.is_file()]
    assert kept
    for path in kept:
        path.write_text("not IR")
    assert maestro("analyze", EXAMPLES / "firewall-maestro", "--no-cache").status == 0
    assert {path.read_text() for path in kept} == {"not IR"}
