"""The JSON output is a contract: its keys, their types, and what they promise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from maestro.cli import main
from maestro.ir.packet import FIELDS, PACKET_TYPES
from maestro.rss import toeplitz

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"

CONTRACT = {
    "": {"nf", "paths", "strategy", "objects", "ports", "reasons", "certificate"},
    "objects": {"name", "kind", "strategy", "rule", "lines"},
    "ports": {"port", "fields", "key", "reta_size", "inputs", "resteered"},
    "reasons": {"code", "message", "objects", "lines", "hint"},
    "certificate": {"holds", "obligations"},
}
"""What tools may rely on; more keys may come."""


@pytest.fixture(scope="module", params=["firewall", "policer", "forwarder", "firewall-maestro"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["analyze", str(EXAMPLES / request.param), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_the_promised_keys_are_there(document: dict[str, Any]) -> None:
    assert set(document) >= CONTRACT[""]
    assert set(document["certificate"]) >= CONTRACT["certificate"]
    for part in ("objects", "ports", "reasons"):
        for entry in document[part]:
            assert set(entry) >= CONTRACT[part]


def test_values_are_what_the_contract_says(document: dict[str, Any]) -> None:
    assert isinstance(document["paths"], int)
    assert document["strategy"] in ("shared-nothing", "hybrid", "locks", "htm")
    assert document["certificate"]["holds"] is True
    for obj in document["objects"]:
        assert obj["strategy"] in ("read-only", "sharded", "steered", "replicated", "locked")
        assert obj["rule"] is None or re.fullmatch(r"R[1-7]", obj["rule"])
        assert obj["lines"]
    for reason in document["reasons"]:
        assert re.fullmatch(r"[a-z][a-z-]+", reason["code"])


def test_lines_exist(document: dict[str, Any]) -> None:
    folder = EXAMPLES / document["nf"]
    for place in (p for part in ("objects", "reasons") for entry in document[part] for p in entry["lines"]):
        name, _, line = place.rpartition(":")
        assert 1 <= int(line) <= len((folder / name).read_text().splitlines()), place


def test_ports_are_complete(document: dict[str, Any]) -> None:
    assert [p["port"] for p in document["ports"]] == [0, 1]
    for port in document["ports"]:
        assert len(bytes.fromhex(port["key"])) == 52
        assert len(port["reta"]) == port["reta_size"]
        assert set(port["reta"]) == {0, 1}
        assert set(port["inputs"]) == set(PACKET_TYPES)
        assert set(port["resteered"]) <= set(PACKET_TYPES)
        for field in (*port["fields"], *(f for fields in port["inputs"].values() for f in fields)):
            first, count = field["bits"]
            assert 0 <= first < first + count <= FIELDS[field["name"]]


def flow_bytes(inputs: list[dict[str, Any]], packet: dict[str, int]) -> bytes:
    """What Toeplitz is fed with: the fields of ``packet`` in the order of ``inputs`` (whole bytes only)."""
    value, bits = 0, 0
    for field in inputs:
        first, count = field["bits"]
        width = FIELDS[field["name"]]
        value = value << count | packet[field["name"]] >> (width - first - count) & ((1 << count) - 1)
        bits += count
    return value.to_bytes(bits // 8, "big")


def test_anyone_can_recompute_where_a_flow_goes() -> None:
    """The firewall: a reply from the WAN reaches the core of the LAN's packet, by the document alone."""
    result = CliRunner().invoke(main, ["analyze", str(EXAMPLES / "firewall"), "--json"], catch_exceptions=False)
    lan, wan = json.loads(result.stdout)["ports"]
    cores = []
    for n in range(200):
        src, dst, sport, dport = 0x0A000001 + 77 * n, 0xC0A80101 ^ (n << 9), 1024 + 3 * n, 443 + n
        out = {"ipv4.src": src, "ipv4.dst": dst, "l4.sport": sport, "l4.dport": dport}
        back = {"ipv4.src": dst, "ipv4.dst": src, "l4.sport": dport, "l4.dport": sport}
        reached = []
        for port, packet in ((lan, out), (wan, back)):
            digest = toeplitz.hash(bytes.fromhex(port["key"]), flow_bytes(port["inputs"]["ipv4-tcp"], packet))
            reached.append(port["reta"][digest & (port["reta_size"] - 1)])
        assert reached[0] == reached[1]
        cores.append(reached[0])
    assert set(cores) == {0, 1}


def test_every_key_is_documented(document: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "reference" / "json.md").read_text()
    for key in keys(document):
        assert f"`{key}`" in page, key


def keys(value: Any) -> set[str]:
    """All keys in a document, but for those that name a packet type or a phase."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    if not isinstance(value, dict):
        return set()
    named = {k for k in value if k not in PACKET_TYPES}
    return named.union(*(keys(v) for k, v in value.items() if k != "timings"))
