"""What each example's README promises, tried on its own source: packets in, verdicts and packets out."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

import dpkt
import pytest

from examples.expected import EXAMPLES
from maestro.traffic.packets import IPV6, MIN_FRAME, TCP, UDP, ethernet, ipv4, ipv6, l4, mac, tcp
from native import DROP, FLOOD, SECOND
from native import NativeNF as NativeSource

START = 1000 * SECOND


class NativeNF(NativeSource):
    """An example, by its name."""

    def __init__(self, example: str, folder: Path, argv: Sequence[str] = ()) -> None:
        super().__init__(EXAMPLES / example, folder, argv)


def ip(text: str) -> int:
    return int(ipaddress.ip_address(text))


HOST, OTHER_HOST = ip("10.0.0.1"), ip("10.0.0.2")
PEER, STRANGER = ip("203.0.113.9"), ip("203.0.113.10")


def frame(src: int, sport: int, dst: int, dport: int, proto: int = UDP, size: int = MIN_FRAME) -> bytes:
    """A frame of ``size`` bytes; checksums are right."""
    head = 14 + 20 + (20 if proto == TCP else 8)
    return ethernet(ipv4(src, dst, proto, l4(proto, src, dst, sport, dport, bytes(max(0, size - head)))))


def answer_to(sent: bytes, payload: bytes = b"answer") -> bytes:
    """What the peer sends back when it gets ``sent``: addresses and ports swapped."""
    got = parsed(sent)
    src, dst = (int.from_bytes(address, "big") for address in (got.dst, got.src))
    return ethernet(ipv4(src, dst, got.p, l4(got.p, src, dst, got.data.dport, got.data.sport, payload)))


def parsed(sent: bytes) -> dpkt.ip.IP:
    """The IPv4 packet in a frame, all of whose checksums must be those that are computed from scratch."""
    got = dpkt.ethernet.Ethernet(sent).data
    assert isinstance(got, dpkt.ip.IP)
    before = bytes(got)
    got.sum = got.data.sum = 0
    assert bytes(dpkt.ip.IP(bytes(got))) == before
    return dpkt.ip.IP(before)


def ends(sent: bytes) -> tuple[int, int, int, int]:
    """(source, port, destination, port) of a valid packet."""
    got = parsed(sent)
    return int.from_bytes(got.src, "big"), got.data.sport, int.from_bytes(got.dst, "big"), got.data.dport


# -- no state, and bridges -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", ["nop", "forwarder"])
def test_a_wire_changes_nothing(example: str, tmp_path: Path) -> None:
    nf = NativeNF(example, tmp_path)
    for sent in (frame(HOST, 1, PEER, 2), ethernet(b"\1\2\3", 0x0806), ethernet(b"", IPV6)):
        assert nf.send(0, sent, START) == (1, sent)
        assert nf.send(1, sent, START) == (0, sent)


def between(src: int, dst: int) -> bytes:
    return ethernet(b"hello", 0x0800, src=src, dst=dst)


def test_a_static_bridge_knows_what_it_was_told(tmp_path: Path) -> None:
    argv = ("--host", "0,02:00:00:00:00:01", "--host", "1,02:00:00:00:00:02", "--host", "1,02:00:00:00:00:01")
    nf = NativeNF("bridge-static", tmp_path, argv)
    assert nf.send(0, between(1, 2), START)[0] == 1
    assert nf.send(1, between(2, 1), START)[0] == 0
    assert nf.send(1, between(1, 2), START)[0] == DROP
    assert nf.send(0, between(1, 3), START)[0] == FLOOD
    assert nf.send(0, between(1, 3), START)[0] == FLOOD, "it never learns"


def test_a_dynamic_bridge_learns_moves_and_forgets(tmp_path: Path) -> None:
    nf = NativeNF("bridge-dynamic", tmp_path, ("--expire", "10000000", "--capacity", "2"))
    assert nf.send(0, between(1, 2), START)[0] == FLOOD
    assert nf.send(1, between(2, 1), START)[0] == 0
    assert nf.send(0, between(1, 2), START)[0] == 1
    assert nf.send(1, between(3, 1), START)[0] == 0, "the table is full, but what is known is known"
    assert nf.send(0, between(1, 3), START)[0] == FLOOD, "there was no room for 3"
    assert nf.send(1, between(1, 9), START)[0] == FLOOD, "1 moves"
    assert nf.send(0, between(2, 1), START)[0] == 1
    assert nf.send(0, between(8, 1), START + 10 * SECOND)[0] == FLOOD, "1 is forgotten"


# -- firewalls -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", ["firewall", "firewall-maestro", "firewall-counter", "firewall-counter-maestro"])
def test_firewalls_let_answers_in(example: str, tmp_path: Path) -> None:
    nf = NativeNF(example, tmp_path)
    out = frame(HOST, 1000, PEER, 53)
    assert nf.send(1, answer_to(out), START)[0] == DROP
    assert nf.send(0, out, START) == (1, out)
    assert nf.send(1, answer_to(out), START)[0] == 0
    assert nf.send(1, frame(STRANGER, 53, HOST, 1000), START)[0] == DROP
    assert nf.send(1, answer_to(out), START + 60 * SECOND)[0] == DROP, "silent for a minute"


def frame6(src: str, sport: int, dst: str, dport: int, proto: int = UDP) -> bytes:
    one, other = ip(src), ip(dst)
    return ethernet(ipv6(one, other, proto, l4(proto, one, other, sport, dport, version=6)), IPV6)


def test_the_ipv6_firewall_compares_whole_addresses(tmp_path: Path) -> None:
    nf = NativeNF("firewall-ipv6", tmp_path, ("--expire", "5000000"))
    inside, outside = "2001:db8::1", "2001:db8:ffff::53"
    assert nf.send(0, frame6(inside, 1000, outside, 53), START)[0] == 1
    assert nf.send(1, frame6(outside, 53, inside, 1000), START)[0] == 0
    for src, sport, dst, dport, proto in (
        ("3001:db8:ffff::53", 53, inside, 1000, UDP),
        ("2001:db8:ffff::54", 53, inside, 1000, UDP),
        (outside, 53, "2001:db8:1::1", 1000, UDP),
        (outside, 54, inside, 1000, UDP),
        (outside, 53, inside, 1000, TCP),
        (inside, 1000, outside, 53, UDP),
    ):
        assert nf.send(1, frame6(src, sport, dst, dport, proto), START)[0] == DROP
    assert nf.send(0, frame(HOST, 1, PEER, 2), START)[0] == DROP
    assert nf.send(0, frame6(inside, 1, outside, 2, proto=44), START)[0] == DROP, "a fragment"
    assert nf.send(1, frame6(outside, 53, inside, 1000), START + 5 * SECOND)[0] == DROP


# -- address translation ---------------------------------------------------------------------------------------------

NATS = ("nat", "nat-refresh", "nat-full-cone")
EXTERNAL = ip("192.0.2.1")


@pytest.fixture(scope="module", params=NATS)
def nat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NativeNF:
    """Each test that shares it uses hosts and times of its own."""
    return NativeNF(request.param, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("proto", [TCP, UDP])
@pytest.mark.parametrize("size", [60, 61, 1514])
def test_nats_rewrite_and_restore(nat: NativeNF, proto: int, size: int) -> None:
    out = frame(HOST + proto, 1000 + size, PEER, 80, proto, size)
    verdict, sent = nat.send(0, out, START)
    assert verdict == 1
    src, sport, dst, dport = ends(sent)
    assert (src, dst, dport) == (EXTERNAL, PEER, 80)
    assert sport >= 1024
    assert parsed(sent).data.data == parsed(out).data.data
    verdict, back = nat.send(1, answer_to(sent), START)
    assert verdict == 0
    assert ends(back) == (PEER, 80, HOST + proto, 1000 + size)
    assert nat.send(0, out, START) == (1, sent), "one flow, one external port"


def test_nats_give_each_endpoint_a_port(nat: NativeNF) -> None:
    ports = {ends(nat.send(0, frame(OTHER_HOST, n, PEER, 80), START)[1])[1] for n in range(1, 101)}
    assert len(ports) == 100


def test_nats_drop_what_nobody_asked_for(nat: NativeNF) -> None:
    assert nat.send(1, frame(PEER, 80, EXTERNAL, 1023), START)[0] == DROP
    assert nat.send(1, frame(PEER, 80, EXTERNAL, 1024 + 32767), START)[0] == DROP
    assert nat.send(1, frame(PEER, 80, EXTERNAL, 1024 + 32768), START)[0] == DROP
    assert nat.send(0, ethernet(b"", 0x0806), START)[0] == DROP


def test_nats_check_the_peer_or_do_not(nat: NativeNF, request: pytest.FixtureRequest) -> None:
    sent = nat.send(0, frame(HOST, 7, PEER, 80), START)[1]
    port = ends(sent)[1]
    verdict, back = nat.send(1, frame(STRANGER, 80, EXTERNAL, port), START)
    if "full-cone" in request.node.name:
        assert (verdict, ends(back)) == (0, (STRANGER, 80, HOST, 7))
        assert ends(nat.send(0, frame(HOST, 7, STRANGER, 81), START)[1])[1] == port
    else:
        assert verdict == DROP
        assert nat.send(1, frame(PEER, 81, EXTERNAL, port), START)[0] == DROP
        assert ends(nat.send(0, frame(HOST, 7, STRANGER, 81), START)[1])[1] != port
    assert nat.send(1, frame(PEER, 80, EXTERNAL, port, TCP), START)[0] == DROP, "another protocol"


@pytest.mark.parametrize("example", NATS)
def test_nats_are_full_and_forget(example: str, tmp_path: Path) -> None:
    limit = "--max-endpoints" if example == "nat-full-cone" else "--max-flows"
    nf = NativeNF(example, tmp_path, (limit, "1", "--expire", "10000000", "--starting-port", "65535"))
    sent = nf.send(0, frame(HOST, 1, PEER, 80), START)[1]
    assert ends(sent)[1] == 65535
    assert nf.send(0, frame(HOST, 2, PEER, 80), START)[0] == DROP, "full"
    stranger = frame(STRANGER, 80, EXTERNAL, 65535)
    assert (nf.send(1, stranger, START + 9 * SECOND)[0] == DROP) == (example != "nat-full-cone")
    kept = nf.send(1, answer_to(sent), START + 11 * SECOND)[0] != DROP
    assert kept == (example != "nat"), "who refreshes first is kept alive by strangers"
    assert nf.send(0, frame(HOST, 2, PEER, 80), START + 21 * SECOND)[0] == 1, "forgotten, and the port is free again"


# -- limiters --------------------------------------------------------------------------------------------------------


def test_the_policer_refills(tmp_path: Path) -> None:
    nf = NativeNF("policer", tmp_path, ("--rate", "1000", "--burst", "1000"))
    packet = frame(PEER, 1, HOST, 2, size=500)
    assert [nf.send(0, packet, START)[0] for _ in range(3)] == [1, 1, DROP]
    assert nf.send(0, frame(PEER, 1, OTHER_HOST, 2, size=500), START)[0] == 1
    assert nf.send(1, answer_to(packet), START)[0] == 0
    assert [nf.send(0, packet, START + SECOND // 2)[0] for _ in range(2)] == [1, DROP]


def test_a_port_scan_is_stopped(tmp_path: Path) -> None:
    nf = NativeNF("port-scan-detector", tmp_path, ("--max-ports", "3", "--max-sources", "2", "--expire", "10000000"))

    def tries(src: int, port: int, time: int = START) -> bool:
        verdict = nf.send(0, frame(src, 9, HOST, port), time)[0]
        assert verdict in (1, DROP)
        return verdict == 1

    assert [tries(PEER, port) for port in (1, 2, 1, 3, 4, 5, 2)] == [True, True, True, True, False, False, True]
    assert tries(STRANGER, 4), "sources count for themselves"
    assert not tries(HOST, 4), "the table of sources is full"
    assert nf.send(1, frame(HOST, 4, PEER, 9), START)[0] == 0, "from the LAN everything passes"
    assert tries(PEER, 3, START + 9 * SECOND)
    assert not tries(PEER, 5, START + 11 * SECOND), "the source was not silent"
    assert [tries(PEER, port, START + 30 * SECOND) for port in (5, 6, 7, 1)] == [True, True, True, False]


def test_heavy_hitters_on_every_level(tmp_path: Path) -> None:
    nf = NativeNF(
        "heavy-hitters", tmp_path, ("--prefix", "24", "--prefix", "32", "--rate", "100000", "--burst", "65535")
    )

    def passed(src: int, count: int, time: int) -> int:
        return sum(nf.send(0, frame(src, 1, HOST, 2, size=1000), time)[0] == 1 for _ in range(count))

    assert passed(PEER, 100, START) == 65, "a host"
    assert passed(STRANGER, 1, START) == 0, "its neighbour pays for it"
    assert passed(PEER ^ 0x100, 1, START) == 1, "another subnet does not"
    assert passed(PEER, 100, START + SECOND // 2) == 50
    many = sum(passed(ip("198.51.100.0") + n, 1, START + SECOND) for n in range(100))
    assert many == 65, "a hundred hosts that send one packet each"
    assert nf.send(1, frame(HOST, 2, PEER, 1), START + SECOND)[0] == 0


def test_connections_are_limited(tmp_path: Path) -> None:
    nf = NativeNF("connection-limiter", tmp_path, ("--limit", "3", "--expire", "10000000", "--max-flows", "5"))

    def opens(client: int, sport: int, server: int = HOST, time: int = START) -> bool:
        return nf.send(0, frame(client, sport, server, 80, TCP), time)[0] == 1

    assert [opens(PEER, n) for n in (1, 2, 3, 4, 5, 1)] == [True, True, True, False, False, True]
    assert opens(PEER, 4, OTHER_HOST), "another server"
    assert opens(STRANGER, 1), "another client"
    assert not opens(STRANGER, 2), "no room for more connections at all"
    assert nf.send(1, frame(HOST, 80, PEER, 77, TCP), START)[0] == 0
    assert opens(PEER, 1, time=START + 9 * SECOND)
    assert not opens(PEER, 9, time=START + 18 * SECOND), "one connection is alive, and the count with it"
    assert opens(PEER, 9, time=START + 30 * SECOND)


VIRTUAL = ip("192.0.2.80")
SERVERS = [ip("10.0.1.0") + n for n in range(4)]


class Balanced:
    """The load balancer, its servers and its clients."""

    def __init__(self, folder: Path, *argv: str) -> None:
        self.nf = NativeNF("load-balancer", folder, argv)

    def heartbeats(self, servers: list[int], time: int) -> None:
        for server in servers:
            beat = ethernet(ipv4(server, VIRTUAL, UDP, l4(UDP, server, VIRTUAL, 1, 9999)), src=server)
            assert self.nf.send(0, beat, time)[0] == DROP

    def server_of(self, client_port: int, time: int) -> int | None:
        """Which server gets a client's packet, both of whose addresses must be right then."""
        verdict, sent = self.nf.send(1, frame(PEER, client_port, VIRTUAL, 80, TCP), time)
        if verdict == DROP:
            return None
        src, sport, dst, dport = ends(sent)
        assert (verdict, src, sport, dport) == (0, PEER, client_port, 80)
        assert sent[:6] == mac(dst)
        return dst


