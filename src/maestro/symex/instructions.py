"""What each instruction that is neither a jump nor a call computes. One function an instruction class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from maestro.diagnostics import SourceError, Span, UnsupportedError
from maestro.ir import program as ir
from maestro.ir import types as ty
from maestro.ir.expr import FALSE, TRUE, Expr, binary, const, eq, extract, ite, negate, sext, zext
from maestro.ir.memory import Object, Pointer, Scalar, uninitialised
from maestro.solver.answer import Answer
from maestro.symex import floats
from maestro.symex.access import Access, shifted

Value = Scalar | tuple["Value", ...]
"""What a register holds: a scalar, or a struct or array as a tuple of its elements."""

Frame = list[Any]

_SWAPPED = {"ugt": "ult", "uge": "ule", "sgt": "slt", "sge": "sle"}


class Instructions:
    """Executes straight-line instructions on a frame."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.run = access.run
        self.table: dict[type, Callable[[Any, Frame], None]] = {
            ir.Alloca: self.alloca,
            ir.Load: self.load,
            ir.Store: self.store,
            ir.GetElementPtr: self.getelementptr,
            ir.Binary: self.binary,
            ir.Compare: self.compare,
            ir.Cast: self.cast,
            ir.FloatOperation: self.float_operation,
            ir.Freeze: self.freeze,
            ir.Select: self.select,
            ir.ExtractValue: self.extractvalue,
            ir.InsertValue: self.insertvalue,
            ir.Unsupported: self.unsupported,
        }

    def alloca(self, ins: ir.Alloca, frame: Frame) -> None:
        count = 1 if ins.count is None else frame[ins.count]
        if isinstance(count, Expr):
            values = self.run.values(count, 64)
            if not values:
                raise UnsupportedError("an array of a size that is not bounded", span=ins.span, code="vla")
            count = self.run.pin(count, values, ins.span)
        name = frame[-1].slots[ins.dest].name.removesuffix(".addr")
        obj = Object(name, ins.size * count, uninitialised(name), automatic=True, span=ins.span)
        frame[ins.dest] = Pointer(self.access.memory.add(obj), const(0, 64))

    def load(self, ins: ir.Load, frame: Frame) -> None:
        frame[ins.dest] = self.load_value(frame[ins.address], ins.type, ins.span)

    def load_value(self, address: Scalar, t: ty.Type, span: Span | None) -> Value:
        match t:
            case ty.IntType(bits):
                value = self.access.load(address, (bits + 7) // 8, span)
                if isinstance(value, Expr) and value.width != bits:
                    return extract(value, bits - 1, 0)
                return value
            case ty.PtrType() | ty.FloatType("double"):
                return self.access.load(address, 8, span)
            case ty.FloatType("float"):
                return self.access.load(address, 4, span)
            case ty.StructType():
                parts = zip(t.offsets, t.fields, strict=True)
                return tuple(self.load_value(_at(address, o, span), f, span) for o, f in parts)
            case ty.ArrayType(element, count):
                step = ty.size_of(element)
                return tuple(self.load_value(_at(address, i * step, span), element, span) for i in range(count))
        raise _refuse(t, span)

    def store(self, ins: ir.Store, frame: Frame) -> None:
        self.store_value(frame[ins.address], frame[ins.value], ins.type, ins.span)

    def store_value(self, address: Scalar, value: Value, t: ty.Type, span: Span | None) -> None:
        match t:
            case ty.IntType() | ty.PtrType() | ty.FloatType("float" | "double"):
                assert not isinstance(value, tuple)
                self.access.store(address, value, ty.store_size(t), span)
            case ty.StructType():
                assert isinstance(value, tuple)
                for o, f, v in zip(t.offsets, t.fields, value, strict=True):
                    self.store_value(_at(address, o, span), v, f, span)
            case ty.ArrayType(element, _):
                assert isinstance(value, tuple)
                for i, v in enumerate(value):
                    self.store_value(_at(address, i * ty.size_of(element), span), v, element, span)
            case _:
                raise _refuse(t, span)

    def getelementptr(self, ins: ir.GetElementPtr, frame: Frame) -> None:
        by = const(ins.offset, 64)
        for operand, stride, bits in ins.indices:
            index = frame[operand]
            wide = sext(index, 64) if bits < 64 else index
            by = binary("add", by, binary("mul", wide, const(stride, 64)))
        base = frame[ins.base]
        if isinstance(base, Pointer):
            frame[ins.dest] = shifted(base, by)
        elif isinstance(base, Expr):
            frame[ins.dest] = binary("add", base, by)
        else:
            raise UnsupportedError("arithmetic on a function's address", span=ins.span, code="bad-pointer")

    def binary(self, ins: ir.Binary, frame: Frame) -> None:
        a, b = frame[ins.a], frame[ins.b]
        if not (isinstance(a, Expr) and isinstance(b, Expr)):
            frame[ins.dest] = _pointer_arithmetic(ins, a, b)
            return
        if ins.op in ("udiv", "sdiv", "urem", "srem"):
            self._forbid(eq(b, const(0, b.width)), ins.span, "divides by a value that can be zero", "division-by-zero")
        elif ins.op in ("shl", "lshr", "ashr") and not b.is_const:
            wide = negate(binary("ult", b, const(b.width, b.width)))
            self._forbid(wide, ins.span, f"shifts by a value that can be {b.width} or more", "shift")
        frame[ins.dest] = binary(ins.op, a, b)

    def _forbid(self, cond: Expr, span: Span | None, message: str, code: str) -> None:
        if not cond.is_const:
            self.run.require_unguarded()
        match self.run.possible(cond):
            case Answer.SAT:
                raise SourceError(message, span=span, hint="check the value before this line", code=code)
            case Answer.UNKNOWN if not cond.is_const:
                raise UnsupportedError(f"cannot exclude that this {message}", span=span, code=code)

    def compare(self, ins: ir.Compare, frame: Frame) -> None:
        a, b, predicate = frame[ins.a], frame[ins.b], ins.predicate
        if not (isinstance(a, Expr) and isinstance(b, Expr)):
            frame[ins.dest] = _compare_pointers(predicate, a, b, ins.span)
        elif predicate in ("eq", "ne"):
            frame[ins.dest] = eq(a, b) if predicate == "eq" else negate(eq(a, b))
        elif predicate in _SWAPPED:
            frame[ins.dest] = binary(_SWAPPED[predicate], b, a)
        else:
            frame[ins.dest] = binary(predicate, a, b)

    def cast(self, ins: ir.Cast, frame: Frame) -> None:
        value = frame[ins.value]
        if not isinstance(value, Expr):
            if ins.op in ("ptrtoint", "inttoptr", "bitcast") and ty.store_size(ins.type) == 8:
                frame[ins.dest] = value
                return
            raise UnsupportedError("makes a small number out of a pointer", span=ins.span, code="bad-pointer")
        width = ins.type.bits if isinstance(ins.type, ty.IntType) else 64
        match ins.op:
            case "sext":
                value = sext(value, width)
            case "bitcast":
                pass
            case _:
                value = zext(value, width) if width >= value.width else extract(value, width - 1, 0)
        frame[ins.dest] = value

    def float_operation(self, ins: ir.FloatOperation, frame: Frame) -> None:
        values = [frame[o] for o in ins.operands]
        frame[ins.dest] = floats.compute(ins.op, values, ins.source, ins.type, ins.span)

    def freeze(self, ins: ir.Freeze, frame: Frame) -> None:
        frame[ins.dest] = frame[ins.value]

    def select(self, ins: ir.Select, frame: Frame) -> None:
        cond, a, b = frame[ins.condition], frame[ins.a], frame[ins.b]
        if isinstance(a, Expr) and isinstance(b, Expr):
            frame[ins.dest] = ite(cond, a, b)
        else:
            frame[ins.dest] = a if self.run.decide(cond, ins.span) else b

    def extractvalue(self, ins: ir.ExtractValue, frame: Frame) -> None:
        value = frame[ins.aggregate]
        for i in ins.path:
            value = value[i]
        frame[ins.dest] = value

    def insertvalue(self, ins: ir.InsertValue, frame: Frame) -> None:
        frame[ins.dest] = _insert(frame[ins.aggregate], ins.path, frame[ins.value])

    def unsupported(self, ins: ir.Unsupported, frame: Frame) -> None:
        raise UnsupportedError(
            f"{ins.what} is not supported in packet processing",
            span=ins.span,
            hint="use integers; Maestro analyses integer arithmetic, memory and calls",
            code="unsupported-instruction",
        )


def _at(address: Scalar, offset: int, span: Span | None) -> Scalar:
    if offset == 0:
        return address
    if isinstance(address, Pointer):
        return shifted(address, const(offset, 64))
    raise SourceError("uses a bad pointer", span=span, code="bad-pointer")


def _refuse(t: ty.Type, span: Span | None) -> UnsupportedError:
    what = t.name if isinstance(t, ty.FloatType) else "SIMD vector"
    return UnsupportedError(f"{what} values are not supported", span=span, code="unsupported-type")


def _insert(aggregate: tuple[Value, ...], path: tuple[int, ...], value: Value) -> tuple[Value, ...]:
    first, rest = path[0], path[1:]
    inner = aggregate[first]
    if rest:
        assert isinstance(inner, tuple)
        value = _insert(inner, rest, value)
    return (*aggregate[:first], value, *aggregate[first + 1 :])


def _pointer_arithmetic(ins: ir.Binary, a: Scalar, b: Scalar) -> Scalar:
    match ins.op, a, b:
        case "add", Pointer(), Expr():
            return shifted(a, b)
        case "add", Expr(), Pointer():
            return shifted(b, a)
        case "sub", Pointer(), Expr():
            return shifted(a, binary("sub", const(0, 64), b))
        case "sub", Pointer(), Pointer() if a.obj == b.obj:
            return binary("sub", a.offset, b.offset)
    raise UnsupportedError(f"computes `{ins.op}` on a pointer", span=ins.span, code="bad-pointer")


def _compare_pointers(predicate: str, a: Scalar, b: Scalar, span: Span | None) -> Expr:
    if isinstance(a, Pointer) and isinstance(b, Pointer) and a.obj == b.obj:
        if predicate in ("eq", "ne"):
            same = eq(a.offset, b.offset)
            return same if predicate == "eq" else negate(same)
        if predicate in _SWAPPED:
            return binary(_SWAPPED[predicate], b.offset, a.offset)
        return binary(predicate, a.offset, b.offset)
    if predicate in ("eq", "ne"):
        same = TRUE if a == b else FALSE
        for number in (a, b):
            if isinstance(number, Expr) and not number.is_const:
                raise UnsupportedError("compares a pointer with a number", span=span, code="bad-pointer")
        return same if predicate == "eq" else negate(same)
    raise UnsupportedError("orders pointers to different objects", span=span, code="bad-pointer")
