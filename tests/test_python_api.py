"""``import maestro``: names, types and what they hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import maestro
from cli.command_line import EXAMPLES
from cli.command_line import maestro as command

FIREWALL = EXAMPLES / "firewall-maestro"


@pytest.fixture(scope="module")
def plan() -> maestro.Plan:
    return maestro.parallelize(FIREWALL, cores=8, nic="82599", seed=5)


def test_the_plan_says_what_the_command_says(plan: maestro.Plan) -> None:
    run = command("analyze", FIREWALL, "--cores", 8, "--nic", "82599", "--seed", 5, "--json")
    timeless = [{**d, "certificate": 0, "timings": 0} for d in (run.document, json.loads(json.dumps(plan.document)))]
    assert timeless[0] == timeless[1]
    assert (plan.nf, plan.strategy, plan.nic, plan.cores, plan.seed) == (
        "firewall-maestro", "shared-nothing", "82599", 8, 5,
    )  # fmt: skip
    assert plan.ports[0].key.hex() == run.document["ports"][0]["key"].replace(":", "").replace(" ", "")
    assert [(o.name, o.strategy, o.rule) for o in plan.objects] == [("flows", "sharded", "R1")]
    assert plan.paths == 7
    assert plan.assumptions
    assert {c.rule for c in plan.constraints} == {"R1"}
    assert [r.code for r in plan.reasons] == ["divided-capacity"]


def test_it_shows_itself(plan: maestro.Plan) -> None:
    assert repr(plan) == "<maestro.Plan firewall-maestro: shared-nothing on 8 cores, NIC 82599>"
    assert str(plan).startswith("firewall-maestro: shared-nothing on 8 cores, NIC 82599; 7 paths\n")
    page = plan._repr_html_()
    assert "<td>flows</td>" in page
    assert plan.ports[1].key.hex() in page


def test_it_is_written_and_verified(plan: maestro.Plan, tmp_path: Path) -> None:
    assert plan.folder is None
    written = plan.write(tmp_path / "out")
    assert written.folder == tmp_path / "out"
    assert (tmp_path / "out" / "nf.c").is_file()
    assert json.loads((tmp_path / "out" / "plan.json").read_text())["seed"] == 5
    with pytest.raises(maestro.UserError, match="exists"):
        plan.write(tmp_path / "out")
    comparison = plan.verify(packets=3000)
    assert comparison.differences == 0
    assert comparison.packets >= 3000


def test_the_folder_s_settings_count_and_arguments_win() -> None:
    small = maestro.analyze(EXAMPLES / "firewall", args=["--max-flows", "64"])
    assert {o.capacity for o in small.objects} == {64}
    assert maestro.analyze(str(EXAMPLES / "firewall")).cores == 2


def test_errors_are_user_errors(tmp_path: Path) -> None:
    with pytest.raises(maestro.UserError, match="does not exist"):
        maestro.analyze(tmp_path / "none.c")


def test_the_command_line_does_not_wait_for_it() -> None:
    code = "import sys, maestro.cli; print([m for m in sys.modules if m.startswith(('z3', 'bitwuzla', 'maestro.api'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    assert {"analyze", "parallelize", "Plan", "UserError"} <= set(dir(maestro))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        maestro.nothing  # noqa: B018
