"""nf-dpdk on DPDK's software devices: the same bytes as nf-replay, counters, signals, and refusals in plain words."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from nfdpdk import (
    EXAMPLES,
    FAILED,
    MISLED,
    NULL_PORTS,
    OK,
    REFUSED,
    TO_THE_END,
    USAGE,
    Captures,
    Project,
    captures,
    frames_of,
    need_dpdk,
    pcap_ports,
    project,
    split,
    traffic,
)

from maestro.rss.hasher import Steered, classify
from maestro.traffic.packets import vlan

TAGGER = """
#include "nf.h"
#include "nf-util.h"
struct nf_config { int none; } config;
bool nf_init(void) { return true; }
/* Tags what comes from port 0; removes the tag of what comes from port 1, and floods what has none. */
int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  if (packet_get_unread_length(buffer) < 4) return device;
  if (device == 0) {
    struct rte_vlan_hdr *vlan = nf_insert_new_chunk(buffer, sizeof *vlan, mbuf);
    ether = nf_get_borrowed_chunk(0);
    vlan->eth_proto = ether->ether_type;
    vlan->vlan_tci = rte_cpu_to_be_16(10);
    ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
    return 1;
  }
  if (ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) return FLOOD_FRAME;
  struct rte_vlan_hdr *vlan = nf_borrow_next_chunk(buffer, sizeof *vlan);
  uint16_t type = vlan->eth_proto;
  nf_shrink_chunk(buffer, 0, mbuf);
  ether = nf_get_borrowed_chunk(0);
  ether->ether_type = type;
  return 0;
}
"""


@pytest.fixture(scope="module", autouse=True)
def _dpdk() -> None:
    need_dpdk()


@pytest.fixture(scope="module")
def firewall(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project(EXAMPLES / "firewall", tmp_path_factory.mktemp("dpdk") / "fw").make("dpdk", "nf-replay")


@pytest.fixture(scope="module")
def nop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project(EXAMPLES / "nop", tmp_path_factory.mktemp("dpdk") / "nop").make("dpdk")


def assert_same_bytes(
    nf: Project, given: Captures, folder: Path, *options: str, in_order: bool = True
) -> dict[str, Any]:
    """Whatever leaves nf-dpdk leaves nf-replay, and the other way round; each queue's packets ``in_order``."""
    cores = len(given.queues[0])
    expected_paths = [folder / f"expected{port}.pcap" for port in range(2)]
    replayed = nf.replay(cores, given.whole, expected_paths)
    devices, sent = pcap_ports(given.queues, folder)
    done = nf.run(cores, devices, *TO_THE_END, *options)
    assert done.returncode == OK, done.stderr
    stats = dict(json.loads(done.stdout))
    for port in range(2):
        expected, got = frames_of(expected_paths[port]), [frames_of(path) for path in sent[port]]
        assert sorted(expected) == sorted(frame for queue in got for frame in queue)
        assert stats["per_port"][port]["out"] == len(expected)
        assert not in_order or all(is_subsequence(queue, expected) for queue in got)
    for verdict in ("packets", "forwarded", "dropped", "flooded", "stray"):
        assert stats[verdict] == replayed[verdict], verdict
    assert [core["packets"] for core in stats["per_core"]] == [core["packets"] for core in replayed["per_core"]]
    assert [port["in"] for port in stats["per_port"]] == [port["in"] for port in replayed["per_port"]]
    return stats


def is_subsequence(some: Sequence[bytes], whole: Sequence[bytes]) -> bool:
    rest = iter(whole)
    return all(frame in rest for frame in some)


def test_one_core_sends_the_same_bytes(firewall: Project, tmp_path: Path) -> None:
    stats = assert_same_bytes(firewall, captures([[frames] for frames in traffic()], tmp_path), tmp_path)
    assert stats["forwarded"] > 1000
    assert stats["dropped"] > 100


def test_two_cores_that_hand_packets_over_send_the_same_bytes(firewall: Project, tmp_path: Path) -> None:
    given = captures([[frames, []] for frames in traffic()], tmp_path)
    stats = assert_same_bytes(firewall, given, tmp_path, "--rss", "software")
    first, second = stats["per_core"]
    assert first["resteered_from"] == second["resteered_to"] == second["packets"] > 1000


def changed(nf: Project, folder: Path, file: str, change: Callable[[str], str]) -> Project:
    """The same, but for one file, and built."""
    shutil.copytree(nf.folder, folder)
    before = (folder / file).read_text()
    after = change(before)
    assert after != before
    (folder / file).write_text(after)
    return Project(folder, nf.plan).make("dpdk")


