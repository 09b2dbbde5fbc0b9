"""Expressions in a reader's words: field names, ``and``, ``or``, addresses, seconds; no byte offsets, no widths."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from maestro.ir.dump import Names, packet_names, readable, swap
from maestro.ir.expr import (
    Expr,
    concat,
    const,
    eq,
    extract,
    negate,
    packet_byte,
    packet_offset,
    signed,
    sym,
    symbols,
    text,
    walk,
)
from maestro.ir.model import Field, Model, Operation, Path, StateObject

_INFIX = {
    "add": "+", "sub": "−", "mul": "×", "udiv": "/", "urem": "mod", "sdiv": "/", "srem": "mod",
    "and": "&", "or": "|", "xor": "^", "shl": "<<", "lshr": ">>", "ashr": ">>",
    "eq": "=", "ult": "<", "ule": "≤", "slt": "<", "sle": "≤",
}  # fmt: skip
_OPPOSITE = {"eq": "≠", "ult": "≥", "ule": ">", "slt": "≥", "sle": ">"}
_MIRRORED = {"ult": ">", "ule": "≥", "slt": ">", "sle": "≥"}
_MIRRORED_OPPOSITE = {"ult": "≤", "ule": "<", "slt": "≤", "sle": "<"}

_CONSTANTS: Mapping[str, Mapping[int, str]] = {
    "eth.type": {0x0800: "IPv4", 0x86DD: "IPv6", 0x0806: "ARP", 0x8100: "VLAN"},
    "ipv4.proto": {1: "ICMP", 6: "TCP", 17: "UDP"},
    "ipv6.next": {58: "ICMPv6", 6: "TCP", 17: "UDP"},
}
"""IEEE 802 EtherTypes and IANA protocol numbers."""

_TESTS = {
    "found": ("the key is in {0}", "the key is not in {0}"),
    "allocated": ("the index is in use in {0}", "the index is not in use in {0}"),
    "over": ("{0} says: too often", "{0} does not say: too often"),
}
"""What a test of state says when it succeeds, and when not, by the name of the result."""

_OK = {
    "dchain_allocate": ("{0} has a free entry", "{0} is full"),
    "dchain_expire_one": ("an entry of {0} is too old", "no entry of {0} is too old"),
    "sketch_touch": ("{0} has room", "{0} is full"),
}
PADDING = "padding"
MOST = 400
"""Characters of one expression; longer ones nobody reads."""


class Words:
    """Says expressions of one path. ``owner``: what the user calls a state object."""

    def __init__(self, model: Model, path: Path, owner: Mapping[str, str], ports: Mapping[int, str]) -> None:
        self._model, self._path, self._owner, self._ports = model, path, owner, ports
        self._cells = cells(model, path)
        self._origins = {value: (op, name) for op in path.operations for name, value in op.results}
        self._names: dict[Expr | None, Names] = {}

    def condition(self, cond: Expr) -> str:
        """What holds, in words. Fields are named as the header that ``cond`` speaks of, also where it is denied."""
        denied = cond.args[0] if cond.op == "not" else None
        return self._short(readable(cond, self._names_of(denied)))

    def value(self, e: Expr) -> str:
        return self._short(readable(e, self._names_of(None)))

    def _names_of(self, denied: Expr | None) -> Names:
        if denied not in self._names:
            conditions = (*self._path.conditions, *((denied,) if denied is not None else ()))
            self._names[denied] = packet_names(conditions) | self._cells
        return self._names[denied]

    def argument(self, op: Operation, name: str, value: Expr) -> str:
        """A key or a cell field by field."""
        obj = self._model.object(op.object)
        fields = obj.key_layout if name == "key" else layout(obj) if name == "cell" else ()
        if not fields or sum(f.size for f in fields) * 8 != value.width:
            return self.value(value)
        return ", ".join(self._fields(fields, value))

    def _fields(self, fields: tuple[Field, ...], value: Expr) -> list[str]:
        said, high = [], value.width
        for f in fields:
            part = extract(value, high - 1, high - 8 * f.size)
            high -= 8 * f.size
            free = symbols(part)
            copied = bool(free) and all(packet_offset(s) is not None for s in free)
            if f.name != PADDING:
                said.append(f"{f.name} = {self.value(part if copied else swap(part))}")
        return said

    def _short(self, e: Expr) -> str:
        if len(list(walk(e))) > MOST:
            return text(e)[:MOST] + "…"
        said = self._say(e)
        if said.startswith("(") and said.endswith(")") and _closes_last(said):
            said = said[1:-1]
        return said if len(said) <= MOST else said[: MOST - 1] + "…"

    def _say(self, e: Expr) -> str:
        match e.op:
            case "const":
                return _number(e.value, e.width)
            case "sym":
                return self._test(e, 0) if e.width == 1 else self._symbol(e)
            case "not":
                return self._denied(e.args[0])
            case "zext" | "sext":
                return self._say(e.args[0])
            case "uf" if e.name == "bswap":
                return self._say(e.args[0])
            case "extract":
                return self._slice(e)
            case "concat":
                return self._concat(e)
            case "ite":
                return f"({self._say(e.args[1])} if {self._say(e.args[0])}, else {self._say(e.args[2])})"
            case "uf":
                return f"{e.name}({', '.join(map(self._say, e.args))})"
        if e.width == 1 and e.op in ("and", "or"):
            return f"({f' {e.op} '.join(self._chain(e, e.op))})"
        return self._infix(e)

    def _chain(self, e: Expr, op: str) -> list[str]:
        return [part for a in e.args for part in (self._chain(a, op) if a.op == op else [self._say(a)])]

    def _denied(self, e: Expr) -> str:
        if e.op == "sym":
            return self._test(e, 1)
        if e.op in _OPPOSITE:
            return self._compare(e, denied=True)
        if e.op in ("and", "or") and e.width == 1:
            other = {"and": "or", "or": "and"}[e.op]
            return f"({f' {other} '.join(self._say(negate(a)) for a in _flat(e, e.op))})"
        return f"not {self._say(e)}"

    def _test(self, e: Expr, denied: int) -> str:
        origin = self._origins.get(e)
        if origin is not None:
            op, name = origin
            phrase = _TESTS.get(name) or _OK.get(op.method)
            if phrase:
                return phrase[denied].format(self._owner.get(op.object, op.object))
        return f"not {e.name}" if denied else e.name

    def _symbol(self, e: Expr) -> str:
        return {"device": "arrival port", "pkt_len": "packet length"}.get(e.name, e.name)

    def _slice(self, e: Expr) -> str:
        return f"{self._say(e.args[0])}[{e.hi}:{e.lo}]"

    def _concat(self, e: Expr) -> str:
        parts = [a for a in e.args if not (a.is_const and a.value == 0)]
        if len(parts) == 1 and e.args[-1] is parts[0]:
            return self._say(parts[0])
        swapped = swap(e) if e.width % 8 == 0 else e
        whole = swapped if swapped.op in ("sym", "zext") else None
        return self._say(whole) if whole is not None else f"({' : '.join(map(self._say, e.args))})"

    def _infix(self, e: Expr) -> str:
        if e.op in _OPPOSITE:
            return self._compare(e, denied=False)
        a, b = e.args
        if e.op == "add" and b.is_const and signed(b.value, b.width) < 0:
            back = -signed(b.value, b.width)
            amount = _duration(back) if a.op == "sym" and a.name == "now" else _number(back, b.width)
            return f"({self._say(a)} − {amount})"
        return f"({self._say(a)} {_INFIX[e.op]} {self._say(b)})"

    def _compare(self, e: Expr, *, denied: bool) -> str:
        a, b = e.args
        if e.op == "eq" and b.is_const and (known := self._known(a, b.value, denied)):
            return known
        if e.op == "eq" and a.op == "concat" and b.is_const and len(symbols(a)) > 1:
            return self._parts(a, b.value, denied=denied)
        if a.is_const and e.op in _MIRRORED:
            sign = (_MIRRORED_OPPOSITE if denied else _MIRRORED)[e.op]
            return f"{self._say(b)} {sign} {_number(a.value, a.width)}"
        sign = (_OPPOSITE if denied else _INFIX)[e.op]
        return f"{self._say(a)} {sign} {self._constant(a, b)}"

    def _parts(self, a: Expr, value: int, *, denied: bool) -> str:
        """Several fields compared with one constant: each with its own bits of it."""
        bit, said = a.width, []
        parts: list[Expr] = []
        for part in a.args:
            bit -= part.width
            parts.append(eq(part, const(value >> bit, part.width)))
        for part in parts:
            if not part.is_const:
                said.append(self._say(negate(part) if denied else part))
        said = list(dict.fromkeys(said))
        return said[0] if len(said) == 1 else f"({(' or ' if denied else ' and ').join(said)})"

    def _known(self, a: Expr, value: int, denied: bool) -> str:
        """Well-known comparisons as what they mean."""
        while a.op == "zext":
            a = a.args[0]
        if value == 0 and _offset_and_more(a):
            return "a fragment" if denied else "not a fragment"
        if a.name == "device":
            return f"arrival port {'≠' if denied else '='} {port_name(value, self._ports)}"
        return ""

    def _constant(self, a: Expr, b: Expr) -> str:
        while a.op == "zext":
            a = a.args[0]
        if b.is_const and (name := _CONSTANTS.get(a.name, {}).get(b.value)):
            return name
        if b.is_const and a.name in ("ipv4.src", "ipv4.dst"):
            return str(IPv4Address(b.value & 0xFFFFFFFF))
        return self._say(b)


def cells(model: Model, path: Path) -> dict[Expr, Expr]:
    """Cells read on the path, as their fields in host order: ``buckets#3.cell`` → ``buckets#3.tokens`` and so on."""
    names: dict[Expr, Expr] = {}
    for op in path.operations:
        if op.method == "vector_read" and (fields := layout(model.object(op.object))):
            cell = op.result("cell")
            prefix = cell.name.removesuffix("cell")
            parts = (sym(f"{prefix}{f.name}{f.offset if f.name == PADDING else ''}", 8 * f.size) for f in fields)
            names[cell] = concat(*map(swap, parts))
    return names


