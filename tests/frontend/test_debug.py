"""C types from debug information."""

from __future__ import annotations

import pytest
from c_snippets import CompileC

from maestro.frontend.debug import (
    Layout,
    LeafKind,
    pointee,
    pointee_layout,
    struct_layout,
    type_name,
    variable_layout,
    variable_type,
)
from maestro.ir.program import Program

SOURCE = """\
#include <stdbool.h>
#include <stdint.h>
typedef struct { uint8_t bytes[6]; } mac_t;
struct FlowId { uint16_t src_port, dst_port; uint32_t src_ip, dst_ip; uint8_t protocol; };
struct Entry {
  struct FlowId flow;
  mac_t addr;
  const volatile int64_t last;
  struct { uint8_t x; uint16_t y; };
  uint16_t grid[2][2];
  struct FlowId pair[2];
  enum color { RED } color;
  char tail[];
};
struct Odd {
  uint32_t a : 3, b : 9, : 0;
  union { int i; float f; } u;
  void *p;
  double d;
  bool (*compare)(void *, void *);
  struct __attribute__((packed)) { uint8_t one; uint64_t two; } packed;
};
struct Entry *entries;
struct Odd odd;
bool FlowId_eq(void *a, void *b) {
  struct FlowId *id1 = a;
  const struct FlowId *const id2 = (struct FlowId *)b;
  mac_t here = {{0}};
  return id1->src_port == id2->src_port && here.bytes[0] == 0;
}
"""


@pytest.fixture
def program(compile_c: CompileC) -> Program:
    return compile_c(SOURCE)


def places(layout: Layout | None) -> list[tuple[str, int, int]]:
    assert layout is not None
    return [(leaf.name, leaf.offset, leaf.size) for leaf in layout.leaves]


FLOW = [("src_port", 0, 2), ("dst_port", 2, 2), ("src_ip", 4, 4), ("dst_ip", 8, 4), ("protocol", 12, 1)]


def test_pointee_of_a_local(program: Program) -> None:
    for name in ("id1", "id2"):
        layout = pointee_layout(program, "FlowId_eq", name)
        assert layout is not None
        assert (layout.name, layout.size) == ("struct FlowId", 16)
        assert places(layout) == FLOW


def test_void_pointers_and_unknown_names(program: Program) -> None:
    assert pointee_layout(program, "FlowId_eq", "a") is None
    assert pointee_layout(program, "FlowId_eq", "here") is None
    assert pointee_layout(program, "FlowId_eq", "nothing") is None
    assert variable_layout(program, "nothing", "id1") is None
    assert struct_layout(program, "nothing") is None


def test_nested_structs_arrays_and_typedefs(program: Program) -> None:
    layout = pointee_layout(program, "FlowId_eq", "entries")
    expected = [(f"flow.{n}", o, s) for n, o, s in FLOW]
    expected += [(f"addr.bytes[{i}]", 16 + i, 1) for i in range(6)]
    expected += [("last", 24, 8), ("x", 32, 1), ("y", 34, 2)]
    expected += [(f"grid[{i}][{j}]", 36 + 4 * i + 2 * j, 2) for i in range(2) for j in range(2)]
    expected += [(f"pair[{i}].{n}", 44 + 16 * i + o, s) for i in range(2) for n, o, s in FLOW]
    expected += [("color", 76, 4)]
    assert places(layout) == expected
    assert {leaf.kind for leaf in layout.leaves} == {LeafKind.INT} if layout else False


def test_what_is_not_a_plain_integer_says_so(program: Program) -> None:
    layout = struct_layout(program, "struct Odd")
    assert layout is not None
    assert [(leaf.name, leaf.offset, leaf.size, str(leaf.kind)) for leaf in layout.leaves] == [
        ("a", 0, 1, "bitfield"),
        ("b", 0, 2, "bitfield"),
        ("u", 4, 4, "union"),
        ("p", 8, 8, "pointer"),
        ("d", 16, 8, "float"),
        ("compare", 24, 8, "pointer"),
        ("packed.one", 32, 1, "int"),
        ("packed.two", 33, 8, "int"),
    ]


def test_names_of_types(program: Program) -> None:
    ref = variable_type(program, "FlowId_eq", "id2")
    assert ref is not None
    assert type_name(program, ref) == "struct FlowId *"
    target = pointee(program, ref)
    assert target is not None
    assert type_name(program, target) == "struct FlowId"
    here = variable_layout(program, "FlowId_eq", "here")
    assert here is not None
    assert (here.name, here.size) == ("mac_t", 6)


def test_scalars_have_one_leaf_without_a_name(program: Program) -> None:
    assert places(struct_layout(program, "uint16_t")) == [("", 0, 2)]


def test_incomplete_types_do_not_hide_complete_ones(compile_c: CompileC) -> None:
    program = compile_c({"a.c": "struct s; struct s *p;", "b.c": "struct s { short x; } v;"})
    assert places(struct_layout(program, "struct s")) == [("x", 0, 2)]


def test_parameters_and_locals_are_told_apart(program: Program) -> None:
    f = program.functions["FlowId_eq"]
    assert [(v.name, v.parameter) for v in f.variables] == [
        ("a", True),
        ("b", True),
        ("id1", False),
        ("id2", False),
        ("here", False),
    ]
    assert str(f.variables[2].span) == "nf.c:26"
    assert f.slots[f.variables[2].slot].name == "id1"
