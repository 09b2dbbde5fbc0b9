"""What exploration finds: paths, conditions, operations, edits."""

from __future__ import annotations

from small_nfs import analyse

from maestro.ir.model import Assume, Kind, Model

TABLE = """\
struct key { uint8_t tag; uint32_t ip; uint16_t port; };
static bool same(void *a, void *b) {
  struct key *x = a, *y = b;
  return x->tag == y->tag && x->ip == y->ip && x->port == y->port;
}
static unsigned hash(void *k) { return 0; }
static void clear(void *k) { struct key *cell = k; memset(cell, 0, sizeof *cell); }
static struct { struct Map *map; struct Vector *keys; struct DoubleChain *ages; } table;
bool nf_init(void) {
  return map_allocate(same, hash, 16, &table.map) && vector_allocate(sizeof(struct key), 16, clear, &table.keys)
    && dchain_allocate(16, &table.ages);
}
"""


def verdicts(model: Model) -> list[str]:
    return sorted(p.verdict.kind for p in model.paths)


def test_returning_the_arrival_port_drops_whatever_the_port() -> None:
    assert verdicts(analyse("ENTRY { return device; }")) == ["drop"]
    assert verdicts(analyse("ENTRY { return 1; }")) == ["drop", "forward"]
    assert verdicts(analyse("ENTRY { return FLOOD_FRAME; }")) == ["flood"]


def test_a_length_check_guards_the_bytes_behind_it() -> None:
    model = analyse("ENTRY { return length > 20 && (*buffer)[20] == 7 ? FLOOD_FRAME : device; }")
    assert verdicts(model) == ["drop", "drop", "flood"]


def test_conditions_joined_without_branching_are_one_fork() -> None:
    model = analyse("ENTRY { return (length > 100) & ((*buffer)[0] == 1) ? FLOOD_FRAME : device; }")
    assert len(model.paths) == 2


def test_switch_bounded_loop_function_pointer_and_struct_copy() -> None:
    model = analyse(
        """
        struct pair { uint8_t a, b; };
        static int first(struct pair p) { return p.a; }
        static int second(struct pair p) { return p.b; }
        static int (*const pick[])(struct pair) = {first, second};
        ENTRY {
          struct pair p = {.b = 9, .a = 8}, q = p;
          int sum = 0;
          for (int i = 0; i < 4; i++) sum += pick[i & 1](q);
          if (sum != 34) return device;
          switch ((*buffer)[0]) { case 1: return FLOOD_FRAME; case 2: case 3: (*buffer)[1] = sum; return FLOOD_FRAME; }
          return device;
        }"""
    )
    assert verdicts(model) == ["drop", "flood", "flood", "flood"]
    edited = [p.edits for p in model.paths if p.edits]
    assert [[(o, e.value) for o, e in edits] for edits in edited] == [[(1, 34)], [(1, 34)]]


def test_key_layout_excludes_padding_and_names_members() -> None:
    model = analyse(TABLE + "ENTRY { return device; }")
    layout = model.object("table.map").key_layout
    assert [(f.name, f.offset, f.size) for f in layout] == [("tag", 0, 1), ("ip", 4, 4), ("port", 8, 2)]
    assert [o.name for o in model.objects] == ["table.map", "table.keys", "table.ages"]
    assert [f.name for f in model.object("table.keys").elem_layout] == ["tag", "ip", "port"]


def test_a_second_lookup_of_one_key_is_not_a_second_operation() -> None:
    model = analyse(
        TABLE
        + """ENTRY {
          struct key k = {.tag = 1, .ip = length}; int i, j;
          if (!map_get(table.map, &k, &i)) return device;
          return map_get(table.map, &k, &j) && i == j ? FLOOD_FRAME : 1;
        }"""
    )
    assert verdicts(model) == ["drop", "flood"]
    assert [len(p.operations) for p in model.paths] == [1, 1]


def test_an_unchanged_cell_is_not_written_and_a_changed_one_is_written_once() -> None:
    model = analyse(
        TABLE
        + """ENTRY {
          struct key *cell;
          vector_borrow(table.keys, 3, (void **)&cell);
          cell->port = cell->port;
          vector_return(table.keys, 3, cell);
          vector_borrow(table.keys, 3, (void **)&cell);
          cell->port = 7; cell->tag = 2;
          vector_return(table.keys, 3, cell);
          return FLOOD_FRAME;
        }"""
    )
    (path,) = model.paths
    assert [op.method for op in path.operations] == ["vector_read", "vector_write"]


