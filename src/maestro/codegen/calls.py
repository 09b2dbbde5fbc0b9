"""How state operations are called in C: the runtime's functions, their arguments and results."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from maestro.codegen.cexpr import Printer, ctype, load_text
from maestro.codegen.lower import Lock, Unlock
from maestro.codegen.memory import Copy, Load, Piece, Put
from maestro.codegen.scope import Scope
from maestro.ir.model import Model, Operation

PURE = frozenset({"map_get", "map_size", "dchain_test", "sketch_fetch", "lpm_lookup", "cht_find"})
"""Operations that are left out when nobody asks for their results."""

ARGUMENTS = ("index", "prefix", "length", "hash", "address", "value", "time", "start", "end")
"""Arguments in the order in which C takes them."""

_STORED = frozenset({"value", "index", "chosen"})
"""Results that a call stores through a pointer; the one that it returns has another name, but for ``lpm_lookup``."""


def expiry_key(vector: str, table: str) -> str:
    """The function that finds a map's key in a vector's element."""
    return f"{table}_key_in_{vector}"


def is_stored(op: Operation, result: str) -> bool:
    return result in _STORED and op.method != "lpm_lookup"


def runtime_function(op: Operation) -> str:
    """The runtime function of an operation."""
    return "expire_maps" if op.method == "expire_map" and len(op.related) > 2 else op.method


def other_objects(op: Operation, model: Model, members: Mapping[str, str], at: Callable[[str], str]) -> list[str]:
    """The objects that an operation on several takes after its own, and what C must know of them.

    ``at``: the C address of an object.
    """
    if not op.related:
        return []
    vector = model.object(op.related[0])
    if op.method == "cht_find":
        return [at(vector.name), str(vector.cht_height), str(vector.capacity // vector.cht_height)]
    keys = members[vector.name]
    args = [at(vector.name), str(vector.elem_size)]
    for table in map(model.object, op.related[1:]):
        args += [at(table.name), str(table.key_bytes), expiry_key(keys, members[table.name])]
    if op.method == "expire_range":
        args += [str(model.object(op.object).key_bytes), expiry_key(keys, members[op.object])]
    return args


def answer_name(method: str) -> str:
    return {
        "map_get": "found", "map_size": "size", "dchain_allocate": "ok", "dchain_refresh": "live",
        "dchain_test": "allocated", "dchain_free": "freed", "dchain_expire_one": "expired", "expire_map": "count",
        "cht_find": "found", "sketch_fetch": "over", "sketch_touch": "ok", "lpm_lookup": "value", "lpm_update": "ok",
    }[method]  # fmt: skip


UNLOCK = "unlock_own(&nf->turn);"


def lock_text(step: Lock | Unlock) -> str:
    if isinstance(step, Lock):
        return "now = lock_own(&nf->turn, now);"
    return "htm_leave(&nf->htm, &nf->turn);" if step.all else UNLOCK


def question(at: str, time: str | None, *, aged: bool) -> str:
    """Whether the allocator at ``at`` may have indices last touched at or before ``time``; None: has free ones."""
    prefix = "shared_dchain" if aged else "dchain"
    return f"{prefix}_spare({at})" if time is None else f"{prefix}_due({at}, {time})"


def unlike(cell: str, p: Piece, scope: Scope, show: Printer) -> str:
    """Whether the cell has other bytes than the piece would write."""
    if isinstance(p, Copy):
        source = "packet" if p.base is None else scope.bytes_of(p.base)
        return f"memcmp({cell} + {p.offset}, {source} + {p.source}, {p.size}) != 0"
    load = load_text(Load(None, p.offset, p.size, isinstance(p, Put) and p.big), cell)
    value = show.value(p.value) if isinstance(p, Put) else "0"
    return f"{load} != {value if value.isalnum() else f'({ctype(8 * p.size)})({value})'}"