def test_a_load_balancer_spreads_and_sticks(tmp_path: Path) -> None:
    lb = Balanced(tmp_path, "--expire", "100000000")
    assert lb.server_of(1, START) is None, "nobody is there"
    lb.heartbeats(SERVERS, START)
    chosen = {n: lb.server_of(n, START) for n in range(1, 401)}
    shares = [list(chosen.values()).count(server) for server in SERVERS]
    assert sum(shares) == 400
    assert min(shares) > 50
    assert lb.nf.send(1, frame(PEER, 1, STRANGER, 80), START)[0] == DROP
    gone, alive = SERVERS[0], SERVERS[1:]
    lb.heartbeats(alive, START + 4 * SECOND)
    for n, server in chosen.items():
        now = lb.server_of(n, START + 5 * SECOND)
        assert now in alive
        assert server in (now, gone), "only those of the server that is gone move"
    verdict, sent = lb.nf.send(0, frame(SERVERS[1], 80, PEER, 7, TCP), START + 5 * SECOND)
    assert (verdict, ends(sent)) == (1, (VIRTUAL, 80, PEER, 7))


def test_flows_stay_when_servers_come(tmp_path: Path) -> None:
    lb = Balanced(tmp_path, "--max-flows", "100", "--expire", "10000000")
    lb.heartbeats(SERVERS[:2], START)
    before = {n: lb.server_of(n, START) for n in range(1, 101)}
    lb.heartbeats(SERVERS, START + SECOND)
    assert {n: lb.server_of(n, START + SECOND) for n in before} == before
    assert all(lb.server_of(n, START + SECOND) in SERVERS for n in range(200, 300)), "served, though the table is full"
    lb.heartbeats(SERVERS, START + 11 * SECOND)
    assert {n: lb.server_of(n, START + 11 * SECOND) for n in before} != before, "forgotten"


