"""models/lpm_dir_24_8.py: routes of the initialisation, lookups and updates on the packet path."""

from __future__ import annotations

from small_nfs import analyse

from maestro.ir.model import Kind

ROUTES = """\
static struct lpm *routes;
bool nf_init(void) {
  return lpm_allocate(&routes) && lpm_update_elem(routes, 0x0a010203, 16, 7) && lpm_update_elem(routes, 0, 0, 1)
    && lpm_update_elem(routes, 0x0a01ffff, 16, 8) && !lpm_update_elem(routes, 0, 33, 1)
    && lpm_lookup_elem(routes, 0x0a010000) == 8 && lpm_lookup_elem(routes, 0x0b000000) == 1;
}
static uint32_t address(uint8_t *p) { uint32_t a; memcpy(&a, p, 4); return rte_be_to_cpu_32(a); }
"""


def test_routes_of_the_initialisation_are_normalised_and_replaced() -> None:
    (table,) = analyse(ROUTES + "ENTRY { return device; }").objects
    assert (table.name, table.kind, table.capacity) == ("routes", "lpm", 2)
    assert table.contents == ((8, bytes([10, 1, 0, 0, 16])), (1, bytes(5)))


def test_no_route_is_minus_one() -> None:
    model = analyse(
        "static struct lpm *none;\nbool nf_init(void) { return lpm_allocate(&none) && lpm_lookup_elem(none, 5) == -1; }"
        "ENTRY {\n  int to = lpm_lookup_elem(none, length);\n  if (to == -1) return device;\n"
        "  if (to < 0 || to > 32767) return 7;\n  return 1;\n}"
    )
    assert sorted({str(p.verdict.port) for p in model.paths}) == ["1", "None"]


def test_one_lookup_an_address_until_an_update() -> None:
    model = analyse(
        ROUTES
        + """ENTRY {
          uint32_t a = address(*buffer);
          int x = lpm_lookup_elem(routes, a), y = lpm_lookup_elem(routes, a);
          if (x != y) return 5;
          lpm_update_elem(routes, a, 24, 3);
          lpm_lookup_elem(routes, a);
          return device;
        }"""
    )
    (path,) = model.paths
    assert [(op.method, op.kind) for op in path.operations] == [
        ("lpm_lookup", Kind.READ),
        ("lpm_update", Kind.WRITE),
        ("lpm_lookup", Kind.READ),
    ]
    assert [(name, e.width) for name, e in path.operations[1].args] == [("prefix", 32), ("length", 8), ("value", 16)]
