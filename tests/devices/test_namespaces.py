"""Generated firewalls and NATs on two cores between a real client and a real server: curl and nginx over DPDK's
af_packet devices, in network namespaces."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from namespaces import CLIENT, EXTERNAL, SERVER, Namespaces, lab, require, require_dpdk, web_server
from running import Running, build

EXPIRE = 3.0  # seconds: longer than a busy machine is away, short enough to wait for
PASSED = EXPIRE + 0.5  # after so much silence a flow is gone
FEW = 64  # external ports of the NATs
LARGE = 6_000_000  # bytes
PORTS = sorted(Random(3).sample(range(2000, 60000), 24))
"""Where the server listens, TCP and UDP: one NAT spreads flows over the cores by the peer's address and port only."""


@dataclass(frozen=True)
class Place:
    """The lab with its web server, and an NF that runs in it. ``host``: what the server sees the client as."""

    spaces: Namespaces
    nf: Running
    folder: Path
    host: str

    def curl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.spaces.run("client", "curl", "-sS", "--max-time", "50", *words)

    def download(self, name: str) -> str:
        """The hash of what arrives."""
        target = self.folder / f"got-{name}"
        self.curl("-o", str(target), url(name))
        return sha256(target.read_bytes()).hexdigest()

    def content(self, name: str) -> str:
        return sha256((self.folder / "www" / name).read_bytes()).hexdigest()

    def udp(self, role: str, port: int = 0) -> socket.socket:
        made = self.spaces.socket(role, socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((CLIENT if role == "client" else SERVER, port))
        made.settimeout(1.0)
        return made


def url(name: str, n: int = 0) -> str:
    return f"http://{SERVER}:{PORTS[n % len(PORTS)]}/{name}"


EXPIRES = ("--expire", str(int(EXPIRE * 1e6)))
NFS = {
    "firewall": EXPIRES,
    "nat": ("--max-flows", str(FEW), *EXPIRES),
    "nat-refresh": ("--max-flows", str(FEW), *EXPIRES),
}
"""The NATs are sharded by different rules, R5 and R6."""


@pytest.fixture(scope="module", params=NFS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    require("curl", "nginx")
    require_dpdk()
    folder = tmp_path_factory.mktemp(request.param)
    program = build(request.param, folder / "nf", *NFS[request.param])
    with lab() as spaces:
        web_server(spaces, folder, PORTS)
        random = Random(1)
        (folder / "www" / "large").write_bytes(random.randbytes(LARGE))
        for n in range(48):
            (folder / "www" / f"small{n}").write_bytes(random.randbytes(5000 + n))
        nf = Running(spaces, program, folder)
        nf.start()
        yield Place(spaces, nf, folder, EXTERNAL if "nat" in request.param else CLIENT)
        nf.stop()


# ---- TCP ----


def test_a_large_download(place: Place) -> None:
    assert place.download("large") == place.content("large")


def test_many_connections_at_once_use_both_cores(place: Place) -> None:
    before = place.nf.stats()
    names = [f"small{n}" for n in range(48)]
    targets = [word for n, name in enumerate(names) for word in (url(name, n), "-o", str(place.folder / name))]
    place.curl("-Z", "--parallel-immediate", "--parallel-max", "20", "--no-keepalive", *targets)
    for name in names:
        assert (place.folder / name).read_bytes() == (place.folder / "www" / name).read_bytes()
    after = place.nf.stats()
    for core in range(2):
        assert after["per_core"][core]["packets"] > before["per_core"][core]["packets"] + 50


def upload(place: Place, name: str, *words: str) -> list[str]:
    """The command that puts a file, larger than all buffers, on the server."""
    return ["curl", "-sS", "--max-time", "50", "-T", f"{place.folder}/www/large", *words, url(name)]


def test_an_upload(place: Place) -> None:
    place.spaces.run("client", *upload(place, "uploaded"))
    assert place.content("uploaded") == place.content("large")


def test_a_restart_of_the_nf(place: Place) -> None:
    """Its flows are gone, new ones work."""
    last = place.nf.stop(signal.SIGINT)
    assert last["forwarded"] > 100
    place.nf.start()
    assert place.nf.stats()["packets"] < last["packets"]
    assert place.download("small3") == place.content("small3")


def test_an_upload_outlives_the_firewall(place: Place) -> None:
    """The client goes on sending, which opens its flow again."""
    if place.host != CLIENT:
        pytest.skip("a NAT that is started again may give a connection another port")
    going = place.spaces.start("client", *upload(place, "slowly", "--limit-rate", "3M"))
    time.sleep(0.7)
    place.nf.stop(signal.SIGINT)
    assert going.poll() is None
    place.nf.start()
    assert going.wait(60) == 0
    assert place.content("slowly") == place.content("large")


# ---- UDP and others ----


@dataclass
class Talk:
    """``clients`` to servers in turn, one flow each; ``where`` the servers last saw them come from."""

    clients: Sequence[socket.socket]
    servers: Sequence[socket.socket]
    where: dict[int, tuple[str, int]]

    def server(self, n: int) -> socket.socket:
        return self.servers[n % len(self.servers)]

    def ask(self, some: Sequence[int]) -> set[int]:
        """Those of ``some`` clients whose packets get through, all sent at once."""
        for n in some:
            self.clients[n].sendto(b"%d" % n, self.server(n).getsockname())
        got = {int(text): source for text, source in received(self.servers, len(some))}
        self.where |= got
        return set(got)

    def answer(self, some: Sequence[int]) -> set[int]:
        """Those of ``some`` clients that the servers' packets reach."""
        for n in some:
            self.server(n).sendto(b"answer %d" % n, self.where[n])
        got = {text for text, _ in received(self.clients, len(some))}
        return {n for n in some if b"answer %d" % n in got}


def received(sockets: Sequence[socket.socket], most: int) -> Iterator[tuple[bytes, tuple[str, int]]]:
    """What arrives until it has been quiet for long enough, or ``most`` packets."""
    count = 0
    while count < most and (ready := select.select(sockets, (), (), 0.8)[0]):
        for one in ready:
            count += 1
            yield one.recvfrom(2000)


@pytest.fixture
def talk(place: Place) -> Iterator[Talk]:
    with ExitStack() as stack:
        servers = [stack.enter_context(place.udp("server", port)) for port in PORTS]
        clients = [stack.enter_context(place.udp("client")) for _ in range(8 * FEW)]
        yield Talk(clients, servers, {})


def core_of(place: Place, talk: Talk, n: int) -> int:
    """The core on which client ``n``'s packets are processed; there may be late ones of others among them."""
    times = 5
    before = [core["forwarded"] for core in place.nf.stats()["per_core"]]
    for _ in range(times):
        assert talk.ask([n]) == {n}
    after = [core["forwarded"] for core in place.nf.stats()["per_core"]]
    return max(range(2), key=lambda core: after[core] - before[core])


def test_flows_expire_on_one_core_while_another_is_busy(place: Place, talk: Talk) -> None:
    """The flows of one core rest. Then they are gone, and the others are not; and then they start again."""
    cores = {n: core_of(place, talk, n) for n in range(12)}
    resting = [n for n, core in cores.items() if core == 0]
    busy = [n for n, core in cores.items() if core == 1]
    assert resting
    assert busy
    assert talk.answer(list(cores)) == set(cores)
    assert {host for host, _ in talk.where.values()} == {place.host}
    before = dict(talk.where)
    until = time.monotonic() + PASSED
    while time.monotonic() < until:
        assert talk.ask(busy) == set(busy)
        time.sleep(0.2)
    dropped = place.nf.stats()["dropped"]
    assert talk.answer(resting) == set()
    assert place.nf.stats()["dropped"] >= dropped + len(resting)
    assert talk.answer(busy) == set(busy)
    assert all(talk.where[n] == before[n] for n in busy)
    assert talk.ask(resting) == talk.answer(resting) == set(resting)


def test_nobody_gets_in_uninvited(place: Place, talk: Talk) -> None:
    """UDP to a client that waits for it, and TCP to one that listens: dropped, and the client sees nothing."""
    time.sleep(PASSED)  # nothing is left of other tests
    dropped = place.nf.stats()["dropped"]
    talk.where |= {n: (place.host, talk.clients[n].getsockname()[1]) for n in range(10)}
    assert talk.answer(range(10)) == set()
    assert place.nf.stats()["dropped"] >= dropped + 10
    with (
        place.spaces.socket("client", socket.AF_INET, socket.SOCK_STREAM) as listener,
        place.spaces.socket("server", socket.AF_INET, socket.SOCK_STREAM) as stranger,
    ):
        listener.bind((CLIENT, 0))
        listener.listen()
        stranger.settimeout(1.5)
        with pytest.raises(TimeoutError):
            stranger.connect((place.host, listener.getsockname()[1]))
    assert place.nf.stats()["dropped"] > dropped + 10


def test_icmp_and_arp_are_not_for_these_nfs(place: Place) -> None:
    """Neither is TCP or UDP: both are dropped, counted, and nothing comes back."""
    before = place.nf.stats()
    with place.spaces.socket("client", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(0.5)
        raw.sendto(bytes([8, 0, 0xF7, 0xFF, 0, 0, 0, 0]), (SERVER, 0))
        with pytest.raises(TimeoutError):
            raw.recv(2000)
    with place.spaces.socket("client", socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.sendto(b"who has it?", ("10.0.0.99", 9))  # no such neighbour: the kernel asks by ARP
    time.sleep(0.5)
    after = place.nf.stats()
    assert after["dropped"] >= before["dropped"] + 2
    assert after["forwarded"] == before["forwarded"]


# ---- External ports ----


def test_a_nat_without_free_ports(place: Place, talk: Talk) -> None:
    """New flows are refused while the established go on, and get the ports once others have expired."""
    if place.host == CLIENT:
        pytest.skip("a firewall translates nothing")
    time.sleep(PASSED)  # nothing is left of other tests
    half = range(4 * FEW, 8 * FEW)  # so many that each core is asked for more ports than it has
    first = talk.ask(range(4 * FEW))
    ports = {talk.where[n][1] for n in first}
    assert len(ports) == len(first) == FEW, "every external port is in use, each by one flow"
    dropped = place.nf.stats()["dropped"]
    assert talk.ask(half) == set()
    assert place.nf.stats()["dropped"] >= dropped + FEW  # some may be lost before: the device's queues are short
    assert talk.answer(sorted(first)) == first
    established = sorted(first)[:5]
    before = {n: talk.where[n] for n in established}
    until = time.monotonic() + PASSED
    while time.monotonic() < until:
        assert talk.ask(established) == talk.answer(established) == set(established)
        time.sleep(0.2)
    second = talk.ask(half)
    assert {talk.where[n][1] for n in second} == ports - {port for _, port in before.values()}
    assert len(second) == FEW - len(established)
    assert talk.ask(established) == talk.answer(established) == set(established)
    assert {n: talk.where[n] for n in established} == before
