"""The compiler driver: cache, what it writes where, native builds, other compilers, speed."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from c_snippets import CompileC

from maestro.diagnostics import SourceError, UnsupportedError
from maestro.frontend import cache as cache_module
from maestro.frontend import compile as driver
from maestro.frontend import toolchain
from maestro.frontend.link import link
from maestro.ir.program import Program


def value(program: Program) -> str:
    f = program.functions["f"]
    return f.operand_name(f.blocks[0].instructions[-1].value)  # type: ignore[union-attr, arg-type]


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "maestro" / "ir"


def test_the_cache_is_used_and_notices_changes(
    cache: Path, compile_c: CompileC, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    really = driver._compile
    monkeypatch.setattr(driver, "_compile", lambda p, *rest: compiled.append(p) or really(p, *rest))  # type: ignore[func-returns-value]
    files = {"inc2/v.h": "#define V 1", "nf.c": '#include "v.h"\nint f(void) { return V; }'}
    folders = [Path("inc1"), Path("inc2")]
    Path("inc1").mkdir()
    assert value(compile_c(files, include_dirs=folders)) == "1"
    assert value(compile_c(files, include_dirs=folders)) == "1"
    assert (len(compiled), len(list(cache.iterdir()))) == (1, 1)
    files["inc2/v.h"] = "#define V 2"
    assert value(compile_c(files, include_dirs=folders)) == "2"
    files["inc1/v.h"] = "#define V 3"  # a new header that hides the old one
    assert value(compile_c(files, include_dirs=folders)) == "3"
    assert value(compile_c(files, include_dirs=folders, defines={"V": "4"})) == "3"
    assert len(compiled) == 4


def test_no_cache_folder_is_no_obstacle(compile_c: CompileC, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocker))
    assert toolchain.cache_dir() is None
    assert value(compile_c("int f(void) { return 1; }")) == "1"


def test_the_cache_forgets_the_oldest(cache: Path, compile_c: CompileC, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_KEPT", 2)
    for n in range(4):
        compile_c(f"int f(void) {{ return {n}; }}")
    assert len(list(cache.iterdir())) == 2


def test_nothing_is_written_beside_the_sources(compile_c: CompileC, tmp_path: Path) -> None:
    compile_c("int f(void) { return 1; }")
    assert [p.name for p in tmp_path.iterdir()] == ["nf.c"]


def test_other_platforms_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(UnsupportedError, match="x86-64 Linux, not on Linux aarch64"):
        toolchain.compiler_command(None)
    with pytest.raises(UnsupportedError, match="only x86-64"):
        link(['target triple = "aarch64-unknown-linux-gnu"\n'], str)


@pytest.mark.parametrize("compiler", [None, "gcc"])
def test_native_builds_run(compiler: str | None, tmp_path: Path) -> None:
    if compiler and not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    (tmp_path / "a.c").write_text('#include "v.h"\nint g(void);\nint main(void) { return g() + V; }')
    (tmp_path / "b.c").write_text("int g(void) { return N << 1; }")
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "v.h").write_text("#define V 2")
    program = tmp_path / "out"
    toolchain.build_native(
        [tmp_path / "a.c", tmp_path / "b.c"],
        program,
        include_dirs=[tmp_path / "inc"],
        defines={"N": "20"},
        compiler=compiler,
    )
    assert subprocess.run([program], check=False).returncode == 42


def test_native_build_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.c").write_text("int main(void) {\n  return x;\n}")
    with pytest.raises(SourceError, match=r"a.c:2: error: .*'x'"):
        toolchain.build_native([Path("a.c")], Path("out"))
    (tmp_path / "a.c").write_text("int g(void);\nint main(void) { return g(); }")
    with pytest.raises(SourceError, match="undefined symbol: g"):
        toolchain.build_native([Path("a.c")], Path("out"))
    assert not Path("out").exists()


@pytest.mark.parametrize("compiler", ["clang-14", "clang-16", "clang-19", "clang"])
def test_system_compilers_give_the_same_program(compiler: str, compile_c: CompileC) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    source = "struct s { char a; int b[3]; } t[2]; int f(struct s *p, int i) { return i > 0 ? p->b[i] : t[1].b[2]; }"
    ours, theirs = compile_c(source), compile_c(source, compiler=compiler)
    count = [[type(i) for b in p.functions["f"].blocks for i in b.instructions] for p in (ours, theirs)]
    assert count[0] == count[1]
    assert theirs.functions["f"].variables


def test_a_large_module_is_read_in_well_under_a_second() -> None:
    body = "".join(
        f"  %a{n} = load i32, ptr %x.addr, align 4, !dbg !{n % 50 + 10}\n"
        f"  %b{n} = add nsw i32 %a{n}, {n}, !dbg !{n % 50 + 10}\n"
        f"  store i32 %b{n}, ptr %x.addr, align 4, !dbg !{n % 50 + 10}\n"
        for n in range(3000)
    )
    nodes = "".join(f"!{n} = !DILocation(line: {n}, column: 3, scope: !5)\n" for n in range(10, 60))
    text = (
        f"define i32 @f(i32 noundef %x) {{\nentry:\n  %x.addr = alloca i32, align 4\n{body}  ret i32 0\n}}\n"
        '!4 = !DIFile(filename: "f.c", directory: "/d")\n!5 = !DISubprogram(name: "f", file: !4, line: 1)\n' + nodes
    )
    start = time.process_time()
    program = link([text], str)
    assert time.process_time() - start < 1.0  # 9000 instructions
    last = program.functions["f"].blocks[0].instructions[-2]
    assert str(last.span) == "/d/f.c:59"
