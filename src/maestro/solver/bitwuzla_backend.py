"""Bitwuzla, asked during exploration: is this set of width-1 expressions satisfiable together?

One term manager lives as long as the process, so a term is built once; every question gets a fresh solver, which
measured faster than push and pop for the small slices asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bitwuzla as bw

from maestro.ir.expr import Expr, walk
from maestro.solver.answer import Answer

_K = bw.Kind
_BINARY = {
    "add": _K.BV_ADD, "sub": _K.BV_SUB, "mul": _K.BV_MUL, "udiv": _K.BV_UDIV, "urem": _K.BV_UREM,
    "sdiv": _K.BV_SDIV, "srem": _K.BV_SREM, "and": _K.BV_AND, "or": _K.BV_OR, "xor": _K.BV_XOR,
    "shl": _K.BV_SHL, "lshr": _K.BV_SHR, "ashr": _K.BV_ASHR,
}  # fmt: skip
_COMPARE = {"eq": _K.EQUAL, "ult": _K.BV_ULT, "ule": _K.BV_ULE, "slt": _K.BV_SLT, "sle": _K.BV_SLE}

TIMEOUT_MS = 3_000


class Backend:
    """Translates expressions and answers satisfiability questions."""

    def __init__(self) -> None:
        self._tm = bw.TermManager()
        self._terms: dict[Expr, Any] = {}
        self._functions: dict[tuple[str, tuple[int, ...], int], Any] = {}
        self._options = bw.Options()
        self._options.set(bw.Option.PRODUCE_MODELS, True)
        self._options.set(bw.Option.TIME_LIMIT_PER, TIMEOUT_MS)
        self._one = self._tm.mk_bv_one(self._tm.mk_bv_sort(1))
        self._zero = self._tm.mk_bv_zero(self._tm.mk_bv_sort(1))

    def check(self, exprs: Sequence[Expr]) -> Answer:
        """Whether all of ``exprs`` can be 1 at once."""
        return self._solve(exprs)[0]

    def model(self, exprs: Sequence[Expr], wanted: Sequence[Expr]) -> tuple[Answer, list[int]]:
        """Like :meth:`check`; when satisfiable also the values of ``wanted`` in one solution."""
        answer, solver = self._solve(exprs)
        if answer is not Answer.SAT:
            return answer, []
        return answer, [int(solver.get_value(self._term(w)).value(10)) for w in wanted]

    def values(self, exprs: Sequence[Expr], e: Expr, limit: int) -> list[int] | None:
        """All values of ``e`` while ``exprs`` are 1, ascending; None for more than ``limit``, or an unknown one."""
        answer, solver = self._solve(exprs)
        term, found = self._term(e), list[int]()
        while answer is Answer.SAT and len(found) <= limit:
            value = solver.get_value(term)
            found.append(int(value.value(10)))
            solver.assert_formula(self._tm.mk_term(_K.DISTINCT, [term, value]))
            answer = _answer(solver.check_sat())
        return sorted(found) if answer is Answer.UNSAT else None

    def _solve(self, exprs: Sequence[Expr]) -> tuple[Answer, Any]:
        solver = bw.Bitwuzla(self._tm, self._options)
        for e in exprs:
            solver.assert_formula(self._bool(self._term(e)))
        return _answer(solver.check_sat()), solver

    def _bool(self, term: Any) -> Any:
        return self._tm.mk_term(_K.EQUAL, [term, self._one])

    def _bit(self, condition: Any) -> Any:
        return self._tm.mk_term(_K.ITE, [condition, self._one, self._zero])

    def _term(self, root: Expr) -> Any:
        for e in walk(root):
            if e not in self._terms:
                self._terms[e] = self._translate(e, [self._terms[a] for a in e.args])
        return self._terms[root]

    def _translate(self, e: Expr, args: list[Any]) -> Any:
        tm = self._tm
        match e.op:
            case "const":
                return tm.mk_bv_value(tm.mk_bv_sort(e.width), e.value)
            case "sym":
                return tm.mk_const(tm.mk_bv_sort(e.width), e.name)
            case "concat":
                return tm.mk_term(_K.BV_CONCAT, args)
            case "extract":
                return tm.mk_term(_K.BV_EXTRACT, args, [e.hi, e.lo])
            case "zext":
                return tm.mk_term(_K.BV_ZERO_EXTEND, args, [e.width - e.args[0].width])
            case "sext":
                return tm.mk_term(_K.BV_SIGN_EXTEND, args, [e.width - e.args[0].width])
            case "ite":
                return tm.mk_term(_K.ITE, [self._bool(args[0]), args[1], args[2]])
            case "not":
                return tm.mk_term(_K.BV_NOT, args)
            case "uf":
                return tm.mk_term(_K.APPLY, [self._function(e), *args])
        if e.op in _COMPARE:
            return self._bit(tm.mk_term(_COMPARE[e.op], args))
        return tm.mk_term(_BINARY[e.op], args)

    def _function(self, e: Expr) -> Any:
        widths = tuple(a.width for a in e.args)
        key = (e.name, widths, e.width)
        if key not in self._functions:
            tm = self._tm
            sort = tm.mk_fun_sort([tm.mk_bv_sort(w) for w in widths], tm.mk_bv_sort(e.width))
            self._functions[key] = tm.mk_const(sort, e.name)
        return self._functions[key]


def _answer(result: Any) -> Answer:
    if result == bw.Result.SAT:
        return Answer.SAT
    return Answer.UNSAT if result == bw.Result.UNSAT else Answer.UNKNOWN
