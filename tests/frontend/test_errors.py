"""Bad input: the message, the C line and the hint."""

from __future__ import annotations

from pathlib import Path

import pytest
from c_snippets import CompileC

from maestro.diagnostics import ExitStatus, InternalError, SourceError, UserError
from maestro.frontend.compile import compile_sources
from maestro.frontend.link import link


def test_syntax_error(compile_c: CompileC) -> None:
    with pytest.raises(SourceError) as e:
        compile_c("int f(void) {\n  return 1\n}\n")
    assert str(e.value) == "nf.c:2: error: expected ';' after return statement [compile]"
    assert e.value.status == ExitStatus.SOURCE


def test_all_errors_are_shown_first_first(compile_c: CompileC) -> None:
    with pytest.raises(SourceError) as e:
        compile_c({"a.c": "int f(void) { return x; }\nint g(void) { return y; }", "b.c": "int h(void) { z(); }"})
    lines = str(e.value).splitlines()
    assert lines[0] == "a.c:1: error: use of undeclared identifier 'x'"
    assert lines[1] == "a.c:2: error: use of undeclared identifier 'y'"
    assert lines[2].startswith("b.c:1: error: call to undeclared function 'z'")


def test_missing_include(compile_c: CompileC) -> None:
    with pytest.raises(SourceError) as e:
        compile_c('#include <stdint.h>\n#include "lib/verified/nothing.h"\n')
    assert str(e.value) == (
        "nf.c:2: error: 'lib/verified/nothing.h' file not found [compile]\n"
        "  hint: add the folder that holds 'lib/verified/nothing.h' with -I DIR"
    )


def test_error_inside_a_header(compile_c: CompileC) -> None:
    with pytest.raises(SourceError) as e:
        compile_c({"sub/h.h": "\n#error not here\n", "nf.c": '#include "sub/h.h"\n'})
    assert str(e.value.span) == "sub/h.h:2"
    assert e.value.message == "not here"


def test_static_assertion(compile_c: CompileC) -> None:
    with pytest.raises(SourceError, match=r"static assertion failed: too big"):
        compile_c('struct s { int a[9]; }; _Static_assert(sizeof(struct s) < 8, "too big");')


def test_warnings_are_not_errors(compile_c: CompileC) -> None:
    assert "f" in compile_c('#warning careful\nint f(void) { int unused; "x"; }').functions


def test_missing_sources(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nosuch.c' does not exist \[no-source\]"):
        compile_sources([tmp_path / "nosuch.c"])
    (tmp_path / "readme.txt").write_text("")
    with pytest.raises(SourceError, match=r"holds no C files \(\*.c\) \[no-source\]"):
        compile_sources([tmp_path])
    with pytest.raises(SourceError, match="no C file was given"):
        compile_sources([])


def test_missing_include_folder(compile_c: CompileC) -> None:
    with pytest.raises(UserError, match="the include folder 'inc' does not exist"):
        compile_c("int x;", include_dirs=[Path("inc")])


def test_missing_compiler(compile_c: CompileC) -> None:
    with pytest.raises(UserError, match="the compiler 'no-such-clang' was not found"):
        compile_c("int x;", compiler="no-such-clang")


def test_names_of_files_outside_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nf").mkdir()
    (tmp_path / "inc").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "nf" / "f.c").write_text('#include "h.h"\nint f(void) { return g(); }')
    (tmp_path / "inc" / "h.h").write_text("static inline int g(void) { return 1; }")
    monkeypatch.chdir(tmp_path / "work")
    program = compile_sources([Path("../nf")], include_dirs=[tmp_path / "inc"])
    assert str(program.functions["f"].span) == "../nf/f.c:2"
    assert str(program.functions["g"].span) == f"{tmp_path}/inc/h.h:1"


def test_unreadable_ir_is_our_bug_and_quotes_the_line() -> None:
    text = "define i32 @f() {\nentry:\n  %x = load i32, i32\n  ret i32 %x\n}\n"
    with pytest.raises(InternalError, match="cannot read IR line: %x = load i32, i32"):
        link([text], str)


def test_state_that_is_not_declared(compile_c: CompileC) -> None:
    with pytest.raises(SourceError) as e:
        compile_c("#define map_put(m, ...) maestro_put_##m(__VA_ARGS__)\nvoid f(void) { map_put(hosts, 1, 2); }")
    assert e.value.hint is not None
    assert e.value.hint.startswith("declare hosts at file level, before this line: MAP, COUNTER")
