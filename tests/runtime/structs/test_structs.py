"""The state structures: each header's own test program, warning-free and under the sanitizers."""

from __future__ import annotations

import platform
import re
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
        "bytes", "cht", "dchain", "expire", "flow_map", "indices", "lock", "lpm", "map", "merge", "ring", "rtm",
        "shared_dchain", "sketch", "vector",
    }  # fmt: skip
    assert own <= {p.removesuffix("_test") for p in PROGRAMS}


@needs_gcc
def test_ring_between_threads_has_no_data_race(tmp_path: Path) -> None:
    build_and_run(HERE / "ring_test.c", tmp_path / "ring_test", "gcc", "-O1", "-g", "-fsanitize=thread", "-pthread")


@needs_gcc
@pytest.mark.skipif(platform.machine() != "x86_64", reason="transactions are for x86-64")
@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump (binutils) is not installed")
def test_transactions_are_the_instructions_that_they_should_be(tmp_path: Path) -> None:
    """They are written as bytes; a disassembler knows them on any machine."""
    program = tmp_path / "rtm_test"
    build_and_run(HERE / "rtm_test.c", program, "gcc", "-O2")
    text = subprocess.run(["objdump", "-d", str(program)], capture_output=True, text=True, check=True).stdout
    begins = re.findall(
        r"^\s*[0-9a-f]+:\s+c7 f8 00 00 00 00\s+xbegin ([0-9a-f]+) .*\n\s*([0-9a-f]+):", text, re.MULTILINE
    )
    assert begins
    assert all(target == following for target, following in begins)
    assert re.search(r"\bxend\b", text)
    assert re.search(r"\bxabort \$0xff", text)
