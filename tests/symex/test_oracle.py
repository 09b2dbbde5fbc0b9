"""Questions along a path: earlier solutions answer most, and never change an answer."""

from __future__ import annotations

import pytest

from maestro.ir.expr import Expr, binary, const, eq, evaluate, negate, sym, uf
from maestro.solver.answer import Answer
from maestro.solver.bitwuzla_backend import Backend
from maestro.solver.path import Oracle
from maestro.solver.witness import KEPT, Witness, Witnesses

X, Y, NOW = sym("x", 64), sym("y", 64), sym("now", 64)


def number(value: int) -> Expr:
    return const(value, 64)


def test_a_witness_evaluates_like_the_expression_says() -> None:
    e = binary("udiv", binary("mul", binary("sub", X, Y), number(1_000_000)), number(1000))
    values = {X: 17, Y: 5}
    witness = Witness(values)
    assert witness.value(e) == evaluate(e, lambda s: values[s]) == 12_000
    assert witness.value(binary("add", e, sym("never seen", 64))) == 12_000


def test_an_uninterpreted_function_is_a_function() -> None:
    witness = Witness({X: 3, Y: 3})
    assert witness.value(eq(uf("crc", 32, X), uf("crc", 32, Y))) == 1
    assert witness.value(eq(uf("crc", 32, X), uf("crc", 32, binary("add", X, number(1))))) == 0


def test_few_witnesses_are_kept_and_the_latest_comes_first() -> None:
    witnesses = Witnesses()
    for value in range(KEPT + 1):
        witnesses.add({X: value})
    assert witnesses.find([eq(X, number(0))]) is None
    found = witnesses.find([eq(X, number(1))])
    assert found is not None
    assert witnesses.find([]) is found


@pytest.mark.parametrize("seconds", [1, 1000])
def test_answers_are_those_of_the_solver(seconds: int) -> None:
    """Token buckets: a path of questions, each asked both ways, against a solver without memory."""
    tokens = binary("udiv", binary("mul", binary("sub", NOW, Y), number(625_000)), number(1_000_000_000))
    questions = [
        binary("ule", Y, NOW),
        binary("ult", binary("sub", NOW, Y), number(160_000_000 * seconds)),
        binary("ule", X, number(100_000)),
        binary("ult", number(100_000), binary("add", X, tokens)),
        binary("ult", number(64), X),
        binary("ult", NOW, Y),
    ]
    oracle, plain, constraints = Oracle(), Backend(), []
    for question in questions:
        for asked in (question, negate(question)):
            assert oracle.check(constraints, asked) is plain.check([*constraints, asked]), str(asked)
        if oracle.check(constraints, question) is Answer.SAT:
            constraints.append(question)
    assert len(constraints) == 5
