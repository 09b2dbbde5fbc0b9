"""How far exploration goes, what it reached, and the errors that say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from maestro.diagnostics import Span, UnsupportedError
from maestro.solver.effort import Effort, Meter

EXPLOSIONS = frozenset({"path-explosion", "time-budget", "memory-budget"})
"""What merging branches may help against."""

_LINES = 3  # that are named


@dataclass(frozen=True)
class Limits:
    """When to stop believing that a path ends. Counted per path."""

    instructions: int = 3_000_000
    loop_forks: int = 64
    depth: int = 128
    recursion: int = 16


@dataclass(frozen=True)
class Budget:
    """How far exploration goes before it gives up, with a clear outcome."""

    paths: int = 5000
    path: Limits = field(default_factory=Limits)
    merging: bool = False
    """Merge branches from the start, and not only when there are too many paths otherwise."""
    effort: Effort = field(default_factory=Effort)


@dataclass
class Reached:
    """``paths``: explored to their end. ``left``: branches still to be taken. ``forks``: where both sides can be."""

    paths: int = 0
    left: int = 0
    forks: Counter[Span] = field(default_factory=Counter)

    def add(self, spans: Sequence[Span | None]) -> None:
        self.forks.update(s for s in spans if s)

    def told(self, error: UnsupportedError) -> UnsupportedError:
        """``error``, with what was reached and which C lines most branches are at."""
        most = sorted(self.forks.items(), key=lambda item: (-item[1], item[0]))[:_LINES]
        where = f"; most branches: {', '.join(f'{span} ({n})' for span, n in most)}" if most else ""
        message = f"{error.message} (paths explored: {self.paths}, branches left: {self.left}{where})"
        return UnsupportedError(message, span=error.span, hint=error.hint, code=error.code)


def require_budget(meter: Meter, span: Span | None) -> None:
    """Raises UnsupportedError (``time-budget``, ``memory-budget``) when ``meter`` says that it is over."""
    match meter.spent:
        case "time":
            raise UnsupportedError(
                f"exploring the paths takes more than {meter.effort.seconds:g} s of processor time",
                span=span,
                hint="bound loops by small constants, keep multiplications and divisions out of conditions, or give it "
                "more time with --time-limit",
                code="time-budget",
            )
        case "memory":
            raise UnsupportedError(
                f"exploring the paths takes more than {meter.effort.memory_mb} MB of memory",
                span=span,
                hint="bound loops and tables by small constants, or give it more memory with --memory-limit",
                code="memory-budget",
            )
