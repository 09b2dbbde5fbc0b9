"""The body of one function in textual LLVM IR → ``ir.program.Function``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from maestro.diagnostics import InternalError, Span
from maestro.frontend.constants import Constants
from maestro.frontend.lexer import Cursor, UnsupportedIR, symbol
from maestro.frontend.metadata import Metadata
from maestro.frontend.types import VOID, TypeTable, starts_type
from maestro.ir.program import (
    Block,
    DebugRef,
    Function,
    Instruction,
    Parameter,
    Phi,
    Slot,
    Unsupported,
    Variable,
)
from maestro.ir.types import Constant, Type, size_of

_NAME = r'(?:"[^"]*"|[-\w$.]+)'
_RESULT = re.compile(rf"^  (%{_NAME}) = ", re.MULTILINE)
_LABEL = re.compile(rf"^({_NAME}):")
_DBG = re.compile(r", !dbg !(\d+)")
_DECLARE = re.compile(rf"(?:#dbg_declare\(|@llvm\.dbg\.declare\(metadata )ptr (%{_NAME}), (?:metadata )?!(\d+)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SKIPPED_CALLS = ("@llvm.dbg.", "@llvm.lifetime.", "@llvm.experimental.noalias.scope.decl")


class Location(TypedDict):
    span: Span | None
    inlined_at: tuple[Span, ...]


@dataclass(frozen=True)
class ModuleContext:
    """What reading a function needs to know of its module."""

    index: int
    types: TypeTable
    constants: Constants
    metadata: Metadata
    rename: Mapping[str, str]


@dataclass(frozen=True)
class Attributes:
    """What matters of a parameter's or argument's attributes: sizes in bytes, 0 when absent."""

    byval: int = 0
    sret: int = 0


NO_ATTRIBUTES = Attributes()


def skip_attributes(c: Cursor, types: TypeTable) -> Attributes:
    """Skip words, ``word(…)``, ``align N`` and ``"key"="value"`` before a value, a name or the end of a list."""
    byval = sret = 0
    while True:
        token = c.peek()
        if token == "align" and c.tokens[c.i + 1].isdigit():
            c.i += 2
        elif token in ("byval", "sret") and c.tokens[c.i + 1] == "(":
            c.i += 2
            size = size_of(types.parse(c))
            c.expect(")")
            byval, sret = (size, sret) if token == "byval" else (byval, size)
        elif token[:1] == '"' or token[:1] == "#":
            c.i += 1
            if c.accept("="):
                c.i += 1
        elif token in _ATTRIBUTES or (token not in _VALUE_WORDS and token[:1].isalpha() and token[:2] != 'c"'):
            c.i += 1
            c.skip_group()
        else:
            return Attributes(byval, sret) if byval or sret else NO_ATTRIBUTES


_ATTRIBUTES = frozenset({"noundef", "zeroext", "signext", "nonnull", "noalias", "immarg"})
_VALUE_WORDS = _words(
    "true false null undef poison zeroinitializer none getelementptr ptrtoint inttoptr bitcast trunc "
    "addrspacecast add sub mul xor blockaddress dso_local_equivalent no_cfi splat asm metadata"
)


@dataclass(frozen=True)
class Header:
    """The line that starts with ``define`` or ``declare``. Parameter names keep their ``%``."""

    name: str
    linkage: str
    return_type: Type
    parameters: tuple[Parameter, ...]
    vararg: bool
    debug: int | None


_LINKAGES = _words(
    "private internal available_externally linkonce weak common appending extern_weak linkonce_odr weak_odr external"
)


def parse_header(line: str, types: TypeTable) -> Header:
    """``define internal zeroext i1 @f(ptr noundef %a, ...) #0 !dbg !7 {``"""
    c = Cursor(line)
    c.next()
    linkage = "external"
    while not starts_type(c.peek()):
        token = c.next()
        linkage = token if token in _LINKAGES else linkage
        c.skip_group()
    result = types.parse(c)
    name = symbol(c.next())
    c.expect("(")
    parameters: list[Parameter] = []
    vararg = False
    while not c.accept(")"):
        if c.accept("..."):
            vararg = True
        else:
            t = types.parse(c)
            attributes = skip_attributes(c, types)
            label = c.next() if c.peek()[:1] == "%" else f"%{len(parameters)}"
            parameters.append(Parameter(label, t, attributes.byval, attributes.sret))
        c.accept(",")
    debug = re.search(r"!dbg !(\d+)", line)
    return Header(name, linkage, result, tuple(parameters), vararg, int(debug[1]) if debug else None)


Parser = Callable[["FunctionReader", Cursor, "int | None"], Instruction | Phi]
"""Reads one instruction, the cursor being behind its opcode; the third argument is the slot of the result."""


