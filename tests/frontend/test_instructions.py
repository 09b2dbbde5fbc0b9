"""C constructs → instructions, compared with the text form of the program."""

from __future__ import annotations

from c_snippets import CompileC

from maestro.ir.program import Branch, Call, Function, GetElementPtr, Instruction, Phi, Program, Switch, Unsupported
from maestro.ir.program_text import function_text, instruction_text
from maestro.ir.types import IntConst, IntType, PtrType, StructType, size_of


def code(program: Program, name: str) -> list[str]:
    """The instructions of a function without allocas, locations and block labels."""
    f = program.functions[name]
    lines = [instruction_text(f, i) for b in f.blocks for i in (*b.phis, *b.instructions)]
    return [line for line in lines if " = alloca " not in line]


def instructions(f: Function) -> list[Instruction]:
    return [i for b in f.blocks for i in b.instructions]


def test_the_text_form_of_a_whole_function(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        int clamp(int x, int top) {
          if (x > top)
            return top;
          return x;
        }
        """
    )
    assert function_text(program.functions["clamp"]) == "\n".join(
        [
            "define external i32 @clamp(i32 %x, i32 %top)  ; nf.c:1",
            "entry:",
            f"{'  %retval = alloca i32 align 4':<60} ; nf.c:1",
            f"{'  %x.addr = alloca i32 align 4':<60} ; nf.c:1",
            f"{'  %top.addr = alloca i32 align 4':<60} ; nf.c:1",
            f"{'  store i32 %x -> %x.addr':<60} ; nf.c:1",
            f"{'  store i32 %top -> %top.addr':<60} ; nf.c:1",
            f"{'  %0 = load i32 %x.addr':<60} ; nf.c:2",
            f"{'  %1 = load i32 %top.addr':<60} ; nf.c:2",
            f"{'  %cmp = sgt i32 %0, %1':<60} ; nf.c:2",
            f"{'  if %cmp goto if.then else if.end':<60} ; nf.c:2",
            "if.then:",
            f"{'  %2 = load i32 %top.addr':<60} ; nf.c:3",
            f"{'  store i32 %2 -> %retval':<60} ; nf.c:3",
            f"{'  goto return':<60} ; nf.c:3",
            "if.end:",
            f"{'  %3 = load i32 %x.addr':<60} ; nf.c:4",
            f"{'  store i32 %3 -> %retval':<60} ; nf.c:4",
            f"{'  goto return':<60} ; nf.c:4",
            "return:",
            f"{'  %4 = load i32 %retval':<60} ; nf.c:5",
            f"{'  return %4':<60} ; nf.c:5",
        ]
    )


def test_frame_numbering_and_slot_types(compile_c: CompileC) -> None:
    program = compile_c("long f(char c) { return c + 70000L; }")
    f = program.functions["f"]
    assert [s.name for s in f.slots] == ["c", "c.addr", "0", "conv", "add"]
    assert [type(s.type) for s in f.slots] == [IntType, PtrType, IntType, IntType, IntType]
    assert f.constants == (IntConst(70000, 64),)
    assert f.frame_size == 6
    assert f.operand_name(5) == "70000"


def test_struct_layouts(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <stdint.h>
        struct loose { uint8_t a; uint32_t b; uint8_t c; uint64_t d; uint16_t e; };
        struct __attribute__((packed)) tight { uint8_t a; uint32_t b; uint64_t c; struct loose d; };
        struct loose x; struct tight y; struct loose z[3];
        """
    )
    loose, tight = program.globals["x"].type, program.globals["y"].type
    assert isinstance(loose, StructType)
    assert isinstance(tight, StructType)
    assert (loose.offsets, loose.size, loose.align) == ((0, 4, 8, 16, 24), 32, 8)
    assert (tight.offsets, tight.size, tight.align, tight.packed) == ((0, 1, 5, 13), 45, 1, True)
    assert program.globals["z"].size == 96
    assert program.globals["z"].data == bytes(96)


def test_addresses_are_resolved_to_bytes(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <stdint.h>
        struct __attribute__((packed)) cell { uint8_t kind; uint32_t word[4]; };
        struct table { uint64_t n; struct cell cells[10]; };
        uint32_t f(struct table *t, int i, uint8_t j) { return t->cells[i].word[j]; }
        uint8_t g(struct cell *c) { return c[-2].kind; }
        """
    )
    f = program.functions["f"]
    geps = [i for i in instructions(f) if isinstance(i, GetElementPtr)]
    assert [(g.offset, [(s, w) for _, s, w in g.indices]) for g in geps] == [
        (8, []),
        (0, [(17, 64)]),
        (1, []),
        (0, [(4, 64)]),
    ]
    assert "%arrayidx = %0 + -34" in code(program, "g")


def test_switch_with_negative_cases(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        int f(signed char x) {
          switch (x) {
            case -1: return 3;
            case 5: case 6: return 4;
            default: return 0;
          }
        }
        """
    )
    f = program.functions["f"]
    (switch,) = [i for i in instructions(f) if isinstance(i, Switch)]
    assert switch.bits == 32
    assert {v: f.blocks[b].label for v, b in switch.cases.items()} == {0xFFFFFFFF: "sw.bb", 5: "sw.bb1", 6: "sw.bb1"}
    assert f.blocks[switch.default].label == "sw.default"


