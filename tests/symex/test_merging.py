"""Branches merged where there would be too many paths: what is merged, what is not, what is promised."""

from __future__ import annotations

import pytest
from small_nfs import analyse

from maestro.ir.expr import evaluate, packet_offset
from maestro.ir.model import Model
from maestro.symex.budget import Budget

MERGED = Budget(paths=500, merging=True)


def counting(bits: int) -> str:
    tests = "\n".join(f"  if ((*buffer)[{i}] & 1) n++; else if ((*buffer)[{i}] & 2) n += 2;" for i in range(bits))
    return f"ENTRY {{\n  int n = 0;\n{tests}\n  (*buffer)[13] = n;\n  return 1 - device;\n}}"


def edit(model: Model, packet: bytes) -> int:
    """The only edit of the only path, for a packet."""
    (path,) = model.paths
    ((_, value),) = path.edits
    return evaluate(value, lambda s: packet[packet_offset(s) or 0])


def test_few_paths_are_left_alone() -> None:
    assert len(analyse(counting(4), budget=Budget(paths=500)).paths) == 3**4


def test_too_many_paths_are_merged() -> None:
    model = analyse(counting(8), budget=Budget(paths=500))
    assert len(model.paths) == 1
    for packet in (bytes(14), bytes(range(14)), b"\x01" * 14, b"\x02" * 14, b"\x03" * 14):
        assert edit(model, packet) == sum(1 if b & 1 else 2 if b & 2 else 0 for b in packet[:8])


def test_hopeless_cases_are_noticed_before_the_budget_is_used_up() -> None:
    """3^13 paths: counting them up to the budget would take a minute."""
    assert len(analyse(counting(13), budget=Budget(paths=5000)).paths) == 1


def test_assertions_inside_become_promises_under_their_condition() -> None:
    source = """ENTRY {
      int n = 1;
      if (length > 99) { assert((*buffer)[0] != 7); n = (*buffer)[1]; }
      (*buffer)[2] = n;
      return 1 - device;
    }"""
    model = analyse(source, budget=MERGED)
    (path,) = model.paths
    ((_, given),) = [(s, s.cond) for s in path.steps if s.given]  # type: ignore[union-attr]

    def holds(length: int, first: int) -> int:
        return evaluate(given, lambda s: length if s.name == "pkt_len" else first)

    assert [holds(99, 7), holds(100, 7), holds(100, 6)] == [1, 0, 1]
    assert [note.code for note in model.notes] == ["assumed"]
    assert "(*buffer)[0] != 7" in model.notes[0].message


@pytest.mark.parametrize(
    "branch",
    [
        "if ((*buffer)[0]) n = 100 / (*buffer)[0];",
        "if ((*buffer)[0] < 32) n = 1u << (*buffer)[0];",
        "if (length > 60) n = (*buffer)[60];",
        "if ((*buffer)[0]) (*buffer)++;",
        "if ((*buffer)[0]) n = called();",
        "for (int i = 0; i < ((*buffer)[0] & 1); i++) n++;",
    ],
)
def test_what_is_safe_on_one_side_only_is_not_merged(branch: str) -> None:
    """Generated code may compute both sides; and what is called, repeated or not a number is left as it is."""
    called = "static int called(void) { return 3; }"
    source = f"{called}\nENTRY {{ unsigned n = 0; {branch} (*buffer)[2] = n; return 1 - device; }}"
    assert len(analyse(source, budget=MERGED).paths) == 2


def test_values_that_one_side_does_not_give_are_no_error_until_used() -> None:
    source = (
        "ENTRY { int n; bool is = (*buffer)[0]; if (is) { int m = 3; n = m; } (*buffer)[1] = is ? 2 : 1; return 5; }"
    )
    assert {p.verdict.kind for p in analyse(source, budget=MERGED, ports=8).paths} == {"drop", "forward"}
