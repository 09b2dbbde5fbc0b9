"""docs/reference/examples.md shows what `maestro analyze examples --table` prints (`--update-golden` rewrites it)."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from maestro.cli import main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "examples.md"
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- end of table -->)", re.DOTALL)


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["analyze", *map(str, arguments), "--table"], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|\n").split(" | ")]


def test_the_page_is_up_to_date(request: pytest.FixtureRequest) -> None:
    """An example that cannot be analysed yet has its error in the table."""
    _, out, _ = run(ROOT / "examples")
    page = PAGE.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        PAGE.write_text(TABLE.sub(lambda _: out, page), encoding="utf-8")
        return
    found = TABLE.search(page)
    assert found
    assert found[0] == out, "read the difference, then run pytest --update-golden"


def test_every_example_has_a_line() -> None:
    found = TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert found
    head, _, *lines = found[0].splitlines()
    assert cells(head) == ["NF", "paths", "strategy", "rules", "the core depends on", "state"]
    assert [cells(line)[0] for line in lines] == sorted(p.name for p in (ROOT / "examples").iterdir() if p.is_dir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two NFs: one with an nf.toml, one that cannot be explored; and a folder that is none."""
    shutil.copytree(ROOT / "examples" / "policer", tmp_path / "nfs" / "policer")
    (tmp_path / "nfs" / "policer" / "nf.toml").write_text('port_names = {0 = "WAN"}\nargs = ["--capacity", "512"]\n')
    broken = tmp_path / "nfs" / "broken"
    shutil.copytree(ROOT / "examples" / "forwarder", broken)
    source = broken / "forwarder.c"
    source.write_text(source.read_text().replace("return device", "return mystery(device)"))
    assert "mystery" in source.read_text()
    (tmp_path / "nfs" / "notes").mkdir()
    return tmp_path / "nfs"


def test_one_that_fails_has_a_line_too(folder: Path) -> None:
    status, out, err = run(folder)
    assert status in (3, 4)
    _, _, broken, policer = out.splitlines()
    assert re.fullmatch(r"\| broken \|  \| error: [a-z-]+ \|  \|  \|  \|", broken)
    assert cells(policer)[:3] == ["policer", "7", "shared-nothing"]
    assert "p0(WAN): ipv4.dst; p1: ipv4.src ipv4.dst" in policer
    assert "forwarder.c:" in err


def test_times_and_json(folder: Path) -> None:
    _, out, _ = run(folder / "policer", "--verbose")
    head, _, line = out.splitlines()
    assert cells(head)[-1] == "seconds"
    assert 0 < float(cells(line)[-1]) < 100
    _, out, _ = run(folder / "policer", folder / "broken", "--json")
    policer, broken = json.loads(out)["nfs"]
    assert {o["capacity"] for o in policer["objects"]} == {512}
    assert (broken["nf"], set(broken["error"])) == ("broken", {"code", "message", "file", "line", "hint"})


def test_nothing_there(folder: Path) -> None:
    status, out, err = run(folder / "notes")
    assert (status, out) == (3, "")
    assert "holds no NF" in err
    assert "[no-source]" in err
    status, _, err = run(folder / "policer", "--dump", "model")
    assert status == 2
    assert "--table and --dump exclude one another" in err
