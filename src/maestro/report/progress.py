"""Progress of a run on a terminal: one line a phase, as it ends; a spinner while it runs."""

from __future__ import annotations

from rich.console import Console
from rich.status import Status
from rich.text import Text

_WIDTH = 90
"""Columns of a line, where the terminal has as many."""


class Lines:
    """A ``maestro.pipeline.Progress`` that writes to ``console``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def started(self, phase: str) -> None:
        if self._console.is_terminal:
            self._status = self._console.status(f"{phase} …")
            self._status.start()

    def finished(self, phase: str, seconds: float, result: str) -> None:
        self.stop()
        line = Text("  ").append("✓ " if result else "✗ ", style="green" if result else "red")
        took, name = f"{seconds:7.2f} s", f"{phase:<12}"
        room = max(0, min(self._console.width, _WIDTH) - len(line) - len(name) - len(took))
        line.append(name).append(f"{result:<{room}}"[:room]).append(took, style="dim")
        self._console.print(line)

    def stop(self) -> None:
        """End the spinner, e.g. since the phase failed."""
        if self._status:
            self._status.stop()
            self._status = None


class Silent:
    """A progress that says nothing."""

    def started(self, phase: str) -> None: ...

    def finished(self, phase: str, seconds: float, result: str) -> None: ...

    def stop(self) -> None: ...
