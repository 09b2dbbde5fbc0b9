"""The paths of an NF are the NF's: another compiler finds the same ones."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.symex.explore import explore

EXAMPLES = Path(__file__).parents[2] / "examples"
ARGUMENTS = {
    "firewall": ("--wan", "1", "--expire", "1000000", "--max-flows", "65536"),
    "policer": ("--rate", "1000000", "--burst", "100000", "--capacity", "65536"),
    "firewall-maestro": (),
}


@cache
def outline(name: str, compiler: str | None) -> list[tuple[str, list[str], list[str]]]:
    program = load([EXAMPLES / name], compiler=compiler).program
    model = explore(program, nf=name, argv=ARGUMENTS[name], is_runtime=is_runtime)
    return [
        (p.verdict.kind, [f"{c}" for c in p.conditions], [f"{o.object}.{o.method}@{o.span}" for o in p.operations])
        for p in model.paths
    ]


@pytest.mark.parametrize("compiler", ["clang-14", "clang-16", "clang-19", "clang"])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_other_compilers_find_the_same_paths(name: str, compiler: str) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    assert outline(name, compiler) == outline(name, None)