def layout(obj: StateObject) -> tuple[Field, ...]:
    """The element's fields with the padding between them; none where fields overlap or are not known."""
    found: list[Field] = []
    end = 0
    for field in sorted(obj.elem_layout, key=lambda f: f.offset):
        if field.offset < end:
            return ()
        found += [Field(PADDING, end, field.offset - end)] if field.offset > end else []
        found.append(field)
        end = field.offset + field.size
    if not found or end > obj.elem_size:
        return ()
    return (*found, *([Field(PADDING, end, obj.elem_size - end)] if end < obj.elem_size else []))


def _offset_and_more(e: Expr) -> bool:
    """Whether ``e`` is the fragment offset and the more-fragments bit, in any order of their bytes."""
    parts = e.args if e.op == "concat" else (e,)
    own = [p for p in parts if not (p.is_const and p.value == 0)]
    named = all(p.op == "extract" and p.args[0].name == "ipv4.fragment" and p.hi < 14 for p in own)
    return named and sum(p.width for p in own) == 14


def port_name(port: int, names: Mapping[int, str]) -> str:
    return f"{port} ({names[port]})" if port in names else str(port)


def edits(path: Path, words: Words) -> list[str]:
    """``ipv4.src becomes …``: the packet's bytes that change, those of one field together."""
    names = packet_names(path.conditions)
    fields: dict[str, list[tuple[Expr, Expr]]] = {}
    for offset, value in path.edits:
        byte = readable(packet_byte(offset), names)
        name = byte.args[0].name if byte.op == "extract" else byte.name or f"byte {offset}"
        fields.setdefault(name, []).append((byte, value))
    said = [_edit(name, concat(*(v for _, v in parts)), words) for name, parts in fields.items()]
    said += ["checksums are computed"] if path.checksums else []
    said += [f"{path.head} bytes are taken off the front"] if path.head > 0 else []
    return [*said, *([f"{-path.head} bytes are put in front"] if path.head < 0 else [])]


def _edit(name: str, value: Expr, words: Words) -> str:
    plain = name in ("ipv4.src", "ipv4.dst") and value.is_const and value.width == 32
    return f"{name} becomes {IPv4Address(value.value) if plain else words.value(value)}"


def _flat(e: Expr, op: str) -> list[Expr]:
    return [part for a in e.args for part in (_flat(a, op) if a.op == op else [a])]


def _closes_last(said: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    depth = 0
    for i, c in enumerate(said):
        depth += {"(": 1, ")": -1}.get(c, 0)
        if depth == 0:
            return i == len(said) - 1
    return False


def _number(value: int, width: int) -> str:
    if width == 1:
        return "true" if value else "false"
    return str(value) if value < 0x10000 or value % 1000 == 0 else f"{value:#x}"


def _duration(nanoseconds: int) -> str:
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if nanoseconds >= size and nanoseconds % size == 0:
            return f"{nanoseconds // size} {unit}"
    return f"{nanoseconds} ns"
