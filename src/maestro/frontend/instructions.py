"""One parser per LLVM opcode. Each starts behind the opcode and returns the instruction.

A parser raises UnsupportedIR for valid IR that Maestro does not execute: the reader turns it into an
``Unsupported`` instruction, which is refused with its C line if a run ever reaches it.
"""

from __future__ import annotations

from maestro.frontend.constants import element_offset
from maestro.frontend.function import FunctionReader, Parser, skip_attributes
from maestro.frontend.lexer import Cursor, UnsupportedIR
from maestro.frontend.types import POINTER, VOID, starts_type
from maestro.ir.program import (
    Alloca,
    Binary,
    Branch,
    Call,
    Cast,
    Compare,
    ExtractValue,
    FloatOperation,
    Freeze,
    GetElementPtr,
    InsertValue,
    Instruction,
    Load,
    Phi,
    Return,
    Select,
    Store,
    Switch,
    Unreachable,
)
from maestro.ir.types import (
    ArrayType,
    FloatType,
    IntConst,
    IntType,
    StructType,
    SymbolAddress,
    Type,
    VectorType,
    align_of,
    size_of,
    store_size,
)

_FLAGS = frozenset(["nsw", "nuw", "exact", "disjoint", "nneg", "samesign", "inbounds", "nusw", "fast"])


def _flags(c: Cursor) -> tuple[str, ...]:
    out: list[str] = []
    while c.peek() in _FLAGS:
        out.append(c.next())
    return tuple(out)


def _define(r: FunctionReader, dest: int | None, t: Type) -> int:
    assert dest is not None
    _scalar(t)
    r.slot_types[dest] = t
    return dest


def _scalar(t: Type) -> Type:
    if isinstance(t, VectorType):
        raise UnsupportedIR("a SIMD vector")
    return t


def _integer(t: Type) -> int:
    _scalar(t)
    assert isinstance(t, IntType)
    return t.bits


