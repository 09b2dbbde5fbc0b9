"""models/expirator.py: the iterative form erases a range of cells' keys."""

from __future__ import annotations

import pytest
from small_nfs import analyse

from maestro.diagnostics import SourceError, UnsupportedError
from maestro.ir.model import Kind

PORTS = """\
static bool same(void *a, void *b) { return *(uint32_t *)a == *(uint32_t *)b; }
static unsigned hash(void *k) { return 0; }
static struct { struct Map *ports; struct Vector *keys, *counts; struct DoubleChain *ages; } state;
bool nf_init(void) {
  return map_allocate(same, hash, 16, &state.ports) && vector_allocate(4, 16, NULL, &state.keys)
    && vector_allocate(4, 4, NULL, &state.counts) && dchain_allocate(4, &state.ages);
}
"""


def test_the_second_number_is_where_it_ends() -> None:
    model = analyse(
        PORTS
        + """ENTRY {
          int i;
          uint32_t *count, key = 5;
          if (!dchain_allocate_new_index(state.ages, &i, now)) return device;
          int before = map_get(state.ports, &key, &i);
          vector_borrow(state.counts, 2, (void **)&count);
          *count = *count + 1;
          int n = expire_items_single_map_iteratively(state.keys, state.ports, 1, *count);
          int m = expire_items_single_map_iteratively(state.keys, state.ports, 3, 3);
          return m != 0 ? 1 : map_get(state.ports, &key, &i) ? FLOOD_FRAME : device;
        }"""
    )
    path = max(model.paths, key=lambda p: len(p.operations))
    ranges = [op for op in path.operations if op.method == "expire_range"]
    assert [(op.object, op.kind, op.related) for op in ranges] == [("state.ports", Kind.FREE, ("state.keys",))] * 2
    assert [str(op.arg("start")) for op in ranges] == ["1", "3"]
    assert [op.method for op in path.operations].count("map_get") == 2  # erasing may have changed the answer
    assert all(str(p.verdict.port) != "1" for p in model.paths)


def test_a_range_that_may_leave_the_vector_is_refused() -> None:
    call = "expire_items_single_map_iteratively(state.keys, state.ports, 0, {});"
    analyse(PORTS + "ENTRY {\n" + call.format("length & 15") + "\nreturn device;\n}")
    with pytest.raises(SourceError) as caught:
        analyse(PORTS + "ENTRY {\n" + call.format("length & 31") + "\nreturn device;\n}")
    assert (caught.value.code, caught.value.span and caught.value.span.line) == ("bounds", 9)


def test_an_offset_is_refused_unless_it_is_zero() -> None:
    call = (
        "ENTRY {{\nexpire_items_single_map_offseted(state.ages, state.keys, state.ports, now, {});\nreturn device;\n}}"
    )
    (path,) = analyse(PORTS + call.format(0)).paths
    assert [op.method for op in path.operations] == ["expire_map"]
    with pytest.raises(UnsupportedError) as caught:
        analyse(PORTS + call.format(4))
    assert caught.value.code == "expire-offset"


def test_ranges_of_the_initialisation_are_erased_there() -> None:
    init = PORTS.replace("&& dchain", "&& fill() && dchain").replace(
        "bool nf_init",
        """static int fill(void) {
          for (int i = 0; i < 5; i++) {
            uint32_t *cell;
            vector_borrow(state.keys, i, (void **)&cell);
            *cell = 10 + i;
            map_put(state.ports, cell, i);
            vector_return(state.keys, i, cell);
          }
          return expire_items_single_map_iteratively(state.keys, state.ports, 1, 4) == 3;
        }
        bool nf_init""",
    )
    ports = analyse(init + "ENTRY { return device; }").object("state.ports")
    assert [value for value, _ in ports.contents] == [0, 4]
