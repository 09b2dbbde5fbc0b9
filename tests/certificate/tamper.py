"""Ways to break one thing in a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from handmade import Builder
from maestro.ir.expr import Expr
from maestro.ir.model import Kind, Model, Operation, Path, Step


def each_path(model: Model, change: Callable[[Path], Path]) -> Model:
    return replace(model, paths=tuple(map(change, model.paths)))


def each_operation(model: Model, change: Callable[[Operation], Operation | None]) -> Model:
    """``change`` returns the operation to have instead, or None to drop it."""

    def step(s: Step) -> Step | None:
        return change(s) if isinstance(s, Operation) else s

    def path(p: Path) -> Path:
        return replace(p, steps=tuple(t for s in p.steps if (t := step(s)) is not None))

    return each_path(model, path)


def with_arg(o: Operation, name: str, value: Expr) -> Operation:
    return replace(o, args=tuple((n, value if n == name else v) for n, v in o.args))


def each_arg(model: Model, method: str, name: str, change: Callable[[Expr], Expr]) -> Model:
    """``change`` one argument of every call of ``method``."""
    return each_operation(model, lambda o: with_arg(o, name, change(o.arg(name))) if o.method == method else o)


def without(model: Model, method: str, where: Callable[[Path], bool] = lambda p: True) -> Model:
    """No calls of ``method`` on the paths that ``where`` picks."""
    dropped = each_operation(model, lambda o: None if o.method == method else o)
    pairs = zip(model.paths, dropped.paths, strict=True)
    return replace(model, paths=tuple(new if where(old) else old for old, new in pairs))


def calls(p: Path, method: str) -> bool:
    return any(o.method == method for o in p.operations)


def result(p: Path, method: str, name: str) -> Expr:
    """The result of the last call of ``method``."""
    return next(o.result(name) for o in reversed(p.operations) if o.method == method)


def append(p: Path, obj: str, method: str, kind: Kind, line: int, args: dict[str, Expr], **results: int) -> Path:
    """One more call at the end of a path."""
    builder = Builder(p.steps)
    builder.call(obj, method, kind, line, args, results)
    return replace(p, steps=builder.steps)
