"""SKETCH: more than so often, lately."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro.diagnostics import UserError
from native import SECOND
from runtime.dialect.lab import asking, explored, source

COUNT, OVER, KEEP = 1, 2, 3


def nf(tmp_path: Path, declaration: str = "SKETCH(s, uint32_t, 4096, 3, EXPIRES_AFTER(SECONDS(10)));") -> Path:
    body = """
  if (what == 1) sketch_count(s, key);
  else if (what == 2) yes = sketch_over(s, key);
  else sketch_refresh(s, key);"""
    return source(tmp_path, declaration, body)


def test_counts(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path), tmp_path)
    for _ in range(3):
        ask(COUNT, 1)
        assert not ask(OVER, 1)
    ask(COUNT, 1)
    assert ask(OVER, 1), "counted more than three times"
    assert not ask(OVER, 2)


def test_forgets(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path), tmp_path)
    for key in (1, 2):
        for _ in range(9):
            ask(COUNT, key)
    ask(KEEP, 1, time=9 * SECOND)
    assert ask(OVER, 1, time=10 * SECOND)
    assert not ask(OVER, 2, time=10 * SECOND)
    assert ask(OVER, 1, time=19 * SECOND - 1)
    assert not ask(OVER, 1, time=19 * SECOND)


def test_one_object(tmp_path: Path) -> None:
    model = explored(nf(tmp_path))
    assert [(o.name, o.kind, o.capacity, o.threshold) for o in model.objects] == [("s.sketch", "sketch", 4096, 2)]
    assert len(model.paths) == 2 + 1 + 2 + 1 + 1 - 1


@pytest.mark.parametrize(("threshold", "time"), [("0", "SECONDS(1)"), ("65537", "SECONDS(1)"), ("1", "0")])
def test_bad_declarations(tmp_path: Path, threshold: str, time: str) -> None:
    with pytest.raises(UserError, match="needs a time above 0" if time == "0" else "threshold is 1 to 65536"):
        explored(nf(tmp_path, f"SKETCH(s, uint32_t, 64, {threshold}, EXPIRES_AFTER({time}));"))