def without_questions(text: str) -> str:
    """ports.c that does not ask ports about RSS: for devices whose queues a test has filled."""
    for asks in (
        "rss_require(port, id, info);",
        "conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;",
        "rss_apply(run, port, id, &info);",
    ):
        assert asks in text
        text = text.replace(asks, "(void)info;")
    return re.sub(r"conf\.rx_adv_conf\.rss_conf\.rss_hf =\s*[^;]*;", "(void)info;", text)


@pytest.fixture(scope="module")
def trusting(firewall: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("dpdk") / "trusting"
    return changed(firewall, folder, "runtime/io/dpdk/ports.c", without_questions)


def test_queues_that_somebody_else_has_set_up(firewall: Project, tmp_path: Path) -> None:
    """``--rss preset`` asks a port for nothing, and checks it all the same."""
    queues = [split(frames, port) for frames, port in zip(traffic(), firewall.plan.ports, strict=True)]
    given = captures(queues, tmp_path)
    stats = assert_same_bytes(firewall, given, tmp_path, "--rss", "preset", "--rss-check", "1")
    assert (stats["rss"], stats["misplaced"], stats["resteered_from"]) == ("preset", 0, 0)
    wrong = captures([queue[::-1] for queue in queues], tmp_path)
    done = firewall.run(2, pcap_ports(wrong.queues, tmp_path)[0], *TO_THE_END, "--rss", "preset")
    assert done.returncode == MISLED
    assert "it does not hash as it said" in done.stderr


@pytest.mark.parametrize(
    "options", [("--rss", "nic", "--rss-check", "1"), ("--rss", "software")], ids=["nic", "software"]
)
def test_two_cores_whose_queues_the_nic_filled_send_the_same_bytes(
    options: tuple[str, ...], trusting: Project, tmp_path: Path
) -> None:
    queues = [split(frames, port) for frames, port in zip(traffic(), trusting.plan.ports, strict=True)]
    stats = assert_same_bytes(trusting, captures(queues, tmp_path), tmp_path, *options)
    assert (stats["rss"], stats["misplaced"], stats["resteered_from"]) == (options[1], 0, 0)


def test_types_that_software_steers_among_those_that_the_nic_steers(trusting: Project, tmp_path: Path) -> None:
    """All UDP arrives in queue 0, and half of it belongs to core 1."""
    owner = "{MAESTRO_IPV4_SRC, 0, 32}, {MAESTRO_IPV4_DST, 0, 32}, {MAESTRO_L4_SPORT, 0, 16}, {MAESTRO_L4_DPORT, 0, 16}"
    right = ".owner_follows_ihl = false,"
    wrong = f"{right} .resteered = 1u << MAESTRO_IPV4_UDP, .owner = {{4, {{{owner}}}}},"
    nf = changed(trusting, tmp_path / "nf", "nf_rss.c", lambda text: text.replace(right, wrong)).make("nf-replay")
    by_port = traffic(odd=0)
    queues = []
    for frames, port in zip(by_port, nf.plan.ports, strict=True):
        udp = {frame for frame in frames if classify(frame) == "ipv4-udp"}
        others = split([frame for frame in frames if frame not in udp], port)[1]
        queues.append([[frame for frame in frames if frame not in set(others)], others])
    given = captures(queues, tmp_path)
    stats = assert_same_bytes(nf, given, tmp_path, "--rss-check", "1", in_order=False)
    first, second = stats["per_core"]
    assert first["resteered_from"] == second["resteered_to"] > 100
    assert (second["resteered_from"], stats["misplaced"], stats["rss"]) == (0, 0, "nic")


def test_a_port_that_does_not_hash_as_it_said_is_found_out(trusting: Project, tmp_path: Path) -> None:
    queues = [split(frames, port) for frames, port in zip(traffic(400), trusting.plan.ports, strict=True)]
    given = captures([queue[::-1] for queue in queues], tmp_path)
    done = trusting.run(2, pcap_ports(given.queues, tmp_path)[0], *TO_THE_END)
    assert done.returncode == MISLED
    assert "does not hash as it said" in done.stderr
    assert "--rss software" in done.stderr
    stats = json.loads(done.stdout)
    assert stats["rss"] == "software"
    assert stats["misplaced"] >= 1
    assert stats["packets"] == sum(len(frames_of(path)) for path in given.whole)


def test_headers_that_are_inserted_and_removed(tmp_path: Path) -> None:
    source = tmp_path / "tagger"
    source.mkdir()
    (source / "nf.c").write_text(TAGGER)
    nf = project(source, tmp_path / "out").make("dpdk", "nf-replay")
    outward, inward = traffic(600)
    tagged = [vlan(frame, 10) for frame in inward[::2]]
    given = captures([[outward], [tagged + inward[1::2]]], tmp_path)
    stats = assert_same_bytes(nf, given, tmp_path)
    assert min(stats["forwarded"], stats["flooded"]) > 50


def test_state_in_common_and_floods(tmp_path: Path) -> None:
    nf = project(EXAMPLES / "bridge-dynamic", tmp_path / "out", strategy="locks").make("dpdk", "nf-replay")
    stats = assert_same_bytes(nf, captures([[frames] for frames in traffic(600)], tmp_path), tmp_path)
    assert stats["flooded"] > 10
    given = captures([[frames, []] for frames in traffic(600)], tmp_path)
    done = nf.run(2, pcap_ports(given.queues, tmp_path)[0], "--rss", "software", *TO_THE_END)
    assert done.returncode == OK, done.stderr
    assert json.loads(done.stdout)["packets"] == stats["packets"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_net_null_until_a_signal(number: signal.Signals, nop: Project) -> None:
    """Starts, takes the NIC's settings, forwards, counts, says so when asked, stops when told."""
    with subprocess.Popen(
        nop.command(2, NULL_PORTS), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert any("IOVA mode" in line for line in process.stderr)
            early = {"packets": 0}
            for _ in range(100):  # it may take a while to start
                process.send_signal(signal.SIGUSR1)
                early = document(process.stdout)
                if early["packets"] > 0:
                    break
                time.sleep(0.1)
            process.send_signal(number)
            late = document(process.stdout)
            assert process.wait(30) == OK
        finally:
            process.kill()
    assert 0 < early["packets"] < late["packets"]
    for stats in (early, late):
        assert (stats["nf"], stats["cores"], stats["rss"]) == ("nop", 2, "nic")
    assert late["forwarded"] == late["packets"] == sum(core["packets"] for core in late["per_core"])
    assert all(core["packets"] > 0 and core["cpu_seconds"] > 0 for core in late["per_core"])
    assert sum(port["out"] + port["unsent"] for port in late["per_port"]) == late["packets"]
    assert sum(port["in"] for port in late["per_port"]) == late["packets"]


def document(lines: Iterable[str]) -> dict[str, Any]:
    """The next JSON document, which ends with a line of its own."""
    text = ""
    for line in lines:
        text += line
        if line == "}\n":
            break
    return dict(json.loads(text))


def test_a_port_that_has_no_rss(firewall: Project, tmp_path: Path) -> None:
    given = captures([[frames, []] for frames in traffic(100)], tmp_path)
    done = firewall.run(2, pcap_ports(given.queues, tmp_path)[0])
    assert done.returncode == REFUSED
    assert done.stdout == ""
    message = done.stderr.splitlines()[-1]
    assert message.startswith("nf-dpdk: port 0 (DPDK port 0, net_pcap): asked to hash 0x")
    assert "it offers 0" in message
    assert "use --rss software, or generate the NF for a NIC that can (--nic), or with another --strategy" in message


@pytest.mark.parametrize(
    ("right", "wrong", "needs"),
    [
        ("{MAESTRO_IPV4_SRC, 0, 32}", "{MAESTRO_IPV4_SRC, 0, 24}", "the fields that ipv4-tcp needs hashed"),
        (".reta_size = 512,", ".reta_size = 4096,", "asked for a table of 4096 entries, it offers 128"),
    ],
    ids=["fields", "table"],
)
def test_what_a_port_cannot_do(right: str, wrong: str, needs: str, nop: Project, tmp_path: Path) -> None:
    """Half an address; a table that is too large for the device, and does not repeat itself."""
    nf = changed(nop, tmp_path / "nf", "nf_rss.c", lambda text: table_of_its_own(text).replace(right, wrong))
    done = nf.run(2, NULL_PORTS)
    assert done.returncode == REFUSED
    assert needs in done.stderr
    assert "use --rss software" in done.stderr


def table_of_its_own(text: str) -> str:
    """Tables with room for 4096 entries, the last of which is not like the others, and which matter."""
    return re.sub(r"(reta_\d)\[512\] = \{", r"\1[4096] = {[4095] = 1, [0] =", text).replace(
        ".any_split = true", ".any_split = false"
    )


def test_ports_with_too_few_queues(nop: Project, tmp_path: Path) -> None:
    given = captures([[frames] for frames in traffic(100)], tmp_path)
    done = nop.run(2, pcap_ports(given.queues, tmp_path)[0], "--rss", "software")
    assert done.returncode == REFUSED
    assert "asked for 2 receive and send queues, one a core, it offers 1 and 1" in done.stderr


@pytest.mark.parametrize(
    ("devices", "options", "status", "message"),
    [
        (NULL_PORTS, ("--rss", "magic"), USAGE, "--rss magic: must be nic, preset or software"),
        (NULL_PORTS, ("--ports", "0"), USAGE, "--ports 0: nop has 2 ports, so 2 numbers are needed"),
        (NULL_PORTS, ("--ports", "1,1"), USAGE, "--ports 1,1: 1 is there twice"),
        (NULL_PORTS, ("--ports", "1,7"), FAILED, "--ports: DPDK has no port 7"),
        (NULL_PORTS, ("--descriptors", "1"), USAGE, "--descriptors 1: must be a number from 32 to 16384"),
        (NULL_PORTS, ("--descriptors", "16384"), FAILED, "give EAL more with -m"),
        (NULL_PORTS, ("leftover",), USAGE, "leftover: not an option"),
        (NULL_PORTS[:1], (), FAILED, "nop has 2 ports, DPDK has found 1"),
    ],
)
def test_mistakes(devices: tuple[str, ...], options: tuple[str, ...], status: int, message: str, nop: Project) -> None:
    done = nop.run(1, devices, *options)
    assert done.returncode == status
    assert f"nf-dpdk: {message}" in done.stderr or message in done.stderr.splitlines()[-1]


def test_ports_in_another_order(nop: Project, tmp_path: Path) -> None:
    outward, _ = traffic(100)
    given = captures([[outward], [[]]], tmp_path)
    devices, sent = pcap_ports(given.queues, tmp_path)
    done = nop.run(1, devices, "--ports", "1,0", *TO_THE_END)
    assert done.returncode == OK, done.stderr
    assert frames_of(sent[1][0]) == outward
    assert [port["dpdk_port"] for port in json.loads(done.stdout)["per_port"]] == [1, 0]


def test_make_says_when_dpdk_is_missing(nop: Project) -> None:
    command = ["make", "-s", "-C", str(nop.folder), "dpdk", "PKG_CONFIG=false"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "make dpdk: needs DPDK 22.11 or newer" in done.stderr
    assert "apt-get install libdpdk-dev" in done.stderr


def test_a_trace_of_what_arrives(trusting: Project, tmp_path: Path) -> None:
    """Every packet, once, with the queue that net_pcap was told; net_pcap tells no hash."""
    queues = [split(frames, port) for frames, port in zip(traffic(400), trusting.plan.ports, strict=True)]
    given = captures(queues, tmp_path)
    path = tmp_path / "trace"
    done = trusting.run(2, pcap_ports(given.queues, tmp_path)[0], *TO_THE_END, "--trace", str(path))
    assert done.returncode == OK, done.stderr
    head, *lines = [line.split() for line in path.read_text().splitlines()]
    assert head[1:] == ["port", "type", "length", "queue", "device_hash", "told_queue", "told_hash", "core", "bytes"]
    seen = sorted((int(port), int(queue), frame) for port, _, _, queue, *_, frame in lines)
    sent = [(p, c, f[:128].hex()) for p, port in enumerate(queues) for c, frames in enumerate(port) for f in frames]
    assert seen == sorted(sent)
    whole = {frame[:128].hex(): frame for port in queues for frames in port for frame in frames}
    for port, kind, length, queue, *told, core, start in lines:
        plan, frame = trusting.plan.ports[int(port)], whole[start]
        assert (kind, int(length), core) == (classify(frame), len(frame), queue)
        certain = plan.inputs[kind] and kind not in plan.uncertain
        hashed = f"{Steered(plan.key, plan.inputs).hash(frame):08x}"
        assert told == (["-", queue, hashed] if certain else ["-", "-", "-"])


def test_a_trace_that_ends_early_and_one_that_cannot_be_written(nop: Project, tmp_path: Path) -> None:
    outward, _ = traffic(100)
    devices, _ = pcap_ports(captures([[outward], [[]]], tmp_path).queues, tmp_path)
    path = tmp_path / "trace"
    done = nop.run(1, devices, *TO_THE_END, "--trace", str(path), "--trace-packets", "10")
    assert done.returncode == OK, done.stderr
    assert len(path.read_text().splitlines()) == 1 + 10
    done = nop.run(1, devices, "--trace", str(tmp_path))
    assert done.returncode == FAILED
    assert f"--trace {tmp_path}: Is a directory" in done.stderr
