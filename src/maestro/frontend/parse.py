"""Textual LLVM IR (clang 14 to 22, opaque pointers, x86-64) → functions and global variables of one module."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from maestro.diagnostics import InternalError, Span, UnsupportedError
from maestro.frontend.constants import Constants, encode
from maestro.frontend.function import FunctionReader, Header, ModuleContext, parse_header
from maestro.frontend.instructions import PARSERS
from maestro.frontend.lexer import Cursor, UnsupportedIR, symbol
from maestro.frontend.metadata import Metadata, Show
from maestro.frontend.types import TypeTable
from maestro.ir.program import DebugRef, Function, GlobalVariable, Relocation
from maestro.ir.types import Type, align_of, size_of

_NODE = re.compile(r"!(\d+) = (.*)")
_DBG = re.compile(r"!dbg !(\d+)")
_VAR = re.compile(r"\bvar: !(\d+)")
_TYPE = re.compile(r"\btype: !(\d+)")
_LINKAGE = re.compile(
    r"\b(private|internal|available_externally|linkonce_odr|linkonce|weak_odr|weak|common|extern_weak|external)\b"
)
_ALIAS = re.compile(r"\balias .*, ptr (@(?:\"[^\"]*\"|[-\w$.]+))$")
_SYMBOL = re.compile(r"@(?:\"[^\"]*\"|[-\w$.]+)")


@dataclass
class ModuleText:
    """The lines of one module by what they are. ``symbols``: name → linkage (``declared`` for declarations)."""

    types: dict[str, str] = field(default_factory=dict)
    globals: list[str] = field(default_factory=list)
    functions: list[tuple[str, list[str]]] = field(default_factory=list)
    nodes: dict[int, str] = field(default_factory=dict)
    symbols: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Module:
    functions: tuple[Function, ...]
    globals: tuple[GlobalVariable, ...]


def split_module(text: str) -> ModuleText:
    """Sort the lines of a module. Raises UnsupportedError for another architecture than x86-64."""
    out = ModuleText()
    lines = iter(text.split("\n"))
    for line in lines:
        match line[:1]:
            case "!":
                found = _NODE.match(line)
                if found:
                    out.nodes[int(found[1])] = found[2]
            case "%":
                name, _, definition = line.partition(" = type ")
                out.types[name] = definition
            case "@":
                _add_global(out, line)
            case "d":
                body = _body(lines) if line.startswith("define") else []
                out.functions.append((line, body))
                name = _first_symbol(line)
                out.symbols[name] = _linkage(line.partition("@")[0]) if body else "declared"
            case "t" if line.startswith("target triple") and '"x86_64' not in line:
                raise UnsupportedError(f"only x86-64 is supported ({line})", code="platform")
    return out


def _body(lines: Iterator[str]) -> list[str]:
    body: list[str] = []
    for line in lines:
        if line == "}":
            return body
        body.append(line)
    raise InternalError("a function in the IR text does not end")


def _first_symbol(line: str) -> str:
    found = _SYMBOL.search(line)
    if found is None:
        raise InternalError(f"cannot read IR line: {line}")
    return symbol(found[0])


def _linkage(head: str) -> str:
    found = _LINKAGE.search(head)
    return found[1] if found else "external"


def _add_global(out: ModuleText, line: str) -> None:
    name = _first_symbol(line)
    alias = _ALIAS.search(line)
    if alias:
        out.aliases[name] = symbol(alias[1])
        return
    head = re.split(r"\b(?:global|constant)\b", line.partition(" = ")[2], maxsplit=1)[0]
    linkage = _linkage(head)
    out.globals.append(line)
    out.symbols[name] = "declared" if linkage in ("external", "extern_weak") and "external" in head else linkage


def parse_module(text: ModuleText, index: int, rename: Mapping[str, str], show: Show) -> Module:
    """``index`` numbers the module for debug references; ``rename``: symbol in the text → name in the program."""
    types = TypeTable(text.types)
    context = ModuleContext(index, types, Constants(types, rename), Metadata(text.nodes, show), rename)
    globals_ = tuple(_global(line, context) for line in text.globals)
    return Module(tuple(_function(h, b, context) for h, b in text.functions), globals_)


def _function(line: str, body: list[str], context: ModuleContext) -> Function:
    try:
        header: Header = parse_header(line, context.types)
    except (ValueError, KeyError, IndexError) as e:
        raise InternalError(f"cannot read IR line: {line} ({e!r})") from e
    try:
        return FunctionReader(context, header, body).read(PARSERS)
    except (ValueError, KeyError, IndexError, AssertionError, TypeError) as e:
        raise InternalError(f"cannot read the IR of {header.name} ({e!r})") from e


def _global(line: str, context: ModuleContext) -> GlobalVariable:
    """``@name = internal constant TYPE INIT, align 4, !dbg !7``"""
    try:
        return _read_global(line, context)
    except UnsupportedIR as reason:
        raise UnsupportedError(
            f"the global variable '{_first_symbol(line)}' has {reason.what}",
            span=_debug(line, context)[1],
            code="global",
        ) from None
    except (ValueError, KeyError, IndexError, AssertionError) as e:
        raise InternalError(f"cannot read IR line: {line} ({e!r})") from e


def _read_global(line: str, context: ModuleContext) -> GlobalVariable:
    cut = line.find(", !")
    c = Cursor(line if cut < 0 else line[:cut])
    name = symbol(c.next())
    while c.peek() not in ("global", "constant"):
        if not c.next():
            raise ValueError("neither global nor constant")
    is_constant = c.next() == "constant"
    head = line.partition(" = ")[2].partition(" global " if not is_constant else " constant ")[0]
    linkage = _linkage(head)
    t = context.types.parse(c)
    is_declared = "external" in head.split() or linkage == "extern_weak"
    data, relocations = (None, ()) if is_declared else _initial(c, t, context)
    debug, span = _debug(line, context)
    align = re.search(r", align (\d+)", line)
    return GlobalVariable(
        name=context.rename.get(name, name),
        display=name,
        type=t,
        size=size_of(t),
        align=int(align[1]) if align else align_of(t),
        data=data,
        relocations=relocations,
        is_constant=is_constant,
        linkage=linkage,
        span=span,
        debug=debug,
    )


def _initial(c: Cursor, t: Type, context: ModuleContext) -> tuple[bytes, tuple[Relocation, ...]]:
    size = size_of(t)
    if c.peek() in ("zeroinitializer", "undef", "poison"):  # not spelled out: tables may be large
        return bytes(size), ()
    data = bytearray(size)
    relocations: list[Relocation] = []
    encode(context.constants.parse(c, t), t, data, 0, relocations)
    return bytes(data), tuple(relocations)


def _debug(line: str, context: ModuleContext) -> tuple[DebugRef | None, Span | None]:
    """Type and place of a global variable, through its DIGlobalVariableExpression."""
    nodes = context.metadata.nodes
    found = _DBG.search(line)
    var = _VAR.search(nodes.get(int(found[1]), "")) if found else None
    if var is None:
        return None, None
    node = int(var[1])
    kind = _TYPE.search(nodes.get(node, ""))
    return DebugRef(context.index, int(kind[1])) if kind else None, context.metadata.definition(node)
