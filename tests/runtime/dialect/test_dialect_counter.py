"""COUNTER: sums by key, room for so many keys."""

from __future__ import annotations

from pathlib import Path

from runtime.dialect.lab import asking, explored, source

ADD, IS = 1, 2


def nf(tmp_path: Path) -> Path:
    body = """
  if (what == 1) counter_add(sums, key, value);
  else yes = counter_get(sums, key) == value;"""
    return source(tmp_path, "COUNTER(sums, uint32_t, 2);", body)


def test_sums(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path), tmp_path)
    assert ask(IS, 7, 0)
    ask(ADD, 7, 100)
    ask(ADD, 8, 1)
    ask(ADD, 7, 50)
    assert ask(IS, 7, 150)
    assert ask(IS, 8, 1)
    ask(ADD, 9, 5)
    assert ask(IS, 9, 0), "there is no room for a third key"
    ask(ADD, 7, 1, time=10**15)
    assert ask(IS, 7, 151, time=10**15), "counters stay"


def test_adding_is_one_thing(tmp_path: Path) -> None:
    """Old key, new key, no room: the packet's fate is the same."""
    model = explored(source(tmp_path, "COUNTER(sums, uint32_t, 64);", "counter_add(sums, key, p.size);"))
    assert len(model.paths) == 2 + 3
    assert {o.kind for o in model.objects} == {"map", "vector", "dchain"}
    assert {p.verdict.kind for p in model.paths} == {"drop"}
