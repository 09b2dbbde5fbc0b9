"""What the control plane asks a core: ``nf_occupancy``, how full its tables are, and ``nf_lock_counts``."""

from __future__ import annotations

from collections.abc import Mapping

from maestro.codegen.flows import NO_TABLES, Tables
from maestro.codegen.locking import Common
from maestro.codegen.text import wrap
from maestro.ir.model import Model, StateObject

_ROWS = "SKETCH_ROWS"
_LOCK_COUNTS = [
    "struct nf_lock_counts nf_lock_counts(const struct nf_core *nf) {",
    "  return (struct nf_lock_counts){nf->turn.reads, nf->turn.writes, nf->turn.waits};",
    "}",
]


def functions(model: Model, members: Mapping[str, str], common: Common, fused: Tables = NO_TABLES) -> list[list[str]]:
    """C; nothing for an NF without tables and locks. Tables in common are looked at with the core's own lock held."""
    counts = [_LOCK_COUNTS] if common.objects else []
    tables = [o for o in model.objects if o.kind in ("map", "dchain", "sketch")]
    if not tables:
        return counts
    own = [line for o in tables if o.name not in common.objects for line in _call(o, members, common, fused)]
    shared = [line for o in tables if o.name in common.objects for line in _call(o, members, common, fused)]
    if shared:
        shared = ["  lock_look(&nf->turn);", *shared, "  unlock_look(&nf->turn);"]
    head = "void nf_occupancy(const struct nf_core *nf, nf_table_fn *each, void *arg) {"
    return [[head, *own, *shared, "}"], *counts]


def _call(o: StateObject, members: Mapping[str, str], common: Common, fused: Tables) -> list[str]:
    in_common = o.name in common.objects
    at = f"nf->{'shared->' if in_common else ''}{members[o.name]}"
    table = fused.of(o.name)
    match o.kind:
        case _ if table is not None:  # every index has an entry in each map
            used, capacity = (f"nf->{members[table.allocator]}.{n}" for n in ("used", "own"))
        case "map":
            used, capacity = f"{at}.size", f"{at}.capacity"
        case "sketch":
            used, capacity = f"sketch_used(&{at})", f"{_ROWS} * (uint64_t){at}.capacity"
        case _:
            used, capacity = (f"{at}.size", f"{at}.capacity") if o.name in common.aged else (f"{at}.used", f"{at}.own")
    row = f'"{o.name}", "{o.kind}", {used}, {capacity}, {int(in_common)}'
    return wrap(f"  each(arg, &(struct nf_table){{{row}}});")
