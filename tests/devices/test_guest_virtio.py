"""virtio-net's RSS under Linux, in a QEMU guest: what ``rss solve --emit ethtool`` prints, run there as it is printed.

1,000 packets per requirement: the queue of every packet is what guest.flows' own Toeplitz says of the key in the
commands, and so is the hash where Linux tells it; packets that must meet do. The host's ends are TAP devices in a
network namespace, so root is needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from guest.flows import Flow, flow_of, flows, header, toeplitz
from guest.machine import Guest, bring, missing

PORTS, QUEUES, PACKETS = 2, 4, 1000
SENDER = """
import socket, sys
device, path = sys.argv[1:]
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((device, 0))
for line in open(path):
    link.send(bytes.fromhex(line))
"""


@dataclass(frozen=True)
class Linux:
    guest: Guest
    namespace: str

    def send(self, port: int, frames: Sequence[bytes]) -> None:
        path = self.guest.shared / "frames"
        path.write_text("".join(f"{frame.hex()}\n" for frame in frames))
        command = ["ip", "netns", "exec", self.namespace, sys.executable, "-c", SENDER, f"tap{port}", str(path)]
        subprocess.run(command, check=True, timeout=60)

    def receive(self, port: int, frames: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """Sends frames into a port; queue, hash and bytes of each as the guest's Linux has got it."""
        count = len(frames)
        self.guest.check(f"queues eth{port} {count} >/run/seen & queues=$!")
        self.guest.check("until grep -q ready /run/seen; do kill -0 $queues || break; usleep 20000; done")
        for at in range(0, count, 100):  # fewer than a queue has room for
            self.send(port, frames[at : at + 100])
            time.sleep(0.1)
        self.guest.check("wait $queues && cp /run/seen /host/seen")
        lines = [line.split() for line in (self.guest.shared / "seen").read_text().splitlines()[1:]]
        return [(int(queue), int(hashed, 16), bytes.fromhex(frame)) for queue, hashed, frame in lines]


@pytest.fixture(scope="module")
def linux() -> Iterator[Linux]:
    why = missing()
    if why is None and os.geteuid() != 0:
        why = "needs root for TAP devices in a network namespace"
    if why is None and (absent := [tool for tool in ("ip", "ethtool", "gcc", "ldd") if shutil.which(tool) is None]):
        why = f"needs {', '.join(absent)}"
    if why is not None:
        pytest.skip(why)
    name = f"maestro-virtio-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        with tempfile.TemporaryDirectory(prefix="maestro-virtio-") as folder:
            yield from _booted(name, Path(folder))
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def _booted(namespace: str, folder: Path) -> Iterator[Linux]:
    inside = ["ip", "netns", "exec", namespace]
    silent = "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"  # else Linux sends packets of its own
    subprocess.run([*inside, "sh", "-c", silent], check=True)
    words = []
    for port in range(PORTS):
        add = ["ip", "tuntap", "add", f"tap{port}", "mode", "tap", "multi_queue"]
        subprocess.run([*inside, *add], check=True)
        subprocess.run([*inside, "ip", "link", "set", f"tap{port}", "up"], check=True)
        ends = f"ifname=tap{port},script=no,downscript=no,queues={QUEUES},vhost=off"
        words += ["-netdev", f"tap,id=net{port},{ends}"]
        rss = f"mq=on,rss=on,hash=on,vectors={2 * QUEUES + 2},romfile=,addr={4 + port}"
        words += ["-device", f"virtio-net-pci,netdev=net{port},{rss}"]
    with Guest(folder, cpus=QUEUES, megabytes=512, devices=words, prefix=inside) as guest:
        source = Path(__file__).with_name("guest") / "queues.c"
        subprocess.run(["gcc", "-O1", "-o", str(folder / "queues"), str(source)], check=True)
        for tool in (folder / "queues", Path(shutil.which("ethtool") or "")):
            bring(tool, folder / "tools")
            loader = f"/run/tools/ld.so --library-path /run/tools /run/tools/{tool.name}"
            guest.check(f"""echo 'exec {loader} "$@"' >/bin/{tool.name} && chmod +x /bin/{tool.name}""")
        guest.check("cp -r /host/tools /run/tools")
        for port in range(PORTS):
            guest.check(f"ip link set eth{port} up promisc on")
        yield Linux(guest, namespace)


