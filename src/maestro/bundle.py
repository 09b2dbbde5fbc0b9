"""Files that come with Maestro, found in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

from maestro.diagnostics import InternalError

_PACKAGE = Path(__file__).resolve().parent


def examples() -> Path:
    """The folder of the bundled NFs, one folder each."""
    for place in (_PACKAGE / "examples", _PACKAGE.parents[1] / "examples"):
        if (place / "firewall").is_dir():
            return place
    raise InternalError("the bundled examples are not where the package was installed")


def reasons() -> str:
    """The text of docs/reference/reasons.md, from which ``maestro explain`` takes what it says."""
    for place in (_PACKAGE / "reasons.md", _PACKAGE.parents[1] / "docs" / "reference" / "reasons.md"):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise InternalError("the page of reasons is not where the package was installed")
