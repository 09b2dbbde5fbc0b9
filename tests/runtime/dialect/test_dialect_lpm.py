"""LPM: the longest prefix that contains an address; tables are filled at the start."""

from __future__ import annotations

from pathlib import Path

from runtime.dialect.lab import asking, explored, source

ROUTES = """LPM(routes);
void at_start(void) {
  lpm_add(routes, IP(10, 0, 0, 0), 8, 1);
  lpm_add(routes, IP(10, 1, 0, 0), 16, 2);
  lpm_add(routes, IP(10, 1, 2, 3), 32, 3);
}
"""


def nf(tmp_path: Path) -> Path:
    return source(tmp_path, ROUTES, "yes = lpm_lookup(routes, key) == (int16_t)value;")


def test_longest_prefix(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path), tmp_path)
    for address, value in ((0x0A020304, 1), (0x0A010204, 2), (0x0A010203, 3), (0x0B000000, 0xFFFF)):
        assert ask(1, address, value)
        assert not ask(1, address, value - 1)


def test_the_table_is_only_read(tmp_path: Path) -> None:
    model = explored(nf(tmp_path))
    assert [(o.name, o.kind, len(o.contents)) for o in model.objects] == [("routes.table", "lpm", 3)]
    assert {op.method for p in model.paths for op in p.operations} == {"lpm_lookup"}
