"""Native programs from objects, some of which are kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from maestro.diagnostics import SourceError
from maestro.frontend import objects
from maestro.frontend.objects import Build, build_program


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The C files that the compiler was asked to compile."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files: list[str] = []
    really = objects.run_compiler

    def run(command: list[str], *, compiler: str | None = None) -> subprocess.CompletedProcess[str]:
        files.extend(Path(word).name for word in command if word.endswith(".c"))
        return really(command, compiler=compiler)

    monkeypatch.setattr(objects, "run_compiler", run)
    return files


def project(folder: Path, value: int = 20) -> tuple[list[Path], Path]:
    (folder / "inc").mkdir(parents=True)
    (folder / "inc" / "v.h").write_text(f"#define V {value}\n")
    (folder / "a.c").write_text('#include "v.h"\nint g(void);\nint main(void) { return g() + V; }')
    (folder / "b.c").write_text('#include "v.h"\nint g(void) { return V + N; }')
    return [folder / "a.c", folder / "b.c"], folder / "out"


def run(program: Path) -> int:
    return subprocess.run([program], check=False).returncode


def build_of(folder: Path, known: Path, defines: dict[str, str | None]) -> Build:
    return Build(
        [folder / "inc"], defines=defines, known=frozenset({known}), headers=(folder / "inc" / "v.h").read_text()
    )


def test_known_files_are_compiled_once_wherever_they_lie(compiled: list[str], tmp_path: Path) -> None:
    for name in ("one", "two"):
        sources, output = project(tmp_path / name)
        build_program(sources, output, build_of(tmp_path / name, sources[1], {"N": "2"}))
        assert run(output) == 42
    assert sorted(compiled) == ["a.c", "a.c", "b.c"]


def test_headers_and_definitions_count(compiled: list[str], tmp_path: Path) -> None:
    for name, value, more in (("one", 20, "2"), ("two", 21, "2"), ("three", 20, "3")):
        sources, output = project(tmp_path / name, value)
        build_program(sources, output, build_of(tmp_path / name, sources[1], {"N": more}))
        assert run(output) == 2 * value + int(more)
    assert compiled.count("b.c") == 3


def test_every_file_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.c").write_text("int main(void) {\n  return x;\n}")
    Path("b.c").write_text("\nint g(void) { return y; }")
    with pytest.raises(SourceError, match=r"(?s)a.c:2: error: .*'x'.*b.c:2: error: .*'y'"):
        build_program([Path("a.c"), Path("b.c")], Path("out"), Build())
    Path("a.c").write_text("int g(void);\nint main(void) { return g(); }")
    with pytest.raises(SourceError, match="undefined symbol: g"):
        build_program([Path("a.c")], Path("out"), Build())
    assert not Path("out").exists()
