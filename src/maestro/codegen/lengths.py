"""Tests of the packet's length as a person writes them.

An NF that takes its headers one after the other asks whether enough is left: ``length - 14 < 20``. Where the path so
far shows that nothing wraps around, that is ``length < 34``.

===============  ===================  ===================
path so far      before               after
===============  ===================  ===================
``length >= a``  ``length - a < n``   ``length < a + n``
``length >= a``  ``n <= length - a``  ``a + n <= length``
===============  ===================  ===================
"""

from __future__ import annotations

from maestro.ir.expr import Expr, binary, const, negate, rebuild, signed
from maestro.ir.model import MIN_PACKET
from maestro.ir.packet import LENGTH
from maestro.ir.tree import Branch, Do, Given, Leaf, Tree


def plain_lengths(tree: Tree, least: int = MIN_PACKET) -> Tree:
    """``tree`` with its tests of the length in the plain form; ``least``: the shortest packet that gets here."""
    match tree:
        case Leaf():
            return tree
        case Do(op, then):
            return Do(op, plain_lengths(then, least))
        case Given(cond, span, then):
            return Given(cond, span, plain_lengths(then, _at_least(cond, least)))
        case Branch(cond, span, yes, no):
            plain = _plain(cond, least)
            yes = plain_lengths(yes, _at_least(plain, least))
            return Branch(plain, span, yes, plain_lengths(no, _at_least(negate(plain), least)))


def _at_least(fact: Expr, least: int) -> int:
    """The shortest packet for which ``fact`` may hold, when none is shorter than ``least``."""
    match fact.op:
        case "and":
            return max(_at_least(a, least) for a in fact.args)
        case "not" if fact.args[0].op == "or":
            return max(_at_least(negate(a), least) for a in fact.args[0].args)
        case "ule" if fact.args[0].is_const and fact.args[1] is LENGTH:
            return max(least, fact.args[0].value)
        case "ult" if fact.args[0].is_const and fact.args[1] is LENGTH:
            return max(least, fact.args[0].value + 1)
    return least


def _plain(cond: Expr, least: int) -> Expr:
    if cond.op in ("and", "or", "not"):
        return rebuild(cond, tuple(_plain(a, least) for a in cond.args))
    if cond.op not in ("ult", "ule"):
        return cond
    a, b = cond.args
    used = _used(a if b.is_const else b, least)
    bound = a if a.is_const else b
    if used is None or not bound.is_const or used + bound.value >= 1 << 16:
        return cond
    total = const(used + bound.value, 16)
    return binary(cond.op, total, LENGTH) if bound is a else binary(cond.op, LENGTH, total)


def _used(e: Expr, least: int) -> int | None:
    """n when ``e`` is ``length - n``, extended or not, and no packet that gets here is shorter than n."""
    n = 0
    if e.op == "add" and e.args[1].is_const:
        n = -signed(e.args[1].value, e.width)
        e = e.args[0]
    inner = e.args[0] if e.op == "zext" else e
    return n if inner is LENGTH and 0 <= n <= least else None
