"""RSS by flow rules: which rules nf-dpdk asks a port for, and what it says when the port refuses.

Software devices know no flow rules, so a stub (flow_stub.c) stands in for rte_flow.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nfdpdk import EXAMPLES, NULL_PORTS, OK, REFUSED, STRICT, Project, need_dpdk, project

ETH, IPV4, IPV6, UDP, TCP = "eth", "ipv4", "ipv6", "udp", "tcp"
TOEPLITZ = 1
RSS_IPV4, RSS_TCP4, RSS_UDP4, RSS_IPV6 = 1 << 2, 1 << 4, 1 << 5, 1 << 8  # RTE_ETH_RSS_* (rte_ethdev.h)
L3_SRC_ONLY, L3_DST_ONLY, L4_SRC_ONLY, L4_DST_ONLY = 1 << 63, 1 << 62, 1 << 61, 1 << 60
WRAPPED = ("rte_flow_validate", "rte_flow_create", "rte_flow_flush", "rte_eth_dev_info_get")


@pytest.fixture(scope="module", autouse=True)
def _dpdk() -> None:
    need_dpdk()


@dataclass(frozen=True)
class Done:
    status: int
    message: str
    calls: list[dict[str, Any]]

    def rules(self, port: int) -> list[dict[str, Any]]:
        """The rules that were made on a port."""
        return [call for call in self.calls if (call["call"], call["port"]) == ("create", port)]

    def words(self, port: int) -> list[tuple[list[str], int]]:
        return [(rule["pattern"], rule["types"]) for rule in self.rules(port)]


def stubbed(source: Path, folder: Path, change: Callable[[str], str] = str, profile: str = "e810") -> Project:
    """The NF with the stub in it; ``change``: to what nf_rss.c says."""
    nf = project(source, folder, profile=profile)
    (folder / "nf_rss.c").write_text(change((folder / "nf_rss.c").read_text()))
    stub = folder / "stub.o"
    flags = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True, check=True)
    source = Path(__file__).with_name("flow_stub.c")
    subprocess.run(["gcc", "-O1", "-Wall", *flags.stdout.split(), "-c", str(source), "-o", str(stub)], check=True)
    wraps = " ".join(f"-Wl,--wrap={name}" for name in WRAPPED)
    subprocess.run(["make", "-s", "-C", str(folder), "CC=gcc", STRICT, f"LDFLAGS={wraps} {stub}", "dpdk"], check=True)
    return nf


@pytest.fixture(scope="module")
def policer(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """State per destination address: E810 hashes that address only, of every packet that has one."""
    return stubbed(EXAMPLES / "policer", tmp_path_factory.mktemp("flow") / "policer")


def run(nf: Project, driver: str, refuse: str = "") -> Done:
    """Runs until it processes packets, or ends by itself."""
    environment = {**os.environ, "STUB_DRIVER": driver, "STUB_REFUSE": refuse}
    with subprocess.Popen(
        nf.command(2, NULL_PORTS), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line)
                if "IOVA mode" in line:
                    process.send_signal(signal.SIGUSR1)  # answered once it has started
                    break
            if not refuse and process.stdout is not None and process.stdout.readline():
                process.send_signal(signal.SIGTERM)
            lines += process.communicate(timeout=30)[1].splitlines(keepends=True)
        finally:
            process.kill()
    calls = [json.loads(line.removeprefix("STUB ")) for line in lines if line.startswith("STUB ")]
    message = next((line for line in lines if line.startswith("nf-dpdk: ")), "")
    return Done(process.returncode, message, calls)


def test_the_rules_of_a_policer_on_an_e810(policer: Project) -> None:
    """ice chooses fields by rule; key and table stay the port's. Port 1 has no state: its 4-tuple needs no rule."""
    done = run(policer, "net_ice")
    assert done.status == OK, done.message
    assert done.words(0) == [
        ([ETH, IPV4, TCP], RSS_IPV4 | L3_DST_ONLY),
        ([ETH, IPV4, UDP], RSS_IPV4 | L3_DST_ONLY),
        ([ETH, IPV4], RSS_IPV4 | L3_DST_ONLY),
        ([ETH, IPV6, TCP], RSS_IPV6 | L3_DST_ONLY),
        ([ETH, IPV6, UDP], RSS_IPV6 | L3_DST_ONLY),
        ([ETH, IPV6], RSS_IPV6 | L3_DST_ONLY),
    ]
    for rule in done.rules(0):
        assert (rule["func"], rule["level"], rule["ingress"], rule["priority"]) == (TOEPLITZ, 0, 1, 0)
        assert (rule["key"], rule["queues"]) == ("", [])
    assert done.rules(1) == []


