"""Requirements in the paper's notation: ``p0(LAN).flow = p1(WAN).inverse(flow) → same core``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from maestro.ir.packet import FIELDS, field_offsets
from maestro.rss.requirement import FieldBit, Form
from maestro.sharding.requirements import Need, Row

_ORDER = ("ipv4.src", "ipv4.dst", "ipv6.src", "ipv6.dst", "l4.sport", "l4.dport")
_FLOW = {"l4.sport", "l4.dport"}
_PAIRS = (("eth.src", "eth.dst"), ("ipv4.src", "ipv4.dst"), ("ipv6.src", "ipv6.dst"), ("l4.sport", "l4.dport"))
_OPPOSITE = dict(_PAIRS) | {b: a for a, b in _PAIRS}


@dataclass(frozen=True)
class Run:
    """``count`` consecutive equations, written once: the first one and how many follow in step."""

    first: Row
    count: int
    value: tuple[int, int]
    """The bits of a constant side, most significant first, as a number; 0 where the side is not constant."""


def constraint(need: Need, names: Mapping[int, str]) -> str:
    """The whole requirement as one line."""
    left, right = port_name(need.left_port, names), port_name(need.right_port, names)
    runs = list(_runs(_as_one_version(need.rows)))
    exact = f"{left}.{_tuple(runs, 0)} = {right}.{_tuple(runs, 1)}"
    if not runs:
        return f"any packet of {left} and any of {right} → same core"
    relation = _flow_relation(runs)
    if relation:
        return f"{left}.flow = {right}.{relation} → same core [{exact}]"
    return f"{exact} → same core"


def port_name(port: int, names: Mapping[int, str]) -> str:
    return f"p{port}({names[port]})" if port in names else f"p{port}"


def key_text(need: Need) -> str:
    """The left packet's key alone, e.g. ``(ipv4.src, l4.dport)``."""
    return _tuple(list(_runs(_as_one_version(need.rows))), 0)


def _as_one_version(rows: Sequence[Row]) -> Sequence[Row]:
    """Where IPv4 fields are named, no byte is an IPv6 field, though software names it so that reads both alike."""
    if not any(name.startswith("ipv4.") for row in rows for form in row for name, _ in form.bits):
        return rows
    return [(_without_ipv6(left), _without_ipv6(right)) for left, right in rows]


def _without_ipv6(form: Form) -> Form:
    starts = {name: at for name, at in field_offsets("ipv6-other").items() if name.startswith("ipv6.")}
    bits = ((f"pkt[{starts[name] + i // 8}]", i % 8) if name in starts else (name, i) for name, i in form.bits)
    return Form(frozenset(bits), form.constant)


def _rank(row: Row) -> tuple[object, ...]:
    """Sorts equations by the first bit of the left side, fields in the order in which RSS takes them."""
    return (not row[0].bits, sorted(map(_place, row[0].bits or row[1].bits)))


def _place(bit: FieldBit) -> tuple[int, str, int]:
    name, i = bit
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name, i)


def _runs(rows: Sequence[Row]) -> Iterator[Run]:
    run: Run | None = None
    for row in sorted(rows, key=_rank):
        value = (row[0].constant, row[1].constant)
        if run and _follows(run, row):
            run = Run(run.first, run.count + 1, (run.value[0] << 1 | value[0], run.value[1] << 1 | value[1]))
        else:
            if run:
                yield run
            run = Run(row, 1, value)
    if run:
        yield run


def _follows(run: Run, row: Row) -> bool:
    return all(_steps(a, b, run.count) for a, b in zip(run.first, row, strict=True))


def _steps(a: Form, b: Form, n: int) -> bool:
    """Whether ``b`` is ``a`` moved by ``n`` bits, in the same fields (and one byte for raw packet bytes)."""
    same_sign = a.constant == b.constant or not a.bits
    return same_sign and {(name, i + n) for name, i in a.bits} == b.bits


def _tuple(runs: Sequence[Run], side: int) -> str:
    parts = [_side(run, side) for run in runs]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _side(run: Run, side: int) -> str:
    form = run.first[side]
    if not form.bits:
        return f"{run.value[side]:#x}"
    text = " ^ ".join(_slice(name, first, run.count) for name, first in sorted(form.bits, key=_place))
    grouped = f"({text})" if len(form.bits) > 1 else text
    return f"~{grouped}" if form.constant else grouped


def _slice(name: str, first: int, count: int) -> str:
    """A whole field by its name, a prefix as ``ipv4.src/24``, other bits as ``ipv4.src[24:32]``."""
    width = FIELDS.get(name, 8)
    if count == width:
        return name
    return f"{name}/{count}" if first == 0 else f"{name}[{first}:{first + count}]"


def _flow_relation(runs: Sequence[Run]) -> str | None:
    """``flow`` or ``inverse(flow)`` when the equations are exactly those between whole fields with both ports."""
    pairs = {}
    for run in runs:
        sides = [form for form in run.first if len(form.bits) == 1 and not form.constant]
        if len(sides) != 2:
            return None
        (left,), (right,) = (f.bits for f in sides)
        if left[1] or right[1] or run.count != FIELDS.get(left[0]):
            return None
        pairs[left[0]] = right[0]
    if not pairs.keys() >= _FLOW:
        return None
    if all(a == b for a, b in pairs.items()):
        return "flow"
    return "inverse(flow)" if all(_OPPOSITE.get(a, a) == b for a, b in pairs.items()) else None
