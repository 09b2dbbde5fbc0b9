"""How a path can end without a verdict. These never leave the executor: they are neither bugs nor mistakes."""

from __future__ import annotations

from maestro.diagnostics import Span


class PathEnd(Exception):  # noqa: N818  (not an error: a way to end a path)
    """Base of the ways to end a path early."""


class AssertionFailed(PathEnd):
    """An ``assert`` does not hold on this path: the other side of the branch is taken as given."""

    def __init__(self, text: str, span: Span | None) -> None:
        super().__init__(text)
        self.text = text
        self.span = span


class CannotMerge(Exception):  # noqa: N818  (not an error: the branch is taken as usual)
    """One side of a branch that was to be merged forks, or leaves something behind that cannot be chosen."""