def test_phis_stand_apart(compile_c: CompileC) -> None:
    program = compile_c("_Bool f(int a, int b) { return a && b; }")
    f = program.functions["f"]
    (phi,) = f.blocks[2].phis
    assert isinstance(phi, Phi)
    assert {f.blocks[b].label: f.operand_name(x) for b, x in phi.incoming.items()} == {
        "entry": "0",
        "land.rhs": "%tobool1",
    }
    assert f.return_type == IntType(1)
    branch = f.blocks[0].instructions[-1]
    assert isinstance(branch, Branch)
    assert (branch.then, branch.otherwise) == (1, 2)


def test_a_conditional_without_effects_is_a_phi_or_select(compile_c: CompileC) -> None:
    text = "\n".join(code(compile_c("int f(int c) { return c ? 10 : 20; }"), "f"))
    assert "%cond = phi i32 [cond.true: 10, cond.false: 20]" in text or "? 10 : 20" in text


def test_indirect_calls_and_function_pointer_tables(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        static int up(int x) { return x + 1; }
        static int down(int x) { return x - 1; }
        static int (*const table[])(int) = {up, down};
        int f(int way, int x) { return table[way](x); }
        int g(int x) { return up(x); }
        """
    )
    table = program.globals["table"]
    assert [(r.offset, r.symbol) for r in table.relocations] == [(0, "up"), (8, "down")]
    assert table.is_constant
    (indirect,) = [i for i in instructions(program.functions["f"]) if isinstance(i, Call)]
    assert indirect.callee is None
    assert program.functions["f"].operand_name(indirect.target) == "%1"
    (direct,) = [i for i in instructions(program.functions["g"]) if isinstance(i, Call)]
    assert direct.callee == "up"
    assert program.functions["g"].operand_name(direct.target) == "@up"


def test_structs_by_value(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        struct big { long a[4]; };
        struct big twice(struct big b) { b.a[0] *= 2; return b; }
        long f(struct big b) { return twice(b).a[0]; }
        """
    )
    twice = program.functions["twice"]
    assert [(p.name, p.sret, p.byval) for p in twice.parameters] == [("agg.result", 32, 0), ("b", 0, 32)]
    (call,) = [i for i in instructions(program.functions["f"]) if isinstance(i, Call)]
    assert call.callee == "twice"
    assert call.byval == (0, 32)
    assert [v.name for v in twice.variables] == ["b"]
    assert twice.slots[twice.variables[0].slot].name == "b"


def test_a_104_bit_struct_travels_in_two_registers(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <stdint.h>
        struct __attribute__((packed)) flow { uint32_t src, dst; uint16_t sport, dport; uint8_t proto; };
        _Static_assert(sizeof(struct flow) == 13, "");
        int use(struct flow f);
        int f(struct flow *p) { return use(*p); }
        """
    )
    (call,) = [i for i in instructions(program.functions["f"]) if isinstance(i, Call) and i.callee == "use"]
    assert call.arg_types == (IntType(64), IntType(40))
    copies = [c for c in code(program, "f") if "memcpy" in c]
    assert copies
    assert all(c.endswith(", 13, 0)") for c in copies)


def test_memory_intrinsics(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <string.h>
        struct s { char bytes[40]; };
        void f(struct s *a, struct s *b, int n) {
          struct s zero = {0};
          *a = *b;
          memset(b, 0xff, sizeof *b);
          memmove(a, b, n);
          *b = zero;
        }
        """
    )
    calls = [i.callee for i in instructions(program.functions["f"]) if isinstance(i, Call)]
    assert calls == [
        "llvm.memset.p0.i64",
        "llvm.memcpy.p0.p0.i64",
        "llvm.memset.p0.i64",
        "llvm.memmove.p0.p0.i64",
        "llvm.memcpy.p0.p0.i64",
    ]


def test_byte_order_and_crc_intrinsics(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <arpa/inet.h>
        unsigned f(unsigned x) { return __builtin_bswap32(x) ^ __builtin_bswap16(x); }
        unsigned g(unsigned x) { return __builtin_ia32_crc32si(0, x); }
        """
    )
    names = {i.callee for n in "fg" for i in instructions(program.functions[n]) if isinstance(i, Call)}
    assert names == {"llvm.bswap.i32", "llvm.bswap.i16", "llvm.x86.sse42.crc32.32.32"}


def test_varargs_printf(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <stdio.h>
        void f(unsigned short port, const char *s) { printf("%d:%s\\n", port, s); }
        """
    )
    assert program.functions["printf"].vararg
    assert program.functions["printf"].is_declaration
    (call,) = [i for i in instructions(program.functions["f"]) if isinstance(i, Call)]
    assert call.callee == "printf"
    assert call.arg_types == (PtrType(), IntType(32), PtrType())