def test_cells_that_may_be_one_are_told_apart() -> None:
    model = analyse(
        TABLE
        + """ENTRY {
          struct key *cell;
          int i = (*buffer)[0] & 15, j = (*buffer)[1] & 15;
          vector_borrow(table.keys, i, (void **)&cell); cell->tag = 1; vector_return(table.keys, i, cell);
          vector_borrow(table.keys, j, (void **)&cell);
          return cell->tag == 1 ? FLOOD_FRAME : device;
        }"""
    )
    assert verdicts(model) == ["drop", "flood", "flood"]


def test_cells_borrowed_together_that_may_be_one_are_told_apart() -> None:
    model = analyse(
        TABLE
        + """ENTRY {
          struct key *a, *b;
          int i = (*buffer)[0] & 15, j = (*buffer)[1] & 15;
          vector_borrow(table.keys, i, (void **)&a);
          vector_borrow(table.keys, j, (void **)&b);
          a->tag = 1;
          uint8_t tag = b->tag;
          vector_return(table.keys, j, b);
          vector_return(table.keys, i, a);
          return tag == 1 ? FLOOD_FRAME : device;
        }"""
    )
    assert verdicts(model) == ["drop", "flood", "flood"]


def test_an_assertion_is_an_assumption_and_is_reported() -> None:
    model = analyse("ENTRY {\n  assert(length < 1000);\n  return length < 1001 ? FLOOD_FRAME : device;\n}")
    (path,) = model.paths
    assert path.verdict.kind == "flood"
    assert [s.given for s in path.steps if isinstance(s, Assume)] == [True]
    (note,) = model.notes
    assert note.code == "assumed"
    assert "length < 1000" in note.message
    assert note.span is not None
    assert note.span.line == 2


def test_every_operation_has_its_line_and_call_chain() -> None:
    model = analyse(
        TABLE + "static int find(struct key *k) { int i; return map_get(table.map, k, &i); }\n"
        "ENTRY {\n  struct key k = {0};\n  return find(&k) ? FLOOD_FRAME : device;\n}"
    )
    op = model.paths[0].operations[0]
    assert op.kind is Kind.READ
    assert op.span is not None
    assert op.span.line == 13
    assert [s.line for s in op.chain] == [16]


def test_scratch_globals_are_not_state() -> None:
    model = analyse("static uint8_t *here;\nENTRY { here = *buffer; return *here == 1 ? FLOOD_FRAME : device; }")
    assert verdicts(model) == ["drop", "flood"]


def test_configuration_arguments_reach_the_nf() -> None:
    model = analyse(
        "static int limit;\nvoid nf_config_init(int argc, char **argv) { limit = atoi(argv[1]); }\n"
        "ENTRY { return length > limit ? FLOOD_FRAME : device; }",
        argv=["100"],
    )
    assert "100" in str(model.paths[0].conditions[0]) or "0x64" in str(model.paths[0].conditions[0])


TWO_KEYS = (
    TABLE
    + """static int find(uint32_t ip, int *i) {
          struct key k = {.ip = ip};
          if (map_get(table.map, &k, i)) return 1;
          struct key *cell;
          if (!dchain_allocate_new_index(table.ages, i, 0)) return 0;
          vector_borrow(table.keys, *i, (void **)&cell); *cell = k;
          map_put(table.map, cell, VALUE);
          return 1;
        }
        ENTRY {
          int i, j;
          struct key *cell;
          uint32_t a = (*buffer)[0], b = 256 + (*buffer)[1];
          if (!find(a, &i) || !find(b, &j)) return device;
          vector_borrow(table.keys, i, (void **)&cell); cell->port = 1;
          vector_borrow(table.keys, j, (void **)&cell); cell->port = 2;
          return FLOOD_FRAME;
        }"""
)


def _compares_indices(model: Model) -> bool:
    """Whether a path's condition is about an index: which cell is which had to be told apart."""
    texts = [str(c) for p in model.paths for c in p.conditions]
    return any(".index ==" in t or ".value ==" in t or ".index)" in t or ".value)" in t for t in texts)


def test_different_keys_have_different_cells() -> None:
    assert not _compares_indices(analyse(TWO_KEYS.replace("VALUE", "*i")))


def test_unless_the_nf_puts_other_values_than_indices() -> None:
    assert _compares_indices(analyse(TWO_KEYS.replace("VALUE", "3")))
