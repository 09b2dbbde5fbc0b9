"""Initial values of global variables: bytes and relocations."""

from __future__ import annotations

import pytest
from c_snippets import CompileC

from maestro.diagnostics import UnsupportedError
from maestro.ir.program import GlobalVariable, Program
from maestro.ir.types import SymbolAddress


def addresses(g: GlobalVariable) -> list[tuple[int, str, int]]:
    return [(r.offset, r.symbol, r.addend) for r in g.relocations]


def text_at(program: Program, g: GlobalVariable, offset: int) -> bytes:
    (symbol,) = [r.symbol for r in g.relocations if r.offset == offset]
    return program.globals[symbol].data or b""


def test_designated_initializers(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <stdint.h>
        struct __attribute__((packed)) flow { uint32_t src; uint16_t port; uint8_t proto; };
        struct flow flows[4] = {[1] = {.port = 0x1234, .proto = 6}, [3] = {proto: 17, src: 0x01020304}};
        """
    )
    g = program.globals["flows"]
    assert g.data is not None
    assert g.data.hex(" ", 7) == "00000000000000 00000000341206 00000000000000 04030201000011"
    assert (g.is_constant, g.linkage, str(g.span)) == (False, "external", "nf.c:3")


def test_partly_initialized_tables_and_unions(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        union u { int i; char c[8]; };
        union u u[2] = {{.c = "ab"}, {.i = 258}};
        unsigned char sparse[300] = {1, 2, [299] = 9};
        short negative[2] = {-1, -2};
        """
    )
    assert program.globals["u"].data == b"ab" + bytes(6) + b"\x02\x01" + bytes(6)
    assert program.globals["sparse"].data == b"\x01\x02" + bytes(297) + b"\x09"
    assert program.globals["negative"].data == b"\xff\xff\xfe\xff"


def test_strings_with_escapes(compile_c: CompileC) -> None:
    program = compile_c(
        r"""
        const char *words[] = {"a\"b\\\n\x01\xff", "", "é"};
        char copy[8] = "x\0y";
        """
    )
    g = program.globals["words"]
    assert [text_at(program, g, n) for n in (0, 8, 16)] == [b'a"b\\\n\x01\xff\0', b"\0", "é\0".encode()]
    assert program.globals["copy"].data == b"x\0y\0\0\0\0\0"


def test_addresses_into_other_globals(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        struct s { int a; struct { short b[4]; } c; };
        struct s table[3];
        short *inner = &table[2].c.b[1];
        int *before = &table[1].a - 1;
        unsigned long as_number = (unsigned long)&table[1];
        unsigned long offset = __builtin_offsetof(struct s, c.b[3]);
        unsigned long old_offset = (unsigned long)&((struct s *)0)->c.b[2];
        void *absolute = (void *)0x1000;
        """
    )
    g = program.globals
    assert addresses(g["inner"]) == [(0, "table", 24 + 4 + 2)]
    assert addresses(g["before"]) == [(0, "table", 8)]
    assert addresses(g["as_number"]) == [(0, "table", 12)]
    assert [int.from_bytes(g[n].data or b"", "little") for n in ("offset", "old_offset", "absolute")] == [10, 8, 4096]


def test_constant_addresses_in_code_are_folded(compile_c: CompileC) -> None:
    program = compile_c("struct s { int a, b; } t[4]; int f(void) { return t[3].b; }")
    f = program.functions["f"]
    assert f.constants == (SymbolAddress("t", 28),)


def test_static_locals_and_external_variables(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        extern int elsewhere;
        int next(void) { static int counter = 3; return counter++ + elsewhere; }
        """
    )
    assert program.globals["elsewhere"].data is None
    assert program.globals["next.counter"].data == b"\x03\0\0\0"
    assert str(program.globals["next.counter"].span) == "nf.c:2"


def test_large_zero_tables_are_read_quickly(compile_c: CompileC) -> None:
    program = compile_c("struct row { long a; char b; } table[1 << 20]; int f(void) { return table[5].b; }")
    assert program.globals["table"].size == 16 << 20


def test_label_tables_are_refused_with_their_line(compile_c: CompileC) -> None:
    with pytest.raises(UnsupportedError, match=r"nf\.c:2: error: the global variable 'f\.to' has") as e:
        compile_c(
            """\
            int f(int x) {
              static const void *to[] = {&&a, &&b};
              goto *to[x];
            a: return 1;
            b: return 2;
            }
            """
        )
    assert e.value.code == "global"
