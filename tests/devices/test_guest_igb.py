"""A NIC's RSS that nobody here wrote: nf-dpdk with DPDK's igb driver on emulated Intel 82576, in a QEMU guest.

Per network function, 1,000 packets and more: hash and queue of every packet are what this file's own Toeplitz says of
the key that Maestro solved; packets that must meet do; and what leaves the guest is what nf-replay says.
"""

from __future__ import annotations

import functools
import json
import random
import shutil
import struct
import subprocess
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from guest.flows import Flow, flow_of, flows, header, number_of, toeplitz
from guest.igb import QUEUES, IgbGuest, Seen
from guest.machine import missing

from maestro.codegen.project import write_project
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.plan import Plan, PortPlan
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore
from maestro.traffic import packets
from maestro.traffic.pcap import PcapWriter, read_pcap

EXAMPLES = Path(__file__).parents[2] / "examples"
PACKETS = 1000
IN, OUT = 0, 1
"""The port at which traffic begins, and the one at which replies to it arrive."""


@pytest.fixture(scope="module")
def guest() -> Iterator[IgbGuest]:
    why = missing()
    if why is None and any(shutil.which(tool) is None for tool in ("pkg-config", "gcc", "make", "ldd")):
        why = "needs pkg-config, gcc and make"
    if why is None and subprocess.run(["pkg-config", "--atleast-version=22.11", "libdpdk"], check=False).returncode:
        why = "needs DPDK (apt install libdpdk-dev)"
    if why is not None:
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix="maestro-igb-") as folder, IgbGuest(Path(folder)) as running:
        yield running


# ---- Programs ----


@pytest.fixture(scope="module")
def build(guest: IgbGuest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Plan]]:
    """``build(example)``: a folder with nf-dpdk and nf-replay for ``QUEUES`` cores behind igb, and its plan.

    The runtime is the same in all projects, and compiled once."""
    objects: list[Path] = []

    @functools.cache
    def make(example: str) -> tuple[Path, Plan]:
        nf = load([EXAMPLES / example])
        model = explore(nf.program, nf=nf.name, is_runtime=is_runtime)
        plan = decide(model, profile=nic("igb"), cores=QUEUES, strategy="auto", seed=1).plan
        folder = tmp_path_factory.mktemp("igb") / example
        write_project(model, plan, folder, sources_note="")
        if objects:
            shutil.copytree(objects[0], folder / "build/runtime", copy_function=shutil.copy)
        command = ["make", "-s", "-C", str(folder), "CC=gcc", "CFLAGS=-O1 -Wall -Wextra -Werror", "dpdk", "nf-replay"]
        subprocess.run(command, check=True, timeout=300)
        objects.append(folder / "build/runtime")
        return folder, plan

    return make


# ---- An independent opinion ----


def test_the_independent_opinion_is_microsofts() -> None:
    key = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa")
    data = bytes([66, 9, 149, 187, 161, 142, 100, 80]) + struct.pack(">HH", 2794, 1766)
    assert toeplitz(key, data) == 0x51CCC178


def expected(port: PortPlan, kind: str, frame: bytes) -> tuple[int, int]:
    """Hash and queue."""
    assert all(part.first == 0 for part in port.inputs[kind])
    value = toeplitz(port.key, b"".join(header(frame, part.name) for part in port.inputs[kind]))
    return value, port.reta[value % 128]


# ---- Runs ----


Meet = Callable[[int, Flow, Flow], object]
"""``(port, flow, first)``: packets for which it is equal must meet on one core. ``flow``: of the packet; ``first``: of
the packet to which it is, however indirectly, a reply, or its own."""


@dataclass
class Run:
    """What went into nf-dpdk, what came out and what it said."""

    guest: IgbGuest
    folder: Path
    plan: Plan
    given: list[tuple[int, bytes]] = field(default_factory=list)
    left: list[list[bytes]] = field(default_factory=lambda: [[], []])
    stats: dict[str, Any] = field(default_factory=dict)
    trace: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._nf = self.guest.start(self.folder / "nf-dpdk", "--rss-check", "1")

    def send(self, port: int, frames: Sequence[bytes]) -> list[bytes]:
        """What comes out of the other port meanwhile."""
        for at in range(0, len(frames), 250):  # no queue's 512 descriptors are ever in use
            self._nf.send(port, frames[at : at + 250], len(self.given))
            self.given += [(port, frame) for frame in frames[at : at + 250]]
        out = self._nf.stats()["per_port"][1 - port]["out"]
        got = self.guest.wires[1 - port].take(out - len(self.left[1 - port]))
        self.left[1 - port] += got
        return got

    def finish(self, status: int = 0) -> str:
        """nf-dpdk's messages."""
        done, self.stats, self.trace = self._nf.stop()
        assert done.status == status, done.output
        return done.output

    def replayed(self, folder: Path) -> tuple[dict[str, Any], list[list[bytes]]]:
        """nf-replay's statistics and output for the same packets, in the order in which they were sent."""
        ins, outs = ([folder / f"{way}{port}.pcap" for port in range(2)] for way in ("in", "out"))
        for port, path in enumerate(ins):
            with PcapWriter(path) as writer:
                for at, (arrival, frame) in enumerate(self.given):
                    if arrival == port:
                        writer.write(1_000_000_000_000 + 1000 * at, frame)
        files = [f"--{way}={port}={paths[port]}" for way, paths in (("in", ins), ("out", outs)) for port in range(2)]
        command = [str(self.folder / "nf-replay"), f"--cores={QUEUES}", "--stats=json", *files]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return json.loads(done.stdout), [[frame for _, frame in read_pcap(path)] for path in outs]


