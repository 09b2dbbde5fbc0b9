"""How an NF is called: the names and parameters of its entry points, which differ from NF to NF.

    int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf);
    int nf_process(uint16_t device, uint8_t *buffer, uint16_t length, vigor_time_t now);
    int nf_process(struct rte_mbuf *mbuf, vigor_time_t now);

The oldest ones are called ``nf_core_init`` and ``nf_core_process``.
"""

from __future__ import annotations

from dataclasses import dataclass

from maestro.diagnostics import SourceError
from maestro.frontend.debug import pointee, type_name
from maestro.ir.program import Function, Program
from maestro.ir.types import VoidType

NAMES = (("nf_init", "nf_process"), ("nf_core_init", "nf_core_process"))

_EXPECTED = (
    "int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now, struct rte_mbuf *mbuf)"
)
_FORMS = {
    5: ("device", "buffer", "length", "now", "mbuf"),
    4: ("device", "buffer", "length", "now"),
    2: ("mbuf", "now"),
}
"""What the parameters are, by their number."""


@dataclass(frozen=True)
class Entry:
    """``parameters``: of ``process``, in order: ``device``, ``length``, ``now``, ``mbuf`` (a ``struct rte_mbuf *``),
    ``buffer`` (a pointer to a pointer to the packet) or ``packet`` (a pointer to the packet).

    ``reports``: ``init`` says whether it succeeded.
    """

    init: str
    process: str
    parameters: tuple[str, ...]
    reports: bool


def entry_points(program: Program) -> Entry:
    """The NF's entry points. Raises SourceError when there are none, or with parameters that nobody knows."""
    init, process = next((names for names in NAMES if all(_defined(program, n) for n in names)), NAMES[0])
    for required in (init, process):
        if not _defined(program, required):
            raise SourceError(
                f"there is no `{required}` in the given sources",
                hint="a libVig NF defines nf_init and nf_process; a maestro.h NF defines process_packet",
                code="no-entry-point",
            )
    reports = not isinstance(program.functions[init].return_type, VoidType)
    return Entry(init, process, _parameters(program, program.functions[process]), reports)


def _defined(program: Program, name: str) -> bool:
    function = program.functions.get(name)
    return function is not None and not function.is_declaration


def _parameters(program: Program, function: Function) -> tuple[str, ...]:
    form = _FORMS.get(len(function.parameters))
    if form is None:
        raise SourceError(
            f"`{function.display}` has {len(function.parameters)} parameters instead of 5",
            span=function.span,
            hint=_EXPECTED,
            code="entry-signature",
        )
    direct = "buffer" in form and _points_to_bytes(program, function)
    return tuple("packet" if p == "buffer" and direct else p for p in form)


def _points_to_bytes(program: Program, function: Function) -> bool:
    """Whether the second parameter points to something that is no pointer: to the packet itself."""
    variables = [v for v in function.variables if v.parameter]
    if len(variables) < 2 or (type_ := variables[1].type) is None:
        return False
    target = pointee(program, type_)
    return target is not None and pointee(program, target) is None and type_name(program, target) != "void *"
