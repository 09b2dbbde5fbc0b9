"""docs/reference/reasons.md and the code speak of the same reasons."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(r'"([a-z]+(?:-[a-z]+)+|stateless|resteered)"')
OTHER = {"not-shardable", "strategy-not-yet"}
"""Codes of errors, which the page mentions but which are no reasons."""
NO_CODES = {"read-only", "shared-nothing"}


def used() -> set[str]:
    """Every string in sharding/ that looks like a code, and the code of plans that the pipeline refuses."""
    sources = (ROOT / "src" / "maestro" / "sharding").glob("*.py")
    found = {code for path in sources for code in CODE.findall(path.read_text(encoding="utf-8"))}
    found |= set(re.findall(r'Reason\("([a-z-]+)"', (ROOT / "src" / "maestro" / "pipeline.py").read_text()))
    return {c for c in found if not c.startswith(("ipv4-", "ipv6-", "non-ip"))} - NO_CODES


def test_every_code_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "reasons.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^### `(.+)`$", page, re.MULTILINE))
    assert documented == used() - OTHER
    assert all(f"`{code}`" in page for code in OTHER)
