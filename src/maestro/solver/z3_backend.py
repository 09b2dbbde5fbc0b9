"""Z3, the judge of certificates: can these conditions (expressions of width 1) hold together?

Expressions become bit-vector terms one to one; comparisons and the connectives over them become Boolean terms, which
Z3 simplifies better than one-bit vectors. ``uf`` nodes become uninterpreted functions, one per name and widths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from maestro.ir.expr import Expr, walk
from maestro.solver.answer import Answer

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "udiv": z3.UDiv,
    "urem": z3.URem,
    "sdiv": lambda a, b: a / b,
    "srem": z3.SRem,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b,
    "lshr": z3.LShR,
    "ashr": lambda a, b: a >> b,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b,
    "ult": z3.ULT,
    "ule": z3.ULE,
    "slt": lambda a, b: a < b,
    "sle": lambda a, b: a <= b,
}
_CONNECTIVES: dict[str, Callable[[Any, Any], Any]] = {"and": z3.And, "or": z3.Or, "xor": z3.Xor}


@dataclass(frozen=True)
class Result:
    """``values``: for SAT, one value per free symbol of the question (0 where any would do)."""

    answer: Answer
    values: dict[str, int] = field(default_factory=dict)


class Z3:
    """One solver context: terms are built once. Not to be shared between threads."""

    def __init__(self) -> None:
        self._context = z3.Context()
        self._terms: dict[Expr, Any] = {}
        self._functions: dict[tuple[str, tuple[int, ...]], Any] = {}

    def check(self, exprs: Sequence[Expr], timeout_ms: int) -> Answer:
        """SAT, UNSAT, or UNKNOWN when Z3 gives up or ``timeout_ms`` milliseconds pass."""
        return self.solve(exprs, timeout_ms).answer

    def solve(self, exprs: Sequence[Expr], timeout_ms: int) -> Result:
        """Like :meth:`check`, with a solution when there is one."""
        terms = [self._boolean(self._term(e)) for e in exprs]
        # Twice as fast as the general solver on certificates; does not know functions.
        pure = all(e.op != "uf" for e in walk(*exprs))
        solver = z3.SolverFor("QF_BV", ctx=self._context) if pure else z3.Solver(ctx=self._context)
        solver.set("timeout", timeout_ms)
        solver.add(*terms)
        match str(solver.check()):
            case "unsat":
                return Result(Answer.UNSAT)
            case "sat":
                return Result(Answer.SAT, self._values(exprs, solver.model()))
        if solver.reason_unknown() == "interrupted from keyboard":
            raise KeyboardInterrupt  # Z3 catches Ctrl-C itself; taken for "unknown", a plan would get locks
        return Result(Answer.UNKNOWN)

    def _values(self, exprs: Sequence[Expr], model: Any) -> dict[str, int]:
        symbols = [e for e in walk(*exprs) if e.op == "sym"]
        return {s.name: model.eval(self._vector(self._term(s)), model_completion=True).as_long() for s in symbols}

    def _term(self, root: Expr) -> Any:
        if root not in self._terms:
            for e in walk(root):
                if e not in self._terms:
                    self._terms[e] = self._translate(e, [self._terms[a] for a in e.args])
        return self._terms[root]

    def _translate(self, e: Expr, args: list[Any]) -> Any:
        """The term of one node; Boolean for comparisons and connectives over Booleans, else a bit-vector."""
        if e.op in _COMPARISONS:
            return _COMPARISONS[e.op](*map(self._vector, args))
        if e.op == "not":
            return z3.Not(self._boolean(args[0]))
        if e.width == 1 and e.op in _CONNECTIVES and any(map(z3.is_bool, args)):
            return _CONNECTIVES[e.op](*map(self._boolean, args))
        if e.op == "ite":
            return z3.If(self._boolean(args[0]), self._vector(args[1]), self._vector(args[2]))
        vectors = [self._vector(a) for a in args]
        match e.op:
            case "const":
                return z3.BitVecVal(e.value, e.width, self._context)
            case "sym":
                return z3.BitVec(e.name, e.width, self._context)
            case "concat":
                return z3.Concat(*vectors)
            case "extract":
                return z3.Extract(e.hi, e.lo, vectors[0])
            case "zext":
                return z3.ZeroExt(e.width - e.args[0].width, vectors[0])
            case "sext":
                return z3.SignExt(e.width - e.args[0].width, vectors[0])
            case "uf":
                return self._function(e)(*vectors)
        return _ARITHMETIC[e.op](*vectors)

    def _function(self, e: Expr) -> Any:
        widths = (*(a.width for a in e.args), e.width)
        if (e.name, widths) not in self._functions:
            sorts = [z3.BitVecSort(w, self._context) for w in widths]
            self._functions[e.name, widths] = z3.Function(e.name, *sorts)
        return self._functions[e.name, widths]

    def _boolean(self, term: Any) -> Any:
        return term if z3.is_bool(term) else term == z3.BitVecVal(1, 1, self._context)

    def _vector(self, term: Any) -> Any:
        if not z3.is_bool(term):
            return term
        one, zero = (z3.BitVecVal(n, 1, self._context) for n in (1, 0))
        return z3.If(term, one, zero)
