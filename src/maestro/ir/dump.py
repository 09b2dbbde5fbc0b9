"""The text form of a model: what ``maestro analyze --dump model`` prints and golden tests compare.

Packet bytes are written as the header fields that they are, where the path's conditions say which header it is
(``ipv4.src`` after ``eth.type == 0x800``). A field name stands for its value in network order. In keys and cells the
value of each field is written as C reads it (host order), unless it is made of packet bytes alone: then it is the
bytes as they lie in the packet, so ``src_ip = ipv4.src`` is a plain copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from maestro.diagnostics import Span
from maestro.ir.expr import Expr, concat, eq, extract, packet_byte, packet_offset, rebuild, sym, symbols, text, uf, walk
from maestro.ir.model import Assume, Field, Model, Operation, Path, StateObject, Verdict

_ETHERNET = {"eth.dst": (0, 6), "eth.src": (6, 6), "eth.type": (12, 2)}
_IPV4 = {
    "ipv4.tos": (15, 1), "ipv4.length": (16, 2), "ipv4.id": (18, 2), "ipv4.fragment": (20, 2), "ipv4.ttl": (22, 1),
    "ipv4.proto": (23, 1), "ipv4.checksum": (24, 2), "ipv4.src": (26, 4), "ipv4.dst": (30, 4),
    "l4.sport": (34, 2), "l4.dport": (36, 2),
}  # fmt: skip
_IPV6 = {
    "ipv6.length": (18, 2), "ipv6.next": (20, 1), "ipv6.hops": (21, 1), "ipv6.src": (22, 16), "ipv6.dst": (38, 16),
    "l4.sport": (54, 2), "l4.dport": (56, 2),
}  # fmt: skip

Names = Mapping[Expr, Expr]


def dump(model: Model) -> str:
    """The whole model as text that ends with a newline; equal models give equal text."""
    lines = [f"nf {model.nf}: {model.ports} ports, {len(model.objects)} objects, {len(model.paths)} paths"]
    for obj in model.objects:
        lines += ["", *_object(obj)]
    if model.axioms:
        lines += ["", "always", *(f"  {text(a)}" for a in model.axioms)]
    for number, path in enumerate(model.paths):
        lines += ["", f"path {number}", *_path(model, path)]
    for note in model.notes:
        lines += ["", f"note [{note.code}] {note.span or ''}".rstrip(), f"  {note.message}"]
    return "\n".join([*lines, "", summary(model)]) + "\n"


def summary(model: Model) -> str:
    """One line: how the paths end and how many operations they hold."""
    ends: dict[str, int] = {}
    for path in model.paths:
        ends[path.verdict.kind] = ends.get(path.verdict.kind, 0) + 1
    verdicts = ", ".join(f"{n} {kind}" for kind, n in sorted(ends.items()))
    operations = sum(len(p.operations) for p in model.paths)
    return f"{len(model.paths)} paths ({verdicts}), {operations} operations"


def _object(obj: StateObject) -> Iterator[str]:
    yield f"{obj.kind} {obj.name}, capacity {obj.capacity}, {obj.span}"
    if obj.key_layout:
        yield f"  key     {_layout(obj.key_layout)}"
    if obj.elem_size:
        yield f"  element {_layout(obj.elem_layout) or 'bytes'} ({obj.elem_size} bytes)"
    if any(obj.initial):
        yield f"  initial {obj.initial.hex()}"
    for index, data in obj.contents:
        yield f"  [{index}] {data.hex() or 'allocated'}"


def _layout(fields: tuple[Field, ...]) -> str:
    return " ".join(f"{f.name}:{f.size}@{f.offset}" for f in fields)


def _path(model: Model, path: Path) -> Iterator[str]:
    names = packet_names(path.conditions) | cell_names(model, path)
    rows: list[tuple[str, str]] = []
    for step in path.steps:
        match step:
            case Assume(cond, span, given):
                rows.append((_place(span), f"{'given' if given else 'if'} {text(readable(cond, names))}"))
            case Operation():
                rows.append((_place(step.span, step.chain), _operation(model, step, names)))
    rows += [("", edit) for edit in _edits(path, names)]
    rows += [
        ("", f"checksums of the headers at {text(readable(ip, names))} and {text(readable(l4, names))}")
        for ip, l4 in path.checksums
    ]
    rows += [("", f"starts at byte {path.head}")] if path.head else []
    rows.append((_place(path.verdict.span), _verdict(path.verdict, names)))
    width = max(len(place) for place, _ in rows)
    return (f"  {place:<{width}}  {what}" for place, what in rows)


def _place(span: Span | None, chain: tuple[Span, ...] = ()) -> str:
    return " < ".join(str(s) for s in (span, *chain) if s is not None)


def _operation(model: Model, op: Operation, names: Names) -> str:
    args = ", ".join(f"{name} = {_argument(model, op, name, value, names)}" for name, value in op.args)
    results = ", ".join(text(symbol) for _, symbol in op.results)
    related = f" with {', '.join(op.related)}" if op.related else ""
    return f"{op.kind} {op.object}.{op.method}({args}){related}" + (f" -> {results}" if results else "")


def _argument(model: Model, op: Operation, name: str, value: Expr, names: Names) -> str:
    obj = model.object(op.object)
    if name == "key":
        return _record(value, obj.key_layout, names)
    if name == "cell":
        return _record(value, named_cell(obj), names)
    return text(readable(value, names))


def _record(value: Expr, fields: tuple[Field, ...], names: Names) -> str:
    """A packed record as ``{name = value, …}``; as one value when ``fields`` do not cover it."""
    if sum(f.size for f in fields) * 8 != value.width:
        return text(readable(value, names))
    parts: list[str] = []
    high = value.width
    for field in fields:
        part = extract(value, high - 1, high - 8 * field.size)
        high -= 8 * field.size
        parts.append(f"{field.name} = {_field_value(part, names)}")
    return "{" + ", ".join(parts) + "}"


def _field_value(part: Expr, names: Names) -> str:
    free = symbols(part)
    copied = bool(free) and all(packet_offset(s) is not None for s in free)
    return text(readable(part if copied else swap(part), names))


def named_cell(obj: StateObject) -> tuple[Field, ...]:
    """The element's fields when they lie without holes from byte 0."""
    end = 0
    for field in obj.elem_layout:
        if field.offset != end:
            return ()
        end += field.size
    return obj.elem_layout if end == obj.elem_size else ()


