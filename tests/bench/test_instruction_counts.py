"""Instructions are counted in the rounds alone, and come out the same every time."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from maestro.bench.floor import build_floor
from maestro.bench.instructions import per_packet
from maestro.bench.measure import Load, Program
from maestro.diagnostics import UserError
from maestro.traffic.fast import write_shape
from maestro.traffic.shapes import Shape


def test_instructions_of_the_floor(tmp_path: Path) -> None:
    if not shutil.which("valgrind") and not os.environ.get("CI"):
        pytest.skip("there is no valgrind")
    build_floor(tmp_path / "floor")
    program = Program("floor", "floor", 1, tmp_path / "floor")
    load = Load("uniform", 100, 64, write_shape(Shape(flows=100, packets=2000), (0, 1), tmp_path / "traffic"))
    found = per_packet(program, load)
    assert 20 < found < 120
    assert per_packet(program, load) == pytest.approx(found, rel=0.01)


def test_without_valgrind_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="needs valgrind") as error:
        per_packet(Program("x", "x", 1, Path("x")), Load("x", 1, 64, {}))
    assert error.value.code == "callgrind"
