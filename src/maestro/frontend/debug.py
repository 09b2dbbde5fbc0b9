"""C types as debug information tells them: the leaf fields of a struct, with their places.

Everything is read on demand from the nodes that ``Program.debug`` keeps as text (DWARF in LLVM's metadata form).
Sizes and offsets are bytes. Functions answer None when there is no such type or variable, or no debug information
for it; a leaf that is not a plain integer says so in ``kind``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from maestro.frontend.lexer import string_bytes
from maestro.ir.program import DebugRef, Program


class LeafKind(StrEnum):
    INT = "int"
    """Integers, characters, booleans and enumerations."""
    POINTER = "pointer"
    FLOAT = "float"
    BITFIELD = "bitfield"
    """``offset`` and ``size`` cover the bytes that hold some of its bits."""
    UNION = "union"
    """The whole union is one leaf."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Leaf:
    """``name`` is the path from the struct: ``flow.src_ip``, ``addr.bytes[0]``; empty if the type is a scalar."""

    name: str
    offset: int
    size: int
    kind: LeafKind = LeafKind.INT
    target: DebugRef | None = None
    """What a pointer points to; None for ``void *``."""


@dataclass(frozen=True)
class Layout:
    """``name`` as in C (``struct FlowId``); ``size`` with all padding."""

    name: str
    size: int
    leaves: tuple[Leaf, ...]


_ATTRIBUTE = re.compile(r"\b(tag|name|baseType|size|offset|elements|encoding|count|upperBound|flags): ([^,)]+)")
_QUALIFIERS = frozenset(
    {"DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type", "DW_TAG_atomic_type"}
)
_PREFIX = {
    "DW_TAG_structure_type": "struct ",
    "DW_TAG_union_type": "union ",
    "DW_TAG_enumeration_type": "enum ",
}
_ENCODED = {"DW_ATE_float": LeafKind.FLOAT, "DW_ATE_complex_float": LeafKind.UNKNOWN}


