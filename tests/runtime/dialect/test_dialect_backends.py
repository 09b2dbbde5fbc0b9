"""BACKENDS: who is there, and who is preferred."""

from __future__ import annotations

from pathlib import Path

from native import SECOND
from runtime.dialect.lab import Ask, asking, explored, source

ALIVE, IS_ALIVE, CHOSEN = 1, 2, 3


def nf(tmp_path: Path) -> Path:
    body = """
  uint32_t id;
  if (what == 1) yes = backend_alive(servers, key);
  else if (what == 2) yes = backend_is_alive(servers, key);
  else yes = backend_for(servers, value, &id) && id == key;"""
    return source(tmp_path, "BACKENDS(servers, 4, 97, EXPIRES_AFTER(SECONDS(5)));", body)


def choices(ask: Ask, servers: tuple[int, ...], time: int = 0) -> list[int]:
    """Who gets each of 97 hashes; exactly one does."""
    found = []
    for hash_ in range(97):
        (server,) = [s for s in servers if ask(CHOSEN, s, hash_, time)]
        found.append(server)
    return found


def test_who_is_there(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path), tmp_path)
    assert not ask(CHOSEN, 0, 1)
    assert all(ask(ALIVE, server) for server in (10, 20, 30, 40))
    assert not ask(ALIVE, 50), "no room"
    assert ask(IS_ALIVE, 10)
    assert not ask(IS_ALIVE, 50)
    all_four = choices(ask, (10, 20, 30, 40))
    assert min(all_four.count(s) for s in (10, 20, 30, 40)) > 10
    assert all(ask(ALIVE, server, time=4 * SECOND) for server in (10, 30, 40))
    assert not ask(IS_ALIVE, 20, time=5 * SECOND)
    three = choices(ask, (10, 30, 40), 5 * SECOND)
    assert all(now == before or before == 20 for now, before in zip(three, all_four, strict=True))


def test_looking_keeps_nobody_there(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path), tmp_path)
    ask(ALIVE, 10)
    assert ask(IS_ALIVE, 10, time=4 * SECOND)
    assert ask(CHOSEN, 10, 3, time=4 * SECOND)
    assert not ask(IS_ALIVE, 10, time=5 * SECOND)


def test_objects(tmp_path: Path) -> None:
    model = explored(nf(tmp_path))
    names = {o.name.removeprefix("servers."): o.kind for o in model.objects}
    assert names == {"live.map": "map", "live.keys": "vector", "live.ages": "dchain", "preferences": "vector"}
    assert model.object("servers.preferences").cht_height == 97
