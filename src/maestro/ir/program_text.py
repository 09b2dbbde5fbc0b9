"""The stable text form of an LLVM program (``maestro.ir.program``), for dumps and golden tests."""

from __future__ import annotations

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
    Function,
    GetElementPtr,
    GlobalVariable,
    InsertValue,
    Instruction,
    Load,
    Phi,
    Program,
    Return,
    Select,
    Store,
    Switch,
    Unreachable,
    Unsupported,
)
from maestro.ir.types import (
    Aggregate,
    ArrayType,
    Constant,
    ConstExpr,
    FloatType,
    IntConst,
    IntType,
    NullPtr,
    OpaqueType,
    PtrType,
    StructType,
    SymbolAddress,
    Type,
    Undef,
    UnsupportedConst,
    VectorType,
    VoidType,
)


def dump(program: Program) -> str:
    """Globals, then functions, in program order."""
    parts = [global_text(g) for g in program.globals.values()]
    parts += [function_text(f) for f in program.functions.values()]
    return "\n".join(parts) + "\n"


def type_text(t: Type) -> str:
    match t:
        case IntType(bits):
            return f"i{bits}"
        case PtrType():
            return "ptr"
        case VoidType():
            return "void"
        case FloatType(name, _, _) | OpaqueType(name):
            return name
        case ArrayType(element, count):
            return f"[{count} x {type_text(element)}]"
        case VectorType(element, count):
            return f"<{count} x {type_text(element)}>"
        case StructType():
            if t.name:
                return f"%{t.name}"
            inner = ", ".join(map(type_text, t.fields))
            return f"<{{{inner}}}>" if t.packed else f"{{{inner}}}"


def constant_text(c: Constant) -> str:
    match c:
        case IntConst(value, _):
            return str(value)
        case NullPtr():
            return "null"
        case SymbolAddress(name, offset):
            return f"@{name}" + (f"{offset:+d}" if offset else "")
        case Undef(_, poison):
            return "poison" if poison else "undef"
        case Aggregate(_, elements):
            return "{" + ", ".join(map(constant_text, elements)) + "}"
        case ConstExpr(op, t, args):
            return f"{op} {type_text(t)} ({', '.join(map(constant_text, args))})"
        case UnsupportedConst(text):
            return f"?({text})"


def operand_text(function: Function, operand: int) -> str:
    slots = len(function.slots)
    if operand < slots:
        return f"%{function.slots[operand].name}"
    return constant_text(function.constants[operand - slots])


def global_text(g: GlobalVariable) -> str:
    kind = "constant" if g.is_constant else "global"
    place = f"  ; {g.span}" if g.span else ""
    if g.data is None:
        return f"@{g.name} = extern {kind} {type_text(g.type)}{place}"
    data = g.data.hex() if any(g.data) else "zero"
    relocations = "".join(f" [{r.offset}]={constant_text(SymbolAddress(r.symbol, r.addend))}" for r in g.relocations)
    return f"@{g.name} = {g.linkage} {kind} {type_text(g.type)} {data}{relocations}{place}"


def function_text(f: Function) -> str:
    parameters = [
        f"{type_text(p.type)} %{p.name}"
        + (f" byval({p.byval})" if p.byval else "")
        + (f" sret({p.sret})" if p.sret else "")
        for p in f.parameters
    ] + (["..."] if f.vararg else [])
    head = f"{type_text(f.return_type)} @{f.name}({', '.join(parameters)})"
    if f.is_declaration:
        return f"declare {head}"
    place = f"  ; {f.span}" if f.span else ""
    lines = [f"define {f.linkage} {head}{place}"]
    for block in f.blocks:
        lines.append(f"{block.label}:")
        lines += [_line(f, i) for i in (*block.phis, *block.instructions)]
    return "\n".join(lines)


def _line(f: Function, instruction: Instruction | Phi) -> str:
    text = f"  {instruction_text(f, instruction)}"
    if instruction.span is None:
        return text
    chain = "".join(f" < {s}" for s in instruction.inlined_at)
    return f"{text:<60} ; {instruction.span}{chain}"


def instruction_text(f: Function, i: Instruction | Phi) -> str:
    """One instruction, with operands by name and without its place."""

    def o(operand: int) -> str:
        return operand_text(f, operand)

    match i:
        case Alloca():
            count = f" x {o(i.count)}" if i.count is not None else ""
            return f"{o(i.dest)} = alloca {type_text(i.type)}{count} align {i.align}"
        case Load():
            return f"{o(i.dest)} = load {type_text(i.type)} {o(i.address)}"
        case Store():
            return f"store {type_text(i.type)} {o(i.value)} -> {o(i.address)}"
        case GetElementPtr():
            terms = "".join(f" + {o(x)} * {stride}" for x, stride, _ in i.indices)
            return f"{o(i.dest)} = {o(i.base)} + {i.offset}{terms}"
        case Binary():
            return f"{o(i.dest)} = {i.op} i{i.bits} {o(i.a)}, {o(i.b)}"
        case Compare():
            return f"{o(i.dest)} = {i.predicate} {type_text(i.type)} {o(i.a)}, {o(i.b)}"
        case FloatOperation():
            operands = ", ".join(o(x) for x in i.operands)
            return f"{o(i.dest)} = {i.op} {type_text(i.source)} {operands} to {type_text(i.type)}"
        case Cast():
            return f"{o(i.dest)} = {i.op} {type_text(i.source)} {o(i.value)} to {type_text(i.type)}"
        case Freeze():
            return f"{o(i.dest)} = freeze {type_text(i.type)} {o(i.value)}"
        case Select():
            return f"{o(i.dest)} = {o(i.condition)} ? {o(i.a)} : {o(i.b)}"
        case ExtractValue():
            return f"{o(i.dest)} = {o(i.aggregate)}{_path(i.path)}"
        case InsertValue():
            return f"{o(i.dest)} = {o(i.aggregate)} with {_path(i.path)} = {o(i.value)}"
        case Call():
            return _call_text(f, i)
    return _control_text(f, i)


def _control_text(f: Function, i: Instruction | Phi) -> str:
    def block(index: int) -> str:
        return f.blocks[index].label

    match i:
        case Phi():
            incoming = ", ".join(f"{block(b)}: {operand_text(f, x)}" for b, x in i.incoming.items())
            return f"{operand_text(f, i.dest)} = phi {type_text(i.type)} [{incoming}]"
        case Branch():
            if i.condition is None:
                return f"goto {block(i.then)}"
            return f"if {operand_text(f, i.condition)} goto {block(i.then)} else {block(i.otherwise)}"
        case Switch():
            cases = ", ".join(f"{v}: {block(b)}" for v, b in i.cases.items())
            return f"switch {operand_text(f, i.value)} [{cases}] else {block(i.default)}"
        case Return():
            return "return" if i.value is None else f"return {operand_text(f, i.value)}"
        case Unreachable():
            return "unreachable"
        case Unsupported():
            return f"unsupported {i.what}: {i.text}"
    raise AssertionError(i)


def _path(path: tuple[int, ...]) -> str:
    return "".join(f".{n}" for n in path)


def _call_text(f: Function, i: Call) -> str:
    dest = f"{operand_text(f, i.dest)} = " if i.dest is not None else ""
    args = ", ".join(
        operand_text(f, a) + (f" byval({size})" if size else "") for a, size in zip(i.args, i.byval, strict=True)
    )
    callee = f"@{i.callee}" if i.callee is not None else operand_text(f, i.target)
    return f"{dest}call {callee}({args})"
