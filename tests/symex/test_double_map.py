"""models/double_map.py: a double map is two maps and a vector, under the names that its parts have."""

from __future__ import annotations

import pytest
from small_nfs import analyse

from maestro.diagnostics import UnsupportedError
from maestro.ir.model import Kind

FLOWS = """\
struct out { uint16_t port; uint32_t ip; };
struct flow { uint8_t state; struct out a; uint32_t b; };
static bool same_a(void *x, void *y) { struct out *p = x, *q = y; return p->port == q->port & p->ip == q->ip; }
static bool same_b(void *x, void *y) { return memcmp(x, y, 4) == 0; }
static unsigned hash(void *k) { return 0; }
static void copy(char *to, void *from) { struct flow *x = (struct flow *)to; *x = *(struct flow *)from; }
static void destroy(void *value) {}
static void extract(void *value, void **a, void **b) { struct flow *f = value; *a = &f->a; *b = &f->b; }
static void pack(void *value, void *a, void *b) {}
static struct { struct DoubleMap *table; struct DoubleChain *ages; } state;
bool nf_init(void) {
  return dmap_allocate(same_a, hash, same_b, hash, 16, copy, destroy, extract, pack, 8, 8, &state.table)
    && dchain_allocate(8, &state.ages);
}
"""


def test_its_parts_and_where_the_keys_are() -> None:
    model = analyse(FLOWS + "ENTRY { return device; }")
    assert [(o.name, o.kind, o.capacity) for o in model.objects] == [
        ("state.table.a", "map", 8),
        ("state.table.b", "map", 8),
        ("state.table.values", "vector", 8),
        ("state.ages", "dchain", 8),
    ]
    a, b, values, _ = model.objects
    assert (a.key_at, [(f.name, f.offset, f.size) for f in a.key_layout]) == (4, [("port", 0, 2), ("ip", 4, 4)])
    assert (b.key_at, b.key_bytes, b.key_layout[0].offset) == (12, 4, 0)
    assert (values.elem_size, values.initial) == (16, bytes(16))
    assert [f.name for f in values.elem_layout] == ["state", "a.port", "a.ip", "b"]


def test_put_get_and_erase() -> None:
    model = analyse(
        FLOWS
        + """ENTRY {
          struct flow f = {.state = 1, .a = {.port = length, .ip = 5}, .b = length * 3};
          int i, j;
          if (!dchain_allocate_new_index(state.ages, &i, now)) return device;
          dmap_put(state.table, &f, i);
          if (!dmap_get_a(state.table, &f.a, &j) || i != j || !dmap_get_b(state.table, &f.b, &j) || i != j) return 5;
          struct flow g;
          dmap_get_value(state.table, i, &g);
          if (g.b != f.b || g.a.port != f.a.port || g.state != 1) return 6;
          dmap_erase(state.table, i);
          return dmap_get_b(state.table, &f.b, &j) ? 7 : FLOOD_FRAME;
        }"""
    )
    assert sorted(p.verdict.kind for p in model.paths) == ["drop", "flood"]
    path = next(p for p in model.paths if p.verdict.kind == "flood")
    assert [f"{op.object} {op.method}" for op in path.operations] == [
        "state.ages dchain_allocate",
        "state.table.values vector_read",
        "state.table.values vector_write",
        "state.table.a map_put",
        "state.table.b map_put",
        "state.table.a map_erase",
        "state.table.b map_erase",
    ]


def test_expiry_forgets_both_keys() -> None:
    model = analyse(
        FLOWS
        + """ENTRY {
          struct out a = {.port = length};
          uint32_t b = 3;
          int i;
          dmap_get_a(state.table, &a, &i); dmap_get_b(state.table, &b, &i);
          expire_items(state.ages, state.table, now);
          return dmap_get_a(state.table, &a, &i) && dmap_get_b(state.table, &b, &i) ? FLOOD_FRAME : device;
        }"""
    )
    op = next(op for op in model.paths[0].operations if op.method == "expire_map")
    assert (op.object, op.kind) == ("state.ages", Kind.EXPIRE)
    assert op.related == ("state.table.values", "state.table.a", "state.table.b")
    assert max(len(p.operations) for p in model.paths) == 5


def test_keys_outside_the_value_are_refused() -> None:
    source = FLOWS.replace("*b = &f->b;", "static uint32_t other; *b = &other;")
    with pytest.raises(UnsupportedError) as caught:
        analyse(source + "ENTRY { return device; }")
    assert caught.value.code == "key-extraction"
