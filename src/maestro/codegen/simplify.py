"""Smaller trees that behave the same: equal subtrees are emitted once.

=========================================  ===============================
before                                     after
=========================================  ===============================
``if c then X else X``                     ``X``
``if a then X else (if b then X else Y)``  ``if a or b then X else Y``
``if a then X else (if b then Y else X)``  ``if a or not b then X else Y``
``if a then (if b then X else Y) else X``  ``if not a or b then X else Y``
``if a then (if b then Y else X) else X``  ``if a and b then Y else X``
assumption that needs no test              gone
=========================================  ===============================

The last four apply when X is more than a bare verdict: a chain of guard clauses reads better than one long condition.
The second operand of ``or`` and ``and`` may read packet bytes that only the first one shows to be there, so it must
be evaluated last, and only if needed; the emitter keeps to that.
"""

from __future__ import annotations

from maestro.ir.expr import binary, negate
from maestro.ir.tree import Branch, Do, Given, Leaf, Tree


class _Classes:
    """Numbers trees so that those that differ only in path numbers and C lines have one number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._memo: dict[int, tuple[Tree, int]] = {}

    def of(self, tree: Tree) -> int:
        known = self._memo.get(id(tree))
        if known is None:
            number = self._numbers.setdefault(self._key(tree), len(self._numbers))
            known = self._memo[id(tree)] = (tree, number)
        return known[1]

    def _key(self, tree: Tree) -> tuple[object, ...]:
        match tree:
            case Leaf():
                return (tree.verdict.kind, tree.verdict.port, tree.edits, tree.head, tree.checksums)
            case Do(op, then):
                return (op.object, op.method, op.args, op.results, op.related, self.of(then))
            case Given(_, _, then):
                return ("given", self.of(then))
            case Branch(cond, _, yes, no):
                return (cond, self.of(yes), self.of(no))


def simplify(tree: Tree) -> Tree:
    """``tree`` without assumptions and with equal subtrees merged."""
    return _simplify(tree, _Classes())


def _simplify(tree: Tree, classes: _Classes) -> Tree:
    match tree:
        case Leaf():
            return tree
        case Do(op, then):
            return Do(op, _simplify(then, classes))
        case Given(_, _, then):
            return _simplify(then, classes)
        case Branch(cond, span, yes, no):
            return _merge(Branch(cond, span, _simplify(yes, classes), _simplify(no, classes)), classes)


def _merge(b: Branch, classes: _Classes) -> Tree:
    yes, no = classes.of(b.yes), classes.of(b.no)
    if yes == no:
        return b.yes
    if isinstance(b.no, Branch) and _worth_sharing(b.yes):
        c = b.no
        if classes.of(c.yes) == yes:
            return Branch(binary("or", b.cond, c.cond), b.span, b.yes, c.no)
        if classes.of(c.no) == yes:
            return Branch(binary("or", b.cond, negate(c.cond)), b.span, b.yes, c.yes)
    if isinstance(b.yes, Branch) and _worth_sharing(b.no):
        c = b.yes
        if classes.of(c.yes) == no:
            return Branch(binary("or", negate(b.cond), c.cond), b.span, b.no, c.no)
        if classes.of(c.no) == no:
            return Branch(binary("and", b.cond, c.cond), b.span, c.yes, b.no)
    return b


def _worth_sharing(tree: Tree) -> bool:
    return not isinstance(tree, Leaf) or len(tree.edits) > 0