def assert_as_told(run: Run) -> None:
    """Hash and queue of every packet that the port was told to hash."""
    assert [seen.port for seen in run.trace].count(IN) == sum(port == IN for port, _ in run.given)
    given = defaultdict(list)
    for port, frame in run.given:
        given[port, frame[:128]].append(frame)
    for seen in run.trace:
        assert given[seen.port, seen.frame].pop(), "a packet that nobody sent"
        want, queue = expected(run.plan.ports[seen.port], seen.kind, seen.frame)
        assert (seen.device_hash, seen.queue) == (want, queue), (seen.port, seen.kind, seen.frame.hex())
        assert (seen.told_hash, seen.told_queue, seen.core) == (want, queue, queue)
    assert not any(given.values()), "a packet that did not arrive"


def assert_meetings(run: Run, meet: Meet, firsts: Sequence[Flow]) -> None:
    queues = defaultdict(list)
    for seen in run.trace:
        queues[meet(seen.port, flow_of(seen.frame), firsts[number_of(seen.frame)])].append(seen.queue)
    assert [key for key, found in queues.items() if len(set(found)) > 1] == []
    assert sum(len(found) > 1 for found in queues.values()) > 50, "hardly any packets had to meet"


def assert_as_replayed(run: Run, folder: Path) -> None:
    """The same packets leave, those of a flow in the same order; and all numbers add up."""
    replayed, frames = run.replayed(folder)
    for port in range(2):
        assert in_flows(run.left[port]) == in_flows(frames[port])
        assert run.stats["per_port"][port]["out"] == len(frames[port])
        assert run.stats["per_port"][port]["in"] == sum(arrival == port for arrival, _ in run.given)
        faults = ("unsent", "missed", "receive_errors", "no_buffers", "send_errors")
        assert [run.stats["per_port"][port][fault] for fault in faults] == [0] * len(faults)
    for key in ("packets", "forwarded", "dropped", "flooded", "stray"):
        assert run.stats[key] == replayed[key], key
        assert run.stats[key] == sum(core[key] for core in run.stats["per_core"]), key
    assert [core["packets"] for core in run.stats["per_core"]] == [core["packets"] for core in replayed["per_core"]]
    assert (run.stats["rss"], run.stats["cores"], run.stats["misplaced"]) == ("nic", QUEUES, 0)


