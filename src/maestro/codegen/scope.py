"""What has a name in a block of generated C."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from maestro.codegen.lower import Look
from maestro.ir.expr import Expr


@dataclass
class Scope:
    """What has a name in the current C block: values, arrays (keys, copies of cells), cells' addresses.

    ``hashes``: of keys whose array is one of words. ``numbers``: what the leaves of ``nf_look`` are called.
    ``guesses``: by map and key, where the map is likely to have the key.
    """

    names: dict[Expr, str] = field(default_factory=dict)
    arrays: dict[Expr, str] = field(default_factory=dict)
    cells: dict[tuple[str, Expr], str] = field(default_factory=dict)
    hashes: dict[Expr, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    guesses: Mapping[tuple[str, Expr], str] = field(default_factory=dict)
    numbers: Mapping[Look, int] = field(default_factory=dict)

    def inner(self) -> Scope:
        return replace(
            self,
            names=dict(self.names),
            arrays=dict(self.arrays),
            cells=dict(self.cells),
            hashes=dict(self.hashes),
            taken=set(self.taken),
        )

    def bytes_of(self, base: Expr) -> str:
        """The array of ``base`` as bytes."""
        return f"(const uint8_t *){self.arrays[base]}" if base in self.hashes else self.arrays[base]
