"""The state structures: each header's own test program, warning-free and under the sanitizers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import maestro

HERE = Path(__file__).parent
INCLUDE = Path(maestro.__file__).parent / "runtime" / "include"
WARNINGS = ("-std=gnu11", "-pthread", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}", f"-I{HERE}")
PROGRAMS = sorted(p.stem for p in HERE.glob("*_test.c"))
CLANG = (sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-gnu")

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


def build_and_run(source: Path, program: Path, *compiler: str) -> None:
    subprocess.run([*compiler, *WARNINGS, str(source), "-o", str(program)], check=True)
    subprocess.run([str(program)], check=True, timeout=60)


@needs_gcc
@pytest.mark.parametrize("name", PROGRAMS)
def test_under_sanitizers(name: str, tmp_path: Path) -> None:
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    build_and_run(HERE / f"{name}.c", tmp_path / name, "gcc", *flags)


@needs_gcc
@pytest.mark.parametrize("name", PROGRAMS)
def test_optimised(name: str, tmp_path: Path) -> None:
    build_and_run(HERE / f"{name}.c", tmp_path / name, "gcc", "-O3")


@needs_gcc
def test_locks_under_thread_sanitizer(tmp_path: Path) -> None:
    build_and_run(HERE / "lock_test.c", tmp_path / "lock_test", "gcc", "-O1", "-g", "-fsanitize=thread")


def test_optimised_by_clang_with_sse42(tmp_path: Path) -> None:
    for name in ("bytes_test", "map_test", "sketch_test"):
        build_and_run(HERE / f"{name}.c", tmp_path / name, *CLANG, "-O2", "-msse4.2")


def test_every_header_has_a_test() -> None:
    own = {
        "bytes", "cht", "dchain", "expire", "flow", "indices", "lock", "lpm", "map", "merge", "ring", "shared_dchain",
        "sketch", "vector",
    }  # fmt: skip
    assert own <= {p.removesuffix("_test") for p in PROGRAMS}


@needs_gcc
def test_ring_between_threads_has_no_data_race(tmp_path: Path) -> None:
    build_and_run(HERE / "ring_test.c", tmp_path / "ring_test", "gcc", "-O1", "-g", "-fsanitize=thread", "-pthread")
