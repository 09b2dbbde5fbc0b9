"""NFs that explode: they end, for a reason that can be acted on, counted in paths, instructions and bytes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from small_nfs import analyse

from maestro.diagnostics import UnsupportedError
from maestro.ir.expr import Expr
from maestro.solver.answer import Answer
from maestro.solver.bitwuzla_backend import Backend
from maestro.solver.effort import Effort, Meter, default_memory_mb, resident_mb, within
from maestro.symex.budget import Budget, Limits

TESTS = "\n".join(f"  if ((*buffer)[{i}] & 1) up(&n);" for i in range(10))
MANY = f"static void up(int *n) {{ (*n)++; }}\nENTRY {{\n  int n = 0;\n{TESTS}\n  return n;\n}}"
"""1024 paths; branch i is at line 4 + i, and calls a function, so that it is not merged."""


def refused(source: str, budget: Budget) -> UnsupportedError:
    with pytest.raises(UnsupportedError) as caught:
        analyse(source, budget=budget)
    return caught.value


def test_too_many_paths_say_where_the_branches_are() -> None:
    error = refused(MANY, Budget(paths=100))
    assert error.code == "path-explosion"
    assert "paths explored: 101, branches left: " in error.message
    # Depth first: 64 pairs of the last branch, half as many of each before it.
    assert "most branches: nf.c:13 (51), nf.c:12 (26), nf.c:11 (13)" in error.message


def test_time_that_is_up_says_what_was_reached() -> None:
    error = refused(MANY, Budget(effort=Effort(seconds=0.0)))
    assert error.code == "time-budget"
    assert "--time-limit" in str(error.hint)


def test_memory_that_is_used_up_says_what_was_reached() -> None:
    error = refused(MANY, Budget(effort=Effort(memory_mb=1)))
    assert error.code == "memory-budget"
    assert "more than 1 MB" in error.message
    assert "--memory-limit" in str(error.hint)


DEEP = (
    "ENTRY {\n  int n = 0;\n  for (int i = 0; i < 1000; i++) for (int j = 0; j < 1000; j++) n += j;\n  return n & 1;\n}"
)


def test_deep_loops_end_by_instructions() -> None:
    assert refused(DEEP, Budget(path=Limits(instructions=50_000))).code == "unbounded-loop"


def test_branches_in_a_loop_end_by_forks() -> None:
    source = "ENTRY {\n  int n = 0;\n  while (n < length && (*buffer)[n & 7] != 3) n++;\n  return 0;\n}"
    assert refused(source, Budget(path=Limits(loop_forks=4))).code in ("unbounded-loop", "packet-bounds")


PRODUCTS = """ENTRY {
  uint64_t a = *(uint64_t *)*buffer, b = *(uint32_t *)(*buffer + 8), c = 1;
  for (int i = 0; i < 6; i++) { a = a * a + b; c = c * a ^ (b << i); }
  if (a * c == 0x123456789abcdefULL) return 1 - device;
  return c * b == 77 && a * a == 2 ? 1 - device : device;
}"""
"""Products of 64 bits. A square is never 2."""


def test_what_the_solver_does_not_know_is_never_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def unknown(_self: Backend, exprs: Sequence[Expr], _wanted: Sequence[Expr]) -> tuple[Answer, list[int]]:
        asked.append(len(exprs))
        return Answer.UNKNOWN, []

    monkeypatch.setattr(Backend, "model", unknown)
    model = analyse(PRODUCTS)
    assert asked
    assert len(model.paths) == 8  # both sides of all three conditions; 1 - device may be a drop, a flood, or neither


@pytest.mark.parametrize("what", ["memset(big, 1, sizeof big)", "memcpy(big, more, sizeof big)"])
def test_large_tables_are_not_written_byte_by_byte(what: str) -> None:
    init = f"static char big[1 << 25], more[1 << 25];\nbool nf_init(void) {{ {what}; return true; }}"
    source = f"{init}\nENTRY {{ return 0; }}"
    error = refused(source, Budget())
    assert (error.code, error.span and error.span.line) == ("unbounded-size", 2)


def test_questions_stay_open_when_the_effort_is_used_up() -> None:
    assert within(Effort(seconds=0.0), lambda _: Answer.UNSAT)([]) is Answer.UNKNOWN
    assert within(Effort(seconds=1e9, memory_mb=1 << 30), lambda _: Answer.UNSAT)([]) is Answer.UNSAT


def test_the_meter_knows_what_is_used_up() -> None:
    assert Meter(Effort(seconds=0.0, memory_mb=1 << 30)).spent == "time"
    assert Meter(Effort(seconds=1e9, memory_mb=1)).spent == "memory"
    assert Meter(Effort(seconds=1e9, memory_mb=1 << 30)).spent is None
    assert 1 < resident_mb() < 1 << 20
    assert 64 <= default_memory_mb() <= 4096
