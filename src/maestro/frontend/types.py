"""Types in textual LLVM IR → ``maestro.ir.types``, resolved within their module."""

from __future__ import annotations

from collections.abc import Mapping

from maestro.frontend.lexer import Cursor, UnsupportedIR, symbol
from maestro.ir.types import (
    ArrayType,
    FloatType,
    IntType,
    OpaqueType,
    PtrType,
    StructType,
    Type,
    VectorType,
    VoidType,
    struct_type,
)

POINTER = PtrType()
VOID = VoidType()

_SIMPLE: dict[str, Type] = {
    "ptr": POINTER,
    "void": VOID,
    **{f"i{n}": IntType(n) for n in (1, 8, 16, 32, 64, 128)},
    "half": FloatType("half", 2, 2),
    "bfloat": FloatType("bfloat", 2, 2),
    "float": FloatType("float", 4, 4),
    "double": FloatType("double", 8, 8),
    "x86_fp80": FloatType("x86_fp80", 16, 16),
    "fp128": FloatType("fp128", 16, 16),
    "label": OpaqueType("label"),
    "token": OpaqueType("token"),
    "metadata": OpaqueType("metadata"),
    "x86_amx": OpaqueType("x86_amx"),
    "x86_mmx": OpaqueType("x86_mmx"),
}


def starts_type(token: str) -> bool:
    if token in _SIMPLE or token[:1] in ("%", "[", "{", "<"):
        return True
    return token[:1] == "i" and token[1:].isdigit()


class TypeTable:
    """The named types of one module. ``definitions``: ``%name`` token → text after ``type``."""

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self._definitions = definitions
        self._known: dict[str, Type] = dict(_SIMPLE)

    def parse(self, c: Cursor) -> Type:
        """The type at the cursor. Raises UnsupportedIR for pointers outside address space 0."""
        token = c.next()
        t = self._known.get(token)
        if t is None:
            t = self._other(token, c)
        if c.tokens[c.i] == "addrspace":
            raise UnsupportedIR("a pointer into another address space")
        return t

    def _other(self, token: str, c: Cursor) -> Type:
        if token[0] == "%":
            t = self._known[token] = self._named(token)
            return t
        if token[0] == "i" and token[1:].isdigit():
            t = self._known[token] = IntType(int(token[1:]))
            return t
        if token == "[":
            count, element = self._sequence(c, "]")
            return ArrayType(element, count)
        if token == "{":
            return struct_type("", self._fields(c), False)
        if token == "<" and c.accept("{"):
            fields = self._fields(c)
            c.expect(">")
            return struct_type("", fields, True)
        if token == "<":
            count, element = self._sequence(c, ">")
            return VectorType(element, count)
        raise ValueError(f"not a type: {token!r}")

    def _named(self, token: str) -> Type:
        text = self._definitions.get(token, "opaque")
        if text == "opaque":
            return OpaqueType(symbol(token))
        t = self.parse(Cursor(text))
        if isinstance(t, StructType):
            return StructType(symbol(token), t.fields, t.offsets, t.size, t.align, t.packed)
        return t

    def _sequence(self, c: Cursor, end: str) -> tuple[int, Type]:
        """``N x T`` up to ``end``, the opening bracket already read."""
        if c.accept("vscale"):
            raise UnsupportedIR("a scalable vector")
        count = int(c.next())
        c.expect("x")
        element = self.parse(c)
        c.expect(end)
        return count, element

    def _fields(self, c: Cursor) -> tuple[Type, ...]:
        fields: list[Type] = []
        if c.accept("}"):
            return ()
        while True:
            fields.append(self.parse(c))
            if c.accept("}"):
                return tuple(fields)
            c.expect(",")