def test_all_rules_are_validated_before_any_is_made_and_removed_at_the_end(policer: Project) -> None:
    done = run(policer, "net_ice")
    assert [call["call"] for call in done.calls] == ["validate"] * 6 + ["create"] * 6 + ["flush"]


def test_drivers_whose_rules_have_keys_and_queues_of_their_own(policer: Project) -> None:
    done = run(policer, "mlx5_pci")
    plan = policer.plan.ports[0]
    assert done.status == OK, done.message
    assert [rule["priority"] for rule in done.rules(0)] == [0, 0, 1, 0, 0, 1]
    for rule in done.rules(0):
        assert rule["key"] == plan.key.hex()
        assert rule["queues"] == list(plan.reta)


def test_no_rules_where_one_setting_does(tmp_path: Path) -> None:
    nf = stubbed(EXAMPLES / "firewall", tmp_path / "fw")
    done = run(nf, "net_ice")
    assert (done.status, done.calls) == (OK, [])


def fields(of: str, to: str) -> Callable[[str], str]:
    """Has packets of one type hashed over other fields, on the first port that has it."""
    return lambda text: re.sub(rf"\[{of}\] = [^\[]*?\}}\}}\}},", f"[{of}] = {to},", text, count=1)


def test_types_that_differ(tmp_path: Path) -> None:
    """TCP by destination address and port, all else by destination address."""
    change = fields("MAESTRO_IPV4_TCP", "{2, {{MAESTRO_IPV4_DST, 0, 32}, {MAESTRO_L4_DPORT, 0, 16}}}")
    done = run(stubbed(EXAMPLES / "policer", tmp_path / "out", change), "net_ice")
    assert done.status == OK, done.message
    assert done.words(0)[:2] == [
        ([ETH, IPV4, TCP], RSS_TCP4 | L3_DST_ONLY | L4_DST_ONLY),
        ([ETH, IPV4, UDP], RSS_IPV4 | L3_DST_ONLY),
    ]


@pytest.mark.parametrize(
    ("packet_type", "to"),
    [
        ("MAESTRO_IPV4_TCP", "{3, {{MAESTRO_IPV4_SRC, 0, 32}, {MAESTRO_IPV4_DST, 0, 32}, {MAESTRO_L4_SPORT, 0, 16}}}"),
        ("MAESTRO_IPV4_FRAGMENT", "{1, {{MAESTRO_IPV4_SRC, 0, 32}}}"),
        ("MAESTRO_IPV4_UDP", "{1, {{MAESTRO_IPV4_DST, 0, 24}}}"),
    ],
)
def test_what_rules_have_no_common_words_for(packet_type: str, to: str, tmp_path: Path) -> None:
    done = run(stubbed(EXAMPLES / "policer", tmp_path / "out", fields(packet_type, to)), "net_ice", "nothing")
    assert done.status == REFUSED
    name = packet_type.removeprefix("MAESTRO_").lower().replace("_", "-")
    assert f"port 0 (DPDK port 0, net_ice): DPDK has no words for the fields that {name} needs hashed" in done.message
    assert "use --rss software" in done.message
    assert done.calls == []


@pytest.mark.parametrize("call", ["validate", "create"])
def test_a_port_that_refuses_a_rule(call: str, policer: Project) -> None:
    """Nothing runs on half of the rules: port, rule, reason and what to do instead are named."""
    done = run(policer, "net_ice", f"{call}:1")
    assert done.status == REFUSED
    for words in (
        "port 0 (DPDK port 0, net_ice): asked for the flow rule eth / ipv4 / udp -> RSS over IPV4 | L3_DST_ONLY",
        "it refuses: not on a Tuesday (Operation not supported)",
        "use --rss software, or generate the NF for a NIC that can (--nic), or with another --strategy",
    ):
        assert words in done.message
    assert done.calls[-1] == {"call": "flush", "port": 0}
    assert call == "create" or not done.rules(0)


def test_software_devices_have_no_rules(tmp_path: Path) -> None:
    nf = project(EXAMPLES / "policer", tmp_path / "out").make("dpdk")
    done = nf.run(2, NULL_PORTS)
    assert done.returncode == REFUSED
    assert "asked for the flow rule eth / ipv4 / tcp -> RSS over IPV4 | L3_DST_ONLY" in done.stderr
    assert "it refuses: Function not implemented" in done.stderr
