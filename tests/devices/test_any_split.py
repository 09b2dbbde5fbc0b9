"""NFs of which no state is divided among the cores, on ports that cannot spread packets as asked: nobody minds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from maestro.codegen.project import write_project
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore
from maestro.traffic.generate import uniform_traffic

EXAMPLES = Path(__file__).parents[2] / "examples"
PACKETS = 1000


@pytest.fixture(scope="module", autouse=True)
def _dpdk() -> None:
    if any(shutil.which(tool) is None for tool in ("pkg-config", "gcc", "make")):
        pytest.skip("needs pkg-config, gcc and make")
    if subprocess.run(["pkg-config", "--atleast-version=22.11", "libdpdk"], check=False).returncode != 0:
        pytest.skip("needs DPDK (apt install libdpdk-dev)")


def run(strategy: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """nf-dpdk of the firewall on two cores and two pcap ports, which have queues and no RSS."""
    nf = load([EXAMPLES / "firewall"])
    model = explore(nf.program, nf=nf.name, is_runtime=is_runtime)
    plan = decide(model, profile=nic("e810"), cores=2, strategy=strategy, seed=1).plan
    assert plan.any_split == (strategy != "shared-nothing")
    out = folder / "fw"
    write_project(model, plan, out, sources_note="")
    strict = "CFLAGS=-O1 -Wall -Wextra -Werror"
    subprocess.run(["make", "-s", "-C", str(out), "CC=gcc", strict, "dpdk"], check=True)
    captures = uniform_traffic(folder / "in", flows=50, packets=PACKETS, replies=True)
    devices = [
        f"net_pcap{port},rx_pcap={path},rx_pcap={path},tx_pcap={folder}/a{port},tx_pcap={folder}/b{port}"
        for port, path in captures.items()
    ]
    cpus = sorted(os.sched_getaffinity(0))
    lcores = ",".join(f"{core}@{cpus[core % len(cpus)]}" for core in range(2))
    eal = ["--lcores", lcores, "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf"]
    vdevs = [word for device in devices for word in ("--vdev", device)]
    command = [str(out / "nf-dpdk"), *eal, *vdevs, "--", "--rss", "nic", "--stop-idle", "800"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("strategy", ["locks", "htm"])
def test_any_port_will_do(strategy: str, tmp_path: Path) -> None:
    done = run(strategy, tmp_path)
    assert done.returncode == 0, done.stderr
    stats: dict[str, Any] = json.loads(done.stdout)
    assert (stats["rss"], stats["packets"], stats["misplaced"]) == ("nic", 2 * PACKETS, 0)
    assert all(core["packets"] == PACKETS for core in stats["per_core"])
    for core in stats["per_core"]:
        assert ("htm" in core) == (strategy == "htm")
        if strategy == "htm":
            counts = core["htm"]
            expected = PACKETS if counts["present"] else 0
            assert counts["commits"] + counts["fallbacks"] == expected


def test_a_divided_state_is_another_matter(tmp_path: Path) -> None:
    done = run("shared-nothing", tmp_path)
    assert done.returncode == 3
    assert "it offers 0" in done.stderr
