"""Names of state objects in arrays, and keys whose equality is written in unusual ways."""

from __future__ import annotations

import pytest
from small_nfs import analyse

ARRAYS = """\
struct level { struct Map *map; struct Vector *cells; };
struct state { int n; struct DoubleChain **allocators; struct level *levels; struct Vector *pair[2]; };
static struct state *state;
static bool same(void *a, void *b) { return *(uint32_t *)a == *(uint32_t *)b; }
static unsigned hash(void *k) { return 0; }
bool nf_init(void) {
  state = malloc(sizeof *state);
  state->n = COUNT;
  state->allocators = malloc(state->n * sizeof(struct DoubleChain *));
  state->levels = calloc(state->n, sizeof *state->levels);
  for (int i = 0; i < state->n; i++) {
    if (!dchain_allocate(8, &state->allocators[i]) || !map_allocate(same, hash, 8, &state->levels[i].map)) return false;
    if (!vector_allocate(4, 8, NULL, &state->levels[i].cells)) return false;
  }
  return vector_allocate(4, 8, NULL, &state->pair[0]) && vector_allocate(4, 8, NULL, &state->pair[1]);
}
ENTRY {
  int index = 0;
  for (int i = 0; i < state->n; i++) dchain_allocate_new_index(state->allocators[i], &index, now);
  return device;
}
"""


def test_arrays_of_structures_are_numbered() -> None:
    names = [o.name for o in analyse(ARRAYS.replace("COUNT", "2")).objects]
    assert names == [
        "allocators[0]", "levels[0].map", "levels[0].cells", "allocators[1]", "levels[1].map", "levels[1].cells",
        "pair[0]", "pair[1]",
    ]  # fmt: skip


def test_an_array_of_one_pointer_is_still_an_array() -> None:
    names = [o.name for o in analyse(ARRAYS.replace("COUNT", "1")).objects]
    assert names == ["allocators[0]", "map", "cells", "pair[0]", "pair[1]"]


TABLE = """\
static struct Map *table;
static bool same(void *a, void *b) { return *(WORD *)a == *(WORD *)b; }
static unsigned hash(void *k) { return *(WORD *)k; }
bool NAME_init(void) { return map_allocate(same, hash, 8, &table); }
bool NAME_has(WORD *key) { int i; return map_get(table, key, &i); }
"""


def test_static_variables_of_equal_names_are_named_with_their_files() -> None:
    """They are different tables, with keys of different sizes here."""
    parts = {name: TABLE.replace("NAME", name).replace("WORD", word) for name, word in PARTS.items()}
    model = analyse(USES_BOTH, others=parts)
    assert [o.name for o in model.objects] == ["hosts.table", "ports.table"]
    assert [o.key_size for o in model.objects] == [4, 2]
    assert {o.object for p in model.paths for o in p.operations} == {"hosts.table", "ports.table"}


PARTS = {"hosts": "uint32_t", "ports": "uint16_t"}
USES_BOTH = """\
bool hosts_init(void); bool ports_init(void); bool hosts_has(uint32_t *key); bool ports_has(uint16_t *key);
bool nf_init(void) { return hosts_init() && ports_init(); }
ENTRY {
  uint32_t host = length;
  uint16_t port = length;
  return hosts_has(&host) && ports_has(&port) ? 1 - device : device;
}
"""


@pytest.mark.parametrize(
    "body",
    [
        "return (x->a == y->a) & (x->b == y->b);",
        "return memcmp(&x->a, &y->a, 4) == 0 && !(x->b != y->b);",
        "for (int i = 0; i < 6; i++) if (((char *)x)[i] != ((char *)y)[i]) return false;\nreturn true;",
        "if (x->a != y->a) return false;\nreturn x->b == y->b;",
        "return ((x->a ^ y->a) | (x->b ^ y->b)) == 0;",
    ],
)
def test_equality_however_it_is_written(body: str) -> None:
    model = analyse(
        "struct key { uint32_t a; uint16_t b; };\n"
        f"static bool same(void *p, void *q) {{ struct key *x = p, *y = q; {body} }}\n"
        "static unsigned hash(void *k) { return 0; }\nstatic struct Map *map;\n"
        "bool nf_init(void) { return map_allocate(same, hash, 8, &map); }\nENTRY { return device; }"
    )
    assert [(f.name, f.offset, f.size) for f in model.object("map").key_layout] == [("a", 0, 4), ("b", 4, 2)]


RECURSIVE = """\
static int find(uint32_t *key, int *i) {
  if (!map_get(map, key, i)) return 0;
  if (*i == 7) { void *trash; map_erase(map, key, &trash); return find(key, i); }
  return 1;
}
"""


def test_a_function_may_call_itself_a_few_times() -> None:
    model = analyse(
        "static bool same(void *a, void *b) { return *(uint32_t *)a == *(uint32_t *)b; }\n"
        "static unsigned hash(void *k) { return 0; }\nstatic struct Map *map;\n"
        "bool nf_init(void) { return map_allocate(same, hash, 8, &map); }\n"
        + RECURSIVE
        + "ENTRY { uint32_t key = length; int i; return find(&key, &i) ? FLOOD_FRAME : device; }"
    )
    assert sorted(p.verdict.kind for p in model.paths) == ["drop", "drop", "flood"]
