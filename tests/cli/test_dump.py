"""The text form of models, against golden files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import handmade
from maestro.ir.dump import dump, summary
from maestro.ir.expr import concat, const, eq, packet_byte
from maestro.ir.model import Assume, Model, Path, Verdict


@pytest.mark.parametrize("name", ["firewall", "policer"])
def test_dump(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.model", dump(getattr(handmade, name)()))


def test_summary_counts_verdicts() -> None:
    assert summary(handmade.firewall()) == "7 paths (3 drop, 4 forward), 19 operations"


def test_fields_are_named_only_where_the_ethertype_is_known() -> None:
    is_ipv4 = Assume(eq(concat(packet_byte(13), packet_byte(12)), const(0x0008, 16)))
    is_tcp = Assume(eq(packet_byte(23), const(6, 8)))
    unknown = Model("nf", 1, (), (Path((is_tcp,), Verdict("drop")),))
    known = Model("nf", 1, (), (Path((is_ipv4, is_tcp), Verdict("drop")),))
    assert "if (pkt[23] == 6)" in dump(unknown)
    assert "if (eth.type == 0x800)" in dump(known)
    assert "if (ipv4.proto == 6)" in dump(known)


def test_bytes_of_one_field_are_edited_together() -> None:
    edits = tuple((k, packet_byte(k - 6)) for k in range(6, 12))
    text = dump(Model("nf", 1, (), (Path((), Verdict("flood"), edits),)))
    assert "eth.src := eth.dst" in text
