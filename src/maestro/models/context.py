"""What a model of a C function may ask of the machine that executes it.

Models say what a call means; they never import the executor. ``Context`` is the executor as they see it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol

from maestro.diagnostics import Span
from maestro.ir.expr import Expr
from maestro.ir.memory import Cell, Function, Object, Pointer, Scalar
from maestro.ir.model import Kind, Operation
from maestro.ir.program import Program


class Context(Protocol):
    """The executor at a call: the path so far, memory, and ways to fail."""

    program: Program
    span: Span | None
    known: dict[str, Any]
    """What models remember along this path; keys are theirs."""

    @property
    def initialising(self) -> bool: ...

    def decide(self, cond: Expr) -> bool: ...

    def given(self, cond: Expr) -> None: ...

    def learn(self, fact: Expr) -> None: ...

    def may_equal(self, a: Expr, b: Expr) -> bool: ...

    def possible(self, cond: Expr) -> bool: ...

    def provable(self, claim: Expr) -> bool: ...

    def record(
        self,
        obj: str,
        method: str,
        kind: Kind,
        args: Mapping[str, Expr],
        results: Mapping[str, int],
        related: tuple[str, ...] = (),
    ) -> Operation: ...

    def read(self, pointer: Scalar, size: int) -> list[Cell]: ...

    def write(self, pointer: Scalar, cells: list[Cell]) -> None: ...

    def load(self, pointer: Scalar, size: int) -> Scalar: ...

    def store(self, pointer: Scalar, value: Scalar, size: int) -> None: ...

    def text(self, pointer: Scalar) -> bytes: ...

    def new(self, obj: Object) -> Pointer: ...

    def object(self, pointer: Scalar) -> Object: ...

    def call(self, function: Scalar, *args: Scalar) -> Scalar | None: ...

    def outcomes(self, function: Function, *args: Scalar) -> list[tuple[list[Expr], Scalar | None]]: ...

    def constant(self, value: Scalar, what: str) -> int: ...

    def bounded(self, value: Scalar, what: str, *, either_way: bool = False) -> int: ...

    def user_span(self) -> Span | None: ...

    def assertion_failed(self, text: str) -> NoReturn: ...

    def fail(self, message: str, hint: str, code: str) -> NoReturn: ...

    def unsupported(self, message: str, hint: str, code: str) -> NoReturn: ...


Args = tuple[Scalar, ...]
Model = Callable[[Context, Args], Scalar | None]

MODELS: dict[str, Model] = {}
"""Every modelled C function by name. Filled by the modules of this package when ``maestro.models`` is imported."""


def model(*names: str) -> Callable[[Model], Model]:
    """Register a function as the meaning of the C functions ``names``."""

    def register(function: Model) -> Model:
        for name in names:
            assert name not in MODELS, name
            MODELS[name] = function
        return function

    return register


def expr(value: Scalar) -> Expr:
    """``value`` where only a number makes sense."""
    assert isinstance(value, Expr), value
    return value
