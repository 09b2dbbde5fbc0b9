"""Replicated state (R7): what describes the copies to ``runtime/merge``, for generated programs and reference builds.

A vector whose elements are a map's entries is merged by key, since every core has indices of its own; any other vector
by index. A map counts by its keys, by its values if the plan says that they are values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maestro.codegen.capacity import index_owners
from maestro.codegen.state import create_call, fill
from maestro.diagnostics import InternalError, UnsupportedError
from maestro.ir.model import Model, StateObject
from maestro.ir.plan import Plan

Part = tuple[int, int, str]


@dataclass(frozen=True)
class Copied:
    """One row of the table. ``kind`` as merge.h has it; ``map``, ``vector``: the objects that it needs."""

    name: str
    kind: str
    parts: tuple[Part, ...]
    map: StateObject | None = None
    vector: StateObject | None = None

    @property
    def elem_size(self) -> int:
        """Bytes of a value."""
        if self.vector is not None:
            return self.vector.elem_size
        return 4 if self.kind == "MERGE_VALUES" else 0


def copied(model: Model, plan: Plan) -> tuple[Copied, ...]:
    """What is to be merged, in the order of the model's objects.

    Raises UnsupportedError for kinds of objects that cannot be merged, InternalError when the plan says nothing about
    a replicated object.
    """
    replicas = {r.object: tuple(sorted(r.parts)) for r in plan.replicas}
    names = [o.name for o in plan.objects if o.strategy == "replicated"]
    missing = [name for name in names if name not in replicas]
    if missing:
        raise InternalError(f"{missing[0]} is replicated, but the plan does not say how its copies are merged")
    objects = [o for o in model.objects if o.name in names]
    owners = index_owners(model)
    maps = {owners[o.name]: o for o in reversed(objects) if o.kind == "map" and o.name in owners}
    rows = [_row(o, replicas[o.name], maps.get(owners.get(o.name, ""))) for o in objects]
    found = [row for row in rows if row is not None]
    entries = {row.map.name for row in found if row.kind == "MERGE_ENTRIES" and row.map}
    return tuple(row for row in found if not (row.kind == "MERGE_KEYS" and row.name in entries))


def capacities(model: Model, plan: Plan) -> dict[str, int | None]:
    """For each merged object how many entries one core's copy has room for; None: for every key that there is."""
    owners = index_owners(model)
    found: dict[str, int | None] = {}
    for row in copied(model, plan):
        found[row.name] = None
        if row.map:
            owner = owners.get(row.map.name)
            found[row.name] = min(row.map.capacity, model.object(owner).capacity if owner else row.map.capacity)
    return found


def _row(o: StateObject, parts: tuple[Part, ...], table: StateObject | None) -> Copied | None:
    match o.kind:
        case "dchain":
            return None
        case "vector":
            if not parts:
                return None
            return Copied(o.name, "MERGE_ENTRIES" if table else "MERGE_CELLS", parts, table, o)
        case "map":
            return Copied(o.name, "MERGE_VALUES" if parts else "MERGE_KEYS", parts, o)
    raise UnsupportedError(
        f"copies of {o.name}, a {o.kind}, cannot be merged yet", span=o.span, code="strategy-not-yet"
    )


def functions(model: Model, plan: Plan, members: Mapping[str, str]) -> list[str]:
    """C: ``nf_merged`` of a generated program; nothing without replicated objects."""
    rows = copied(model, plan)
    if not rows:
        return []
    used = {o.name: o for row in rows for o in (row.map, row.vector) if o}
    own = [o for o in model.objects if o.name in used]
    places = {name: f"offsetof(struct nf_core, {members[name]})" for name in used}
    table = [f"  {_object(row, members, places)}," for row in rows]
    creates = " &&\n      ".join(create_call(o, members, None) for o in own)
    return [
        *_parts(rows, members),
        "/* The state of which every core has a copy, and how the copies become one. */",
        "static const struct merge_object copies[] = {",
        *table,
        "};",
        "",
        "size_t nf_merged(const struct nf_core *const *cores, unsigned count, nf_merged_fn *each, void *arg) {",
        "  struct nf_core *nf = maestro_alloc(sizeof *nf); /* as before the first packet */",
        "  size_t entries = SIZE_MAX;",
        f"  if (nf &&\n      {creates}) {{",
        *(f"  {line}" for o in own for line in fill(o, members[o.name])),
        f"    entries = merge_objects(copies, {len(rows)}, (const void *const *)cores, count, nf, each, arg);",
        "  }",
        "  if (nf) {",
        *(f"    {o.kind}_destroy(&nf->{members[o.name]});" for o in own),
        "  }",
        "  free(nf);",
        "  return entries;",
        "}",
    ]


def emit_copied(model: Model, plan: Plan, members: Mapping[str, str]) -> list[str]:
    """C: the table ``nf_copied`` of a reference build (include/maestro/reference.h); nothing without such objects."""
    rows = copied(model, plan)
    if not rows:
        return []
    numbers = {kind: [o.name for o in model.objects if o.kind == kind] for kind in ("map", "vector")}
    places = {name: str(n) for names in numbers.values() for n, name in enumerate(names)}
    lines = _parts(rows, members)
    table: list[str] = []
    for row in rows:
        fields = row.map.key_layout if row.map else ()
        key = "NULL"
        if fields:
            key = f"{members[row.name]}_key"
            listed = ", ".join(f"{{{f.offset}, {f.size}}}" for f in fields)
            lines.append(f"static const struct key_field {key}[] = {{{listed}}};")
        table.append(f"  {{{_object(row, members, places)}, {key}, {len(fields)}}},")
    return [
        *lines,
        "",
        "const struct copied nf_copied[] = {",
        *table,
        "};",
        f"const unsigned nf_copied_count = {len(rows)};",
    ]


def _parts(rows: Sequence[Copied], members: Mapping[str, str]) -> list[str]:
    lines = []
    for row in (r for r in rows if r.parts):
        listed = ", ".join(f"{{{offset}, {size}, MERGE_{how.upper()}}}" for offset, size, how in row.parts)
        lines.append(f"static const struct merge_part {members[row.name]}_parts[] = {{{listed}}};")
    return lines


def _object(row: Copied, members: Mapping[str, str], places: Mapping[str, str]) -> str:
    table, vector = (places[o.name] if o else "0" for o in (row.map, row.vector))
    key = row.map.key_bytes if row.map else 4
    parts = f"{members[row.name]}_parts" if row.parts else "NULL"
    return f'{{"{row.name}", {row.kind}, {table}, {vector}, {key}, {row.elem_size}, {parts}, {len(row.parts)}}}'
