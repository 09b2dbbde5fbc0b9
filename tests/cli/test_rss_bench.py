"""``maestro rss bench``: what is measured, not how fast it is."""

from __future__ import annotations

from command_line import maestro


def test_rows_of_both_lengths_and_both_solvers() -> None:
    found = maestro("rss", "bench", "--turns", 1, "--nic", "82599", "--json").document
    names = {(row["name"], row["bytes"]) for row in found["hashes"]}
    assert {("maestro, tables", 12), ("maestro, tables", 36)} <= names
    for row in found["hashes"]:
        assert 0 < row["low"] <= row["millions_per_second"] <= row["high"], row
    assert [row["ratio"] for row in found["hashes"] if row["name"] == "maestro, tables"] == [1.0, 1.0]
    (solved,) = found["solve"]
    assert (solved["nic"], solved["z3_answer"]) == ("82599", "sat")
    assert 0 < solved["milliseconds"] <= solved["slowest"]


def test_for_people() -> None:
    run = maestro("rss", "bench", "--turns", 1, "--nic", "82599")
    assert run.status == 0
    assert "hashes of 12 bytes, millions a second on one core" in run.out
    assert "maestro, tables" in run.out


def test_unknown_nic() -> None:
    run = maestro("rss", "bench", "--nic", "82598")
    assert run.status != 0
    assert "unknown-nic" in run.err
