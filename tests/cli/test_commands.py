"""What the commands say about themselves, and what they print when all is well."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import EXAMPLES, maestro

from maestro import __version__
from maestro.cli import main

FIREWALL = EXAMPLES / "firewall"


def test_alone_it_says_what_to_type() -> None:
    run = maestro()
    assert run.status == 0
    assert all(f"maestro {name}" in run.out for name in main.commands)


def test_version() -> None:
    assert maestro("--version").out.split()[-1] == __version__


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_of_every_command(name: str) -> None:
    run = maestro(name, "--help")
    assert run.status == 0
    takes_nf = {"analyze", "parallelize", "verify", "report", "predict", "doctor"}
    assert ("--nic" in run.out) == (name in takes_nf | {"demo"})
    assert ("NF_ARGS" in run.out) == (name in takes_nf | {"bench"})


def test_no_such_command() -> None:
    run = maestro("paralelize")
    assert run.status == 2
    assert "No such command" in run.err


def test_analyze_explains_the_firewall() -> None:
    run = maestro("analyze", FIREWALL, "--port-name", "0=LAN", "--port-name", "1=WAN")
    assert run.status == 0
    assert "p0(LAN).flow = p1(WAN).inverse(flow) → same core" in run.out
    assert "flows.c:" in run.out
    assert re.search(r"Proof +holds", run.out)
    assert max(map(len, run.out.splitlines())) <= 100


def test_quiet_prints_nothing() -> None:
    run = maestro("analyze", EXAMPLES / "forwarder", "--quiet")
    assert (run.status, run.out, run.err) == (0, "", "")


@pytest.mark.parametrize("form", ["program", "model", "constraints"])
def test_dumps_repeat(form: str) -> None:
    first, second = (maestro("analyze", FIREWALL, "--dump", form, "--seed", 1) for _ in range(2))
    assert first.status == 0
    assert first.out == second.out
    assert len(first.out) > 100


def test_the_nf_gets_its_own_arguments() -> None:
    run = maestro("analyze", FIREWALL, "--json", "--", "--max-flows", "1024")
    assert {o["capacity"] for o in run.document["objects"]} == {1024}


def test_a_seed_repeats_the_keys_and_no_seed_does_not() -> None:
    def keys(*options: object) -> list[str]:
        return [p["key"] for p in maestro("analyze", EXAMPLES / "forwarder", "--json", *options).document["ports"]]

    assert keys("--seed", 7) == keys("--seed", 7)
    assert keys() != keys()


def test_parallelize_writes_the_plan_beside_the_code(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = maestro("parallelize", FIREWALL, "-o", out, "--json")
    assert run.status == 0
    assert run.document["project"] == str(out)
    assert {"nf.c", "nf_rss.c", "Makefile", "README.md", "plan.json"} <= {p.name for p in out.iterdir()}
    plan = json.loads((out / "plan.json").read_text())
    same = {"nf", "paths", "strategy", "objects", "ports", "reasons", "seed"}
    assert {k: plan[k] for k in same} == {k: run.document[k] for k in same}
    assert plan["certificate"].items() < run.document["certificate"].items()  # how long it took is not the plan's
