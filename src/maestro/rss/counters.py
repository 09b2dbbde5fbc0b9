"""Tables from counters: packets of every table entry, as monitoring has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maestro.diagnostics import UserError
from maestro.rss import reta
from maestro.rss.simulate import Simulation, deal

_MOST = 4096  # cores


def read_numbers(path: Path, what: str) -> list[int]:
    """Whole numbers, not negative, separated by spaces, commas or line ends; ``#`` starts a comment.

    Raises UserError (``rss-counters``) that names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise UserError(f"{path}: {reason}", code="rss-counters") from error
    found: list[int] = []
    for number, line in enumerate(lines, 1):
        for word in line.partition("#")[0].replace(",", " ").split():
            if not (word.isascii() and word.isdigit()) or len(word) > 20:
                hint = "one number for every table entry, in order"
                raise UserError(f"{path}:{number}: {word!r} is no {what}", hint=hint, code="rss-counters")
            found.append(int(word))
    return found


def balance(
    counters: Path, table: Path | None, cores: int, weights: Sequence[float] | None, tolerance: float
) -> Simulation:
    """Tables for the packets that ``counters`` has for every entry. ``table``: that in use, filled in
    turn unless given; it may have more cores than there are to be. Raises UserError (``rss-counters``)."""
    loads = read_numbers(counters, "number of packets")
    if not loads or len(loads) & len(loads) - 1:
        text = f"{counters}: {len(loads)} numbers; a table has a power of two of entries"
        raise UserError(text, hint="one number for every table entry, in order", code="rss-counters")
    weights = tuple(weights or [1.0] * cores)
    reta.weighted(len(loads), weights)  # complains of weights and cores that cannot be served
    before = read_numbers(table, "core") if table else None
    if before is not None and table is not None:
        if len(before) != len(loads):
            raise UserError(f"{table}: {len(before)} entries, {counters} has {len(loads)}", code="rss-counters")
        if max(before) >= _MOST:
            raise UserError(f"{table}: there cannot be a core {max(before)}", code="rss-counters")
    return deal(loads, [0] * len(loads), {}, weights, tolerance, table=before)
