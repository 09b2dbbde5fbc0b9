"""Same input, seed and version: the same output, byte for byte, wherever and whenever Maestro runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maestro import __file__ as package

EXAMPLES = Path(__file__).parents[2] / "examples"
INSTALLED = Path(package).parents[1]

TIMES = {"seconds", "timings"}
"""Keys of the JSON document that differ from run to run."""


def run(folder: Path, hash_seed: str, example: str) -> dict[str, bytes]:
    """Everything that Maestro makes of an NF, by name; the NF is copied into ``folder``, the current one.

    A package from another place, another order of sets, another cache, home and date of the files.
    """
    folder.mkdir(parents=True)
    shutil.copytree(EXAMPLES / example, folder / "nf")
    environment = {
        "PATH": os.environ["PATH"], "PYTHONHASHSEED": hash_seed, "TZ": f"UTC{hash_seed}",
        "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join([str(place(folder)), *sys.path]),
    }  # fmt: skip
    options = ["nf", "--seed", "7"]
    commands = (
        ["parallelize", *options, "-o", "out", "--report", "report.html", "-q"],
        ["analyze", *options, "--json"],
        ["analyze", *options, "--sarif"],
        ["analyze", *options],
    )
    made: dict[str, bytes] = {}
    for n, command in enumerate(commands):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "maestro", *command],
            cwd=folder, env=environment, capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        # The proof's time, and where the sources lie on this machine, as SARIF wants it.
        text = re.sub(rb"in \d+\.\d+ s\b", b"", done.stdout)
        made[f"output {n}"] = text.replace(folder.as_uri().encode(), b"") if "--sarif" in command else text
    files = [folder / "report.html", *sorted(p for p in (folder / "out").rglob("*") if p.is_file())]
    made |= {str(p.relative_to(folder)): p.read_bytes() for p in files}
    return made


def place(folder: Path) -> Path:
    """The package as if it had been installed there."""
    site = folder / "site-packages"
    site.mkdir()
    (site / "maestro").symlink_to(INSTALLED / "maestro")
    return site


def without_times(value: object) -> object:
    match value:
        case dict():
            return {k: without_times(v) for k, v in value.items() if k not in TIMES}
        case list():
            return [without_times(v) for v in value]
    return value


@pytest.mark.parametrize("example", ["firewall", "policer"])
def test_two_runs_make_the_same_bytes(example: str, tmp_path: Path) -> None:
    one = run(tmp_path / "one", "0", example)
    other = run(tmp_path / "another" / "place", "1", example)
    assert list(one) == list(other)
    assert {"out/nf.c", "out/nf_rss.c", "out/plan.json", "report.html"} <= set(one)
    for name, content in one.items():
        if name == "output 1":
            documents = [without_times(json.loads(text)) for text in (content, other[name])]
            assert documents[0] == documents[1], name
        else:
            assert content == other[name], name
        assert str(tmp_path).encode() not in content, name
