"""What nf-dpdk answers on DPDK's telemetry socket while it runs: load, drops, tables, merged state, RSS."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from nfdpdk import EXAMPLES, NULL_PORTS, OK, Project, asked, captures, need_dpdk, pcap_ports, project, traffic


@pytest.fixture(scope="module", autouse=True)
def _dpdk() -> None:
    need_dpdk()


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A firewall with a counter per address: state that is sharded, and state that is merged."""
    folder = tmp_path_factory.mktemp("telemetry") / "counter"
    return project(EXAMPLES / "firewall-counter", folder).make("dpdk", "nf-replay")


def wait_for(ask: Any, packets: int) -> dict[str, Any]:
    """Statistics once so many packets have been processed."""
    for _ in range(400):
        stats = dict(ask("/maestro/stats"))
        if stats.get("packets", 0) >= packets:
            return stats
        time.sleep(0.02)
    raise AssertionError(f"no {packets} packets: {stats}")


def test_counters_tables_and_merged_state_while_it_runs(counter: Project, tmp_path: Path) -> None:
    frames = traffic()
    given = captures([[frames, []] for frames in frames], tmp_path)
    devices, _ = pcap_ports(given.queues, tmp_path)
    merged = tmp_path / "merged.csv"
    replayed = counter.replay(2, given.whole, [tmp_path / "0.pcap", tmp_path / "1.pcap"], f"--merged={merged}")
    with asked(counter, tmp_path, 2, devices, "--rss", "software") as running:
        stats = wait_for(running.ask, sum(map(len, frames)))
        assert (stats["nf"], stats["status"], stats["cores"], stats["rss"]) == (
            "firewall-counter",
            "running",
            2,
            "software",
        )
        assert stats["core_packets"] == [core["packets"] for core in replayed["per_core"]]
        assert stats["drops"]["nf"] == replayed["dropped"] > 100
        assert stats["core_ring_packets"] == [0, 0]
        assert all(ms > 0 for ms in stats["core_cpu_ms"])
        assert all(0 <= busy <= 1000 for busy in stats["core_busy_permille"])
        assert tables(running.ask("/maestro/state")) == replayed_tables(replayed)
        one = running.ask("/maestro/state,flows")
        assert (one["object"], one["kind"], sum(one["core_capacity"])) == ("flows", "map", 65536)
        assert one["core_used"] == [core["tables"]["flows"]["used"] for core in replayed["per_core"]]
        assert min(one["core_used"]) > 10
        assert "no table of that name" in running.ask("/maestro/state,flow")["error"]
        assert entries(running.ask) == sorted(merged.read_text().splitlines()[1:])
        running.process.send_signal(signal.SIGTERM)
        out, _ = running.process.communicate(timeout=30)
    assert running.process.returncode == OK
    assert json.loads(out)["packets"] == stats["packets"]


