"""Bytes of vector cells."""

from __future__ import annotations

from collections.abc import Iterable

from maestro.certificate.runs import Run
from maestro.ir.expr import Expr, extract
from maestro.ir.model import Operation


def octets(cell: Expr, places: Iterable[int]) -> list[Expr]:
    """The bytes of a cell at these offsets; the first byte in memory is the most significant."""
    top = cell.width - 1
    return [extract(cell, top - 8 * k, top - 8 * k - 7) for k in places]


def unchanged(run: Run, write: Operation, places: Iterable[int] | None = None) -> bool:
    """Whether a write leaves these bytes (None: all) as the last access before it to the same cell left them."""
    index = run.resolve(write.arg("index"))
    before = [
        o
        for o in run.path.operations
        if o.object == write.object and o.method in ("vector_read", "vector_write") and o.ordinal < write.ordinal
    ]
    # Two indices that look different may be equal: only a read with no write since counts.
    reads = [o for o in before if o.method == "vector_read" and run.resolve(o.arg("index")) is index]
    if not reads or any(o.method == "vector_write" and o.ordinal > reads[-1].ordinal for o in before):
        return False
    old, new = reads[-1].result("cell"), run.resolve(write.arg("cell"))
    chosen = list(range(old.width // 8) if places is None else places)
    return all(a is b for a, b in zip(octets(old, chosen), octets(new, chosen), strict=True))
