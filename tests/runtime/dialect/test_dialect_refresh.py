"""MAP(…, UNLESS_REFRESHED): entries age whatever looks at them."""

from __future__ import annotations

from pathlib import Path

from native import SECOND
from runtime.dialect.lab import asking, explored, source

PUT, CONTAINS, GET, REFRESH = 1, 2, 3, 4


def nf(tmp_path: Path) -> Path:
    body = """
  if (what == 1) yes = map_put(m, key, value);
  else if (what == 2) yes = map_contains(m, key);
  else if (what == 3) yes = map_get(m, key) == value;
  else yes = map_refresh(m, key);"""
    return source(tmp_path, "MAP(m, uint32_t, uint16_t, 4, EXPIRES_AFTER(SECONDS(10)), UNLESS_REFRESHED);", body)


def test_only_refreshing_counts(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path), tmp_path)
    assert not ask(REFRESH, 1)
    assert ask(PUT, 1, 5)
    assert ask(PUT, 2, 5)
    nine = 9 * SECOND
    assert ask(CONTAINS, 1, time=nine)
    assert ask(PUT, 1, 6, time=nine)
    assert ask(GET, 1, 6, time=nine)
    assert ask(REFRESH, 2, time=nine)
    ten = 10 * SECOND
    assert not ask(CONTAINS, 1, time=ten), "neither found nor put counts"
    assert ask(GET, 2, 5, time=ten)
    assert not ask(CONTAINS, 2, time=nine + ten)


def test_looking_modifies_nothing(tmp_path: Path) -> None:
    declaration = "MAP(m, uint32_t, int, 64, EXPIRES_AFTER(SECONDS(10)), UNLESS_REFRESHED);"
    model = explored(source(tmp_path, declaration, "yes = map_get(m, key) == 3;"))
    methods = {op.method for p in model.paths for op in p.operations}
    assert methods == {"expire_map", "map_get", "vector_read"}
