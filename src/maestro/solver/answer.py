"""What a solver can say. ``UNKNOWN`` is an answer of its own: it never counts as either of the others."""

from __future__ import annotations

from enum import Enum


class Answer(Enum):
    SAT = "sat"
    UNSAT = "unsat"
    UNKNOWN = "unknown"
