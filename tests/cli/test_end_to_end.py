"""From C to packets: every example behaves as its original, and its project builds and runs without Maestro."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from command_line import EXAMPLES, maestro

from maestro.traffic.generate import uniform_traffic

SMALL_TABLES = {
    "firewall": ("--max-flows", 2048),
    "policer": ("--capacity", 2048),
    "forwarder": (),
    "firewall-maestro": (),
}
"""The NF's own options with which 60,000 packets fill its tables, where it has any. The rest: tests/examples."""


@pytest.mark.parametrize("name", SMALL_TABLES)
def test_parallel_and_original_agree(name: str) -> None:
    run = maestro("verify", EXAMPLES / name, "--packets", 60_000, "--json", "--", *SMALL_TABLES[name])
    assert run.status == 0, run
    verify = run.document["verify"]
    assert verify["packets"] >= 60_000
    assert verify["differences"] == 0, verify["first"]
    assert verify["stats"]["forwarded"] > 10_000


@pytest.mark.parametrize("name", ["firewall", "policer"])
def test_locks_and_original_agree(name: str) -> None:
    options = ("--strategy", "locks", "--packets", 60_000, "--json")
    run = maestro("verify", EXAMPLES / name, *options, "--", *SMALL_TABLES[name])
    assert run.status == 0, run
    assert run.document["strategy"] == "locks"
    assert run.document["verify"]["differences"] == 0, run.document["verify"]["first"]


TAGGER = """
#include "nf-util.h"
#include "nf.h"
bool nf_init(void) { return true; }
int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  nf_borrow_next_chunk(*buffer, 14);
  if (device == 0) {
    memset(nf_insert_new_chunk(buffer, 4, mbuf), length, 4);
    return 1;
  }
  if (packet_get_unread_length(*buffer) < 8) return device;
  nf_borrow_next_chunk(*buffer, 8);
  nf_shrink_chunk(buffer, 2, mbuf);
  return 0;
}
"""


def test_headers_are_inserted_and_removed_as_in_the_original(tmp_path: Path) -> None:
    source = tmp_path / "tagger.c"
    source.write_text(TAGGER)
    run = maestro("verify", source, "--packets", 5000, "--json")
    assert run.status == 0, run
    verify = run.document["verify"]
    assert (verify["differences"], verify["stats"]["dropped"] < 100) == (0, True)


def test_the_project_builds_and_runs_on_its_own(tmp_path: Path) -> None:
    out = tmp_path / "firewall"
    assert maestro("parallelize", EXAMPLES / "firewall", "-o", out, "--quiet").status == 0
    built = subprocess.run(["make", "-C", out, "-j2", "CC=gcc"], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert "warning" not in built.stderr
    captures = uniform_traffic(tmp_path / "in", flows=100, packets=1000, replies=True)
    inputs = [word for port, path in captures.items() for word in ("--in", f"{port}={path}")]
    outputs = ["--out", f"0={tmp_path / 'lan.pcap'}", "--out", f"1={tmp_path / 'wan.pcap'}"]
    command = [str(out / "nf-replay"), "--cores", "2", *inputs, *outputs, "--stats", "json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    stats = json.loads(ran.stdout)
    assert (stats["packets"], stats["forwarded"], stats["dropped"]) == (1000, 1000, 0)
    assert (tmp_path / "lan.pcap").stat().st_size > 24 + 16