def tables(state: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Used entries and capacity by table."""
    return dict(zip(state["object"], zip(state["used"], state["capacity"], strict=True), strict=True))


def replayed_tables(replayed: dict[str, Any]) -> dict[str, tuple[int, int]]:
    cores = [core["tables"] for core in replayed["per_core"]]
    return {
        name: (sum(core[name]["used"] for core in cores), sum(core[name]["capacity"] for core in cores))
        for name in cores[0]
    }


def entries(ask: Any) -> list[str]:
    """All entries of a snapshot, page by page, as nf-replay writes them."""
    lines = []
    snapshot = ask("/maestro/merged")
    assert snapshot["pause_us"] < 1_000_000
    for name, count in zip(snapshot["object"], snapshot["entries"], strict=True):
        assert count > 100
        page: dict[str, Any] = {"next": 0}
        while "next" in page:
            page = ask(f"/maestro/merged,{name},{page['next']}")
            assert page["entries"] == count
            lines += [f"{name},{key},{value}" for key, value in zip(page["key"], page["value"], strict=True)]
    return sorted(lines)


def test_merging_while_packets_flow_loses_none(counter: Project, tmp_path: Path) -> None:
    """The cores stand still for snapshots again and again, and packets go on in between."""
    with asked(counter, tmp_path, 2, NULL_PORTS) as running:
        running.running()
        seen = 0
        for _ in range(20):
            snapshot = running.ask("/maestro/merged")
            assert "error" not in snapshot or "in time" in snapshot["error"]
            packets = wait_for(running.ask, seen + 1)["packets"]
            assert packets > seen
            seen = packets
        running.process.send_signal(signal.SIGTERM)
        out, _ = running.process.communicate(timeout=30)
    assert running.process.returncode == OK
    last = json.loads(out)
    assert last["packets"] == sum(port["in"] for port in last["per_port"]) >= seen


def test_locks_and_tables_in_common(tmp_path: Path) -> None:
    nf = project(EXAMPLES / "bridge-dynamic", tmp_path / "out", strategy="locks").make("dpdk")
    frames = traffic(600)
    given = captures([[frames, []] for frames in frames], tmp_path)
    with asked(nf, tmp_path, 2, pcap_ports(given.queues, tmp_path)[0], "--rss", "software") as running:
        stats = wait_for(running.ask, sum(map(len, frames)))
        assert sum(stats["core_lock_reads"]) == stats["packets"]
        assert 0 < sum(stats["core_lock_writes"]) < stats["packets"]
        assert len(stats["core_lock_waits"]) == 2
        state = running.ask("/maestro/state")
        assert state["in_common"] == [1] * len(state["object"])
        assert 10 < tables(state)["hosts"][0] == tables(state)["host_ages"][0]
        assert running.ask("/maestro/state,hosts")["capacity"] == [8192]
        assert running.ask("/maestro/merged")["error"] == "the NF has no state that is merged"


def test_rss_as_the_device_tells(counter: Project, tmp_path: Path) -> None:
    with asked(counter, tmp_path, 2, NULL_PORTS) as running:
        running.running()
        summary = running.ask("/maestro/rss")
        assert (summary["spread_by"], summary["dpdk_port"], summary["misplaced"]) == ("nic", [0, 1], [0, 0])
        for port, plan in enumerate(counter.plan.ports):
            told = running.ask(f"/maestro/rss,{port}")
            assert plan.key.hex().startswith(told["key"])
            assert len(told["key"]) == 2 * 40
            assert (told["device"], told["key_as_planned"], told["table_not_as_planned"]) == (f"net_null{port}", 1, 0)
            assert told["table_core_entries"] == [64, 64]
            assert {"NONFRAG_IPV4_TCP", "NONFRAG_IPV4_UDP"} <= set(told["hash_types"])
        assert "numbered from 0" in running.ask("/maestro/rss,2")["error"]
        assert "numbered from 0" in running.ask("/maestro/rss,1x")["error"]


def test_it_answers_until_the_end(counter: Project, tmp_path: Path) -> None:
    """Every answer that comes while it stops is a document with a status."""
    with asked(counter, tmp_path, 2, NULL_PORTS) as running:
        running.running()
        running.process.send_signal(signal.SIGTERM)
        statuses = []
        try:
            while running.process.poll() is None:
                statuses.append(running.ask("/maestro/state")["status"])
        except (OSError, json.JSONDecodeError):
            pass  # it has ended
        assert running.process.wait(30) == OK
    assert set(statuses) <= {"running", "stopping", "stopped"}


def test_dpdks_own_client(counter: Project, tmp_path: Path) -> None:
    client = shutil.which("dpdk-telemetry.py")
    if client is None:
        pytest.skip("needs dpdk-telemetry.py (apt install dpdk)")
    with asked(counter, tmp_path, 1, NULL_PORTS) as running:
        running.running()
        prefix = running.process.args[running.process.args.index("--file-prefix") + 1]  # type: ignore[union-attr,index]
        told = ask_with(client, ["-f", str(prefix)], "/maestro/stats\n/maestro/rss\n", tmp_path)
    lines = [json.loads(line) for line in told.splitlines() if line.startswith('{"/maestro')]
    assert lines[0]["/maestro/stats"]["cores"] == 1
    assert lines[1]["/maestro/rss"]["spread_by"] == "one core"


def ask_with(client: str, options: Sequence[str], lines: str, folder: Path) -> str:
    command = [sys.executable, client, *options]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    done = subprocess.run(
        command, input=lines, capture_output=True, text=True, check=False, timeout=30, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


SANITIZED = "CFLAGS=-O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all"


@pytest.mark.parametrize(("example", "strategy"), [("firewall-counter", "auto"), ("bridge-dynamic", "locks")])
def test_sanitizers_find_nothing(example: str, strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AddressSanitizer and UBSan in all of nf-dpdk, not in DPDK; packets are handed over, and every command answers."""
    nf = project(EXAMPLES / example, tmp_path / "out", strategy=strategy)
    subprocess.run(["make", "-s", "-C", str(nf.folder), "CC=gcc", SANITIZED, "dpdk"], check=True)
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")  # DPDK keeps what it allocated
    frames = traffic(1000)
    given = captures([[frames, []] for frames in frames], tmp_path)
    with asked(nf, tmp_path, 2, pcap_ports(given.queues, tmp_path)[0], "--rss", "software") as running:
        wait_for(running.ask, sum(map(len, frames)))
        for command in ("state", "state,flows", "state,no", "merged", "merged,counters,3", "rss", "rss,0", "rss,9"):
            assert running.ask(f"/maestro/{command}")["status"] == "running"
        running.process.send_signal(signal.SIGTERM)
        running.process.communicate(timeout=60)
    assert running.process.returncode == OK, (tmp_path / "messages").read_text()
