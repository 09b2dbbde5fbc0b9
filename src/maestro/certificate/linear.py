"""Contradictions that linear algebra sees: packet bits, Toeplitz and most keys are linear over GF(2).

Keys are fields, parts of fields, XORs of fields; the table index is XORs of packet bits. Whether equal keys force equal
indices is then a question of elimination, where a solver for bit-vectors may search for long. Every bit of an
expression becomes a *form*: an integer whose bit 0 is the constant 1 and whose other bits are variables. What is not
linear (sums, comparisons) becomes a variable of its own, one per expression and bit: that only forgets facts, so a
contradiction found here is one.
"""

from __future__ import annotations

from collections.abc import Sequence

from maestro.ir.expr import Expr, binary, walk

_Rows = dict[int, int]


class Linear:
    """Remembers the forms of expressions; a question is a list of width-1 expressions."""

    def __init__(self) -> None:
        self._variables: dict[tuple[Expr, int], int] = {}
        self._forms: dict[Expr, tuple[int, ...]] = {}

    def refutes(self, conditions: Sequence[Expr]) -> bool:
        """Whether the conditions contradict each other by their linear equations alone; False says nothing."""
        rows: _Rows = {}
        apart: list[list[int]] = []
        pending = [(c, True) for c in conditions]
        while pending:
            cond, wanted = pending.pop()
            parts = _parts(cond, wanted)
            if parts is not None:
                pending += parts
            elif cond.op == "eq":
                differences = self._differences(*_without_offset(*cond.args))
                if not wanted:
                    apart.append(differences)
                elif not all(_add(rows, d) for d in differences):
                    return True
            elif not _add(rows, self._bits(cond)[0] ^ int(wanted)):
                return True
        return any(all(_reduce(rows, d) == 0 for d in differences) for differences in apart)

    def _differences(self, a: Expr, b: Expr) -> list[int]:
        return [x ^ y for x, y in zip(self._bits(a), self._bits(b), strict=True)]

    def _bits(self, root: Expr) -> tuple[int, ...]:
        """The forms of all bits, least significant first."""
        if root not in self._forms:
            for e in walk(root):
                if e not in self._forms:
                    self._forms[e] = self._translate(e)
        return self._forms[root]

    def _translate(self, e: Expr) -> tuple[int, ...]:
        args = [self._forms[a] for a in e.args]
        match e.op:
            case "const":
                return tuple(e.value >> i & 1 for i in range(e.width))
            case "extract":
                return args[0][e.lo : e.hi + 1]
            case "concat":
                return tuple(bit for part in reversed(args) for bit in part)
            case "zext":
                return args[0] + (0,) * (e.width - len(args[0]))
            case "sext":
                return args[0] + args[0][-1:] * (e.width - len(args[0]))
            case "xor":
                return tuple(x ^ y for x, y in zip(*args, strict=True))
            case "not":
                return (args[0][0] ^ 1,)
            case "and" if e.args[1].is_const:
                return tuple(x if y else 0 for x, y in zip(*args, strict=True))
        return tuple(self._variable(e, i) for i in range(e.width))

    def _variable(self, e: Expr, bit: int) -> int:
        return 1 << self._variables.setdefault((e, bit), len(self._variables) + 1)


def _parts(cond: Expr, wanted: bool) -> list[tuple[Expr, bool]] | None:
    """The conditions whose conjunction ``cond == wanted`` is, when it is one."""
    if cond.op == "not":
        return [(cond.args[0], not wanted)]
    if cond.op in ("ule", "sle"):
        less = binary("ult" if cond.op == "ule" else "slt", cond.args[1], cond.args[0])
        return [(less, not wanted)]
    if cond.op == ("and" if wanted else "or"):
        return [(a, wanted) for a in cond.args]
    return None


def _without_offset(a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """Sums with the same constant are equal exactly when their other operands are."""
    while a.op == b.op == "add" and a.args[1] is b.args[1] and a.args[1].is_const:
        a, b = a.args[0], b.args[0]
    return a, b


def _reduce(rows: _Rows, form: int) -> int:
    """The form with the variables that ``rows`` solve replaced, as far as its leading variables go."""
    done = 0
    while form > 1:
        lead = form.bit_length() - 1
        if lead in rows:
            form ^= rows[lead]
        else:
            done |= 1 << lead
            form ^= 1 << lead
    return done | form


def _add(rows: _Rows, form: int) -> bool:
    """Adds the equation ``form = 0``; False when it contradicts the others."""
    while form > 1:
        lead = form.bit_length() - 1
        if lead not in rows:
            rows[lead] = form
            return True
        form ^= rows[lead]
    return form == 0
