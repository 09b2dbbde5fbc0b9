"""Textual IR that the bundled compiler does not print: other versions, odd names, rare syntax."""

from __future__ import annotations

import textwrap

import pytest

from maestro.frontend.constants import float_bits
from maestro.frontend.lexer import Cursor, string_bytes, symbol
from maestro.frontend.link import link
from maestro.frontend.types import TypeTable
from maestro.ir.program import Binary, Branch, Call, Program, Return, Select, Switch, Unsupported
from maestro.ir.types import (
    ArrayType,
    ConstExpr,
    FloatType,
    IntConst,
    IntType,
    OpaqueType,
    PtrType,
    SymbolAddress,
    UnsupportedConst,
    VectorType,
    align_of,
    size_of,
    store_size,
    struct_type,
)

DEBUG = """\
!1 = !DIFile(filename: "nf.c", directory: "/d")
!2 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 3, unit: !9)
!3 = !DILocalVariable(name: "x", arg: 1, scope: !2, file: !1, line: 3, type: !4)
!4 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)
!5 = !DILocation(line: 3, column: 7, scope: !2)
!6 = !DILocation(line: 0, scope: !2)
!7 = !DILocation(line: 4, column: 3, scope: !8)
!8 = !DILexicalBlockFile(scope: !2, file: !1, discriminator: 2)
"""


def read(text: str) -> Program:
    return link([textwrap.dedent(text) + DEBUG], str)


def test_debug_intrinsics_of_older_compilers() -> None:
    program = read(
        """\
        define i32 @f(i32 noundef %x) #0 !dbg !2 {
        entry:
          %x.addr = alloca i32, align 4
          store i32 %x, ptr %x.addr, align 4
          call void @llvm.dbg.declare(metadata ptr %x.addr, metadata !3, metadata !DIExpression()), !dbg !5
          call void @llvm.lifetime.start.p0(i64 4, ptr %x.addr) #4, !dbg !5
          %0 = load i32, ptr %x.addr, align 4, !dbg !7, !tbaa !11
          ret i32 %0, !dbg !6
        }
        """
    )
    f = program.functions["f"]
    assert [(v.name, f.slots[v.slot].name, v.parameter) for v in f.variables] == [("x", "x.addr", True)]
    assert [str(i.span) for i in f.blocks[0].instructions] == ["/d/nf.c:3", "/d/nf.c:3", "/d/nf.c:4", "/d/nf.c:4"]


def test_entry_blocks_without_a_label() -> None:
    program = read(
        """\
        define i32 @f(i32 %0, i1 %1) {
          br i1 %1, label %3, label %4

        3:                                                ; preds = %2
          br label %4, !llvm.loop !12

        4:                                                ; preds = %3, %2
          %5 = phi i32 [ %0, %2 ], [ -1, %3 ]
          ret i32 %5
        }
        """
    )
    f = program.functions["f"]
    assert [b.label for b in f.blocks] == ["2", "3", "4"]
    assert f.blocks[2].phis[0].incoming == {0: 0, 1: f.blocks[2].phis[0].incoming[1]}
    assert f.operand_name(f.blocks[2].phis[0].incoming[1]) == str(2**32 - 1)


def test_attributes_of_newer_compilers() -> None:
    program = read(
        """\
define internal fastcc range(i32 0, 7) i32 @f(ptr captures(none) initializes((0, 8)) %p, i64 range(i64 1, 5) %n) #0 {
"entry point":
  %"odd name" = trunc nuw nsw i64 %n to i32
  %b = icmp samesign ult i32 %"odd name", 5
  %c = zext nneg i32 %"odd name" to i64
  %d = or disjoint i64 %c, 1
  %e = getelementptr inbounds nuw i8, ptr %p, i64 %d
  %r = tail call noundef range(i32 0, 5) i32 %p(ptr nonnull align 8 dereferenceable(16) %e, i32 signext -3) #3
  %s = select i1 %b, i32 %r, i32 0
  ret i32 %s
}
        """
    )
    f = program.functions["f"]
    assert (f.linkage, [p.name for p in f.parameters]) == ("internal", ["p", "n"])
    code = f.blocks[0].instructions
    assert f.blocks[0].label == "entry point"
    assert f.slots[2].name == "odd name"
    assert isinstance(code[3], Binary)
    assert code[3].flags == ("disjoint",)
    call, select, done = code[5:]
    assert isinstance(call, Call)
    assert [f.operand_name(a) for a in call.args] == ["%e", str(2**32 - 3)]
    assert isinstance(select, Select)
    assert isinstance(done, Return)