def _alloca(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    c.accept("inalloca")
    t = r.types.parse(c)
    count: int | None = None
    align = align_of(t)
    while c.accept(","):
        if c.accept("align"):
            align = int(c.next())
        else:
            count = r.typed(c)[1]
    value = r.constant_value(count) if count is not None else None
    if isinstance(value, IntConst):
        t, count = (t if value.value == 1 else ArrayType(t, value.value)), None
    return Alloca(_define(r, dest, POINTER), t, size_of(t), align, count, **r.where)


def _no_atomic(c: Cursor, what: str) -> None:
    if c.accept("atomic"):
        raise UnsupportedIR(f"an atomic {what}")
    c.accept("volatile")


def _load(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    _no_atomic(c, "load")
    t = _scalar(r.types.parse(c))
    c.expect(",")
    _, address = r.typed(c)
    return Load(_define(r, dest, t), address, t, store_size(t), **r.where)


def _store(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    _no_atomic(c, "store")
    t, value = r.typed(c)
    _scalar(t)
    c.expect(",")
    _, address = r.typed(c)
    return Store(value, address, t, store_size(t), **r.where)


def _getelementptr(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    while c.peek() in _FLAGS or c.peek() == "inrange":
        c.next()
        c.skip_group()
    source = r.types.parse(c)
    c.expect(",")
    base_type, base = r.typed(c)
    _scalar(base_type)
    operands: list[tuple[Type, int]] = []
    while c.accept(","):
        operands.append(r.typed(c))
    values = [r.constant_value(x) for _, x in operands]
    steps = [(t, v.value if isinstance(v, IntConst) else None) for (t, _), v in zip(operands, values, strict=True)]
    offset, variable = element_offset(source, steps)
    indices = tuple((operands[n][1], stride, _integer(operands[n][0])) for n, stride in variable)
    return GetElementPtr(_define(r, dest, POINTER), base, offset, indices, **r.where)


def _binary(op: str) -> Parser:
    def parse(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
        flags = _flags(c)
        t, a = r.typed(c)
        bits = _integer(t)
        c.expect(",")
        b = r.operand(c, t)
        return Binary(_define(r, dest, t), op, a, b, bits, flags, **r.where)

    return parse


def _icmp(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    _flags(c)
    predicate = c.next()
    t, a = r.typed(c)
    _scalar(t)
    c.expect(",")
    b = r.operand(c, t)
    return Compare(_define(r, dest, IntType(1)), predicate, a, b, t, **r.where)


def _float(t: Type) -> Type:
    """``float`` and ``double``; the others are not what the host calculates with."""
    if isinstance(t, VectorType) or (isinstance(t, FloatType) and t.name not in ("float", "double")):
        raise UnsupportedIR("floating-point arithmetic")
    return t


def _float_arithmetic(op: str, count: int) -> Parser:
    def parse(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
        _flags(c)
        name = f"{op} {c.next()}" if op == "fcmp" else op
        t, first = r.typed(c)
        operands = [first]
        while c.accept(","):
            operands.append(r.operand(c, t))
        assert len(operands) == count
        result = IntType(1) if op == "fcmp" else t
        return FloatOperation(_define(r, dest, result), name, tuple(operands), _float(t), result, **r.where)

    return parse


def _float_cast(op: str) -> Parser:
    def parse(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
        _flags(c)
        source, value = r.typed(c)
        c.expect("to")
        t = r.types.parse(c)
        return FloatOperation(_define(r, dest, t), op, (value,), _float(source), _float(t), **r.where)

    return parse


def _cast(op: str) -> Parser:
    def parse(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
        _flags(c)
        source, value = r.typed(c)
        _scalar(source)
        c.expect("to")
        t = r.types.parse(c)
        return Cast(_define(r, dest, t), op, value, source, t, **r.where)

    return parse


def _freeze(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    t, value = r.typed(c)
    return Freeze(_define(r, dest, t), value, t, **r.where)


def _select(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    t, condition = r.typed(c)
    _scalar(t)
    c.expect(",")
    t, a = r.typed(c)
    c.expect(",")
    _, b = r.typed(c)
    return Select(_define(r, dest, t), condition, a, b, t, **r.where)


def _path(c: Cursor) -> tuple[int, ...]:
    path: list[int] = []
    while c.accept(","):
        path.append(int(c.next()))
    return tuple(path)


def _element(t: Type, path: tuple[int, ...]) -> Type:
    for n in path:
        assert isinstance(t, StructType | ArrayType)
        t = t.fields[n] if isinstance(t, StructType) else t.element
    return t


def _extractvalue(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    t, aggregate = r.typed(c)
    path = _path(c)
    element = _element(t, path)
    return ExtractValue(_define(r, dest, element), aggregate, path, t, element, **r.where)


def _insertvalue(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    t, aggregate = r.typed(c)
    c.expect(",")
    element, value = r.typed(c)
    _scalar(element)
    return InsertValue(_define(r, dest, t), aggregate, _path(c), value, t, element, **r.where)


def _prefixed_call(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    c.expect("call")
    return _call(r, c, dest)


def _call(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    while not starts_type(c.peek()):  # calling convention, return attributes
        c.next()
        c.skip_group()
    t = r.types.parse(c)
    if c.peek() == "(":  # the full function type, as for printf
        c.skip_group()
    if c.peek() == "asm":
        raise UnsupportedIR("inline assembly")
    _scalar(t)
    target = r.operand(c, POINTER)
    value = r.constant_value(target)
    callee = value.name if isinstance(value, SymbolAddress) and value.offset == 0 else None
    args, types, byval = _arguments(r, c)
    if t != VOID and dest is not None:
        _define(r, dest, t)
    return Call(None if t == VOID else dest, callee, target, args, types, byval, t, **r.where)


def _arguments(r: FunctionReader, c: Cursor) -> tuple[tuple[int, ...], tuple[Type, ...], tuple[int, ...]]:
    args: list[int] = []
    types: list[Type] = []
    byval: list[int] = []
    c.expect("(")
    while not c.accept(")"):
        if c.peek() == "metadata":
            raise UnsupportedIR("a compiler intrinsic on metadata")
        t = _scalar(r.types.parse(c))
        byval.append(skip_attributes(c, r.types).byval)
        args.append(r.operand(c, t))
        types.append(t)
        c.accept(",")
    return tuple(args), tuple(types), tuple(byval)


def _phi(r: FunctionReader, c: Cursor, dest: int | None) -> Phi:
    t = r.types.parse(c)
    incoming: dict[int, int] = {}
    while c.accept("["):
        value = r.operand(c, t)
        c.expect(",")
        incoming[r.block(c)] = value
        c.expect("]")
        c.accept(",")
    return Phi(_define(r, dest, t), t, incoming, **r.where)


def _br(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    if c.peek() == "label":
        target = r.block(c)
        return Branch(None, target, target, **r.where)
    _, condition = r.typed(c)
    c.expect(",")
    then = r.block(c)
    c.expect(",")
    return Branch(condition, then, r.block(c), **r.where)


def _switch(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    t, value = r.typed(c)
    bits = _integer(t)
    c.expect(",")
    default = r.block(c)
    c.expect("[")
    cases: dict[int, int] = {}
    while not c.accept("]"):
        r.types.parse(c)
        number = int(c.next()) & ((1 << bits) - 1)
        c.expect(",")
        cases[number] = r.block(c)
    return Switch(value, bits, default, cases, **r.where)


def _ret(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    t = r.types.parse(c)
    if t == VOID:
        return Return(None, t, **r.where)
    _scalar(t)
    return Return(r.operand(c, t), t, **r.where)


def _unreachable(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
    return Unreachable(**r.where)


def _refuse(what: str) -> Parser:
    def parse(r: FunctionReader, c: Cursor, dest: int | None) -> Instruction:
        raise UnsupportedIR(what)

    return parse


_BINARIES = ("add", "sub", "mul", "udiv", "sdiv", "urem", "srem", "and", "or", "xor", "shl", "lshr", "ashr")
_CASTS = ("zext", "sext", "trunc", "ptrtoint", "inttoptr", "bitcast")
_FLOAT_ARITHMETIC = {"fadd": 2, "fsub": 2, "fmul": 2, "fdiv": 2, "frem": 2, "fneg": 1, "fcmp": 2}
_FLOAT_CASTS = ("fptoui", "fptosi", "uitofp", "sitofp", "fptrunc", "fpext")
_ATOMICS = ("cmpxchg", "atomicrmw", "fence")

PARSERS: dict[str, Parser] = {
    "alloca": _alloca,
    "load": _load,
    "store": _store,
    "getelementptr": _getelementptr,
    "icmp": _icmp,
    "freeze": _freeze,
    "select": _select,
    "extractvalue": _extractvalue,
    "insertvalue": _insertvalue,
    "call": _call,
    "tail": _prefixed_call,
    "musttail": _prefixed_call,
    "notail": _prefixed_call,
    "phi": _phi,
    "br": _br,
    "switch": _switch,
    "ret": _ret,
    "unreachable": _unreachable,
    **{op: _binary(op) for op in _BINARIES},
    **{op: _cast(op) for op in _CASTS},
    **{op: _float_arithmetic(op, count) for op, count in _FLOAT_ARITHMETIC.items()},
    **{op: _float_cast(op) for op in _FLOAT_CASTS},
    **{op: _refuse("an atomic operation") for op in _ATOMICS},
    "va_arg": _refuse("reading variable arguments"),
    "indirectbr": _refuse("a computed goto"),
    "callbr": _refuse("asm goto"),
}