def in_flows(frames: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    ordered = defaultdict(list)
    for frame in frames:
        ordered[frame[12:14] + frame[26:38] if frame[12:14] == b"\x08\x00" else frame[12:58]].append(frame)
    return ordered


@dataclass(frozen=True)
class Case:
    example: str
    meet: Meet
    version: int = 4
    protos: tuple[int, ...] = (packets.TCP, packets.UDP)
    strangers: bool = False  # also somebody else answers to each flow

    def __str__(self) -> str:
        return self.example


def flow_at_entrance(port: int, flow: Flow, first: Flow) -> Flow:
    return flow if port == IN else flow.back()


CASES = [
    Case("firewall", lambda port, flow, first: flow if port == IN else flow.back()),
    Case(
        "firewall-ipv6", lambda port, flow, first: flow if port == IN else flow.back(), version=6, protos=(packets.UDP,)
    ),
    Case("policer", lambda port, flow, first: flow.dst if port == IN else flow),
    Case("nat", lambda port, flow, first: (flow.dst, flow.dport) if port == IN else (flow.src, flow.sport)),
    Case("nat-full-cone", lambda port, flow, first: (first.src, first.sport, first.proto), strangers=True),
]


def _hashes_queues_meetings_and_output(
    case: Case, guest: IgbGuest, build: Callable[[str], tuple[Path, Plan]], folder: Path
) -> None:
    run = Run(guest, *build(case.example))
    firsts = flows(PACKETS // 2, case.version, case.protos)
    out = run.send(IN, [flow.frame(number) for number, flow in enumerate(firsts)])
    assert len(out) > PACKETS // 4
    replies = [(flow_of(frame).back(), number_of(frame)) for frame in out]
    run.send(OUT, [flow.frame(number) for flow, number in replies])
    if case.strangers:
        run.send(OUT, [Flow(f.proto, f.src ^ 1, f.dst, f.sport ^ 1, f.dport).frame(n) for f, n in replies])
    run.send(IN, [flow.frame(number) for number, flow in enumerate(firsts)])
    run.finish()
    assert len(run.given) >= PACKETS
    assert_as_told(run)
    assert_meetings(run, case.meet, firsts)
    assert_as_replayed(run, folder)
    assert min(core["packets"] for core in run.stats["per_core"]) > PACKETS // 20


MISLED = 4


def _a_device_that_does_not_do_as_it_says(
    guest: IgbGuest, build: Callable[[str], tuple[Path, Plan]], folder: Path
) -> None:
    """QEMU 10 takes the 82576's TcpIPv6 bit, reads it back, and hashes TCP over IPv6 on addresses alone. That is found
    with the first packet, and no packet is processed on a wrong core."""
    run = Run(guest, *build("firewall-ipv6"))
    firsts = flows(100, 6, (packets.TCP,))
    out = run.send(IN, [flow.frame(number) for number, flow in enumerate(firsts)])
    run.send(OUT, [flow_of(frame).back().frame(number_of(frame)) for frame in out])
    message = run.finish(MISLED)
    assert "has put a packet (ipv6-tcp) into queue" in message
    assert run.stats["misplaced"] > 0
    _, frames = run.replayed(folder)
    assert [in_flows(run.left[port]) for port in range(2)] == [in_flows(frames[port]) for port in range(2)]


# ---- What else a NIC may meet ----


def odd_frames(count: int) -> Iterator[bytes]:
    rng = random.Random(3)
    for n in range(count):
        proto, src, dst = rng.choice((packets.TCP, packets.UDP)), rng.getrandbits(32), rng.getrandbits(32)
        segment = packets.l4(proto, src, dst, 1000 + n, 2000 + n, bytes(20))
        of = functools.partial(packets.ipv4, src, dst)
        yield packets.ethernet(of(proto, segment, more=True, ident=n))
        yield packets.ethernet(of(proto, segment, offset=8, ident=n))
        yield packets.ethernet(of(proto, segment, options=b"\x01\x01\x01\x00"))
        yield packets.ethernet(of(packets.ICMP, segment, options=b"\x01\x01\x01\x00"))
        yield packets.ethernet(of(packets.ICMP, segment))
        yield packets.ethernet(of(SCTP, segment))
        yield packets.ethernet(packets.ipv6(rng.getrandbits(128), rng.getrandbits(128), ICMPV6, segment), packets.IPV6)
        hops = bytes([proto, 0, 1, 4, 0, 0, 0, 0])  # hop-by-hop options: padding
        extended = packets.ipv6(rng.getrandbits(128), rng.getrandbits(128), 0, hops + segment)
        yield packets.ethernet(extended, packets.IPV6)
        yield packets.vlan(packets.ethernet(of(proto, segment)), 7)
        yield packets.arp(src, dst)


SCTP, ICMPV6 = 132, 58


DOES = {
    "ipv4-fragment": {"l3"},
    "ipv4-options": {"l4", "l3"},  # TCP and UDP; others
    "ipv4-other": {"l3"},
    "ipv6-other": {"none", "l4v6"},  # UDP behind hop-by-hop options; others, as the IPv6 function is off
    "vlan": {"l4"},
    "non-ip": {"none"},
}
"""The 82576 as QEMU emulates it, with the functions that the field set ``l4`` asks for."""


def _the_profile_of_other_packets(guest: IgbGuest, build: Callable[[str], tuple[Path, Plan]]) -> None:
    """What the device does with each type is among what its profile says; nf-dpdk sees no mistake in it."""
    profile = tomllib.loads((files("maestro") / "rss/profiles/igb.toml").read_text())
    run = Run(guest, *build("firewall"))
    run.send(IN, list(odd_frames(40)))
    run.finish()
    does: dict[str, set[str]] = defaultdict(set)
    for seen in run.trace:
        key, found = run.plan.ports[seen.port].key, set()
        for name, fields in profile["inputs"].items():
            with suppress(KeyError):  # a list of the other IP version
                if seen.device_hash == (toeplitz(key, b"".join(header(seen.frame, f) for f in fields)) or None):
                    found.add(name)
        assert found, (seen.kind, seen.device_hash, seen.frame.hex())
        assert "none" not in found or seen.queue == 0
        does[seen.kind] |= found
    assert does == DOES
    for kind, found in does.items():
        said = {**profile["types"], **profile["field_sets"][0]}[kind]
        assert said == "unknown" or found <= set([said] if isinstance(said, str) else said), kind
    assert (run.stats["rss"], run.stats["misplaced"]) == ("nic", 0)


# ---- All of it ----


def test_nf_dpdk_on_an_emulated_82576(
    guest: IgbGuest, build: Callable[[str], tuple[Path, Plan]], tmp_path: Path
) -> None:
    """One test, so that one guest does, however tests are dealt out to processes."""
    for case in CASES:
        print(f"{case}: hashes, queues, meetings, output")
        folder = tmp_path / case.example
        folder.mkdir()
        _hashes_queues_meetings_and_output(case, guest, build, folder)
    print("a device that does not do as it says")
    _a_device_that_does_not_do_as_it_says(guest, build, tmp_path)
    print("the profile of other packets")
    _the_profile_of_other_packets(guest, build)
