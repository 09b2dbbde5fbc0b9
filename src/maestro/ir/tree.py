"""The paths of a model as a tree: what code generation, dumps and the report walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maestro.diagnostics import InternalError, Span
from maestro.ir.expr import Expr, negate
from maestro.ir.model import Assume, Operation, Path, Verdict


@dataclass(frozen=True)
class Leaf:
    path: int
    verdict: Verdict
    edits: tuple[tuple[int, Expr], ...]
    head: int = 0
    checksums: tuple[tuple[Expr, Expr], ...] = ()


@dataclass(frozen=True)
class Do:
    operation: Operation
    then: Tree


@dataclass(frozen=True)
class Given:
    """A condition that the NF asserts or its API promises; there is no other branch."""

    cond: Expr
    span: Span | None
    then: Tree


@dataclass(frozen=True)
class Branch:
    """``yes`` when ``cond`` (width 1) is 1, ``no`` when it is 0."""

    cond: Expr
    span: Span | None
    yes: Tree
    no: Tree


Tree = Leaf | Do | Given | Branch


def build(paths: Sequence[Path]) -> Tree:
    """Merge ``paths`` on their common prefixes.

    Raises InternalError when they do not form a complete binary tree.
    """
    return _build([(i, p) for i, p in enumerate(paths)], 0)


def _build(paths: list[tuple[int, Path]], depth: int) -> Tree:
    index, path = paths[0]
    if depth == len(path.steps):
        if len(paths) != 1:
            raise InternalError(f"paths {[i for i, _ in paths]} take the same steps")
        return Leaf(index, path.verdict, path.edits, path.head, path.checksums)
    step = path.steps[depth]
    same = [(i, p) for i, p in paths if depth < len(p.steps) and p.steps[depth] == step]
    if len(same) == len(paths):
        rest = _build(same, depth + 1)
        if isinstance(step, Operation):
            return Do(step, rest)
        return Given(step.cond, step.span, rest) if step.given else _one_sided(step, rest)
    other = [(i, p) for i, p in paths if (i, p) not in same]
    flip = other[0][1].steps[depth] if depth < len(other[0][1].steps) else None
    if not isinstance(step, Assume) or not isinstance(flip, Assume) or flip.cond is not negate(step.cond):
        raise InternalError(f"paths {index} and {other[0][0]} part at a step that is not a branch")
    return Branch(step.cond, step.span, _build(same, depth + 1), _build(other, depth + 1))


def _one_sided(step: Assume, rest: Tree) -> Tree:
    raise InternalError(f"the branch at {step.span} on {step.cond} has one side only")
