"""What can go wrong, and where: spans of C source, and the exceptions every phase raises.

Three families that must not be mixed (see docs/architecture.md):

* :class:`UserError`: the input is at fault. It names the C line when there is one and says what to do.
* :class:`InternalError`: Maestro is at fault. Never shown as the user's mistake.
* path ends inside the symbolic executor: those live in ``maestro.symex`` and never leave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit statuses of the command line; documented in docs/reference/cli.md."""

    OK = 0
    BUG = 1
    USAGE = 2
    SOURCE = 3
    UNSUPPORTED = 4
    DIFFERENT = 5
    INTERRUPTED = 130


@dataclass(frozen=True, order=True)
class Span:
    """A place in C source. ``line`` and ``column`` count from 1; 0 means unknown."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class UserError(Exception):
    """Something the user can mend: ``message`` says what, ``hint`` says how, ``span`` says where."""

    status = ExitStatus.USAGE

    def __init__(
        self,
        message: str,
        *,
        span: Span | None = None,
        hint: str | None = None,
        code: str = "usage",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}error: {self.message} [{self.code}]{hint}"


class SourceError(UserError):
    """The NF's source is wrong: it does not compile, lacks an entry point, may fault at run time."""

    status = ExitStatus.SOURCE


class UnsupportedError(UserError):
    """The NF is fine C, but outside what Maestro can explore exactly or generate today."""

    status = ExitStatus.UNSUPPORTED


class InternalError(Exception):
    """A bug in Maestro."""
