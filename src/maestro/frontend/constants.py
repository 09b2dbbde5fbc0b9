"""Constants in textual LLVM IR: folding of constant expressions, and initial bytes of global variables."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from maestro.diagnostics import InternalError
from maestro.frontend.lexer import Cursor, UnsupportedIR, string_bytes, symbol
from maestro.frontend.types import POINTER, TypeTable
from maestro.ir.program import Relocation
from maestro.ir.types import (
    Aggregate,
    ArrayType,
    Constant,
    ConstExpr,
    FloatType,
    IntConst,
    IntType,
    NullPtr,
    PtrType,
    StructType,
    SymbolAddress,
    Type,
    Undef,
    UnsupportedConst,
    size_of,
    store_size,
)

NULL = NullPtr()
_CASTS = frozenset({"ptrtoint", "inttoptr", "bitcast", "trunc", "addrspacecast"})
_BINARY = frozenset({"add", "sub", "mul", "xor"})


class Constants:
    """Reads constants of one module. ``rename``: symbol in the text → its name in the linked program."""

    def __init__(self, types: TypeTable, rename: Mapping[str, str]) -> None:
        self._types = types
        self._rename = rename

    def address(self, token: str) -> SymbolAddress:
        name = symbol(token)
        return SymbolAddress(self._rename.get(name, name))

    def parse(self, c: Cursor, t: Type) -> Constant:
        """The constant of type ``t`` at the cursor."""
        token = c.next()
        if isinstance(t, IntType) and (token.isdigit() or token[0] == "-"):
            return IntConst(int(token) & ((1 << t.bits) - 1), t.bits)
        match token:
            case "null":
                return NULL
            case "true" | "false":
                return IntConst(int(token == "true"), 1)
            case "undef" | "poison":
                return Undef(t, token == "poison")
            case "zeroinitializer":
                return zero(t)
            case "getelementptr":
                return self._getelementptr(c)
            case "{" | "[" | "<":
                return self._aggregate(c, t, token)
        if token[0] == "@":
            return self.address(token)
        if token in _CASTS:
            return self._cast(c, token)
        if token in _BINARY:
            return self._binary(c, token)
        if token.startswith('c"'):
            data = string_bytes(token)
            assert isinstance(t, ArrayType)
            return Aggregate(t, tuple(IntConst(b, 8) for b in data))
        if isinstance(t, FloatType):
            return float_bits(token, t)
        return self._unsupported(c, token)

    def _unsupported(self, c: Cursor, token: str) -> Constant:
        """``blockaddress(…)``, ``dso_local_equivalent @f``, ``splat (…)``, …"""
        if token in ("dso_local_equivalent", "no_cfi"):
            return self.address(c.next())
        if c.peek() != "(":
            raise ValueError(f"not a constant: {token!r}")
        c.skip_group()
        return UnsupportedConst(token)

    def _typed(self, c: Cursor) -> tuple[Type, Constant]:
        t = self._types.parse(c)
        return t, self.parse(c, t)

    def _aggregate(self, c: Cursor, t: Type, opening: str) -> Constant:
        packed = opening == "<" and c.accept("{")
        closing = {"{": "}", "[": "]", "<": "}" if packed else ">"}[opening]
        elements: list[Constant] = []
        while not c.accept(closing):
            if elements:
                c.expect(",")
            elements.append(self._typed(c)[1])
        if packed:
            c.expect(">")
        if not isinstance(t, StructType | ArrayType):
            return UnsupportedConst("a vector constant")
        return Aggregate(t, tuple(elements))

    def _cast(self, c: Cursor, op: str) -> Constant:
        c.expect("(")
        _, value = self._typed(c)
        c.expect("to")
        t = self._types.parse(c)
        c.expect(")")
        return fold_cast(op, value, t)

    def _binary(self, c: Cursor, op: str) -> Constant:
        while c.peek() in ("nsw", "nuw"):
            c.next()
        c.expect("(")
        t, a = self._typed(c)
        c.expect(",")
        _, b = self._typed(c)
        c.expect(")")
        return fold_binary(op, a, b, t)

    def _getelementptr(self, c: Cursor) -> Constant:
        while c.peek() != "(":
            c.next()
            if c.tokens[c.i - 1] == "inrange":
                c.skip_group()
        c.expect("(")
        source = self._types.parse(c)
        c.expect(",")
        _, base = self._typed(c)
        indices: list[tuple[Type, Constant]] = []
        while c.accept(","):
            c.accept("inrange")
            indices.append(self._typed(c))
        c.expect(")")
        steps = [(t, i.value if isinstance(i, IntConst) else None) for t, i in indices]
        offset, rest = element_offset(source, steps)
        return UnsupportedConst("a computed constant address") if rest else add_offset(base, offset)


def element_offset(source: Type, indices: list[tuple[Type, int | None]]) -> tuple[int, list[tuple[int, int]]]:
    """Walk getelementptr indices, each (type, unsigned value, or None for one that is not constant).

    Returns the constant byte offset and, for the others, (position in ``indices``, stride in bytes).
    """
    offset, variable = 0, []
    t = source
    for n, (index_type, value) in enumerate(indices):
        if n > 0:
            if isinstance(t, StructType):
                assert value is not None
                offset += t.offsets[value]
                t = t.fields[value]
                continue
            if not isinstance(t, ArrayType):
                raise UnsupportedIR("an address inside a vector")
            t = t.element
        if not isinstance(index_type, IntType):
            raise UnsupportedIR("a vector of addresses")
        if value is None:
            variable.append((n, size_of(t)))
        else:
            offset += signed(value, index_type.bits) * size_of(t)
    return offset, variable


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def zero(t: Type) -> Constant:
    match t:
        case IntType(bits):
            return IntConst(0, bits)
        case PtrType():
            return NULL
        case FloatType():
            return IntConst(0, store_size(t) * 8)
        case ArrayType(element, count):
            return Aggregate(t, (zero(element),) * count)
        case StructType():
            return Aggregate(t, tuple(zero(f) for f in t.fields))
    return UnsupportedConst("a vector constant")


def float_bits(token: str, t: FloatType) -> Constant:
    """A floating-point constant as its bit pattern. LLVM prints ``float`` as the double of equal value."""
    if token.startswith("0xK"):
        return IntConst(int(token[3:], 16), 80)
    if token.startswith(("0xL", "0xH", "0xR", "0xM")) or t.name not in ("float", "double"):
        return UnsupportedConst(f"{t.name} {token}")
    raw = struct.pack("<Q", int(token, 16)) if token.startswith("0x") else struct.pack("<d", float(token))
    if t.name == "float":
        raw = struct.pack("<f", struct.unpack("<d", raw)[0])
    return IntConst(int.from_bytes(raw, "little"), t.size * 8)


def add_offset(base: Constant, offset: int) -> Constant:
    match base:
        case SymbolAddress(name, old):
            return SymbolAddress(name, old + offset)
        case _ if offset == 0:
            return base
        case NullPtr():
            return ConstExpr("inttoptr", POINTER, (IntConst(offset % 2**64, 64),))
        case ConstExpr("inttoptr", _, (IntConst(value, bits),)):
            return ConstExpr("inttoptr", POINTER, (IntConst((value + offset) % 2**bits, bits),))
    return UnsupportedConst("a computed constant address")


def fold_cast(op: str, value: Constant, t: Type) -> Constant:
    match op, value, t:
        case ("trunc", IntConst(n, _), IntType(bits)):
            return IntConst(n & ((1 << bits) - 1), bits)
        case ("ptrtoint", NullPtr(), IntType(bits)):
            return IntConst(0, bits)
        case ("ptrtoint", ConstExpr("inttoptr", _, (IntConst(n, _),)), IntType(bits)):
            return IntConst(n & ((1 << bits) - 1), bits)
        case ("inttoptr", IntConst(0, _), _):
            return NULL
        case ("inttoptr", ConstExpr("ptrtoint", IntType(64), (pointer,)), _):
            return pointer
        case ("bitcast", _, _):
            return value
        case ("addrspacecast", _, _):
            return UnsupportedConst("a pointer into another address space")
    return ConstExpr(op, t, (value,))


def fold_binary(op: str, a: Constant, b: Constant, t: Type) -> Constant:
    """Integers are folded, and so is the distance between two places in one symbol."""
    if isinstance(t, IntType):
        match a, b:
            case IntConst(x, _), IntConst(y, _):
                value = {"add": x + y, "sub": x - y, "mul": x * y, "xor": x ^ y}[op]
                return IntConst(value % 2**t.bits, t.bits)
            case (
                ConstExpr("ptrtoint", _, (SymbolAddress(n1, o1),)),
                ConstExpr("ptrtoint", _, (SymbolAddress(n2, o2),)),
            ) if op == "sub" and n1 == n2:
                return IntConst((o1 - o2) % 2**t.bits, t.bits)
    return ConstExpr(op, t, (a, b))


def encode(constant: Constant, t: Type, data: bytearray, at: int, relocations: list[Relocation]) -> None:
    """Write the initial bytes of ``constant`` of type ``t`` at offset ``at`` of ``data``, little-endian.

    Raises UnsupportedIR for what has no bytes before the program is loaded.
    """
    match constant:
        case IntConst(value, bits):
            size = (bits + 7) // 8
            data[at : at + size] = value.to_bytes(size, "little")
        case NullPtr() | Undef():
            pass
        case SymbolAddress(name, offset):
            relocations.append(Relocation(at, name, offset))
        case Aggregate(StructType() as s, elements):
            for element, field, offset in zip(elements, s.fields, s.offsets, strict=True):
                encode(element, field, data, at + offset, relocations)
        case Aggregate(ArrayType(item, _), elements):
            stride = size_of(item)
            for n, element in enumerate(elements):
                encode(element, item, data, at + n * stride, relocations)
        case ConstExpr("ptrtoint", IntType(64), (SymbolAddress(name, offset),)):
            relocations.append(Relocation(at, name, offset))
        case ConstExpr("inttoptr", _, (IntConst() as value,)):
            encode(value, t, data, at, relocations)
        case ConstExpr(op, _, _):
            raise UnsupportedIR(f"an initial value computed by {op}")
        case UnsupportedConst(text):
            raise UnsupportedIR(f"an initial value with {text}")
        case _:
            raise InternalError(f"cannot read the IR constant {constant!r}")
