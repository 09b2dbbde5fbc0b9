"""What `maestro analyze` says about state, as a whole: golden texts, to be read when they change."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import EXAMPLES, maestro

PRELUDE = "#include <maestro.h>\nOTHER_PACKETS(DROP);\n"
REFUSED = {
    "two-keys": """
MAP(senders, uint32_t, int, 1024, EXPIRES_AFTER(SECONDS(60)));
MAP(receivers, uint32_t, int, 1024, EXPIRES_AFTER(SECONDS(60)));

void process_packet(int device, pkt_t p) {
  map_put(senders, p.ipv4_src, device);
  map_put(receivers, p.ipv4_dst, device);
  forward(p, 1 - device);
}
""",
    "mac-key": """
MAP(hosts, uint64_t, int, 1024, EXPIRES_AFTER(SECONDS(60)));

void process_packet(int device, pkt_t p) {
  map_put(hosts, p.eth_src, device);
  if (map_contains(hosts, p.eth_dst)) forward(p, 1 - device);
}
""",
}


def state_of(text: str) -> str:
    """From the table of objects to the RSS configuration, whose keys no two NICs need to share."""
    found = re.search(r"^State\n.*?(?=^RSS$)", text, re.MULTILINE | re.DOTALL)
    assert found
    return found[0].rstrip() + "\n"


@pytest.mark.parametrize("name", ["firewall", "policer", "firewall-maestro", "firewall-counter"])
def test_examples(name: str, golden: Callable[[str, str], None]) -> None:
    run = maestro("analyze", EXAMPLES / name)
    assert run.status == 0
    assert max(map(len, run.out.splitlines())) <= 100
    golden(f"{name}.state.txt", state_of(run.out))


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str, tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    source = tmp_path / f"{name}.c"
    source.write_text(PRELUDE + REFUSED[name])
    run = maestro("analyze", source)
    assert run.status == 0
    golden(f"{name}.state.txt", state_of(run.out))


def test_verbose_shows_all_lines() -> None:
    short, full = (maestro("analyze", EXAMPLES / "policer", *more).out for more in ((), ("-v",)))
    assert "and lines 110, 112" in short
    assert "and lines" not in full
    assert "   112 | " in full


def test_json_carries_the_same() -> None:
    found = maestro("analyze", EXAMPLES / "firewall", "--json").document
    flows = next(o for o in found["objects"] if o["name"] == "flows")
    assert {"line": "flows.c:45", "does": "looks up flows"} in flows["decided_by"]
    assert all(r["level"] in ("note", "warning") for r in found["reasons"])
    assert found["steering"] == found["interchanges"] == found["replicas"] == []


def test_json_names_the_conflict(tmp_path: Path) -> None:
    source = tmp_path / "two.c"
    source.write_text(PRELUDE + REFUSED["two-keys"])
    (reason,) = [r for r in maestro("analyze", source, "--json").document["reasons"] if r["code"] == "disjoint-keys"]
    assert (reason["level"], reason["objects"]) == ("warning", ["senders", "receivers"])
    assert [c["objects"] for c in reason["conflict"]] == [["senders"], ["receivers"]]
    assert [c["lines"] for c in reason["conflict"]] == [["two.c:8"], ["two.c:9"]]