class _Types:
    """The type nodes of one module."""

    def __init__(self, nodes: Mapping[int, str], module: int) -> None:
        self._nodes = nodes
        self._module = module

    def attributes(self, node: int | None) -> dict[str, str]:
        text = self._nodes.get(node, "") if node is not None else ""
        return dict(_ATTRIBUTE.findall(text))

    def members(self, reference: str | None) -> list[int]:
        """The nodes of ``!{!1, !2}`` that a reference ``!N`` names."""
        node = _number(reference)
        text = self._nodes.get(node, "") if node is not None else ""
        return [int(n) for n in re.findall(r"!(\d+)", text)]

    def strip(self, node: int | None) -> int | None:
        """Through typedefs and qualifiers to the type that has a shape."""
        while node is not None:
            a = self.attributes(node)
            if a.get("tag") not in _QUALIFIERS:
                return node
            node = _number(a.get("baseType"))
        return None

    def pointee(self, node: int | None) -> int | None:
        a = self.attributes(self.strip(node))
        return _number(a.get("baseType")) if a.get("tag") == "DW_TAG_pointer_type" else None

    def size(self, node: int | None) -> int:
        """Bytes."""
        return int(self.attributes(self.strip(node)).get("size", "0")) // 8

    def name(self, node: int | None) -> str:
        a = self.attributes(node)
        tag, name = a.get("tag", ""), _text(a.get("name"))
        base = _number(a.get("baseType"))
        match tag:
            case "DW_TAG_pointer_type":
                return f"{self.name(base)} *"
            case "DW_TAG_const_type" | "DW_TAG_volatile_type" | "DW_TAG_restrict_type" | "DW_TAG_atomic_type":
                return self.name(base)
            case "DW_TAG_array_type":
                return self.name(base) + "".join(f"[{n}]" for n in self.counts(a))
        if "DISubroutineType" in self._nodes.get(node or 0, ""):
            return "function"
        return f"{_PREFIX.get(tag, '')}{name or '(unnamed)'}" if a else "void"

    def counts(self, array: Mapping[str, str]) -> list[int]:
        """Elements by dimension; 0 where the length is not a constant (flexible and variable arrays)."""
        out: list[int] = []
        for node in self.members(array.get("elements")):
            a = self.attributes(node)
            if "upperBound" in a:
                out.append(_int(a["upperBound"]) + 1)
            else:
                out.append(max(0, _int(a.get("count", "0"))))
        return out

    def leaves(self, node: int | None, name: str, offset: int) -> Iterator[Leaf]:
        """The leaves of a type that lies at byte ``offset`` under the path ``name``."""
        shape = self.strip(node)
        a = self.attributes(shape)
        size = int(a.get("size", "0")) // 8
        match a.get("tag"):
            case "DW_TAG_structure_type" | "DW_TAG_class_type":
                for member in self.members(a.get("elements")):
                    yield from self._member(member, name, offset)
            case "DW_TAG_array_type":
                yield from self._array(a, name, offset)
            case "DW_TAG_union_type":
                yield Leaf(name, offset, size, LeafKind.UNION)
            case "DW_TAG_pointer_type":
                target = self.pointee(shape)
                ref = None if target is None else DebugRef(self._module, target)
                yield Leaf(name, offset, size, LeafKind.POINTER, ref)
            case "DW_TAG_enumeration_type":
                yield Leaf(name, offset, size)
            case None if "encoding" in a:
                yield Leaf(name, offset, size, _ENCODED.get(a["encoding"], LeafKind.INT))
            case _:
                yield Leaf(name, offset, size, LeafKind.UNKNOWN)

    def _member(self, node: int, path: str, base: int) -> Iterator[Leaf]:
        a = self.attributes(node)
        if a.get("tag") != "DW_TAG_member":
            return
        name = _join(path, _text(a.get("name")))
        bit, bits = int(a.get("offset", "0")), int(a.get("size", "0"))
        if "DIFlagBitField" in a.get("flags", ""):
            first, last = bit // 8, (bit + bits + 7) // 8
            yield Leaf(name, base + first, last - first, LeafKind.BITFIELD)
        else:
            yield from self.leaves(_number(a.get("baseType")), name, base + bit // 8)

    def _array(self, a: Mapping[str, str], name: str, offset: int) -> Iterator[Leaf]:
        element = _number(a.get("baseType"))
        places = [""]
        for count in self.counts(a):
            places = [f"{p}[{n}]" for p in places for n in range(count)]
        size = int(a.get("size", "0")) // 8
        stride = size // len(places) if places else 0
        for n, place in enumerate(places):
            yield from self.leaves(element, name + place, offset + n * stride)


def _number(reference: str | None) -> int | None:
    return int(reference[1:]) if reference and reference[0] == "!" and reference[1:].isdigit() else None


def _int(text: str) -> int:
    found = re.fullmatch(r"(?:i\d+ )?(-?\d+)", text)
    return int(found[1]) if found else 0


def _text(quoted: str | None) -> str:
    return string_bytes(quoted).decode("utf-8", "replace") if quoted and quoted[0] == '"' else ""


def _join(path: str, name: str) -> str:
    """Members of anonymous structs belong to the struct around them, as in C."""
    return f"{path}.{name}" if path and name else path or name


def _types(program: Program, ref: DebugRef) -> _Types:
    return _Types(program.debug.modules[ref.module], ref.module)


def find_type(program: Program, name: str) -> DebugRef | None:
    """A complete struct, union or enum by tag (``struct FlowId`` or ``FlowId``), or a typedef."""
    tag = name.split()[-1]
    pattern = re.compile(
        rf'tag: (?:DW_TAG_(?:structure|union|enumeration)_type|DW_TAG_typedef), name: "{re.escape(tag)}",'
    )
    for module, nodes in enumerate(program.debug.modules):
        for node, text in nodes.items():
            if "DIFlagFwdDecl" not in text and pattern.search(text):
                return DebugRef(module, node)
    return None


def struct_layout(program: Program, type_: str | DebugRef) -> Layout | None:
    """The layout of a type by name (see :func:`find_type`) or reference; None when the name is unknown."""
    ref = find_type(program, type_) if isinstance(type_, str) else type_
    if ref is None:
        return None
    types = _types(program, ref)
    return Layout(types.name(ref.node), types.size(ref.node), tuple(types.leaves(ref.node, "", 0)))


def type_name(program: Program, ref: DebugRef) -> str:
    """The type as C writes it, without qualifiers: ``struct FlowId *``."""
    return _types(program, ref).name(ref.node)


def pointee(program: Program, ref: DebugRef) -> DebugRef | None:
    """What a pointer type points to; None for other types and for ``void *``."""
    node = _types(program, ref).pointee(ref.node)
    return DebugRef(ref.module, node) if node is not None else None


def variable_type(program: Program, function: str, variable: str) -> DebugRef | None:
    """The type of a local variable or parameter, or else of the global of that name."""
    f = program.functions.get(function)
    for v in f.variables if f else ():
        if v.name == variable:
            return v.type
    return global_type(program, variable)


def global_type(program: Program, name: str) -> DebugRef | None:
    g = program.globals.get(name)
    return g.debug if g else None


def variable_layout(program: Program, function: str, variable: str) -> Layout | None:
    """The layout of the variable itself."""
    ref = variable_type(program, function, variable)
    return struct_layout(program, ref) if ref else None


def pointee_layout(program: Program, function: str, variable: str) -> Layout | None:
    """The layout of what the pointer ``variable`` points to; None when it is no pointer, or a ``void *``."""
    ref = variable_type(program, function, variable)
    target = pointee(program, ref) if ref else None
    return struct_layout(program, target) if target else None
