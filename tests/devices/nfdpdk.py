"""nf-dpdk of an NF: built, run on DPDK's software devices, asked over its telemetry socket."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from maestro.codegen.project import write_project
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.plan import Plan, PortPlan
from maestro.rss.hasher import Steered
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore
from maestro.traffic.generate import TrafficSpec, mixed_stream
from maestro.traffic.pcap import PcapWriter, read_pcap

EXAMPLES = Path(__file__).parents[2] / "examples"
OK, FAILED, USAGE, REFUSED, MISLED = range(5)
BATCH = 32
TO_THE_END = ("--stop-idle", "800")
STRICT = "CFLAGS=-O1 -Wall -Wextra -Werror"
NULL_PORTS = ("net_null0", "net_null1")


def need_dpdk() -> None:
    """Skip the test where nf-dpdk cannot be built."""
    if any(shutil.which(tool) is None for tool in ("pkg-config", "gcc", "make")):
        pytest.skip("needs pkg-config, gcc and make")
    if subprocess.run(["pkg-config", "--atleast-version=22.11", "libdpdk"], check=False).returncode != 0:
        pytest.skip("needs DPDK (apt install libdpdk-dev)")


@dataclass(frozen=True)
class Project:
    folder: Path
    plan: Plan

    def make(self, *targets: str) -> Project:
        subprocess.run(["make", "-s", "-C", str(self.folder), "CC=gcc", STRICT, *targets], check=True)
        return self

    def command(
        self, cores: int, devices: Sequence[str], *options: str, more: Sequence[str] = ("--no-telemetry", "--no-shconf")
    ) -> list[str]:
        cpus = sorted(os.sched_getaffinity(0))
        lcores = ",".join(f"{core}@{cpus[core % len(cpus)]}" for core in range(cores))
        vdevs = [word for device in devices for word in ("--vdev", device)]
        eal = ["--lcores", lcores, "--no-huge", "-m", "256", "--no-pci", *more]
        return [str(self.folder / "nf-dpdk"), *eal, *vdevs, "--", *options]

    def run(self, cores: int, devices: Sequence[str], *options: str) -> subprocess.CompletedProcess[str]:
        command = self.command(cores, devices, *options)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def replay(self, cores: int, inputs: Sequence[Path], outputs: Sequence[Path], *options: str) -> dict[str, Any]:
        given = [f"--in={port}={path}" for port, path in enumerate(inputs)]
        made = [f"--out={port}={path}" for port, path in enumerate(outputs)]
        command = [str(self.folder / "nf-replay"), f"--cores={cores}", "--stats=json", *given, *made, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return dict(json.loads(done.stdout))


def project(source: Path, folder: Path, *, profile: str = "e810", strategy: str = "auto") -> Project:
    nf = load([source])
    model = explore(nf.program, nf=nf.name, is_runtime=is_runtime)
    plan = decide(model, profile=nic(profile), cores=2, strategy=strategy, seed=1).plan
    write_project(model, plan, folder, sources_note="")
    return Project(folder, plan)


def traffic(count: int = 4000, *, odd: float = 0.03) -> list[list[bytes]]:
    """Frames of two ports; a share of ``odd`` ones and half as many damaged ones among them."""
    frames: list[list[bytes]] = [[], []]
    spec = TrafficSpec(count, flows=200, capacity_hint=300, odd=odd, mutated=odd / 2)
    for _, port, frame in mixed_stream(spec):
        if 14 <= len(frame) <= 1514:
            frames[port].append(frame)
    return frames


@dataclass(frozen=True)
class Captures:
    """``whole``: one a port. ``queues``: one a port and core; a core takes batches of either port in turn, and so do
    the times in ``whole`` go up."""

    whole: list[Path]
    queues: list[list[Path]]


def captures(queues: Sequence[Sequence[Sequence[bytes]]], folder: Path) -> Captures:
    timed: list[list[tuple[int, bytes]]] = [[] for _ in queues]
    for core in range(len(queues[0])):
        now = 1_000_000_000_000 + core
        for start in range(0, max(len(queue[core]) for queue in queues), BATCH):
            for port, queue in enumerate(queues):
                for frame in queue[core][start : start + BATCH]:
                    now += 1000
                    timed[port].append((now, frame))
    whole = [capture(folder / f"in{port}.pcap", sorted(frames)) for port, frames in enumerate(timed)]
    parts = [
        [
            capture(folder / f"in{port}.{core}.pcap", [(0, frame) for frame in frames])
            for core, frames in enumerate(queue)
        ]
        for port, queue in enumerate(queues)
    ]
    return Captures(whole, parts)


def capture(path: Path, frames: Sequence[tuple[int, bytes]]) -> Path:
    with PcapWriter(path) as writer:
        for now, frame in frames:
            writer.write(now, frame)
    return path


def frames_of(path: Path) -> list[bytes]:
    return [frame for _, frame in read_pcap(path)]


def pcap_ports(queues: Sequence[Sequence[Path]], folder: Path) -> tuple[list[str], list[list[Path]]]:
    """net_pcap devices that receive ``queues[port][core]``, and the captures that they send, likewise."""
    sent = [[folder / f"sent{port}.{core}.pcap" for core in range(len(q))] for port, q in enumerate(queues)]
    devices = [
        f"net_pcap{port},"
        + ",".join([*(f"rx_pcap={path}" for path in queues[port]), *(f"tx_pcap={path}" for path in sent[port])])
        for port in range(len(queues))
    ]
    return devices, sent


def split(frames: Sequence[bytes], port: PortPlan) -> list[list[bytes]]:
    """The queues of two cores, as the NIC would fill them."""
    assert not port.resteered
    steered = Steered(port.key, port.inputs)
    queues: list[list[bytes]] = [[], []]
    for frame in frames:
        queues[port.reta[steered.hash(frame) & (port.reta_size - 1)]].append(frame)
    return queues


@dataclass(frozen=True)
class Asked:
    """A running nf-dpdk, and the socket on which it answers."""

    process: subprocess.Popen[str]
    client: socket.socket

    def ask(self, command: str) -> Any:
        self.client.send(command.encode())
        answer = json.loads(self.client.recv(1 << 16).decode())
        return answer[command.partition(",")[0]]

    def running(self) -> None:
        """Wait until it processes packets."""
        for _ in range(300):
            if self.ask("/maestro/stats")["status"] == "running":
                return
            time.sleep(0.05)
        raise AssertionError("nf-dpdk does not run")


@contextmanager
def asked(nf: Project, folder: Path, cores: int, devices: Sequence[str], *options: str) -> Iterator[Asked]:
    """nf-dpdk with telemetry. DPDK puts the socket below XDG_RUNTIME_DIR, or below /var/run if it runs as root."""
    prefix = f"maestro-{os.getpid()}-{time.monotonic_ns()}"
    command = nf.command(cores, devices, *options, more=("--file-prefix", prefix))
    roots = (Path("/var/run/dpdk"), folder / "dpdk")
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    with (folder / "messages").open("w") as messages:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=messages, text=True, env=environment)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            for _ in range(300):
                found = [root / prefix / "dpdk_telemetry.v2" for root in roots]
                if any(path.exists() for path in found):
                    break
                assert process.poll() is None, (folder / "messages").read_text()
                time.sleep(0.05)
            client.settimeout(20)
            client.connect(str(next(path for path in found if path.exists())))
            assert json.loads(client.recv(1 << 16))["pid"] == process.pid
            running = Asked(process, client)
            while running.ask("/maestro/stats") is None:  # not yet among the commands
                time.sleep(0.02)
            yield running
    finally:
        process.kill()
        process.communicate()
        for root in roots:
            shutil.rmtree(root / prefix, ignore_errors=True)