# -- in maestro.h: port 0 is the LAN ----------------------------------------------------------------------------------


def test_a_policer_for_subnets(tmp_path: Path) -> None:
    nf = NativeNF("policer-prefix", tmp_path)

    def passed(dst: int, count: int, time: int = START) -> int:
        return sum(nf.send(1, frame(PEER, 1, dst, 2, size=1000), time)[0] == 0 for _ in range(count))

    assert passed(HOST, 60) + passed(OTHER_HOST, 60) == 100, "one bucket for both"
    assert passed(HOST ^ 0x100, 1) == 1
    assert passed(OTHER_HOST, 20, START + SECOND // 100) == 10
    assert nf.send(0, frame(HOST, 1, PEER, 2), START + SECOND)[0] == 1


def test_a_syn_quota(tmp_path: Path) -> None:
    nf = NativeNF("syn-quota", tmp_path)

    def sends(client: int, flags: int, server: int = HOST, time: int = START) -> bool:
        segment = tcp(PEER, server, client, 80, flags=flags)
        return nf.send(1, ethernet(ipv4(PEER, server, TCP, segment)), time)[0] == 0

    syn, ack, rst = 0x02, 0x10, 0x04
    assert all(sends(client, syn) for client in range(64))
    assert not sends(64, syn)
    assert sends(63, syn), "the same again"
    assert sends(64, syn, OTHER_HOST), "another server"
    assert sends(5, ack)
    assert sends(6, rst)
    assert sends(5, ack)
    assert [sends(client, syn) for client in (64, 65, 66)] == [True, True, False]
    assert sends(99, ack), "an established connection"
    assert not sends(66, syn, time=START + 5 * SECOND - 1)
    assert sends(66, syn, time=START + 5 * SECOND)
    assert sends(7, ack, time=START + 5 * SECOND), "counted in the last window, not in this one"
    assert sum(sends(client, syn, time=START + 5 * SECOND) for client in range(100, 200)) == 63
    assert nf.send(0, frame(HOST, 1, PEER, 2), START + 5 * SECOND)[0] == 1


def test_a_port_scan_is_stopped_in_maestro_h_too(tmp_path: Path) -> None:
    nf = NativeNF("port-scan-detector-maestro", tmp_path)

    def tries(port: int, time: int = START, src: int = PEER) -> bool:
        return nf.send(1, frame(src, 9, HOST, port), time)[0] == 0

    assert sum(tries(port) for port in range(1000, 1100)) == 32
    assert tries(1000)
    assert not tries(2000)
    assert tries(2000, src=STRANGER)
    assert not tries(2000, START + 60 * SECOND - 1)
    assert tries(2000, START + 200 * SECOND)


def test_connections_are_limited_in_maestro_h_too(tmp_path: Path) -> None:
    nf = NativeNF("connection-limiter-maestro", tmp_path)

    def opens(client_port: int, server: int = HOST, time: int = START) -> bool:
        return nf.send(1, frame(PEER, client_port, server, 80, TCP), time)[0] == 0

    assert sum(opens(port) for port in range(100)) == 16
    assert opens(3)
    assert opens(99, OTHER_HOST)
    assert not opens(99, time=START + 59 * SECOND)
    assert opens(99, time=START + 120 * SECOND)


def test_servers_share_the_work_in_maestro_h_too(tmp_path: Path) -> None:
    nf = NativeNF("load-balancer-maestro", tmp_path)
    assert nf.send(1, frame(PEER, 1, VIRTUAL, 80), START)[0] == DROP

    def heartbeats(servers: list[int], time: int) -> None:
        assert all(nf.send(0, frame(server, 1, VIRTUAL, 9999), time)[0] == DROP for server in servers)

    def server_of(client_port: int, time: int) -> int:
        verdict, sent = nf.send(1, frame(PEER, client_port, VIRTUAL, 80, TCP), time)
        assert (verdict, ends(sent)[:2]) == (0, (PEER, client_port))
        return ends(sent)[2]

    heartbeats(SERVERS, START)
    chosen = {port: server_of(port, START) for port in range(1, 201)}
    assert set(chosen.values()) == set(SERVERS)
    heartbeats(SERVERS[1:], START + 4 * SECOND)
    for port, server in chosen.items():
        now = server_of(port, START + 5 * SECOND)
        assert now == server or server == SERVERS[0] != now
    verdict, sent = nf.send(0, frame(SERVERS[1], 80, PEER, 7, TCP), START + 5 * SECOND)
    assert (verdict, ends(sent)) == (1, (VIRTUAL, 80, PEER, 7))


def test_a_router_takes_the_longest_prefix(tmp_path: Path) -> None:
    nf = NativeNF("router", tmp_path)
    for dst, port in (("10.1.2.3", 0), ("192.168.9.9", 0), ("192.169.0.1", 1), ("10.99.1.1", 1), ("8.8.8.8", 1)):
        verdict, sent = nf.send(1 - port, frame(PEER, 1, ip(dst), 2), START)
        assert verdict == port
        assert parsed(sent).ttl == 63
        assert nf.send(port, frame(PEER, 1, ip(dst), 2), START)[0] == DROP
    old = ethernet(ipv4(HOST, PEER, UDP, l4(UDP, HOST, PEER, 1, 2), ttl=1))
    assert nf.send(0, old, START)[0] == DROP


# -- all of them -----------------------------------------------------------------------------------------------------


def test_every_example_says_what_it_is() -> None:
    for folder in sorted(p for p in EXAMPLES.iterdir() if p.is_dir()):
        readme = (folder / "README.md").read_text()
        assert f"maestro analyze examples/{folder.name}" in readme
        assert "**Decision**: " in readme, folder.name
        assert (folder / "nf.toml").is_file(), folder.name
