"""C for flow tables (``maestro.codegen.flows``): the record, members of ``struct nf_core``, expiry, calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from maestro.codegen.capacity import Shares
from maestro.codegen.cexpr import Printer
from maestro.codegen.flows import Table, Tables
from maestro.codegen.lower import Look
from maestro.codegen.memory import Put
from maestro.codegen.names import place
from maestro.codegen.scope import Scope
from maestro.codegen.text import aligned, wrap
from maestro.ir.model import Model, StateObject

Members = Mapping[str, str]

_LINE = 64  # bytes that the CPU fetches together


def words(o: StateObject) -> int:
    """How many words of 64 bits a map's key takes."""
    return -(-o.key_bytes // 8)


def record(table: Table, members: Members) -> str:
    """The type of the table's records, and of the function that finds one."""
    return f"{members[table.allocator]}_record"


def stride(table: Table, members: Members) -> str:
    return f"sizeof(struct {record(table, members)})"


def where(table: Table, name: str, members: Members) -> str:
    """The constant that says where the keys of a map are."""
    return f"{members[name]}_keys"


def names(tables: Tables, members: Members) -> Iterator[str]:
    """What locals must not be called."""
    for t in tables.tables:
        yield record(t, members)
        yield from (f"{members[t.allocator]}_expire", *(where(t, m, members) for m in t.maps))


def alignment(table: Table, model: Model) -> int:
    """Bytes: a record lies in as few lines as it can."""
    size = 8 + sum(8 * words(model.object(m)) for m in table.maps)
    size += sum(-(-model.object(v).elem_size // 8) * 8 for v in table.vectors)
    powers = (n for n in (16, 32) if n >= size)
    return next(powers, _LINE)


def types(model: Model, members: Members, tables: Tables) -> list[str]:
    """The records' structs and what there is to say about them."""
    lines: list[str] = []
    for t in tables.tables:
        lines += [*_struct(t, model, members), "", *_keys(t, model, members), ""]
    return lines[:-1]


def _struct(t: Table, model: Model, members: Members) -> list[str]:
    rows = [(f"  _Alignas({alignment(t, model)}) int64_t touched;", "when, or FLOW_FREE")]
    for o in map(model.object, t.maps):
        rows.append((f"  uint64_t {members[o.name]}_key[{words(o)}];", f"in {o.name}: {o.key_bytes} bytes"))
    for o in map(model.object, t.vectors):
        rows.append((f"  _Alignas(8) uint8_t {members[o.name]}[{o.elem_size}];", place(o.span)))
    unread = f" Nobody reads {', '.join(t.dropped)}." if t.dropped else ""
    comment = f"/* What there is of each index of {t.allocator}.{unread} */"
    listed = [line for text, note in aligned(rows) for line in ([f"  {note}"] if note else []) + [text]]
    return [comment, f"struct {record(t, members)} {{", *listed, "};"]


def _keys(t: Table, model: Model, members: Members) -> list[str]:
    lines: list[str] = []
    for o in map(model.object, t.maps):
        at = f"offsetof(struct {record(t, members)}, {members[o.name]}_key)"
        lines.append(f"static const struct flow_key {where(t, o.name, members)} = {{{stride(t, members)},")
        lines.append(f"{' ' * (lines[-1].index('{') + 1)}{at}, {words(o)}}};")
    return lines


def functions(model: Model, members: Members, tables: Tables) -> list[list[str]]:
    """What works on one table as a whole: the record of an index, expiry."""
    expiring = {op.object for path in model.paths for op in path.operations if op.method == "expire_map"}
    lists: list[list[str]] = []
    for t in tables.tables:
        if t.vectors:
            lists.append(_find(t, members))
        if t.allocator in expiring:
            lists.append(_expire(t, members))
    return lists


def _find(t: Table, members: Members) -> list[str]:
    name = record(t, members)
    return [
        f"static inline struct {name} *{name}(const struct nf_core *nf, uint32_t index) {{",
        f"  return (struct {name} *)nf->{members[t.allocator]}.records + index;",
        "}",
    ]


def _expire(t: Table, members: Members) -> list[str]:
    name = members[t.allocator]
    erase = [
        line
        for m in t.maps
        for line in wrap(f"    flow_erase(&nf->{members[m]}, &nf->{name}, {where(t, m, members)}, index);")
    ]
    return [
        f"/* Free every index of {t.allocator} last touched at or before `time`, and forget its keys; how many. */",
        f"FLOW_RARE uint32_t {name}_expire_due(struct nf_core *nf, int64_t time) {{",
        "  uint32_t count = 0, index;",
        f"  while (flow_expire(&nf->{name}, {stride(t, members)}, time, &index)) {{",
        *erase,
        "    count++;",
        "  }",
        "  return count;",
        "}",
        "",
        f"static inline uint32_t {name}_expire(struct nf_core *nf, int64_t time) {{",
        f"  return flow_due(&nf->{name}, time) ? {name}_expire_due(nf, time) : 0;",
        "}",
    ]


# -- members of struct nf_core


def kind(o: StateObject) -> str:
    """The type of the member that an object of a table has, without ``struct``."""
    return "flow_map" if o.kind == "map" else "flows"


def create_call(o: StateObject, t: Table, members: Members, shares: Shares, capacities: Mapping[str, int]) -> str:
    """``capacities``: of the allocators, all cores together."""
    share, whole = shares[t.allocator], capacities[t.allocator]
    own, at = f"{members[t.allocator]}_share", f"&nf->{members[o.name]}"
    indices = str(whole) if share.numbered or share.steered else own
    if o.kind == "map":
        return f"flow_map_create({at}, {own}, {indices}, nf_seed)"
    if share.steered:
        return f"flows_create_part({at}, {whole}, {stride(t, members)}, {members[o.name]}_owners, core)"
    first = f"maestro_share_first({whole}, core, cores)" if share.numbered else "0"
    return f"flows_create({at}, {indices}, {stride(t, members)}, {first}, {own})"


# -- operations


def call_text(method: str, name: str, t: Table, members: Members, args: Sequence[str]) -> str:
    """``args``: what :mod:`maestro.codegen.body` passes besides the structures. For maps: key, hash, the rest."""
    flows, size = f"&nf->{members[t.allocator]}", stride(t, members)
    given = ", ".join(args)
    match method:
        case "map_get" | "map_put":
            function = "flow_get" if method == "map_get" else "flow_put"
            return f"{function}(&nf->{members[name]}, {flows}, {where(t, name, members)}, {given})"
        case "dchain_allocate":
            return f"flow_allocate({flows}, {size}, {given})"
        case "dchain_test":
            return f"flow_test({flows}, {given}, {size})"
        case "dchain_refresh":
            index, now = args
            return f"flow_refresh({flows}, {index}, {size}, {now})"
    assert method == "expire_map", method
    return f"{members[t.allocator]}_expire(nf, {given})"


def cell(name: str, index: str, t: Table, members: Members) -> str:
    """The address of a vector's element."""
    return f"{record(t, members)}(nf, {index})->{members[name]}"


def look(step: Look, scope: Scope, show: Printer, tables: Tables, members: Members) -> Iterator[str]:
    """The statements of a leaf of ``nf_look``."""
    for slot, key in enumerate(step.keys):
        at = f"ahead->key[{slot}]"
        for n, piece in enumerate(key.pieces):
            assert isinstance(piece, Put)
            yield f"{at}[{n}] = {show.value(piece.value)};"
        yield f"ahead->hash[{slot}] = flow_hash(&nf->{members[key.object]}, {at}, {len(key.pieces)});"
    for name, slot in step.gets:
        yield f"flow_fetch_slot(&nf->{members[name]}, ahead->hash[{slot}]);"
    for allocator, index in step.indices:
        table = tables.of(allocator)
        assert table is not None
        yield f"flow_fetch(&nf->{members[allocator]}, {show.value(index)}, {stride(table, members)});"
    for slot, (name, hashed) in enumerate(step.sketches):
        yield f"ahead->sketch[{slot}] = {show.value(hashed)};"
        yield f"sketch_fetch_where(&nf->{members[name]}, ahead->sketch[{slot}]);"
    yield f"ahead->at = {scope.numbers[step]};"
    yield "return;"
