"""The machine: functions, blocks and jumps on top of ``instructions``; also what models see as their ``Context``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from maestro.diagnostics import InternalError, SourceError, Span, UnsupportedError
from maestro.ir import program as ir
from maestro.ir import types as ty
from maestro.ir.expr import Expr, binary, const, eq, extract, negate, zext
from maestro.ir.memory import Cell, Function, Memory, Object, Pointer, Scalar
from maestro.ir.model import Kind, Operation
from maestro.models import MODELS
from maestro.solver.answer import Answer
from maestro.solver.path import Oracle
from maestro.symex.access import Access
from maestro.symex.budget import Limits, require_budget
from maestro.symex.ends import AssertionFailed
from maestro.symex.image import Image
from maestro.symex.instructions import Frame, Instructions, Value
from maestro.symex.intrinsics import call_intrinsic
from maestro.symex.merge import Merger, Merging
from maestro.symex.regions import fails
from maestro.symex.run import Run

Explore = Callable[[Memory, Function, tuple[Scalar, ...]], list[tuple[list[Expr], Scalar | None]]]


_LOOK_EVERY = 20_000  # instructions: at time and memory
_LARGEST = 16 << 20  # bytes that are set or copied at once: each takes a hundred of ours


class Machine:
    """Executes functions on one run's memory."""

    def __init__(
        self,
        image: Image,
        memory: Memory,
        run: Run,
        *,
        is_runtime: Callable[[str], bool],
        explore: Explore,
        oracle: Oracle,
        limits: Limits,
        merging: Merging | None = None,
    ) -> None:
        self.image = image
        self.program = image.program
        self.memory = memory
        self.run = run
        self.limits = limits
        self.span: Span | None = None
        self.verdict_span: Span | None = None
        self.known: dict[str, Any] = run.known
        self._access = Access(memory, run)
        self._instructions = Instructions(self._access)
        self._is_runtime = is_runtime
        self._explore = explore
        self._oracle = oracle
        self._calls: list[tuple[str, Span | None]] = []
        self._executed = self._look_at = 0
        self._merger = Merger(self, merging) if merging else None

    # --- functions and blocks

    def execute(self, name: str, args: tuple[Value, ...]) -> Value | None:
        """Run function ``name``; returns its value.

        Raises the diagnostics of what it may not do, and PathEnd when the path has no verdict.
        """
        function = self.program.functions[name]
        self._enter(function)
        frame: Frame = [None] * len(function.slots) + self.image.constants(function) + [function]
        frame[: len(args)] = args
        locals_from = self.memory.mark()
        value = self._blocks(function, frame)
        self.memory.release(locals_from)
        self._calls.pop()
        return value

    def _enter(self, function: ir.Function) -> None:
        nested = 0 if self.run.initialising else sum(name == function.name for name, _ in self._calls)
        if nested >= self.limits.recursion:
            raise UnsupportedError(
                f"`{function.display}` calls itself more than {self.limits.recursion} times deep",
                span=function.span or self.span,
                hint="bound the recursion by a small constant, or write it as a bounded loop",
                code="recursion",
            )
        if len(self._calls) > self.limits.depth:
            raise UnsupportedError("calls nest too deeply", span=self.span, code="recursion")
        self._calls.append((function.name, self.span))

    def _blocks(self, function: ir.Function, frame: Frame) -> Value | None:
        current, previous = 0, -1
        forks: dict[int, int] = {}
        merged = False
        while True:
            block = function.blocks[current]
            if block.phis and not merged:
                incoming = [frame[p.incoming[previous]] for p in block.phis]
                for phi, value in zip(block.phis, incoming, strict=True):
                    frame[phi.dest] = value
            merged = False
            last = self.straight(block, frame)
            match last:
                case ir.Return():
                    return None if last.value is None else frame[last.value]
                case ir.Branch() if last.condition is None:
                    if len(self._calls) == 1 and last.span is not None:
                        self.verdict_span = last.span
                    previous, current = current, last.then
                case ir.Branch() if merged := self._merged(function, frame, current, last):
                    current = self._joined
                case ir.Branch() | ir.Switch():
                    before = len(self.run.steps)
                    previous, current = current, self._jump(last, frame)
                    self._count_forks(forks, previous, len(self.run.steps) - before, last.span)
                case ir.Unreachable():
                    raise SourceError("reaches code that must not be reached", span=self.span, code="unreachable")
                case _:
                    raise InternalError(f"{function.name}: block {block.label} ends with {last}")

    def _merged(self, function: ir.Function, frame: Frame, block: int, branch: ir.Branch) -> bool:
        """Whether both sides of the branch were executed, up to block ``_joined``."""
        if self._merger is None or self.run.initialising:
            return False
        assert branch.condition is not None
        cond = self.number(frame[branch.condition])
        if cond.is_const:
            return False
        self.span = branch.span or self.span
        joined = self._merger.merge(function, frame, block, cond)
        self._joined = -1 if joined is None else joined
        return joined is not None

    def straight(self, block: ir.Block, frame: Frame) -> ir.Instruction:
        """Execute a block up to its last instruction, which is returned."""
        table = self._instructions.table
        for ins in block.instructions:
            kind = type(ins)
            handler = table.get(kind)
            if handler is not None:
                handler(ins, frame)
            elif isinstance(ins, ir.Call):
                self._call(ins, frame)
            else:
                self.span = ins.span or self.span
                break
        self._executed += len(block.instructions)
        if self._executed >= self._look_at:
            require_budget(self._oracle.meter, self.user_span())
            self._look_at = self._executed + _LOOK_EVERY
        if self._executed > self.limits.instructions:
            raise UnsupportedError(
                f"did not come to an end after {self.limits.instructions} instructions",
                span=self.span,
                hint="bound every loop on the packet path by a constant",
                code="unbounded-loop",
            )
        return ins

    def _jump(self, ins: ir.Branch | ir.Switch, frame: Frame) -> int:
        if isinstance(ins, ir.Branch):
            assert ins.condition is not None
            if (after := self._behind_assertion(ins, frame)) is not None:
                return after
            return ins.then if self._decide_at(self.number(frame[ins.condition]), ins.span) else ins.otherwise
        value = self.number(frame[ins.value])
        for case, block in ins.cases.items():
            if self._decide_at(eq(value, const(case, ins.bits)), ins.span):
                return block
        return ins.default

    def _behind_assertion(self, ins: ir.Branch, frame: Frame) -> int | None:
        """Where a branch leads whose other side fails an assertion."""
        assert ins.condition is not None
        blocks = frame[-1].blocks
        cond = self.number(frame[ins.condition])
        for good, bad, holds in ((ins.then, ins.otherwise, cond), (ins.otherwise, ins.then, negate(cond))):
            if not cond.is_const and fails(blocks[bad]) and self._asserted(holds, blocks[bad], frame, ins.span):
                return good
        return None

    def _asserted(self, holds: Expr, failing: ir.Block, frame: Frame, span: Span | None) -> bool:
        """Whether the path goes on as if the assertion held."""
        if self.run.probing:
            self.run.learn(holds)
            return True
        self.span = span or self.span
        steps = len(self.run.steps)
        if not self.run.asserted(holds, self.user_span()):
            return False
        if len(self.run.steps) > steps:
            try:
                self.straight(failing, frame)
            except AssertionFailed as end:
                self.run.assumed.add((end.span, end.text))
        return True

    def _decide_at(self, cond: Expr, span: Span | None) -> bool:
        if cond.is_const:
            return bool(cond.value)
        self.span = span or self.span
        return self.decide(cond)

    def _count_forks(self, forks: dict[int, int], block: int, count: int, span: Span | None) -> None:
        forks[block] = forks.get(block, 0) + count
        if forks[block] > self.limits.loop_forks:
            raise UnsupportedError(
                f"a loop whose end depends on the packet or on state runs more than {self.limits.loop_forks} times",
                span=span,
                hint="bound the loop by a small constant",
                code="unbounded-loop",
            )

    # --- calls

    def _call(self, ins: ir.Call, frame: Frame) -> None:
        outer, self.span = self.span, ins.span or self.span
        args = [self._argument(frame[a], size) for a, size in zip(ins.args, ins.byval, strict=True)]
        name = ins.callee or self._callee(frame[ins.target])
        value = self.invoke(name, args)
        if ins.dest is not None:
            if value is None:
                raise InternalError(f"{name} is modelled without a result, which {ins.span} uses")
            frame[ins.dest] = self._fit(value, ins.type)
        self.span = outer

    def _argument(self, value: Value, byval: int) -> Value:
        if not byval:
            return value
        assert not isinstance(value, tuple)
        copy = Pointer(self.memory.add(Object("argument", byval, lambda _o: (const(0, 8), 0))), const(0, 64))
        self.write(copy, self.read(value, byval))
        return copy

    def _callee(self, target: Value) -> str:
        if isinstance(target, Function):
            return target.name
        raise SourceError(
            "calls through a function pointer that is null or not known", span=self.span, code="bad-function-pointer"
        )

    def invoke(self, name: str, args: list[Value]) -> Value | None:
        """Call a function of the program, a modelled one or an intrinsic."""
        function = self.program.functions.get(name)
        if function is not None and not function.is_declaration:
            return self.execute(name, tuple(args))
        scalars = [a for a in args if not isinstance(a, tuple)]
        if name.startswith("llvm."):
            return call_intrinsic(self, name.removeprefix("llvm."), scalars)
        model = MODELS.get(name)
        if model is None:
            raise UnsupportedError(
                f"calls `{name}`, which is neither part of the NF nor known to Maestro",
                span=self.user_span(),
                hint="give the source file that defines it, or do without it on the packet path",
                code="unknown-function",
            )
        return model(self, tuple(scalars))

    def _fit(self, value: Value, t: ty.Type) -> Value:
        """Models return numbers of a convenient width; the caller's type decides."""
        if isinstance(value, Expr) and isinstance(t, ty.IntType) and value.width != t.bits:
            return zext(value, t.bits) if t.bits > value.width else extract(value, t.bits - 1, 0)
        return value

    # --- what models and intrinsics ask for

    @property
    def initialising(self) -> bool:
        return self.run.initialising

    def user_span(self) -> Span | None:
        """Where the NF's own source is now: the innermost call that is not inside Maestro's runtime."""
        return next((s for s in reversed(self.chain()) if not self._is_runtime(s.file)), self.span)

    def chain(self) -> tuple[Span, ...]:
        spans = [span for _, span in self._calls[1:]] + [self.span]
        return tuple(s for s in spans if s is not None)

    def decide(self, cond: Expr) -> bool:
        return self.run.decide(cond, self.user_span())

    def given(self, cond: Expr) -> None:
        self.run.given(cond, self.user_span())

    def learn(self, fact: Expr) -> None:
        self.run.learn(fact)

    def possible(self, cond: Expr) -> bool:
        """Whether ``cond`` can hold on this path; False when that is not known."""
        return self.run.possible(cond) is Answer.SAT

    def provable(self, claim: Expr) -> bool:
        """Whether ``claim`` holds whatever its symbols are; False when that is not known."""
        return self._oracle.check((), negate(claim)) is Answer.UNSAT

    def assertion_failed(self, text: str) -> NoReturn:
        if self.initialising:
            self.fail(f"the assertion `{text}` fails during initialisation", "check the NF's arguments", "init-assert")
        raise AssertionFailed(text, self.user_span())

    def may_equal(self, a: Expr, b: Expr) -> bool:
        return self.run.possible(eq(a, b)) is not Answer.UNSAT

    def record(
        self,
        obj: str,
        method: str,
        kind: Kind,
        args: Mapping[str, Expr],
        results: Mapping[str, int],
        related: tuple[str, ...] = (),
    ) -> Operation:
        chain = tuple(s for s in self.chain() if not self._is_runtime(s.file))
        return self.run.record(
            obj, method, kind, args, results, related=related, chain=chain[:-1], span=self.user_span()
        )

    def read(self, pointer: Scalar, size: int) -> list[Cell]:
        return self._access.read(pointer, size, self.user_span())

    def write(self, pointer: Scalar, cells: list[Cell]) -> None:
        self._access.write(pointer, cells, self.user_span())

    def load(self, pointer: Scalar, size: int) -> Scalar:
        return self._access.load(pointer, size, self.user_span())

    def store(self, pointer: Scalar, value: Scalar, size: int) -> None:
        self._access.store(pointer, value, size, self.user_span())

    def text(self, pointer: Scalar) -> bytes:
        """The C string at ``pointer``, without its end."""
        out = bytearray()
        assert isinstance(pointer, Pointer), pointer
        while True:
            at = Pointer(pointer.obj, binary("add", pointer.offset, const(len(out), 64)))
            byte = self.constant(self.load(at, 1), "a character of a string")
            if byte == 0:
                return bytes(out)
            out.append(byte)

    def new(self, obj: Object) -> Pointer:
        obj.persistent = self.initialising
        return Pointer(self.memory.add(obj), const(0, 64))

    def object(self, pointer: Scalar) -> Object:
        return self._access.object(pointer, self.user_span())

    def call(self, function: Scalar, *args: Scalar) -> Scalar | None:
        value = self.invoke(self._callee(function), list(args))
        assert not isinstance(value, tuple)
        return value

    def outcomes(self, function: Function, *args: Scalar) -> list[tuple[list[Expr], Scalar | None]]:
        """Every (conditions, result) of calling ``function`` on the memory of now."""
        return self._explore(self.memory, function, args)

    def number(self, value: Value) -> Expr:
        if isinstance(value, Expr):
            return value
        raise UnsupportedError("uses a pointer as a number", span=self.span, code="bad-pointer")

    def bounded(self, value: Scalar, what: str, *, either_way: bool = False) -> int:
        """The value of ``value`` on this path; forks over a few. ``either_way``: it may be negative, and is no size."""
        e = self.number(value)
        values = self.run.values(e, 64)
        if not values:
            self.unsupported(f"{what} is not bounded", "use a constant", "unbounded-size")
        if values[-1] > _LARGEST and not either_way:
            message = f"{what} is {values[-1]} bytes, and Maestro follows up to {_LARGEST >> 20} MB"
            self.unsupported(message, "use smaller tables", "unbounded-size")
        return self.run.pin(e, values, self.user_span())

    def constant(self, value: Scalar, what: str) -> int:
        if isinstance(value, Expr) and value.is_const:
            return value.value
        self.unsupported(
            f"{what} is not a constant: {value}", "use a constant or a configuration value", "not-constant"
        )

    def fail(self, message: str, hint: str, code: str) -> NoReturn:
        raise SourceError(message, span=self.user_span(), hint=hint, code=code)

    def unsupported(self, message: str, hint: str, code: str) -> NoReturn:
        raise UnsupportedError(message, span=self.user_span(), hint=hint, code=code)
