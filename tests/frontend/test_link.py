"""Several files, one program."""

from __future__ import annotations

from pathlib import Path

import pytest
from c_snippets import CompileC

from maestro.diagnostics import SourceError
from maestro.frontend.compile import compile_sources
from maestro.ir.program import Call, Program


def callees(program: Program, name: str) -> list[str | None]:
    return [i.callee for b in program.functions[name].blocks for i in b.instructions if isinstance(i, Call)]


def returned(program: Program, name: str) -> str:
    """The constant that a function stores into its return slot or returns."""
    f = program.functions[name]
    return f.operand_name(f.blocks[0].instructions[-1].value)  # type: ignore[union-attr, arg-type]


def test_declarations_meet_definitions(compile_c: CompileC) -> None:
    program = compile_c(
        {
            "a.c": "extern int shared; int helper(int); int f(void) { return helper(shared); }",
            "b.c": "int shared = 7; int helper(int x) { return x; }",
        }
    )
    assert not program.functions["helper"].is_declaration
    assert str(program.functions["helper"].span) == "b.c:1"
    assert program.globals["shared"].data == b"\x07\0\0\0"


def test_static_symbols_are_kept_apart(compile_c: CompileC) -> None:
    program = compile_c(
        {
            "a.c": 'static int n = 1; static int get(void) { return n; } int f(void) { return get(); } char *s = "a";',
            "b.c": 'static int n = 2; static int get(void) { return n; } int g(void) { return get(); } char *t = "b";',
            "c.c": "int get(void) { return 3; } int h(void) { return get(); }",
        }
    )
    assert callees(program, "f") == ["get.1"]
    assert callees(program, "g") == ["get.2"]
    assert callees(program, "h") == ["get"]
    assert {f.name for f in program.functions.values() if f.display == "get"} == {"get", "get.1", "get.2"}
    assert [program.globals[n].data for n in ("n", "n.1")] == [b"\x01\0\0\0", b"\x02\0\0\0"]
    strings = [program.globals[program.globals[n].relocations[0].symbol].data for n in "st"]
    assert strings == [b"a\0", b"b\0"]


def test_static_inline_functions_of_a_header(compile_c: CompileC) -> None:
    program = compile_c(
        {
            "h.h": "struct s { int x; };\nstatic inline int get(struct s *p) {\n  return p->x;\n}\n",
            "a.c": '#include "h.h"\nint f(struct s *p) { return get(p); }',
            "b.c": '#include "h.h"\nint g(struct s *p) { return get(p); }',
        }
    )
    both = [f for f in program.functions.values() if f.display == "get"]
    assert len(both) == 2
    assert {str(f.span) for f in both} == {"h.h:2"}


def test_types_of_one_name_do_not_clash(compile_c: CompileC) -> None:
    program = compile_c({"a.c": "struct s { char c; } a;", "b.c": "struct s { long l[4]; } b;"})
    assert (program.globals["a"].size, program.globals["b"].size) == (1, 32)


def test_weak_definitions_yield(compile_c: CompileC) -> None:
    weak = "__attribute__((weak)) int f(void) { return 1; }"
    strong = "int f(void) { return 2; }"
    for files in ({"a.c": weak, "b.c": strong}, {"a.c": strong, "b.c": weak}):
        assert returned(compile_c(files), "f") == "2"


def test_tentative_definitions_are_definitions(compile_c: CompileC) -> None:
    with pytest.raises(SourceError, match=r"'config' is defined twice: at a\.c:1 and at b\.c:1"):
        compile_c({"a.c": "int config;", "b.c": "int config;"})


def test_duplicate_functions_name_both_places(compile_c: CompileC) -> None:
    with pytest.raises(SourceError) as e:
        compile_c({"a.c": "int f(void) { return 1; }", "b.c": "\n\nint f(void) { return 2; }"})
    assert str(e.value) == (
        "b.c:3: error: 'f' is defined twice: at a.c:1 and at b.c:3 [duplicate-symbol]\n"
        "  hint: remove one, or make one 'static'"
    )


def test_a_function_defined_in_a_header_asks_for_static(compile_c: CompileC) -> None:
    with pytest.raises(SourceError, match=r"at h.h:1 and at h.h:1") as e:
        compile_c({"h.h": "int f(void) { return 1; }", "a.c": '#include "h.h"', "b.c": '#include "h.h"'})
    assert e.value.hint == "make it 'static' (or 'static inline')"


def test_aliases_stand_for_their_targets(compile_c: CompileC) -> None:
    program = compile_c(
        {
            "a.c": 'int f(void) { return 1; } int g(void) __attribute__((alias("f")));',
            "b.c": "int g(void); int h(void) { return g(); }",
        }
    )
    assert callees(program, "h") == ["f"]


def test_extra_sources_and_defines(tmp_path: Path, compile_c: CompileC) -> None:
    extra = tmp_path / "extra"
    extra.mkdir()
    (extra / "x.c").write_text("int x(void) { return VALUE; }")
    program = compile_c(
        "int f(void) { return 1; }", extra_sources=[extra / "x.c"], defines={"VALUE": "5", "FLAG": None}
    )
    assert returned(program, "x") == "5"


def test_generated_sources_are_named_as_ours(compile_c: CompileC) -> None:
    program = compile_c("int x(void); int f(void) { return x(); }", generated={"maps.c": "int x(void) { return 6; }"})
    assert returned(program, "x") == "6"
    assert str(program.functions["x"].span) == "<maestro>/maps.c:1"
    with pytest.raises(SourceError, match=r"<maestro>/bad\.c:1: error"):
        compile_c("int y;", generated={"bad.c": "int"})


def test_source_files_are_linked_once(tmp_path: Path, compile_c: CompileC) -> None:
    compile_c("int f(void) { return 1; }")
    program = compile_sources([tmp_path, tmp_path / "nf.c", Path("./nf.c")])
    assert list(program.functions) == ["f"]
