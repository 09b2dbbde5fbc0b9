"""The written project: complete, built by one command with either compiler, never half there; and its exact text."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from compiled import shared_nothing

import handmade
from maestro.codegen.emit import emit_nf, emit_rss
from maestro.codegen.project import write_project
from maestro.diagnostics import InternalError, UnsupportedError, UserError
from maestro.ir.plan import FieldBits, Plan, PortPlan

COMPILERS = {"clang": f"{sys.executable} -m ziglang cc -target x86_64-linux-gnu"}
if shutil.which("gcc"):
    COMPILERS["gcc"] = "gcc"

ADDRESSES = (FieldBits("ipv4.src", 0, 32), FieldBits("ipv4.dst", 0, 32))
TUPLE = (*ADDRESSES, FieldBits("l4.sport", 0, 16), FieldBits("l4.dport", 0, 16))


def port(number: int) -> PortPlan:
    inputs = {"ipv4-tcp": TUPLE, "ipv4-udp": TUPLE, "ipv4-other": ADDRESSES, "non-ip": ()}
    return PortPlan(
        number, TUPLE, bytes(range(number, number + 52)), 8, (0, 1) * 4, inputs,
        ("ipv4-options", "ipv4-fragment"), TUPLE, "ihl",
    )  # fmt: skip


def firewall_plan() -> Plan:
    return replace(shared_nothing(handmade.firewall(), 2), ports=(port(1), port(0)))


@pytest.mark.parametrize("compiler", sorted(COMPILERS))
def test_builds_with_one_command(compiler: str, tmp_path: Path) -> None:
    out = tmp_path / "new" / "fw"
    files = write_project(handmade.firewall(), firewall_plan(), out, sources_note="nf.c")
    assert sorted(f for f in out.rglob("*") if f.is_file()) == files
    assert list(out.parent.iterdir()) == [out]
    strict = "CFLAGS=-O1 -Wall -Wextra -Werror"
    subprocess.run(["make", "-s", "-C", str(out), f"CC={COMPILERS[compiler]}", strict], check=True)
    assert (out / "nf-replay").exists()
    subprocess.run(["make", "-s", "-C", str(out), "clean"], check=True)
    assert sorted(f for f in out.rglob("*") if f.is_file()) == files


def test_existing_output_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="exists") as caught:
        write_project(handmade.firewall(), firewall_plan(), tmp_path, sources_note="nf.c")
    assert caught.value.code == "output-exists"
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_code_cannot_be_generated(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError):
        write_project(
            handmade.firewall(), replace(firewall_plan(), strategy="guess"), tmp_path / "fw", sources_note="nf.c"
        )
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write") as caught:
        write_project(handmade.firewall(), firewall_plan(), tmp_path / "file" / "fw", sources_note="nf.c")
    assert caught.value.code == "output-unwritable"


def test_every_port_needs_a_configuration() -> None:
    plan = firewall_plan()
    with pytest.raises(InternalError, match=r"ports \[1\]"):
        emit_rss(replace(plan, ports=plan.ports[:1]))
    with pytest.raises(InternalError, match="8 table entries, not 16"):
        emit_rss(replace(plan, ports=(port(0), replace(port(1), reta_size=16))))


def test_firewall_text(golden: Callable[[str, str], None]) -> None:
    golden("firewall.nf.c", emit_nf(handmade.firewall(), firewall_plan()))
    golden("firewall.nf_rss.c", emit_rss(firewall_plan()))


def test_policer_text(golden: Callable[[str, str], None]) -> None:
    golden("policer.nf.c", emit_nf(handmade.policer(), shared_nothing(handmade.policer())))
