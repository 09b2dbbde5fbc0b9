"""What ``maestro rss bench`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from maestro.bench.toeplitz import Rate
from maestro.report.json import Json
from maestro.rss.speed import SYMMETRIC, Solved


def measured(hashes: Sequence[Rate], solved: Sequence[Solved]) -> RenderableType:
    """Hashes a second, then the times of the solvers."""
    parts: list[RenderableType] = []
    for length in dict.fromkeys(rate.bytes for rate in hashes):
        parts.append(Text(f"hashes of {length} bytes, millions a second on one core\n", style="bold"))
        rows = [
            (r.name, f"{r.millions:.0f}", f"{r.low:.0f} to {r.high:.0f}", f"{r.ratio:.2f}")
            for r in hashes
            if r.bytes == length
        ]
        parts += [_table(("", "median", "range", "times the first"), rows), Text("")]
    if solved:
        parts.append(Text(f"keys for {SYMMETRIC}\n", style="bold"))
        times = [(s.nic, f"{s.milliseconds:.1f}", f"{s.slowest:.1f}", f"{s.z3:.0f} ({s.answer.value})") for s in solved]
        parts.append(_table(("", "ms, median", "slowest", "Z3, ms"), times))
    return Group(*parts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(name, justify="right" if name else "left")
    for first, *others in rows:
        table.add_row(f"  {first}", *others)
    return table


def measured_json(hashes: Sequence[Rate], solved: Sequence[Solved]) -> Json:
    return {
        "hashes": [
            {
                "name": r.name,
                "bytes": r.bytes,
                "millions_per_second": r.millions,
                "low": r.low,
                "high": r.high,
                "ratio": r.ratio,
            }
            for r in hashes
        ],
        "solve": [
            {
                "nic": s.nic,
                "milliseconds": s.milliseconds,
                "slowest": s.slowest,
                "z3_milliseconds": s.z3,
                "z3_answer": s.answer.value,
            }
            for s in solved
        ],
    }
