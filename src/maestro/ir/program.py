"""An LLVM program as the symbolic executor reads it: symbols resolved, layouts computed, operands numbered.

**Operands are ints**: indices into the frame of the function that is running. A frame is a list of
``Function.frame_size`` values: first one a *slot* (parameters in order, then every instruction result), then one
a *constant* (``Function.constants``, evaluated once by the executor). So with

    frame = [None] * len(function.slots) + evaluated_constants

an operand ``x`` of any instruction is ``frame[x]``, and a result is stored by ``frame[ins.dest] = value``.

Blocks are numbered; ``Branch``, ``Switch`` and ``Phi`` name them by index into ``Function.blocks``. Block 0 is the
entry. Phis are apart from the other instructions since all of a block's phis are evaluated at once.

Types and constants are in ``maestro.ir.types``. A value of floating-point type is its bit pattern. Anything
that Maestro does not understand is an :class:`Unsupported` instruction: harmless unless it is reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maestro.diagnostics import Span
from maestro.ir.types import Constant, Type

# --- instructions --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Located:
    """``inlined_at``: for code that the compiler inlined (always_inline), the call sites, innermost first."""

    span: Span | None = None
    inlined_at: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Alloca(_Located):
    """Reserve ``size`` bytes (of one ``type``), times the value of ``count`` when it is an operand (VLA)."""

    dest: int
    type: Type
    size: int
    align: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Load(_Located):
    """``size``: bytes read (``store_size(type)``)."""

    dest: int
    address: int
    type: Type
    size: int


@dataclass(frozen=True, slots=True)
class Store(_Located):
    """``size``: bytes written (``store_size(type)``)."""

    value: int
    address: int
    type: Type
    size: int


@dataclass(frozen=True, slots=True)
class GetElementPtr(_Located):
    """``dest = base + offset + Σ signed(frame[index]) * stride``; offset and strides in bytes.

    ``indices``: (index operand, stride, width of the index in bits), only those that are not constants.
    """

    dest: int
    base: int
    offset: int
    indices: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Binary(_Located):
    """``op``: add sub mul udiv sdiv urem srem and or xor shl lshr ashr, as in ``maestro.ir.expr``.

    ``flags``: any of ``nsw``, ``nuw``, ``exact`` (C's undefined overflow).
    """

    dest: int
    op: str
    a: int
    b: int
    bits: int
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compare(_Located):
    """``predicate``: eq ne ult ule ugt uge slt sle sgt sge; ``type`` of the operands is an IntType or PtrType."""

    dest: int
    predicate: str
    a: int
    b: int
    type: Type


@dataclass(frozen=True, slots=True)
class FloatOperation(_Located):
    """``op``: fadd fsub fmul fdiv frem fneg, ``fcmp olt`` and the like, or a conversion (sitofp, fptoui, fpext, …).

    ``source`` is the type of the operands, ``type`` of the result: ``float``, ``double`` or an integer.
    """

    dest: int
    op: str
    operands: tuple[int, ...]
    source: Type
    type: Type


@dataclass(frozen=True, slots=True)
class Cast(_Located):
    """``op``: zext sext trunc (ints), ptrtoint inttoptr, bitcast (between pointers or equal types: a copy)."""

    dest: int
    op: str
    value: int
    source: Type
    type: Type


@dataclass(frozen=True, slots=True)
class Freeze(_Located):
    dest: int
    value: int
    type: Type


@dataclass(frozen=True, slots=True)
class Select(_Located):
    dest: int
    condition: int
    a: int
    b: int
    type: Type


@dataclass(frozen=True, slots=True)
class ExtractValue(_Located):
    """``path``: element numbers, outermost first, into a value of ``aggregate_type``; the result has ``type``."""

    dest: int
    aggregate: int
    path: tuple[int, ...]
    aggregate_type: Type
    type: Type


@dataclass(frozen=True, slots=True)
class InsertValue(_Located):
    """The aggregate with the element at ``path`` replaced by ``value`` (of type ``value_type``)."""

    dest: int
    aggregate: int
    path: tuple[int, ...]
    value: int
    aggregate_type: Type
    value_type: Type


@dataclass(frozen=True, slots=True)
class Call(_Located):
    """``callee`` is the function's name for a direct call, else None and ``target`` the operand called.

    ``dest`` is None for void calls. ``byval[i]`` is the size in bytes of the object that argument i, a pointer,
    passes by value (the callee gets a copy of its own), 0 otherwise. Intrinsics (``llvm.memcpy.p0.p0.i64``, …)
    are calls like any other; debug and lifetime intrinsics do not appear.
    """

    dest: int | None
    callee: str | None
    target: int
    args: tuple[int, ...]
    arg_types: tuple[Type, ...]
    byval: tuple[int, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Phi(_Located):
    """``incoming``: predecessor block index → operand."""

    dest: int
    type: Type
    incoming: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Branch(_Located):
    """Unconditional when ``condition`` is None; then ``then == otherwise``."""

    condition: int | None
    then: int
    otherwise: int


@dataclass(frozen=True, slots=True)
class Switch(_Located):
    """``cases``: unsigned value (modulo 2**bits) → block index."""

    value: int
    bits: int
    default: int
    cases: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Return(_Located):
    """``value`` is None for ``ret void``."""

    value: int | None
    type: Type


@dataclass(frozen=True, slots=True)
class Unreachable(_Located):
    pass


@dataclass(frozen=True, slots=True)
class Unsupported(_Located):
    """``text`` is the IR line, ``what`` its operation in words for the user (``floating-point arithmetic``)."""

    text: str
    what: str
    dest: int | None = None


Instruction = (
    Alloca
    | Load
    | Store
    | GetElementPtr
    | Binary
    | Compare
    | Cast
    | Freeze
    | Select
    | ExtractValue
    | InsertValue
    | Call
    | Branch
    | Switch
    | Return
    | Unreachable
    | FloatOperation
    | Unsupported
)

# --- functions, globals, programs ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block:
    """``instructions`` ends with the only terminator: Branch, Switch, Return, Unreachable or Unsupported."""

    index: int
    label: str
    phis: tuple[Phi, ...]
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """``name`` as in the IR without ``%``."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Parameter:
    """Parameter i lives in slot i. ``byval``/``sret``: size in bytes of the object pointed to, 0 when not such."""

    name: str
    type: Type
    byval: int = 0
    sret: int = 0


@dataclass(frozen=True, slots=True)
class DebugRef:
    """A node of debug information: its module (C file) and metadata number. See ``maestro.frontend.debug``."""

    module: int
    node: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A C local or parameter; ``slot`` holds the ADDRESS of its storage (an alloca, or a byval parameter)."""

    name: str
    slot: int
    type: DebugRef | None
    parameter: bool = False
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """``name`` is unique in the program; ``display`` is the C name (static functions of two files may share it).

    A declaration has no blocks. ``span``: the line of the definition.
    """

    name: str
    display: str
    return_type: Type
    parameters: tuple[Parameter, ...]
    vararg: bool = False
    linkage: str = "external"
    blocks: tuple[Block, ...] = ()
    slots: tuple[Slot, ...] = ()
    constants: tuple[Constant, ...] = ()
    variables: tuple[Variable, ...] = ()
    span: Span | None = None
    debug: DebugRef | None = None

    @property
    def is_declaration(self) -> bool:
        return not self.blocks

    @property
    def frame_size(self) -> int:
        return len(self.slots) + len(self.constants)

    def operand_name(self, operand: int) -> str:
        """``%name`` of a slot, or the constant's text."""
        from maestro.ir.program_text import operand_text

        return operand_text(self, operand)


@dataclass(frozen=True, slots=True)
class Relocation:
    """The 8 bytes at ``offset`` hold the address of ``symbol`` plus ``addend`` bytes."""

    offset: int
    symbol: str
    addend: int = 0


@dataclass(frozen=True, slots=True)
class GlobalVariable:
    """``data``: the initial bytes (undefined ones are 0, relocated ones are 0), or None for one defined elsewhere."""

    name: str
    display: str
    type: Type
    size: int
    align: int
    data: bytes | None
    relocations: tuple[Relocation, ...] = ()
    is_constant: bool = False
    linkage: str = "external"
    span: Span | None = None
    debug: DebugRef | None = None


@dataclass(frozen=True, slots=True)
class DebugInfo:
    """Per module: metadata number → text of the node, read on demand by ``maestro.frontend.debug``."""

    modules: tuple[Mapping[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """Every linked module. ``functions``/``globals`` by unique name, in order of appearance."""

    functions: Mapping[str, Function]
    globals: Mapping[str, GlobalVariable]
    debug: DebugInfo = field(default_factory=DebugInfo)

    def __str__(self) -> str:
        from maestro.ir.program_text import dump

        return dump(self)