def test_control_flow_that_is_refused_ends_its_block() -> None:
    program = read(
        """\
        define void @f(ptr %p) {
        entry:
          callbr void asm sideeffect "", "r,!i"(ptr %p)
                  to label %a [label %b], !srcloc !77
        a:
          indirectbr ptr %p, [label %b]
        b:
          switch i8 0, label %a [
            i8 -128, label %b
          ]
        }
        """
    )
    blocks = program.functions["f"].blocks
    ends = [b.instructions[-1] for b in blocks]
    assert [e.what for e in ends if isinstance(e, Unsupported)] == ["asm goto", "a computed goto"]
    assert isinstance(ends[2], Switch)
    assert (ends[2].cases, ends[2].default) == ({128: 2}, 1)


def test_constant_expressions() -> None:
    program = read(
        """\
%struct.s = type { i32, [4 x i16] }
@t = internal global [3 x %struct.s] zeroinitializer, align 16
define void @f(ptr %p) {
entry:
  store ptr getelementptr inbounds ([3 x %struct.s], ptr @t, i64 0, i64 1, i32 1, i64 2), ptr %p
  store i64 ptrtoint (ptr @t to i64), ptr %p
  store i64 sub (i64 ptrtoint (ptr getelementptr (i8, ptr @t, i64 9) to i64), i64 ptrtoint (ptr @t to i64)), ptr %p
  store i64 ptrtoint (ptr getelementptr (%struct.s, ptr null, i32 0, i32 1) to i64), ptr %p
  store ptr inttoptr (i64 ptrtoint (ptr @t to i64) to ptr), ptr %p
  store ptr blockaddress(@f, %entry), ptr %p
  store i64 add (i64 ptrtoint (ptr @t to i64), i64 3), ptr %p
  ret void
}
        """
    )
    assert program.functions["f"].constants == (
        SymbolAddress("t", 20),
        ConstExpr("ptrtoint", IntType(64), (SymbolAddress("t"),)),
        IntConst(9, 64),
        IntConst(4, 64),
        SymbolAddress("t"),
        UnsupportedConst("blockaddress"),
        ConstExpr("add", IntType(64), (ConstExpr("ptrtoint", IntType(64), (SymbolAddress("t"),)), IntConst(3, 64))),
    )


def test_floats_are_bit_patterns() -> None:
    single, double, extended = FloatType("float", 4, 4), FloatType("double", 8, 8), FloatType("x86_fp80", 16, 16)
    assert float_bits("2.500000e+00", single) == IntConst(0x40200000, 32)
    assert float_bits("0x3FB99999A0000000", single) == IntConst(0x3DCCCCCD, 32)
    assert float_bits("-1.000000e+00", double) == IntConst(0xBFF0000000000000, 64)
    assert float_bits("0xK3FFF8000000000000000", extended) == IntConst(0x3FFF8000000000000000, 80)


@pytest.mark.parametrize(
    ("text", "store", "size", "align"),
    [
        ("i1", 1, 1, 1),
        ("i24", 3, 4, 4),
        ("i40", 5, 8, 8),
        ("i104", 13, 16, 16),
        ("i128", 16, 16, 16),
        ("ptr", 8, 8, 8),
        ("x86_fp80", 10, 16, 16),
        ("[3 x i24]", 12, 12, 4),
        ("<{ i8, i32, ptr }>", 13, 13, 1),
        ("{ i8, { i16, i8 }, i64 }", 16, 16, 8),
        ("<4 x i32>", 16, 16, 16),
        ("{}", 0, 0, 1),
    ],
)
def test_sizes(text: str, store: int, size: int, align: int) -> None:
    t = TypeTable({}).parse(Cursor(text))
    assert (store_size(t), size_of(t), align_of(t)) == (store, size, align)


def test_types_by_name() -> None:
    table = TypeTable({"%a": "{ i8, %b }", "%b": "<{ i32, ptr }>", "%c": "opaque"})
    inner = struct_type("b", (IntType(32), PtrType()), True)
    assert table.parse(Cursor("%a")) == struct_type("a", (IntType(8), inner), False)
    assert table.parse(Cursor("%c")) == OpaqueType("c")
    assert table.parse(Cursor("[2 x <2 x i64>]")) == ArrayType(VectorType(IntType(64), 2), 2)


def test_names_and_strings() -> None:
    assert symbol('@"a\\22b"') == 'a"b'
    assert symbol("%plain.name$1") == "plain.name$1"
    assert string_bytes(r'c"a\00\\\FFz"') == b"a\0\\\xffz"


def test_unconditional_branches() -> None:
    program = read("define void @f() {\na:\n  br label %b\nb:\n  ret void\n}\n")
    (branch,) = program.functions["f"].blocks[0].instructions
    assert isinstance(branch, Branch)
    assert (branch.condition, branch.then, branch.otherwise) == (None, 1, 1)