def _verdict(verdict: Verdict, names: Names) -> str:
    if verdict.port is None:
        return verdict.kind
    return f"{verdict.kind} to {text(readable(verdict.port, names))}"


def _edits(path: Path, names: Names) -> Iterator[str]:
    """``ipv4.src := …``: changed bytes, those of one field together."""

    def part_of(edit: tuple[int, Expr]) -> str:
        byte = readable(packet_byte(edit[0]), names)
        return text(byte.args[0] if byte.op == "extract" else byte)

    for _, group in groupby(path.edits, key=part_of):
        edits = tuple(group)
        target = concat(*(packet_byte(offset) for offset, _ in edits))
        yield f"{text(readable(target, names))} := {text(readable(concat(*(v for _, v in edits)), names))}"


def packet_names(conditions: tuple[Expr, ...]) -> dict[Expr, Expr]:
    """Packet bytes as slices of field symbols; IP fields only where the conditions fix the EtherType."""
    fields = dict(_ETHERNET)
    wanted = {0x0800: _IPV4, 0x86DD: _IPV6}
    ethernet = _slices(fields)
    for cond in conditions:
        for part in _conjuncts(readable(cond, ethernet)):
            if part.op == "eq" and text(part.args[0]) == "eth.type" and part.args[1].value in wanted:
                fields |= wanted[part.args[1].value]
    return _slices(fields) | ({packet_byte(14): _version_and_ihl()} if "ipv4.src" in fields else {})


def _version_and_ihl() -> Expr:
    return concat(sym("ipv4.version", 4), sym("ipv4.ihl", 4))


def _slices(fields: Mapping[str, tuple[int, int]]) -> dict[Expr, Expr]:
    names: dict[Expr, Expr] = {}
    for name, (first, size) in fields.items():
        whole = sym(name, 8 * size)
        for i in range(size):
            high = 8 * (size - i)
            names[packet_byte(first + i)] = extract(whole, high - 1, high - 8)
    return names


def _conjuncts(cond: Expr) -> Iterator[Expr]:
    if cond.op == "and":
        for arg in cond.args:
            yield from _conjuncts(arg)
    else:
        yield cond


def cell_names(model: Model, path: Path) -> dict[Expr, Expr]:
    """Cells read on the path, as their fields in host order: ``buckets#3.cell`` → ``buckets#3.tokens`` ++ …"""
    names: dict[Expr, Expr] = {}
    for op in path.operations:
        fields = named_cell(model.object(op.object))
        if op.method == "vector_read" and fields:
            cell = op.result("cell")
            prefix = cell.name.removesuffix("cell")
            names[cell] = concat(*(swap(sym(prefix + f.name, 8 * f.size)) for f in fields))
    return names


def swap(e: Expr) -> Expr:
    return concat(*(extract(e, low + 7, low) for low in range(0, e.width, 8)))


def readable(e: Expr, names: Names) -> Expr:
    """``e`` with symbols renamed and byte-reversed values written as ``bswap``; equality to a constant unswapped."""
    new: dict[Expr, Expr] = {}
    for node in walk(e):
        plain = names.get(node, node) if node.op == "sym" else rebuild(node, tuple(new[a] for a in node.args))
        new[node] = _unswapped(plain)
    return new[e]


def _unswapped(e: Expr) -> Expr:
    if e.op == "eq" and e.args[0].op == "uf" and e.args[0].name == "bswap" and e.args[1].is_const:
        return eq(e.args[0].args[0], swap(e.args[1]))
    if e.op != "concat" or e.width % 8 or e.width > 64 or all(a.is_const for a in e.args):
        return e
    swapped = swap(e)
    return uf("bswap", e.width, swapped) if swapped.op == "sym" else e
