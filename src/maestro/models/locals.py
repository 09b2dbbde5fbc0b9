"""What the ``void *`` parameters of an NF's callbacks really point to: told by the callback's typed locals."""

from __future__ import annotations

from collections.abc import Iterator

from maestro.frontend.debug import Layout, pointee, struct_layout
from maestro.ir.program import Program


def pointed_layouts(program: Program, function: str) -> Iterator[Layout]:
    """The layouts that pointers among the locals and parameters of ``function`` point to, locals first."""
    found = program.functions.get(function)
    for variable in sorted(found.variables if found else (), key=lambda v: v.parameter):
        target = pointee(program, variable.type) if variable.type else None
        layout = struct_layout(program, target) if target else None
        if layout is not None and layout.leaves:
            yield layout
