"""What the checker says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from maestro.diagnostics import Span
from maestro.ir.model import Operation


@dataclass(frozen=True)
class Failure:
    """Something that could not be shown. ``message`` names the ``objects`` and the C lines (``spans``) in words."""

    message: str
    objects: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """``holds``: every obligation was shown and nothing else is wrong. ``obligations``: the questions put to Z3.

    ``assumptions``: what the proof rests on, each as ``name: text``. ``seconds``: wall time of the check.
    ``gave_up``: ``time`` or ``memory`` when that was used up before everything had been looked at.
    """

    holds: bool
    obligations: int
    failures: tuple[Failure, ...]
    assumptions: tuple[str, ...]
    seconds: float
    gave_up: str | None = None


def about(operations: Iterable[Operation], why: str) -> Failure:
    """A failure that starts with the operations it is about: ``flows.map_get (nf.c:22), …: why``."""
    unique = list(dict.fromkeys(operations))
    spans = tuple(sorted({o.span for o in unique if o.span}))
    objects = tuple(sorted({o.object for o in unique}))
    return Failure(f"{describe(unique)}: {why}", objects, spans)


def describe(operations: Iterable[Operation]) -> str:
    """``flows.map_get (nf.c:22), heap.dchain_refresh (nf.c:23)``, each once."""
    return ", ".join(dict.fromkeys(f"{o.object}.{o.method} ({o.span or 'no line'})" for o in operations))
