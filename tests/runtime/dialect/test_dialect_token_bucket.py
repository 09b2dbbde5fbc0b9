"""TOKEN_BUCKET: rate, burst, room."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro.diagnostics import UserError
from native import SECOND
from runtime.dialect.lab import asking, explored, source


def nf(tmp_path: Path, declaration: str = "TOKEN_BUCKET(b, uint32_t, 2, 1000, 3000);") -> Path:
    return source(tmp_path, declaration, "yes = bucket_take(b, key, value);")


def test_rate_and_burst(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path), tmp_path)

    def take(key: int, amount: int, time: float = 0) -> bool:
        return ask(1, key, amount, int(time * SECOND))

    assert not take(1, 3001)
    assert take(1, 3000)
    assert not take(1, 1)
    assert take(2, 1)
    assert not take(3, 1), "no room for a third bucket"
    assert take(1, 1000, 1)
    assert not take(1, 1, 1)
    assert not take(1, 501, 1.5)
    assert take(1, 500, 1.5), "what was not enough was not taken"
    assert take(3, 3000, 3), "the second bucket was full again, and gave its place"
    assert take(1, 3000, 100)
    assert not take(1, 1, 100), "never more than a burst"


def test_rounding(tmp_path: Path) -> None:
    ask = asking(nf(tmp_path, "TOKEN_BUCKET(b, uint32_t, 2, 3, 1);"), tmp_path)
    assert ask(1, 1, 1)
    assert not ask(1, 1, 1, 333_333_333)
    assert ask(1, 1, 1, 333_333_334)


def test_three_ways(tmp_path: Path) -> None:
    """Old bucket, new bucket, no room; enough or not is one more branch for whoever asks."""
    assert len(explored(nf(tmp_path)).paths) == 2 + 2 + 2 + 1


@pytest.mark.parametrize(
    ("declaration", "what"),
    [
        ("TOKEN_BUCKET(b, uint32_t, 2, 0, 1);", "b needs a rate above 0"),
        ("TOKEN_BUCKET(b, uint32_t, 2, 1, 9000000001);", "a burst is 1 to 9e9 bytes"),
        ("TOKEN_BUCKET(b, uint32_t, 0, 1, 1);", "b needs a capacity above 0"),
    ],
)
def test_bad_declarations(tmp_path: Path, declaration: str, what: str) -> None:
    with pytest.raises(UserError, match=what):
        explored(nf(tmp_path, declaration))
