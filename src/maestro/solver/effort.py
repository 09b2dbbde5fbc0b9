"""How much time and memory an analysis may take."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Literal

from maestro.ir.expr import Expr
from maestro.solver.answer import Answer

_MOST_MB = 4096
PROOF, MERGING = 10, 4
"""How many times the time limit the proof may take, and a second exploration in which branches are merged: without
either, the answer is locks for all or no answer."""

Spent = Literal["time", "memory"]


def default_memory_mb() -> int:
    """Half of the machine's memory, at most 4096 MB."""
    return min(_MOST_MB, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 21)


@dataclass(frozen=True)
class Effort:
    """``seconds``: of processor time, for exploration. ``memory_mb``: resident memory of the whole process."""

    seconds: float = 30.0
    memory_mb: int = field(default_factory=default_memory_mb)

    def times(self, factor: float) -> Effort:
        return Effort(self.seconds * factor, self.memory_mb)


class Meter:
    """Runs from its creation on."""

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self._deadline = process_time() + effort.seconds

    @property
    def spent(self) -> Spent | None:
        """What has been used up: whoever asks should give up and say so."""
        if process_time() > self._deadline:
            return "time"
        return "memory" if resident_mb() > self.effort.memory_mb else None


def within(effort: Effort, ask: Callable[[Sequence[Expr]], Answer]) -> Callable[[Sequence[Expr]], Answer]:
    """``ask``, which knows no answer any more once ``effort`` is used up."""
    meter = Meter(effort)
    return lambda exprs: Answer.UNKNOWN if meter.spent else ask(exprs)


def resident_mb() -> int:
    """Of this process; 0 where the kernel does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    except OSError:
        return 0
