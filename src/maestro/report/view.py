"""Where a command's output goes: results to standard output (text or JSON), progress and errors to standard error."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass

from rich.console import RenderableType

from maestro.diagnostics import ExitStatus, UserError
from maestro.pipeline import Phases
from maestro.report import errors, sarif
from maestro.report.progress import Lines, Silent
from maestro.report.terminal import console


@dataclass(frozen=True)
class View:
    """``json``: one JSON object on standard output, errors too. ``quiet``: no progress and no text, errors only.

    ``sarif``: that object is a SARIF log.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    sarif: bool = False

    @property
    def for_programs(self) -> bool:
        return self.json or self.sarif

    def progress(self) -> Lines | Silent:
        """Phases on standard error; none for JSON unless a person watches."""
        out = console(sys.stderr)
        return Silent() if self.quiet or (self.for_programs and not out.is_terminal) else Lines(out)

    def phases(self) -> Phases:
        return Phases(self.progress())

    def show(self, text: RenderableType) -> None:
        """A result for people."""
        if self.quiet or self.for_programs:
            return
        out = console()
        with out.capture() as printed:
            out.print(text)
        for line in printed.get().splitlines():
            print(line.rstrip())  # tables pad their last column
        sys.stdout.flush()

    def text(self, text: str) -> None:
        """A result for people that is to be copied, e.g. into a page: lines are not broken."""
        if not (self.quiet or self.for_programs):
            print(text)

    def document(self, text: str) -> None:
        """A result for programs."""
        if self.for_programs:
            print(text)

    def fail(self, error: Exception) -> ExitStatus:
        """Report ``error`` and return the exit status that goes with it."""
        if (self.verbose or errors.debugging()) and not isinstance(error, UserError):
            traceback.print_exception(error)
        if self.sarif and isinstance(error, UserError):
            print(sarif.failure(error))
        elif self.json:
            print(errors.as_json(error) if isinstance(error, UserError) else errors.bug_json(error))
        elif isinstance(error, UserError):
            return self.complain(error)
        else:
            console(sys.stderr).print(f"maestro: {errors.bug(error)}", style="red", markup=False, soft_wrap=True)
        return errors.status(error)

    def interrupted(self) -> ExitStatus:
        """Ctrl-C. The status is the one that shells give for a program that SIGINT ended."""
        console(sys.stderr).print("maestro: interrupted")
        return ExitStatus.INTERRUPTED

    def complain(self, error: UserError) -> ExitStatus:
        """``error`` for people, unless the JSON document already says it."""
        if not self.json:
            errors.show(error, console(sys.stderr))
        return errors.status(error)
