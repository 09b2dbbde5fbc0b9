"""Parts of the packet whose value is known along a path, because the path forked over all of their values.

A header of variable length is the case that matters: once a path is the one of 6 words of IPv4 header, every address
behind that header is a constant.
"""

from __future__ import annotations

from maestro.ir.expr import Expr, rebuild, walk


def only_atom(e: Expr) -> Expr | None:
    """The symbol, or the bits of a symbol, that ``e`` is a function of; None when there are several."""
    found: set[Expr] = set()
    stack = [e]
    while stack:
        n = stack.pop()
        if n.op == "sym" or (n.op == "extract" and n.args[0].op == "sym"):
            found.add(n)
        else:
            stack.extend(n.args)
    return found.pop() if len(found) == 1 else None


class Pins:
    """Values of atoms, as constants."""

    def __init__(self) -> None:
        self._values: dict[Expr, Expr] = {}
        self._applied: dict[Expr, Expr] = {}

    def add(self, atom: Expr, value: Expr) -> None:
        self._values[atom] = value
        self._applied.clear()

    def apply(self, e: Expr) -> Expr:
        """``e`` with the constants put in."""
        if not self._values or e.is_const:
            return e
        done = self._applied.get(e)
        if done is None:
            for n in walk(e):
                if n not in self._applied:
                    value = self._values.get(n)
                    self._applied[n] = value or rebuild(n, tuple(self._applied[a] for a in n.args))
            done = self._applied[e]
        return done
