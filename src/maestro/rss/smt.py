"""The SMT form of the question: is there a key, not constant at any port, under which the requirements hold?

The keys are bit-vector variables. The question is quantifier-free: it speaks of a pair of packets and its neighbours in
every direction (``pairs.generators``), each of which is checked to be one that the requirement speaks of. So UNSAT
means that no key does it for these packets alone. A solution is checked against the linear system, which stands for all
packets. Source of the idea: Pereira et al., "Automatic Parallelization of Software Network Functions", NSDI 2024.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from time import perf_counter

from maestro.diagnostics import InternalError
from maestro.ir.expr import Expr, binary, const, eq, extract, land, negate, sym
from maestro.rss import gf2
from maestro.rss.explain import Infeasible
from maestro.rss.pairs import Bits, generators, satisfies, span
from maestro.rss.requirement import STRIDE, Inputs, Requirement, columns, expand, is_set, premise, relevant, side
from maestro.rss.search import Problem, candidates, spared
from maestro.rss.solve import Configuration
from maestro.rss.system import Steering
from maestro.rss.toeplitz import WINDOW
from maestro.solver.answer import Answer
from maestro.solver.z3_backend import Z3


@dataclass(frozen=True)
class Asked:
    """``questions``: how many ways to set the NIC up were asked about. ``keys``: Z3's own, when there are some."""

    answer: Answer
    keys: Mapping[int, bytes]
    questions: int
    seconds: float


def confirm(
    problem: Problem, requirements: Sequence[Requirement], found: Configuration | Infeasible, timeout_ms: int
) -> Asked:
    """Ask Z3 what elimination answered with ``found``: about the field sets that were chosen, or, where no key was
    found, about every way to set the NIC up that was looked at. ``timeout_ms``: for each question.

    UNKNOWN when Z3 gave up. Raises InternalError when the two disagree.
    """
    started = perf_counter()
    ways = iter([chosen(problem, found)]) if isinstance(found, Configuration) else _ways(problem)
    answers: list[Answer] = []
    keys: Mapping[int, bytes] = {}
    for steering in ways:
        answer, keys = ask(problem, requirements, steering, timeout_ms)
        answers.append(answer)
        if answer is Answer.SAT:
            break
    answer = next((a for a in (Answer.SAT, Answer.UNKNOWN) if a in answers), Answer.UNSAT)
    if answer is (Answer.SAT if isinstance(found, Infeasible) else Answer.UNSAT):
        raise InternalError(f"Z3 says {answer.value}, elimination disagrees, on {[r.label for r in requirements]}")
    return Asked(answer, keys, len(answers), perf_counter() - started)


def chosen(problem: Problem, found: Configuration) -> dict[int, Steering]:
    sets = {s.name: s for s in problem.profile.field_sets}
    return {
        p.port: Steering(p.field_set, sets[p.field_set].inputs, p.main, frozenset(p.resteered)) for p in found.ports
    }


def _ways(problem: Problem) -> Iterator[dict[int, Steering]]:
    for _, steering in candidates(problem, problem.useful_fields()):
        yield steering
        other = spared(problem, steering)
        if other != steering:
            yield other


def ask(
    problem: Problem, requirements: Sequence[Requirement], steering: Mapping[int, Steering], timeout_ms: int
) -> tuple[Answer, dict[int, bytes]]:
    """Whether keys exist for this way to set the NIC up, and such keys."""
    width = 8 * problem.profile.key_bytes
    keys = {port: sym(f"key{port}", width) for port in steering}
    wanted = [_moves(keys[port], s.owner_inputs, problem.table_bits) for port, s in steering.items()]
    system = problem.system(steering)
    for layout in system.layouts:
        for r in requirements:
            wanted += _equal(problem, r, layout, keys)
    result = Z3().solve(list(dict.fromkeys(wanted)), timeout_ms)
    if result.answer is not Answer.SAT:
        return result.answer, {}
    values = {port: result.values.get(f"key{port}", 0) for port in steering}
    row = sum(values[port] << lane.base for port, lane in system.lanes.items())
    if any(gf2.parity(equation & row) for equation in system.basis.values()):
        raise InternalError("a key that Z3 found does not solve the linear system")
    return result.answer, {port: value.to_bytes(width // 8, "big") for port, value in values.items()}


def _window(key: Expr, position: int, table_bits: int) -> Expr:
    """What input bit ``position`` puts on the table bits."""
    low = key.width - WINDOW - position
    return extract(key, low + table_bits - 1, low)


def _moves(key: Expr, inputs: Inputs, table_bits: int) -> Expr:
    """Some input bit moves the table index."""
    still = [eq(_column(key, i, table_bits), const(0, table_bits)) for i in columns(inputs)]
    return negate(land(*still))


def _column(key: Expr, position: int, table_bits: int) -> Expr:
    """What an input bit, or two that are always equal (``requirement.columns``), put on the table bits."""
    distance, first = divmod(position, STRIDE)
    window = _window(key, first, table_bits)
    return binary("xor", window, _window(key, first + distance, table_bits)) if distance else window


def _equal(
    problem: Problem, r: Requirement, steering: Mapping[int, Steering], keys: Mapping[int, Expr]
) -> Iterator[Expr]:
    """The table indices of every generating pair of packets are equal."""
    hashable = problem.profile.hashable
    left, right = steering[r.left_port], steering[r.right_port]
    for t, u in product(r.left_types, r.right_types):
        rows = relevant(side(r.left, t, hashable), side(r.right, u, hashable))
        found = premise(rows) if rows is not None else None
        if rows is None or found is None:
            continue
        for xs, ys in product(left.hashed(t), right.hashed(u)):
            for x, y in generators(*span(found, rows, xs, ys)):
                if not satisfies((x, y), rows):
                    raise InternalError(f"{r.label!r} does not speak of this pair of packets")
                a = _index(keys[r.left_port], xs, x, problem.table_bits)
                yield eq(a, _index(keys[r.right_port], ys, y, problem.table_bits))


def _index(key: Expr, inputs: Inputs, packet: Bits, table_bits: int) -> Expr:
    windows = [_window(key, i, table_bits) for i, bit in enumerate(expand(inputs)) if is_set(bit, packet)]
    return reduce(lambda a, b: binary("xor", a, b), windows, const(0, table_bits))