def test_zeroext_boolean_returns(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <stdbool.h>
        bool positive(int x) { return x > 0; }
        int f(int x) { return positive(x) ? 1 : 2; }
        """
    )
    assert program.functions["positive"].return_type == IntType(1)
    (call,) = [i for i in instructions(program.functions["f"]) if isinstance(i, Call)]
    assert call.type == IntType(1)


def test_statement_expressions_and_wide_integers(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #define swap16(x) ({ unsigned short _v = (x); (unsigned short)(_v << 8 | _v >> 8); })
        unsigned short f(unsigned short x) { return swap16(x); }
        unsigned long g(unsigned long a, unsigned long b) { return (unsigned __int128)a * b >> 64; }
        """
    )
    assert [v.name for v in program.functions["f"].variables] == ["x", "_v"]
    assert "%mul = mul i128 %conv, %conv1" in code(program, "g")


def test_bit_fields_are_shifts_and_masks(compile_c: CompileC) -> None:
    program = compile_c("struct h { unsigned ihl : 4, version : 4; }; int f(struct h *p) { return p->version; }")
    assert "%bf.lshr = lshr i8 %bf.load, 4" in code(program, "f")


def test_variable_length_arrays_keep_their_count(compile_c: CompileC) -> None:
    program = compile_c("int f(int n) { int a[n]; a[0] = 1; return a[0]; }")
    f = program.functions["f"]
    assert any("%vla = alloca i32 x %1 align 16" in instruction_text(f, i) for i in instructions(f))


def test_long_double_is_unsupported_only_where_it_computes(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        double half = 0.5; float third = 1.0f / 3; long double wide = 1;
        int f(int x) {
          if (x)
            return 7;
          float y = x;
          long double z = y + 1.5L;
          return z > half;
        }
        """
    )
    assert program.globals["half"].data == bytes.fromhex("000000000000e03f")
    assert program.globals["third"].data == bytes.fromhex("abaaaa3e")
    assert program.globals["wide"].data == bytes.fromhex("0000000000000080ff3f") + bytes(6)
    refused = [i for i in instructions(program.functions["f"]) if isinstance(i, Unsupported)]
    assert {i.what for i in refused} == {"floating-point arithmetic"}
    assert [str(i.span) for i in refused] == ["nf.c:6", "nf.c:6", "nf.c:7", "nf.c:7"]


def test_what_is_not_executed_is_refused_where_it_stands(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <stdarg.h>
        typedef int vec __attribute__((vector_size(16)));
        void atom(int *p) { __atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST); }
        void barrier(void) { __asm__ volatile("" ::: "memory"); }
        vec add(vec a, vec b) { return a + b; }
        """
    )
    what = {
        name: [i.what for i in instructions(program.functions[name]) if isinstance(i, Unsupported)]
        for name in ("atom", "barrier", "add")
    }
    assert what["atom"] == ["an atomic operation"]
    assert what["barrier"] == ["inline assembly"]
    assert set(what["add"]) == {"a SIMD vector"}


def test_inlined_code_knows_its_call_site(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        static inline __attribute__((always_inline)) int twice(int x) {
          return x * 2;
        }
        static inline __attribute__((always_inline)) int four(int x) {
          return twice(twice(x));
        }
        int f(int x) {
          return four(x);
        }
        """
    )
    chains = {
        (str(i.span), tuple(map(str, i.inlined_at))) for i in instructions(program.functions["f"]) if i.inlined_at
    }
    assert ("nf.c:2", ("nf.c:5", "nf.c:8")) in chains


def test_spans_have_columns_and_macros_point_to_their_use(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #define ADD(a, b) ((a) + (b))
        int f(int x) {
          return ADD(x,
                     2);
        }
        """
    )
    f = program.functions["f"]
    (add,) = [i for i in instructions(f) if instruction_text(f, i).startswith("%add = ")]
    assert add.span is not None
    assert (add.span.file, add.span.line, add.span.column) == ("nf.c", 3, 10)


def test_size_of_matches_what_the_compiler_says(compile_c: CompileC) -> None:
    program = compile_c(
        """\
        #include <stdint.h>
        struct odd { uint8_t a[3]; uint16_t b; struct { uint8_t c; uint64_t d; } e[2]; __int128 f; long double g; };
        struct odd o;
        unsigned long n = sizeof(struct odd);
        """
    )
    n = int.from_bytes(program.globals["n"].data or b"", "little")
    assert size_of(program.globals["o"].type) == n == program.globals["o"].size
