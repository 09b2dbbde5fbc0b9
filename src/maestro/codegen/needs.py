"""What later steps need: which values are worth a name, which keys and cells are still to be copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from maestro.codegen.lower import If, Step, copied, following, uses
from maestro.ir.expr import Expr, walk


class Needs:
    """What the steps below a step evaluate and copy, worked out once a step."""

    def __init__(self) -> None:
        self._below: dict[Step, tuple[frozenset[Expr], frozenset[Expr], frozenset[Expr]]] = {}
        self._size: dict[Step, int] = {}

    def _of(self, step: Step) -> tuple[frozenset[Expr], frozenset[Expr], frozenset[Expr]]:
        known = self._below.get(step)
        if known is None:
            roots, nodes, bases = set(uses(step)), set(walk(*uses(step))), set(copied(step))
            for s in following(step):
                r, n, b = self._of(s)
                roots, nodes, bases = roots | r, nodes | n, bases | b
            known = self._below[step] = (frozenset(roots), frozenset(nodes), frozenset(bases))
        return known

    def roots(self, steps: Iterable[Step]) -> frozenset[Expr]:
        return frozenset().union(*(self._of(s)[0] for s in steps))

    def values(self, steps: Iterable[Step]) -> frozenset[Expr]:
        """Every value needed from ``steps`` on, operands included."""
        return frozenset().union(*(self._of(s)[1] for s in steps))

    def copies(self, steps: Iterable[Step]) -> frozenset[Expr]:
        return frozenset().union(*(self._of(s)[2] for s in steps))

    def only_tested(self, answer: Expr, then: Step) -> bool:
        """Whether ``answer`` is for the branch ``then`` alone."""
        if not isinstance(then, If) or answer not in (
            then.cond,
            *(then.cond.args if then.cond.op == "not" else ()),
        ):
            return False
        return answer not in self.values(following(then))

    def size(self, step: Step) -> int:
        known = self._size.get(step)
        if known is None:
            known = self._size[step] = 1 + sum(self.size(s) for s in following(step))
        return known


def is_shift_of_now(e: Expr) -> bool:
    """Whether ``e`` is a time before now by a constant: printed as it is, wherever it is needed."""
    return e.op == "add" and e.args[0].name == "now" and e.args[1].is_const


def leftmost(cond: Expr) -> Expr:
    """The part of a condition that is always evaluated, however ``&&`` and ``||`` cut the rest short."""
    while cond.width == 1 and cond.op in ("and", "or", "not"):
        cond = cond.args[0]
    return cond


def unnamed(roots: Iterable[Expr], named: Iterable[Expr]) -> list[Expr]:
    """The nodes below ``roots``, operands first, down to those that have names."""
    stop, seen, out = set(named), set[Expr](), list[Expr]()

    def visit(e: Expr) -> None:
        if e not in seen:
            seen.add(e)
            if e not in stop:
                for a in e.args:
                    visit(a)
                out.append(e)

    for r in roots:
        visit(r)
    return out


def references(roots: Iterable[Expr], named: Iterable[Expr]) -> Counter[Expr]:
    """How often each node is used, by ``roots`` or by another node that has no name itself."""
    roots = tuple(roots)
    counts = Counter(roots)
    stop = set(named)
    for e in unnamed(roots, stop):
        counts.update(e.args)
    return counts
