"""Source that nobody vouches for: which files the compiler may read for it, and how far it may go."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from maestro.diagnostics import SourceError
from maestro.frontend import bounded, confine
from maestro.frontend.compile import compile_sources
from maestro.ir.program import Program

SECRET = "topsecretword"
MAIN = "\nint f(void) { return 1; }\n"


@pytest.fixture
def nf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for an NF, in it a symbolic link; beside it what it must not see. The current folder is elsewhere."""
    (tmp_path / "nf" / "sub").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.h").write_text(f"# {SECRET}\n#define {SECRET} 1\n{SECRET} : x\n")
    (tmp_path / "outside" / "good.h").write_text("#define GOOD 1\n")
    (tmp_path / "nf" / "link.h").symlink_to(tmp_path / "outside" / "good.h")
    (tmp_path / "nf" / "sub" / "own.h").write_text("#define OWN 1\n")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "nf"


def compiled(nf: Path, text: str, **options: object) -> Program:
    (nf / "nf.c").write_text(text.replace("@", str(nf.parent / "outside")) + MAIN)
    return compile_sources([nf], **options)  # type: ignore[arg-type]


OUTSIDE = {
    "absolute": '#include "@/secret.h"',
    "upwards": '#include "../outside/secret.h"',
    "through a folder of its own": '#include "sub/../../outside/good.h"',
    "by a macro": '#define WHERE "../outside/good.h"\n#include WHERE',
    "symbolic link": '#include "link.h"',
    "a header of the machine": '#include "/etc/passwd"',
    "asked for": '#if __has_include("@/good.h")\nint there;\n#endif',
    "embedded": 'const char data[] = {\n#embed "@/secret.h"\n};',
    "asked for to embed": '#if __has_embed("@/secret.h")\nint there;\n#endif',
    "named as the place of the code": '#line 1 "@/secret.h"\nint g(void) { return 2; }',
    "named in a marker": '# 1 "../outside/secret.h" 1\nint g(void) { return 2; }',
    "with an error as well": '#include "@/secret.h"\n#include "nowhere.h"',
}


@pytest.mark.parametrize("how", OUTSIDE)
def test_files_outside_are_refused_and_not_quoted(how: str, nf: Path) -> None:
    with pytest.raises(SourceError) as caught:
        compiled(nf, OUTSIDE[how])
    assert caught.value.code == "include-outside"
    assert SECRET not in str(caught.value)
    assert "-I DIR" in str(caught.value)


def test_a_link_to_a_source_is_refused(nf: Path) -> None:
    (nf / "more.c").symlink_to(nf.parent / "outside" / "secret.h")
    with pytest.raises(SourceError) as caught:
        compiled(nf, "")
    assert caught.value.code == "include-outside"
    assert SECRET not in str(caught.value)


def test_its_own_headers_and_allowed_ones_are_read(nf: Path) -> None:
    text = '#include <stdio.h>\n#include "sub/own.h"\n#include "link.h"\n#include "good.h"\nint g[OWN + GOOD];'
    assert "f" in compiled(nf, text, include_dirs=[nf.parent / "outside"]).functions
    assert "f" in compiled(nf, '#include "sub/own.h"\n#line 7 "parser.y"\nint g[OWN];').functions


def test_the_environment_adds_no_headers(nf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"):
        monkeypatch.setenv(name, str(nf.parent / "outside"))
    monkeypatch.setenv("CCC_OVERRIDE_OPTIONS", f"+-I{nf.parent / 'outside'}")
    monkeypatch.setenv("ZIG_LIB_DIR", "/nowhere")
    with pytest.raises(SourceError, match=r"'good\.h' file not found"):
        compiled(nf, '#include "good.h"')


def test_the_date_is_always_the_same(nf: Path) -> None:
    program = compiled(nf, "const char *when(void) { return __DATE__ __TIME__; }")
    assert b"Jan  1 1970".hex() in str(program)


def test_macros_that_explode_are_stopped(nf: Path) -> None:
    """By the size of what the preprocessor writes: 2^30 numbers."""
    names = [f"A{i}" for i in range(31)]
    doubling = "\n".join(f"#define {a} {b} {b}" for a, b in pairwise(names))
    with pytest.raises(SourceError) as caught:
        compiled(nf, f"{doubling}\n#define A30 1,\nint x[] = {{ A0 }};")
    assert (caught.value.code, "32 MB" in caught.value.message) == ("compile-limit", True)


def test_headers_that_include_themselves_are_stopped(nf: Path) -> None:
    with pytest.raises(SourceError, match="nested too deeply") as caught:
        compiled(nf, '#include "nf.c"\n#include "nf.c"')
    assert caught.value.code == "compile"


def test_a_compiler_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    bounds = bounded.Bounds(seconds=0.2)
    with pytest.raises(SourceError) as caught:
        bounded.run(["/bin/sh", "-c", "sleep 600 & wait"], bounds, bounded.environment({}), tmp_path)
    assert caught.value.code == "compile-limit"


def test_a_compiler_that_crashes_is_an_error_of_the_source(nf: Path) -> None:
    with pytest.raises(SourceError) as caught:
        compiled(nf, "#pragma clang __debug crash")
    assert caught.value.code == "compile"


def test_names_in_dependency_files() -> None:
    text = "a.o: /x/a.c \\\n  /x/b\\ c.h /x/$$d.h /x/e\\#f.h /x/g\\\\\\ h.h\n"
    assert confine.listed(text) == ["/x/a.c", "/x/b c.h", "/x/$d.h", "/x/e#f.h", "/x/g\\ h.h"]
