"""Contradictions that elimination finds, and that it finds no other; keys that took Z3 many seconds."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from maestro.certificate.check import check
from maestro.certificate.linear import Linear
from maestro.ir.expr import Expr, binary, byte_swap, concat, const, eq, extract, ite, negate, sym, zext
from maestro.rss.profile import load
from maestro.sharding.decide import decide
from maestro.solver.answer import Answer
from maestro.solver.z3_backend import Z3
from sharding import nfs

A, B, C = sym("a", 8), sym("b", 8), sym("c", 8)


@pytest.mark.parametrize(
    "conditions",
    [
        [eq(binary("xor", A, B), const(1, 8)), eq(A, B)],
        [eq(A, B), eq(B, C), negate(eq(A, C))],
        [eq(concat(A, B), concat(B, A)), extract(A, 3, 3), negate(extract(B, 3, 3))],
        [eq(binary("add", A, const(7, 8)), binary("add", B, const(7, 8))), negate(eq(A, B))],
        [negate(binary("or", eq(A, B), eq(B, C))), eq(A, B)],
        [binary("ult", A, B), binary("ule", B, A)],
        [eq(binary("mul", A, B), C), negate(eq(extract(binary("udiv", A, B), 0, 0), extract(C, 0, 0))), eq(A, B),
         eq(binary("udiv", A, B), C)],
        [eq(zext(A, 16), concat(B, C)), extract(B, 0, 0)],
    ],
)  # fmt: skip
def test_refutes(conditions: list[Expr]) -> None:
    assert Linear().refutes(conditions)
    assert Z3().check(conditions, 5000) is Answer.UNSAT


@pytest.mark.parametrize(
    "conditions",
    [
        [],
        [negate(eq(A, B)), eq(A, C)],
        [negate(binary("and", eq(A, B), eq(B, C))), eq(A, B)],
        [binary("or", eq(A, B), eq(B, C)), negate(eq(A, B))],
        [eq(binary("add", A, const(7, 8)), binary("add", B, const(6, 8))), negate(eq(A, B))],
    ],
)
def test_does_not_refute_what_can_be(conditions: list[Expr]) -> None:
    assert Z3().check(conditions, 5000) is Answer.SAT
    assert not Linear().refutes(conditions)


def test_refutes_only_what_z3_refutes() -> None:
    """Random conditions over two bytes, small enough that contradictions are frequent."""
    rng = Random(5)
    x, y = sym("x", 4), sym("y", 4)

    def value(depth: int) -> Expr:
        if depth == 0:
            return rng.choice((x, y, const(rng.randrange(16), 4)))
        a, b = value(depth - 1), value(depth - 1)
        match rng.randrange(5):
            case 0:
                return concat(extract(a, 1, 0), extract(b, 3, 2))
            case 1:
                return binary(rng.choice(("add", "and", "or")), a, b)
            case 2:
                return ite(extract(a, 0, 0), a, b)
        return binary("xor", a, b)

    refuted = 0
    solver, linear = Z3(), Linear()
    for _ in range(800):
        conditions = [eq(value(2), value(2)) for _ in range(3)]
        conditions = [c if rng.randrange(2) else negate(c) for c in conditions]
        if linear.refutes(conditions):
            refuted += 1
            assert solver.check(conditions, 5000) is Answer.UNSAT
    assert refuted > 50


KEYS = {
    "xor": binary("xor", nfs.SRC, nfs.DST),
    "xor of addresses and of ports": concat(binary("xor", nfs.SRC, nfs.DST), binary("xor", nfs.SPORT, nfs.DPORT)),
    "a /24": extract(nfs.DST, 31, 8),
    "bytes swapped": byte_swap(nfs.DST),
    "bytes swapped, then xor": binary("xor", byte_swap(nfs.SRC), byte_swap(nfs.DST)),
}


@pytest.mark.parametrize("key", KEYS)
def test_fast(key: str) -> None:
    width = KEYS[key].width // 8
    assert width in (3, 4, 6)
    model = nfs.table(KEYS[key])
    plan = decide(model, profile=load("e810"), cores=4, strategy="shared-nothing", seed=1).plan
    certificate = check(model, plan)
    assert certificate.failures == ()


def test_wrong_plan_for_a_xor_is_caught() -> None:
    model = nfs.table(KEYS["xor"])
    plan = decide(model, profile=load("e810"), cores=4, strategy="shared-nothing", seed=1).plan
    key = bytearray(plan.ports[0].key)
    key[5] ^= 0x10
    broken = replace(plan, ports=(replace(plan.ports[0], key=bytes(key)), *plan.ports[1:]))
    certificate = check(model, broken)
    assert "may go to different cores" in "\n".join(f.message for f in certificate.failures)


def test_the_smaller_address_first() -> None:
    """Both directions of a conversation have one key, found by a branch on the addresses."""

    def run(b: nfs.Builder) -> list[nfs.Path]:
        nfs.expire(b, "flows")
        smaller = binary("ult", nfs.SRC, nfs.DST)
        other = b.fork().assume(negate(smaller), 15)
        b.assume(smaller, 15)
        orders = ((b, concat(nfs.SRC, nfs.DST)), (other, concat(nfs.DST, nfs.SRC)))
        return [nfs.forward(c) for branch, key in orders for c, _ in nfs.touch(branch, "flows", key)]

    model = nfs.model(nfs.objects("flows", concat(nfs.SRC, nfs.DST)), run)
    plan = decide(model, profile=load("e810"), cores=4, strategy="shared-nothing", seed=1).plan
    certificate = check(model, plan)
    assert certificate.failures == ()
