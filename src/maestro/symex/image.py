"""The program loaded: every global an object, every constant a value. Shared by all runs."""

from __future__ import annotations

from maestro.diagnostics import UnsupportedError
from maestro.ir import program as ir
from maestro.ir import types as ty
from maestro.ir.expr import Expr, binary, const, extract, zext
from maestro.ir.memory import Function, Memory, Object, Pointer, uninitialised, zeros
from maestro.symex.instructions import Value


class Image:
    """``memory`` holds the globals with their initial values; ``address[name]`` where each is."""

    def __init__(self, program: ir.Program) -> None:
        self.program = program
        self.memory = Memory()
        self.address: dict[str, int] = {}
        self._constants: dict[str, list[Value]] = {}
        for g in program.globals.values():
            fill = uninitialised(g.display) if g.data is None else zeros
            obj = Object(g.display, g.size, fill, persistent=True, constant=g.is_constant, span=g.span)
            self.address[g.name] = self.memory.add(obj)
        for g in program.globals.values():
            self._initialise(g)

    def _initialise(self, g: ir.GlobalVariable) -> None:
        number = self.address[g.name]
        cells = self.memory.object(number).cells
        for i, byte in enumerate(g.data or b""):
            if byte:
                cells[i] = (const(byte, 8), 0)
        for r in g.relocations:
            value = self.symbol(r.symbol, r.addend)
            for k in range(8):
                cells[r.offset + k] = (value, k)

    def symbol(self, name: str, offset: int = 0) -> Pointer | Function:
        """The address of a global variable or function."""
        if name in self.address:
            return Pointer(self.address[name], const(offset, 64))
        return Function(name)

    def constants(self, function: ir.Function) -> list[Value]:
        """The values of ``function.constants``."""
        found = self._constants.get(function.name)
        if found is None:
            found = self._constants[function.name] = [self._value(c) for c in function.constants]
        return found

    def _value(self, c: ty.Constant) -> Value:
        match c:
            case ty.IntConst(value, bits):
                return const(value, bits)
            case ty.NullPtr():
                return const(0, 64)
            case ty.SymbolAddress(name, offset):
                return self.symbol(name, offset)
            case ty.Undef(t):
                return _undefined(t)
            case ty.Aggregate(_, elements):
                return tuple(self._value(e) for e in elements)
            case ty.ConstExpr(op, t, args):
                return _folded(op, t, [self._value(a) for a in args])
            case ty.UnsupportedConst():
                return ()


def _undefined(t: ty.Type) -> Value:
    match t:
        case ty.IntType(bits):
            return const(0, bits)
        case ty.FloatType("float"):
            return const(0, 32)
        case ty.StructType():
            return tuple(_undefined(f) for f in t.fields)
        case ty.ArrayType(element, count):
            return tuple(_undefined(element) for _ in range(count))
    return const(0, 64)


def _folded(op: str, t: ty.Type, args: list[Value]) -> Value:
    first = args[0]
    width = t.bits if isinstance(t, ty.IntType) else 64
    match op, first:
        case (("ptrtoint" | "inttoptr" | "bitcast" | "trunc" | "zext"), Expr()):
            return zext(first, width) if width >= first.width else extract(first, width - 1, 0)
        case (("ptrtoint" | "inttoptr" | "bitcast"), _) if width == 64:
            return first
        case _, Expr() if len(args) == 2 and isinstance(args[1], Expr):
            return binary(op, first, args[1])
        case "sub", Pointer() if isinstance(args[1], Pointer) and args[1].obj == first.obj:
            return binary("sub", first.offset, args[1].offset)
    raise UnsupportedError(f"the constant expression `{op}` on addresses is not supported", code="constant-expression")
