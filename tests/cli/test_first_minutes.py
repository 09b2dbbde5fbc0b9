"""The first minutes: `maestro`, `maestro new`, completion."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cli.command_line import maestro


def test_without_a_command_it_says_what_to_type() -> None:
    run = maestro()
    assert run.status == 0
    for name in ("new", "demo", "analyze", "parallelize", "verify", "explain"):
        assert f"  maestro {name}" in run.out


def test_a_new_nf_is_sharded_and_behaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = maestro("new", "my-firewall")
    assert (run.status, run.out) == (
        0, "wrote my-firewall/my-firewall.c\nwrote my-firewall/nf.toml\nnext: maestro analyze my-firewall\n",
    )  # fmt: skip
    assert Path("my-firewall/my-firewall.c").read_text().startswith("/* my-firewall: ")
    document = maestro("verify", "my-firewall", "--packets", 3000, "--json").document
    assert (document["strategy"], document["cores"]) == ("shared-nothing", 4)
    assert document["verify"]["differences"] == 0
    again = maestro("new", "my-firewall")
    assert (again.status, again.err.splitlines()[0]) == (
        2,
        "error: the output directory my-firewall exists [output-exists]",
    )


def test_a_new_nf_has_a_name_that_a_file_can_have(tmp_path: Path) -> None:
    run = maestro("new", tmp_path / "1 nf")
    assert run.status == 2
    assert "is no name for a network function [nf-name]" in run.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, tmp_path: Path) -> None:
    run = maestro("completion", shell)
    assert run.status == 0
    assert "_MAESTRO_COMPLETE" in run.out
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(run.out)
        subprocess.run([shell, "-n", script], check=True)


@pytest.mark.parametrize(
    ("words", "found"),
    [("maestro ana", "analyze"), ("maestro explain not-hash", "not-hashable"), ("maestro analyze --nic 825", "82599")],
)
def test_names_are_completed(words: str, found: str) -> None:
    from click.testing import CliRunner

    from maestro.cli import main

    typed = words.split()
    env = {"_MAESTRO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(typed) - 1)}
    out = CliRunner().invoke(main, env=env, prog_name="maestro").output
    assert found in [line.partition(",")[2] for line in out.splitlines()]
