"""NFs of both dialects built natively, as the reference build does, with sanitizers, and sent packets."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from maestro.frontend.nf import LIBVIG, NATIVE_ONLY, RUNTIME, load
from maestro.verify.reference import entry_text

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
FLAGS = [
    "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-msse4.2", "-g", "-O1",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
]  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


@pytest.mark.parametrize(
    ("nf", "program"),
    [
        (EXAMPLES / "firewall", "firewall_test.c"),
        (EXAMPLES / "firewall-maestro", "firewall_test.c"),
        (HERE / "lab.c", "lab_test.c"),
    ],
    ids=lambda p: Path(p).name,
)
def test_packets(nf: Path, program: str, tmp_path: Path) -> None:
    loaded = load([nf])
    generated = []
    for name, text in {**loaded.generated, "entry.c": entry_text(loaded.entry)}.items():
        generated.append(tmp_path / name)
        generated[-1].write_text(text)
    sources = [
        *loaded.files, *loaded.runtime_files, *generated, HERE / program,
        *(LIBVIG / "src" / name for name in sorted(NATIVE_ONLY)),
        *(LIBVIG / "structs").glob("*.c"), *(RUNTIME / "reference").glob("*.c"),
    ]  # fmt: skip
    includes = [f"-I{d}" for d in loaded.include_dirs]
    built = run("gcc", *FLAGS, *includes, "-o", tmp_path / "test", *sources)
    assert built.returncode == 0, built.stderr
    done = run(tmp_path / "test", ASAN_OPTIONS="detect_leaks=0")  # what an NF allocates, it keeps
    assert done.returncode == 0, done.stderr


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, check=False, env=environment or None
    )
