"""The state of one core in C: ``struct nf_core``, its creation with what the NF put there at init, its release.

What cores have in common is in ``maestro.codegen.shared``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maestro.codegen import records
from maestro.codegen.capacity import Share, Shares
from maestro.codegen.cexpr import number
from maestro.codegen.flows import NO_TABLES, Tables
from maestro.codegen.locking import NONE, Common
from maestro.codegen.names import place
from maestro.codegen.text import aligned, wrap
from maestro.diagnostics import InternalError
from maestro.ir.model import Model, StateObject


def moves_start(model: Model) -> bool:
    """Whether frames may depart from another byte than the one that they arrived with."""
    return any(path.head for path in model.paths)


def head_function() -> list[str]:
    """``nf_head``."""
    return ["int32_t nf_head(const struct nf_core *nf) {", "  return nf->head;", "}"]


def struct(model: Model, members: Mapping[str, str], common: Common = NONE, tables: Tables = NO_TABLES) -> list[str]:
    """The definition of ``struct nf_core``."""
    fields = [("  struct nf_shared *shared;", ""), ("  struct turn turn;", "")] if common.objects else []
    if common.htm:
        fields.append(("  struct htm htm;", ""))
    if moves_start(model):
        fields.append(("  int32_t head;", "where the last packet departs from: see nf_head"))
    fields += rows(own(model, common, tables), members, common, tables)
    if not fields:
        fields = [("  char none;", "the NF keeps no state")]
    lines = [line for text, comment in aligned(fields) for line in ([f"  {comment}"] if comment else []) + [text]]
    return ["struct nf_core {", *lines, "};"]


def own(model: Model, common: Common, tables: Tables = NO_TABLES) -> list[StateObject]:
    """The objects of which every core has its own, as structures of their own."""
    return [o for o in model.objects if o.name not in common.objects and o.name not in tables.vectors]


def rows(
    objects: Sequence[StateObject], members: Mapping[str, str], common: Common, tables: Tables = NO_TABLES
) -> list[tuple[str, str]]:
    """Members of a struct, and comments. Objects that C calls by another name keep theirs in the comment."""
    found: list[tuple[str, str]] = []
    for o in objects:
        name = "" if members[o.name] == o.name else f"{o.name}, "
        kind = f"shared_{o.kind}" if o.name in common.aged else o.kind
        kind = records.kind(o) if tables.of(o.name) else kind
        found.append((f"  struct {kind} {members[o.name]};", f"{name}{place(o.span)}: {_describe(o)}"))
    return found


def _describe(o: StateObject) -> str:
    entries = f"{o.capacity} entries in all"
    match o.kind:
        case "map":
            return f"keys of {o.key_bytes} bytes, {entries}"
        case "vector":
            return f"elements of {o.elem_size} bytes, {entries}"
        case "dchain":
            return f"index allocator, {o.capacity} indices in all"
        case "sketch":
            return f"counts of keys of {o.key_bytes} bytes, {o.capacity} buckets a row, threshold {o.threshold}"
        case "lpm":
            return f"prefixes of IPv4 addresses, {len(o.contents)} from the start"
    raise InternalError(f"unknown kind of state object: {o.kind}")


def tables(model: Model, members: Mapping[str, str]) -> list[str]:
    """Constant tables of what the NF put into its objects while it initialised itself."""
    lines: list[str] = []
    for o in model.objects:
        name = members[o.name]
        if o.kind == "vector" and any(o.initial):
            lines += [*wrap(f"static const uint8_t {name}_initial[{o.elem_size}] = {{{_bytes(o.initial)}}};"), ""]
        if o.cht_height:
            continue
        if o.contents and o.kind == "dchain":
            indices = ", ".join(str(index) for index, _ in o.contents)
            lines += [*wrap(f"static const uint32_t {name}_contents[] = {{{indices}}};"), ""]
        elif o.contents:
            size, what = _entry(o)
            lines += [f"static const struct {{ uint32_t {what}; uint8_t bytes[{size}]; }} {name}_contents[] = {{"]
            lines += [row for n, data in o.contents for row in wrap(f"  {{{number(n)}, {{{_bytes(data)}}}}},")]
            lines += ["};", ""]
    return lines


def _entry(o: StateObject) -> tuple[int, str]:
    """Size of the bytes of an entry of ``contents``, and what its number is."""
    match o.kind:
        case "map":
            return o.key_bytes, "value"
        case "lpm":
            return 5, "value"  # four bytes of prefix, one of length
    return o.elem_size, "index"


def _bytes(data: bytes) -> str:
    return ", ".join(number(b) for b in data)


def create(
    model: Model, members: Mapping[str, str], shares: Shares, common: Common = NONE, tables: Tables = NO_TABLES
) -> list[str]:
    """``nf_core_create`` and ``nf_core_destroy``."""
    objects = own(model, common, tables)
    lines = ["struct nf_core *nf_core_create(struct nf_shared *shared, unsigned core, unsigned cores) {"]
    lines += ["  struct nf_core *nf = maestro_alloc(sizeof *nf);", "  if (!nf) {", "    return NULL;", "  }"]
    if common.objects:
        lines += ["  nf->shared = shared;", "  nf->turn = (struct turn){.locks = &shared->locks, .core = core};"]
    if common.htm:
        lines.append("  nf->htm = (struct htm){.common = shared->htm};")
    owners = {share.of: None for share in shares.values()}
    release: list[str] = []
    for owner in owners:
        whole, name = model.object(owner).capacity, members[owner]
        if shares[owner].steered:
            names = f"{name}_names, sizeof {name}_names / sizeof {name}_names[0]"
            lines += wrap(f'  uint16_t *const {name}_owners = steered_owners("{owner}", {whole}, {names}, cores);')
            lines.append(f"  const uint32_t {name}_share = steered_share({name}_owners, {whole}, core);")
            release.append(f"free({name}_owners);")
        else:
            lines.append(f"  const uint32_t {name}_share = maestro_share({whole}, core, cores);")
    calls = [f"!shared_dchain_join(&shared->{members[o.name]}, core)" for o in model.objects if o.name in common.aged]
    capacities = {o.name: o.capacity for o in model.objects}
    for o in objects:
        table = tables.of(o.name)
        made = records.create_call(o, table, members, shares, capacities) if table else ""
        calls.append(f"!{made or create_call(o, members, shares.get(o.name))}")
    if calls:
        lines += [f"  if ({' ||'.join(f'{chr(10)}      {c}' if i else c for i, c in enumerate(calls))}) {{"]
        lines += [*(f"    {line}" for line in release), "    nf_core_destroy(nf);", "    return NULL;", "  }"]
    lines += [f"  {line}" for line in release]
    for o in objects:
        lines += [] if tables.of(o.name) else fill(o, members[o.name])
    lines += [] if common.objects else ["  (void)shared;"]
    if not owners:
        lines += [] if common.objects else ["  (void)core; /* every core's state is the same */"]
        lines += ["  (void)cores;"]
    lines += [
        "  return nf;",
        "}",
        "",
        "void nf_core_destroy(struct nf_core *nf) {",
        "  if (!nf) {",
        "    return;",
        "  }",
    ]
    for o in objects:
        lines.append(f"  {records.kind(o) if tables.of(o.name) else o.kind}_destroy(&nf->{members[o.name]});")
    return "\n".join([*lines, "  free(nf);", "}"]).split("\n")


def create_call(
    o: StateObject, members: Mapping[str, str], share: Share | None, owner: str = "nf", *, aged: bool = False
) -> str:
    """``owner``: the struct that holds the object. ``aged``: see :class:`maestro.codegen.locking.Common`."""
    at = f"&{owner}->{members[o.name]}"
    capacity = str(o.capacity)
    if share is not None:
        capacity = f"{members[share.of]}_share" if share.times == 1 else f"{share.times} * {members[share.of]}_share"
    match o.kind:
        case "map":
            return f"map_create({at}, {capacity}, {o.key_bytes}, nf_seed)"
        case "vector":
            return f"vector_create({at}, {capacity}, {o.elem_size})" + _cht_fill(o, at)
        case "sketch":
            return f"sketch_create({at}, {o.capacity}, {o.threshold})"
        case "lpm":
            return f"lpm_create({at})"
    if aged:
        return f"shared_dchain_create({at}, {capacity}, cores)"
    if share is not None and share.steered:
        return f"dchain_create_part({at}, {o.capacity}, {members[o.name]}_owners, core)"
    first = f"maestro_share_first({o.capacity}, core, cores)" if share is not None and share.numbered else "0"
    return f"dchain_create({at}, {capacity}, {first})"


def _cht_fill(o: StateObject, at: str) -> str:
    """What else must succeed where the vector is a consistent hashing table."""
    return f" || !cht_fill({at}, {o.cht_height}, {o.capacity // o.cht_height})" if o.cht_height else ""


def fill(o: StateObject, name: str, owner: str = "nf", *, aged: bool = False) -> list[str]:
    """What the NF's own init left in the object."""
    lines: list[str] = []
    if o.kind == "vector" and any(o.initial):
        lines.append(f"  vector_fill(&{owner}->{name}, {o.elem_size}, {name}_initial);")
    if not o.contents or o.cht_height:
        return lines
    lines.append(f"  for (size_t i = 0; i < sizeof {name}_contents / sizeof {name}_contents[0]; i++) {{")
    match o.kind:
        case "map":
            put = f"map_put(&{owner}->{name}, {name}_contents[i].bytes, {o.key_bytes}, {name}_contents[i].value);"
        case "vector":
            cell = f"vector_at(&{owner}->{name}, {name}_contents[i].index, {o.elem_size})"
            put = f"memcpy({cell}, {name}_contents[i].bytes, {o.elem_size});"
        case "lpm":
            route = f"ld32be({name}_contents[i].bytes), {name}_contents[i].bytes[4]"
            put = f"lpm_update(&{owner}->{name}, {route}, (uint16_t){name}_contents[i].value);"
        case _:
            time = "" if aged else ", 0"
            put = f"{'shared_' if aged else ''}dchain_take(&{owner}->{name}, {name}_contents[i]{time});"
    return [*lines, f"    {put}", "  }"]