class FunctionReader:
    """Turns lines into instructions: numbers the slots, pools the constants, tracks the C line."""

    def __init__(self, module: ModuleContext, header: Header, body: list[str]) -> None:
        self.module = module
        self.types = module.types
        self._constants = module.constants
        self._header = header
        self._body = body
        names = [p.name for p in header.parameters] + _RESULT.findall("\n".join(body))
        self._slots = {name: n for n, name in enumerate(names)}
        self.slot_types: list[Type] = [p.type for p in header.parameters]
        self.slot_types += [VOID] * (len(names) - len(self.slot_types))
        self._pool: dict[Constant, int] = {}
        self._values: list[Constant] = []
        self._blocks: dict[str, int] = {}
        self._variables: list[Variable] = []
        self.where: Location = {"span": self._definition(), "inlined_at": ()}

    def _definition(self) -> Span | None:
        debug = self._header.debug
        return self.module.metadata.definition(debug) if debug is not None else None

    # --- what the instruction parsers use

    def typed(self, c: Cursor) -> tuple[Type, int]:
        t = self.types.parse(c)
        return t, self.operand(c, t)

    def operand(self, c: Cursor, t: Type) -> int:
        """The frame index of the value at the cursor."""
        token: str = c.tokens[c.i]
        if token[0] == "%":
            c.i += 1
            return self._slots[token]
        return self.constant(self._constants.parse(c, t))

    def constant(self, value: Constant) -> int:
        n = self._pool.setdefault(value, len(self._values))
        if n == len(self._values):
            self._values.append(value)
        return len(self._slots) + n

    def constant_value(self, operand: int) -> Constant | None:
        """The constant behind an operand, None for a slot."""
        n = operand - len(self._slots)
        return None if n < 0 else self._values[n]

    def block(self, c: Cursor) -> int:
        """``label %name``; the word is optional, as in phis."""
        c.accept("label")
        return self._blocks[c.next()]

    # --- reading

    def read(self, parsers: Mapping[str, Parser]) -> Function:
        """``parsers``: by opcode."""
        groups = self._split()
        self._blocks = {label: n for n, (label, _) in enumerate(groups)}
        blocks: list[Block] = []
        for label, lines in groups:
            phis: list[Phi] = []
            code: list[Instruction] = []
            for line in lines:
                got = self._line(line, parsers)
                if isinstance(got, Phi):
                    phis.append(got)
                elif got is not None:
                    code.append(got)
            blocks.append(Block(len(blocks), symbol(label), tuple(phis), tuple(code)))
        return self._function(tuple(blocks))

    def _split(self) -> list[tuple[str, list[str]]]:
        """Lines by block. An entry block without a label gets the number LLVM would give it."""
        groups: list[tuple[str, list[str]]] = []
        for line in self._joined():
            if line[0] != " ":
                found = _LABEL.match(line)
                if found is None:
                    raise InternalError(f"cannot read IR line: {line}")
                groups.append((f"%{found[1]}", []))
                continue
            if not groups:
                unnamed = sum(p.name[1:].isdigit() for p in self._header.parameters)
                groups.append((f"%{unnamed}", []))
            groups[-1][1].append(line)
        return groups

    def _joined(self) -> list[str]:
        """Lines with the cases of a switch, and the targets of asm goto, on the line they belong to."""
        out: list[str] = []
        is_open = False
        for line in self._body:
            if not line or line[0] == ";":
                continue
            if is_open or line.startswith("          to label"):
                out[-1] += " " + line.strip()
                is_open = is_open and not line.startswith("  ]")
                continue
            is_open = line.startswith("  switch ") and "]" not in line
            out.append(line)
        return out

    def _line(self, line: str, parsers: Mapping[str, Parser]) -> Instruction | Phi | None:
        declared = "dbg" in line and _DECLARE.search(line)
        if declared:
            self._declare(declared[1], int(declared[2]))
            return None
        if line.startswith("    #dbg") or ("call" in line and any(s in line for s in _SKIPPED_CALLS)):
            return None
        self._locate(line)
        cut = line.find(", !")
        text = line if cut < 0 else line[:cut]
        c = Cursor(text)
        dest: int | None = None
        if c.tokens[1] == "=":
            dest = self._slots[c.tokens[0]]
            c.i = 2
        opcode = c.next()
        parser = parsers.get(opcode)
        try:
            if parser is None:
                raise UnsupportedIR(f"the instruction '{opcode}'")
            return parser(self, c, dest)
        except UnsupportedIR as reason:
            return Unsupported(text.strip(), reason.what, dest, **self.where)
        except (ValueError, KeyError, IndexError, AssertionError, TypeError) as e:
            raise InternalError(f"cannot read IR line: {line.strip()} ({e!r})") from e

    def _locate(self, line: str) -> None:
        """Keep the last known place for what the compiler made up (line 0, no location)."""
        found = _DBG.search(line)
        place = self.module.metadata.place(int(found[1])) if found else None
        if place is not None:
            self.where = {"span": place[0], "inlined_at": place[1]}

    def _declare(self, token: str, node: int) -> None:
        metadata = self.module.metadata
        text = metadata.nodes.get(node, "")
        kind = re.search(r"\btype: !(\d+)", text)
        debug = DebugRef(self.module.index, int(kind[1])) if kind else None
        name = metadata.string(node, "name")
        span = metadata.definition(node)
        self._variables.append(Variable(name, self._slots[token], debug, ", arg: " in text, span))

    def _function(self, blocks: tuple[Block, ...]) -> Function:
        h = self._header
        parameters = tuple(Parameter(symbol(p.name), p.type, p.byval, p.sret) for p in h.parameters)
        slots = tuple(Slot(symbol(n), t) for n, t in zip(self._slots, self.slot_types, strict=True))
        debug = DebugRef(self.module.index, h.debug) if h.debug is not None else None
        return Function(
            name=self.module.rename.get(h.name, h.name),
            display=h.name,
            return_type=h.return_type,
            parameters=parameters,
            vararg=h.vararg,
            linkage=h.linkage,
            blocks=blocks,
            slots=slots,
            constants=tuple(self._values),
            variables=tuple(self._variables),
            span=self._definition(),
            debug=debug,
        )
