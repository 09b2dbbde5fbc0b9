"""The translation to Z3 agrees with the evaluator on every operator, and answers stay three-valued."""

from __future__ import annotations

import random

import pytest

from maestro.ir.expr import (
    Expr,
    binary,
    concat,
    const,
    eq,
    evaluate,
    extract,
    ite,
    land,
    negate,
    sext,
    sym,
    uf,
    zext,
)  # fmt: skip
from maestro.solver.answer import Answer
from maestro.solver.z3_backend import Z3

A, B, C = sym("a", 16), sym("b", 16), sym("c", 1)
BINARY = (
    "add", "sub", "mul", "udiv", "urem", "sdiv", "srem", "and", "or", "xor", "shl", "lshr", "ashr",
    "eq", "ult", "ule", "slt", "sle",
)  # fmt: skip
OTHERS = {
    "concat": concat(A, B),
    "extract": extract(binary("udiv", A, B), 11, 3),
    "zext": zext(A, 24),
    "sext": sext(A, 24),
    "ite": ite(C, A, B),
    "ite-bool": ite(eq(A, B), C, binary("ult", A, B)),
    "not": negate(eq(A, B)),
    "and-bool": land(binary("ult", A, B), C),
    "or-bool": binary("or", negate(C), binary("slt", A, B)),
    "xor-bool": binary("xor", C, binary("ule", A, B)),
    "bool-in-concat": concat(binary("ult", A, B), A),
}
CASES = {op: binary(op, A, B) for op in BINARY} | OTHERS
EDGES = (0, 1, 2, 0x7FFF, 0x8000, 0xFFFF)


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_evaluator(name: str) -> None:
    rng, e, solver = random.Random(name), CASES[name], Z3()
    for _ in range(12):
        values = {"a": rng.choice([rng.randrange(1 << 16), *EDGES]), "b": rng.choice([rng.randrange(20), *EDGES])}
        values["c"] = rng.randrange(2)

        def value(s: Expr, values: dict[str, int] = values) -> int:
            return values[s.name]

        fixed = [eq(s, const(values[s.name], s.width)) for s in (A, B, C)]
        same = eq(e, const(evaluate(e, value), e.width))
        assert solver.check([*fixed, same], 5000) is Answer.SAT
        assert solver.check([*fixed, negate(same)], 5000) is Answer.UNSAT


def test_solution_satisfies() -> None:
    conditions = [binary("ult", const(100, 16), A), eq(binary("xor", A, B), const(0x1234, 16)), negate(C)]
    result = Z3().solve(conditions, 5000)
    assert result.answer is Answer.SAT
    assert all(evaluate(c, lambda s: result.values[s.name]) for c in conditions)


def test_uninterpreted_functions_are_functions() -> None:
    fa, fb = uf("crc32", 32, A), uf("crc32", 32, B)
    solver = Z3()
    assert solver.check([eq(A, B), negate(eq(fa, fb))], 5000) is Answer.UNSAT
    assert solver.check([negate(eq(A, B)), eq(fa, fb)], 5000) is Answer.SAT


def test_timeout_is_unknown() -> None:
    """A 64-bit product that is a large prime's square takes longer than a millisecond."""
    x, y = sym("x", 64), sym("y", 64)
    product = eq(binary("mul", zext(x, 128), zext(y, 128)), const((2**61 - 1) * (2**59 - 55), 128))
    proper = [binary("ult", const(1, 64), v) for v in (x, y)]
    assert Z3().check([product, *proper], 1) is Answer.UNKNOWN
