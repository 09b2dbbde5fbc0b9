"""The command line and nf.toml together: the file speaks where the command line is silent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import EXAMPLES, maestro

TEXT = """\
args = ["--max-flows", "1024"]
ports = 2
port_names = {0 = "inside", 1 = "outside"}
nic = "x710"
cores = 4
"""


@pytest.fixture
def firewall(tmp_path: Path) -> Path:
    folder = tmp_path / "firewall"
    shutil.copytree(EXAMPLES / "firewall", folder)
    (folder / "nf.toml").write_text(TEXT)
    return folder


def test_the_file_is_read(firewall: Path) -> None:
    found = maestro("analyze", firewall, "--json").document
    assert (found["nic"], found["cores"]) == ("x710", 4)
    assert {o["capacity"] for o in found["objects"]} == {1024}
    assert "p0(inside).flow = p1(outside).inverse(flow)" in found["constraints"][1]["text"]


def test_the_command_line_wins(firewall: Path) -> None:
    options = ("--nic", "e810", "--cores", "2", "--port-name", "1=WAN")
    found = maestro("analyze", firewall, "--json", *options, "--", "--max-flows", "2048").document
    assert (found["nic"], found["cores"]) == ("e810", 2)
    assert {o["capacity"] for o in found["objects"]} == {2048}
    assert "p0(inside).flow = p1(WAN).inverse(flow)" in found["constraints"][1]["text"]


def test_no_arguments_are_arguments_too(firewall: Path) -> None:
    found = maestro("analyze", firewall, "--json", "--").document
    assert {o["capacity"] for o in found["objects"]} == {65536}


def test_definitions_reach_the_compiler(tmp_path: Path) -> None:
    folder = tmp_path / "nf"
    shutil.copytree(EXAMPLES / "forwarder", folder)
    (folder / "nf.toml").write_text('defines = ["nf_process=renamed"]\n')
    run = maestro("analyze", folder)
    assert run.status == 3
    assert "no-entry-point" in run.err
    assert maestro("analyze", folder, "-D", "nf_process=nf_process", "--quiet").status == 0


def test_a_bad_file_is_one_message(firewall: Path) -> None:
    (firewall / "nf.toml").write_text("ports = 2\ncores = many\n")
    for command in (("analyze", firewall), ("parallelize", firewall, "-o", firewall / "out"), ("verify", firewall)):
        run = maestro(*command)
        assert (run.status, run.out) == (2, "")
        assert f"{firewall}/nf.toml:2: error: is not TOML: Invalid value [nf-toml]" in run.err
        assert "cores = many" in run.err
        assert run.err.count("error:") == 1
