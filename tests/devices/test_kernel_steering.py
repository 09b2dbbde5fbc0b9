"""Keys and tables that Maestro made, put to work by the Linux kernel: a multi-queue TAP device asks an eBPF program
(steer.bpf.c) for the queue of every packet, as a NIC would decide it. Root only."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import bpf
import pytest
from namespaces import Namespaces, entered, require

from maestro.rss import language, profile
from maestro.rss.solve import Configuration, PortConfiguration, configure

PAIRS = 500  # of packets that must meet
_TUNSETIFF, _TUNSETSTEERINGEBPF = 0x400454CA, 0x800454E0
_TAP = 0x0002 | 0x1000 | 0x0100  # IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE
_AT = {"ipv4.src": 26, "ipv4.dst": 30, "l4.sport": 34, "l4.dport": 36}  # in a frame

Packet = dict[str, int]
SIZES = {"ipv4.src": 32, "ipv4.dst": 32, "l4.sport": 16, "l4.dport": 16}


def reversed_(p: Packet, _: Random) -> Packet:
    return {"ipv4.src": p["ipv4.dst"], "ipv4.dst": p["ipv4.src"], "l4.sport": p["l4.dport"], "l4.dport": p["l4.sport"]}


def answer_to_host(p: Packet, random: Random) -> Packet:
    """Has the address of the host in common with ``p``, and nothing else."""
    return any_packet(random) | {"ipv4.dst": p["ipv4.src"]}


def same_server(p: Packet, random: Random) -> Packet:
    return any_packet(random) | {"ipv4.src": p["ipv4.dst"], "l4.sport": p["l4.dport"]}


def any_packet(random: Random) -> Packet:
    return {name: random.getrandbits(bits) for name, bits in SIZES.items()}


REQUIREMENTS: dict[str, tuple[str, Callable[[Packet, Random], Packet]]] = {
    "flows": ("port0(ipv4.src,ipv4.dst,l4.sport,l4.dport) == port1(ipv4.dst,ipv4.src,l4.dport,l4.sport)", reversed_),
    "hosts": ("port0@tcp,udp(ipv4.src) == port1@tcp,udp(ipv4.dst)", answer_to_host),
    "servers": ("port0(ipv4.dst,l4.dport) == port1(ipv4.src,l4.sport)", same_server),
}


@pytest.fixture
def spaces() -> Iterator[Namespaces]:
    require()
    if not Path("/dev/net/tun").exists():
        pytest.skip("needs /dev/net/tun")
    made = Namespaces()
    try:
        made.add("nic")
        yield made
    finally:
        made.close()


def frame(p: Packet, protocol: int, number: int) -> bytes:
    """A packet that says which one it is."""
    total = 20 + 20 + 4
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, total, 0, 0x4000, 64, protocol, 0, p["ipv4.src"], p["ipv4.dst"])
    return bytes(12) + b"\x08\x00" + ip + struct.pack(">HH16xI", p["l4.sport"], p["l4.dport"], number)


def toeplitz(key: bytes, data: bytes) -> int:
    """By the definition: the XOR of the key's windows at the set bits."""
    number, bits = int.from_bytes(key, "big"), 8 * len(key)
    result = 0
    for i in range(8 * len(data)):
        if data[i // 8] >> (7 - i % 8) & 1:
            result ^= number >> (bits - 32 - i) & 0xFFFFFFFF
    return result


def hashed_bytes(port: PortConfiguration, packet_type: str) -> list[int]:
    """Where in a frame the bytes are that the NIC hashes."""
    found: list[int] = []
    for part in port.inputs[packet_type]:
        assert (part.first % 8, part.count % 8) == (0, 0)
        start = _AT[part.name] + part.first // 8
        found += range(start, start + part.count // 8)
    return found


def settings(port: PortConfiguration) -> bytes:
    """``struct settings`` of steer.bpf.c."""
    kinds = [hashed_bytes(port, t) for t in ("ipv4-tcp", "ipv4-udp", "ipv4-other")]
    positions = b"".join(bytes(at - 12 for at in kind).ljust(12, b"\0") for kind in kinds)
    counts = bytes(len(kind) for kind in kinds)
    table = struct.pack(f"<{len(port.reta)}H", *port.reta).ljust(4096, b"\0")
    return port.key.ljust(64, b"\0") + positions + counts + bytes(1) + struct.pack("<I", len(port.reta)) + table


@contextmanager
def tap(spaces: Namespaces, port: PortConfiguration, cores: int, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A device of that configuration, and its queues."""
    name = f"port{port.port}"
    queues: list[int] = []
    rss_map = bpf.array(settings(port))
    steering = bpf.program(Path(__file__).with_name("steer.bpf.c"), "program", folder, f"-DMAP={rss_map}")
    try:
        with entered(spaces.names["nic"]):
            for _ in range(cores):
                queues.append(os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK))
                fcntl.ioctl(queues[-1], _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TAP))
        fcntl.ioctl(queues[0], _TUNSETSTEERINGEBPF, struct.pack("i", steering))
        spaces.ip("nic", f"link set {name} up arp off")
        yield name, queues
    finally:
        for descriptor in (*queues, steering, rss_map):
            os.close(descriptor)


def arrivals(spaces: Namespaces, device: str, queues: list[int], frames: list[bytes]) -> dict[int, int]:
    """Number of the packet → the queue in which it arrives."""
    found: dict[int, int] = {}
    with spaces.socket("nic", socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as wire:
        wire.bind((device, 0))
        for one in frames:
            wire.send(one)
            for queue, descriptor in enumerate(queues):
                with suppress(BlockingIOError):
                    while got := os.read(descriptor, 2000):
                        found[int.from_bytes(got[54:58], "big")] = queue
    return found


@pytest.mark.parametrize("cores", [3, 4])
@pytest.mark.parametrize(("nic", "what"), [("virtio-net", "flows"), ("virtio-net", "hosts"), ("generic", "flows"),
                                           ("generic", "hosts"), ("generic", "servers")])  # fmt: skip
def test_every_packet_is_where_it_should_be(
    nic: str, what: str, cores: int, spaces: Namespaces, tmp_path: Path
) -> None:
    text, partner = REQUIREMENTS[what]
    card, wanted = profile.load(nic), [language.parse(text)]
    solved = configure(card, [0, 1], wanted, cores=cores, steer_types={}, seed=cores)
    assert isinstance(solved, Configuration)
    random = Random(7)
    pairs = [(p := any_packet(random), partner(p, random)) for _ in range(PAIRS)]
    where = []
    for port in solved.ports:
        assert not {"ipv4-tcp", "ipv4-udp"} & set(port.resteered)
        protocols = [(6, "ipv4-tcp"), (17, "ipv4-udp")]
        frames = [frame(pair[port.port], protocols[n % 2][0], n) for n, pair in enumerate(pairs)]
        with tap(spaces, port, cores, tmp_path) as (device, queues):
            got = arrivals(spaces, device, queues, frames)
        for n, one in enumerate(frames):
            given = bytes(one[at] for at in hashed_bytes(port, protocols[n % 2][1]))
            assert got[n] == port.reta[toeplitz(port.key, given) % len(port.reta)]
        where.append(got)
    assert [where[0][n] for n in range(PAIRS)] == [where[1][n] for n in range(PAIRS)]
    assert set(where[0].values()) == set(range(cores)), "no queue is left out"
