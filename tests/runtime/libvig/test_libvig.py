"""The C code behind libVig's headers: one test program a header, with sanitizers; every header has one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIBVIG = HERE.parents[2] / "src/maestro/runtime/compat/libvig"
PROGRAMS = sorted(HERE.glob("*_test.c"))
INCLUDE = LIBVIG.parents[1] / "include"
STRICT = [
    "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-msse4.2", f"-I{LIBVIG}", f"-I{INCLUDE}",
]  # fmt: skip

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


def run(*command: str | Path) -> None:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("libvig")
    sources = [*(LIBVIG / "src").glob("*.c"), *(LIBVIG / "structs").glob("*.c")]
    flags = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    compile_all = ["gcc", *STRICT, *flags, "-c", *map(str, sources)]
    done = subprocess.run(compile_all, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return sorted(folder.glob("*.o"))


@needs_gcc
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.stem)
def test_program(program: Path, objects: list[Path], tmp_path: Path) -> None:
    flags = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    run("gcc", *STRICT, *flags, "-o", tmp_path / "test", program, *objects)
    environment = {"ASAN_OPTIONS": "detect_leaks=0"}  # what an NF allocates, it keeps
    done = subprocess.run([tmp_path / "test"], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("source", sorted((LIBVIG / "structs").glob("*.c")), ids=lambda p: p.stem)
def test_every_structure_has_a_program(source: Path) -> None:
    assert (HERE / f"{source.stem.replace('-', '_')}_test.c").is_file()


@needs_gcc
@pytest.mark.parametrize("header", sorted(LIBVIG.rglob("*.h")), ids=lambda p: str(p.relative_to(LIBVIG)))
def test_header_stands_alone(header: Path, tmp_path: Path) -> None:
    source = tmp_path / "one.c"
    source.write_text(f'#include "{header.relative_to(LIBVIG)}"\n#include "{header.relative_to(LIBVIG)}"\n')
    run("gcc", *STRICT, "-fsyntax-only", source)