# ---- Requirements ----


@dataclass(frozen=True)
class Case:
    name: str
    requirement: str
    packets: Callable[[list[Flow]], list[list[Flow]]]  # of each port
    meet: Callable[[int, Flow], object]  # (port, flow): packets for which it is equal must meet
    version: int = 4
    rxhash: bool = False
    """Whether Linux is asked to report hashes; the driver asks the device to, and spreads packets either way."""


def _both_ways(some: list[Flow]) -> list[list[Flow]]:
    return [some, [flow.back() for flow in some]]


TUPLE = "port0({ip}.src,{ip}.dst,l4.sport,l4.dport) == port1({ip}.dst,{ip}.src,l4.dport,l4.sport)"

CASES = [
    Case(
        "nat",
        "port0(ipv4.dst,l4.dport) == port1(ipv4.src,l4.sport)",
        lambda some: [some, [Flow(f.proto, f.dst, f.src ^ 1, f.dport, f.sport ^ 1) for f in some]],
        lambda port, f: (f.src, f.sport) if port else (f.dst, f.dport),
    ),
    Case("policer", "port0(ipv4.dst) == port0(ipv4.dst)", lambda some: [2 * some], lambda port, f: f.dst),
    Case("firewall", TUPLE.format(ip="ipv4"), _both_ways, lambda port, f: f.back() if port else f, rxhash=True),
    Case("ipv6", TUPLE.format(ip="ipv6"), _both_ways, lambda port, f: f.back() if port else f, version=6, rxhash=True),
]


def commands(requirement: str) -> str:
    devices = [word for port in range(PORTS) for word in ("--device", f"{port}=eth{port}")]
    asked = ["--nic", "virtio-net", "--cores", str(QUEUES), "--seed", "1", "--require", requirement]
    command = [sys.executable, "-m", "maestro", "rss", "solve", "--emit", "ethtool", *asked, *devices]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def told(text: str, port: int, flow: Flow) -> tuple[int, int]:
    """Hash and queue of a flow, going by the commands."""
    key = re.search(rf"^ethtool -X eth{port} hkey ([0-9a-f:]+) equal {QUEUES}$", text, re.MULTILINE)
    kind = {6: "tcp", 17: "udp"}[flow.proto] + str(flow.version)
    letters = re.search(rf"^ethtool -N eth{port} rx-flow-hash {kind} ([sdfn]+)$", text, re.MULTILINE)
    assert key is not None
    assert letters is not None
    ip = f"ipv{flow.version}"
    names = {"s": f"{ip}.src", "d": f"{ip}.dst", "f": "l4.sport", "n": "l4.dport"}
    data = b"".join(header(flow.frame(0), names[letter]) for letter in letters[1])
    value = toeplitz(bytes.fromhex(key[1].replace(":", "")), data)
    return value, value % 128 % QUEUES


def test_linux_spreads_packets_as_the_commands_say(linux: Linux) -> None:
    """One test, so that one guest does, however tests are dealt out to processes."""
    for case in CASES:
        print(case.name)
        _as_the_commands_say(case, linux)


def _as_the_commands_say(case: Case, linux: Linux) -> None:
    text = commands(case.requirement)
    (linux.guest.shared / "commands").write_text(text)
    if case.rxhash:
        linux.guest.check("ethtool -K eth0 rxhash on && ethtool -K eth1 rxhash on")
    linux.guest.check("sh /host/commands")
    by_port = case.packets(flows(PACKETS // 2, case.version))
    cores = defaultdict(set)
    assert sum(map(len, by_port)) == PACKETS
    for port, some in enumerate(by_port):
        seen = linux.receive(port, [flow.frame(number) for number, flow in enumerate(some)])
        assert sorted(frame for _, _, frame in seen) == sorted(flow.frame(n) for n, flow in enumerate(some))
        for queue, hashed, frame in seen:
            flow = flow_of(frame)
            value, right = told(text, port, flow)
            assert queue == right, flow
            assert hashed == value or not case.rxhash, flow
            cores[case.meet(port, flow)].add(queue)
    assert max(map(len, cores.values())) == 1
    assert {queue for queues in cores.values() for queue in queues} == set(range(QUEUES))
