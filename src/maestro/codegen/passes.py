"""The passes over the model that are for speed only, each on its own switch.

What they do is in their modules. With any of them left out, the generated NF behaves the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

NAMES = {
    "flow-tables": "map, vectors and allocator of a flow in one record (codegen/flows.py)",
    "batches": "packets in batches: parse, hash and fetch all, then process all (codegen/ahead.py)",
}
"""Every pass, in the order in which they run."""


@dataclass(frozen=True)
class Passes:
    """``off``: the passes that are left out."""

    off: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        assert name in NAMES, name
        return name not in self.off


ALL = Passes()
NONE = Passes(frozenset(NAMES))


def without(names: Iterable[str]) -> Passes:
    """All passes but ``names``."""
    off = frozenset(names)
    assert off <= NAMES.keys(), off
    return Passes(off)
