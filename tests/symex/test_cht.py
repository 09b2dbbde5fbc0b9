"""models/cht.py: the table is filled while the NF starts; finding a backend is one operation."""

from __future__ import annotations

import pytest
from small_nfs import analyse

from maestro.diagnostics import SourceError, UnsupportedError
from maestro.ir.model import Kind

TABLE = """\
static struct Vector *cht;
static struct DoubleChain *active;
bool nf_init(void) {
  return vector_allocate(sizeof(uint32_t), 7 * 3, NULL, &cht) && dchain_allocate(3, &active) && cht_fill_cht(cht, 7, 3);
}
"""
FIND = """ENTRY {
  int chosen;
  if (!cht_find_preferred_available_backend(length, cht, active, 7, 3, &chosen)) return device;
  return chosen < 3 && chosen >= 0 ? FLOOD_FRAME : 1;
}"""


def test_rows_are_filled_as_the_original_fills_them() -> None:
    cht = analyse(TABLE + FIND).object("cht")
    assert (cht.cht_height, cht.capacity, cht.elem_size) == (7, 21, 4)
    places = [int.from_bytes(data, "little") for _, data in cht.contents]
    assert [i for i, _ in cht.contents] == list(range(21))
    # backend 0 visits rows 0 1 2 …, backend 1 3 5 0 2 …, backend 2 6 2 5 1 …; in turns
    assert [places[3 * row : 3 * row + 3] for row in range(7)] == [
        [0, 1, 2], [0, 2, 1], [2, 0, 1], [1, 0, 2], [0, 1, 2], [1, 2, 0], [2, 1, 0],
    ]  # fmt: skip


def test_finding_is_one_operation_and_yields_a_backend() -> None:
    model = analyse(TABLE + FIND)
    assert sorted(p.verdict.kind for p in model.paths) == ["drop", "flood"]
    (op,) = model.paths[0].operations
    assert (op.object, op.method, op.kind, op.related) == ("active", "cht_find", Kind.TEST, ("cht",))
    assert op.arg("hash").width == 64


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (TABLE.replace("7 * 3, NULL", "7 * 4, NULL") + FIND, 4),
        (TABLE + FIND.replace("active, 7", "active, 5"), 8),
        (TABLE + "ENTRY { return cht_fill_cht(cht, 7, 3); }", 6),
        (
            TABLE + "ENTRY {\n  uint32_t *x;\n  vector_borrow(cht, 2, (void **)&x);\n  *x = 1;\n  return device;\n}",
            None,
        ),
    ],
)
def test_other_tables_are_refused(source: str, line: int | None) -> None:
    with pytest.raises((SourceError, UnsupportedError)) as caught:
        analyse(source)
    assert caught.value.code == "cht"
    assert line is None or (caught.value.span and caught.value.span.line) == line
