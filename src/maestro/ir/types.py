"""LLVM types with their x86-64 layouts, and the constants an LLVM program contains."""

from __future__ import annotations

from dataclasses import dataclass

# --- types ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IntType:
    bits: int


@dataclass(frozen=True, slots=True)
class PtrType:
    pass


@dataclass(frozen=True, slots=True)
class VoidType:
    pass


@dataclass(frozen=True, slots=True)
class FloatType:
    """``name`` is ``half``, ``float``, ``double``, ``x86_fp80`` or ``fp128``; sizes in bytes."""

    name: str
    size: int
    align: int


@dataclass(frozen=True, slots=True)
class ArrayType:
    element: Type
    count: int


@dataclass(frozen=True, slots=True)
class VectorType:
    """SIMD vectors: recognised so that they can be refused; no instruction of ours computes on them."""

    element: Type
    count: int


@dataclass(frozen=True, slots=True)
class StructType:
    """``offsets``, ``size`` (tail padding included) and ``align`` in bytes; ``name`` is empty for literal structs."""

    name: str
    fields: tuple[Type, ...]
    offsets: tuple[int, ...]
    size: int
    align: int
    packed: bool


@dataclass(frozen=True, slots=True)
class OpaqueType:
    """A type without a size: an undefined struct, a function type, ``label``, ``metadata``, ``token``."""

    name: str


Type = IntType | PtrType | VoidType | FloatType | ArrayType | VectorType | StructType | OpaqueType

POINTER_BYTES = 8


def store_size(t: Type) -> int:
    """Bytes that a load or store of ``t`` touches (x86-64): i40 takes 5, i1 takes 1."""
    match t:
        case IntType(bits):
            return (bits + 7) // 8
        case FloatType("x86_fp80"):
            return 10
    return size_of(t)


def size_of(t: Type) -> int:
    """Bytes from one array element of ``t`` to the next, i.e. ``sizeof`` (x86-64): i40 takes 8."""
    match t:
        case PtrType():
            return POINTER_BYTES
        case IntType() | VectorType():
            raw = (t.bits + 7) // 8 if isinstance(t, IntType) else size_of(t.element) * t.count
            align = align_of(t)
            return (raw + align - 1) // align * align
        case FloatType() | StructType():
            return t.size
        case ArrayType(element, count):
            return size_of(element) * count
        case VoidType() | OpaqueType():
            return 0


def align_of(t: Type) -> int:
    """ABI alignment in bytes (x86-64 System V; i128 and wider: 16)."""
    match t:
        case PtrType():
            return POINTER_BYTES
        case IntType(bits):
            return min(16, 1 << max(0, (bits + 7) // 8 - 1).bit_length())
        case FloatType() | StructType():
            return t.align
        case ArrayType(element, _):
            return align_of(element)
        case VectorType(element, count):
            return max(1, 1 << (size_of(element) * count - 1).bit_length())
        case VoidType() | OpaqueType():
            return 1


def struct_type(name: str, fields: tuple[Type, ...], packed: bool) -> StructType:
    """Lay the fields out in order, each at its alignment unless ``packed``."""
    offsets: list[int] = []
    end, align = 0, 1
    for t in fields:
        a = 1 if packed else align_of(t)
        align = max(align, a)
        end = (end + a - 1) // a * a
        offsets.append(end)
        end += size_of(t)
    size = (end + align - 1) // align * align
    return StructType(name, fields, tuple(offsets), size, align, packed)


# --- constants -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IntConst:
    """``value`` is unsigned: 0 ≤ value < 2**bits."""

    value: int
    bits: int


@dataclass(frozen=True, slots=True)
class NullPtr:
    pass


@dataclass(frozen=True, slots=True)
class SymbolAddress:
    """The address of global variable or function ``name`` plus ``offset`` bytes (may be negative)."""

    name: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Undef:
    """``undef`` or ``poison`` of a type: no defined value."""

    type: Type
    poison: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A struct or array constant with one constant an element; ``zeroinitializer`` is spelled out."""

    type: StructType | ArrayType
    elements: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class ConstExpr:
    """A constant expression that could not be folded: ``op`` is ``ptrtoint``, ``inttoptr``, ``trunc``, ``add``, ….

    ``type`` is the result's. Address arithmetic (getelementptr of symbols) is always folded to SymbolAddress.
    """

    op: str
    type: Type
    args: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class UnsupportedConst:
    """Floats, vectors, block addresses, …: refuse when used."""

    text: str


Constant = IntConst | NullPtr | SymbolAddress | Undef | Aggregate | ConstExpr | UnsupportedConst
