"""maestro.h NFs through the whole pipeline: strategy, proof, generated program, the same packets out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import dpkt
import pytest

from maestro.certificate.check import check
from maestro.codegen.project import write_project
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.plan import Plan
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore
from maestro.traffic.generate import TrafficSpec, mixed_traffic
from maestro.verify.reference import build_reference
from maestro.verify.run import differential

HERE = Path(__file__).parent


def build(name: str, folder: Path) -> Plan:
    """The NF in the folder ``name``, built as ``folder``/nf-replay and ``folder``/reference."""
    nf = load([HERE / name])
    model = explore(nf.program, nf=nf.name, is_runtime=is_runtime)
    plan = decide(model, profile=nic("e810"), cores=2, strategy="auto", seed=1).plan
    assert plan.strategy == "shared-nothing"
    assert check(model, plan).holds
    write_project(model, plan, folder, sources_note="")
    build_reference(nf, plan, folder / "reference", argv=(), flags=("-O1", "-pthread", "-w"))
    subprocess.run(["make", "-s", "-C", folder, "nf-replay"], check=True)
    return plan


def same_as_reference(folder: Path, cores: int) -> None:
    traffic = mixed_traffic(TrafficSpec(packets=20_000, flows=1500, seed=3), folder / "traffic")
    result = differential(folder / "reference", folder / "nf-replay", traffic, cores)
    assert result.same, result.first
    assert result.packets == 20_000


def test_a_byte_quota_is_sharded_by_source(tmp_path: Path) -> None:
    plan = build("quota", tmp_path / "out")
    fields = {p.port: [f.name for f in p.fields] for p in plan.ports}
    assert fields[0] == ["ipv4.src"]
    same_as_reference(tmp_path / "out", 2)


def _packets(file: Path) -> Iterator[dpkt.ip.IP]:
    """The IPv4 packets of a capture; ``data`` is TCP or UDP where they are whole."""
    with file.open("rb") as f:
        for _, frame in dpkt.pcap.Reader(f):
            ip = dpkt.ethernet.Ethernet(frame).data
            if isinstance(ip, dpkt.ip.IP):
                yield ip


def _recomputed(ip: dpkt.ip.IP) -> dpkt.ip.IP:
    """``ip`` with all checksums computed from scratch; a UDP checksum of 0 stays."""
    has_none = isinstance(ip.data, dpkt.udp.UDP) and ip.data.sum == 0
    ip.sum = 0
    if not has_none:
        ip.data.sum = 0
    return dpkt.ip.IP(bytes(ip))


@pytest.fixture(scope="module")
def rewriter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rewrite") / "out"
    build("rewrite", folder)
    return folder


def test_a_rewriter_does_what_the_original_does(rewriter: Path) -> None:
    same_as_reference(rewriter, 2)


def test_rewritten_packets_have_the_checksums_computed_from_scratch(rewriter: Path, tmp_path: Path) -> None:
    sent, out = tmp_path / "sent.pcap", tmp_path / "out.pcap"
    with sent.open("wb") as f:
        writer = dpkt.pcap.Writer(f)
        for n in range(400):
            writer.writepkt(bytes(_frame(n)), ts=n)
    command = [str(rewriter / "nf-replay"), "--cores", "2", "--in", f"0={sent}", "--out", f"1={out}"]
    subprocess.run(command, check=True, capture_output=True)
    packets = list(_packets(out))
    assert len(packets) == 400
    for ip in packets:
        assert ip.src == bytes([192, 0, 2, 1])
        assert ip.ttl == 63
        before = bytes(ip)
        assert before == bytes(_recomputed(ip))


def _frame(n: int) -> dpkt.ethernet.Ethernet:
    """A packet with right checksums; TCP and UDP by turns."""
    is_tcp = n % 2 == 0
    l4 = dpkt.tcp.TCP(sport=n * 163 % 65536, dport=n * 77, seq=n) if is_tcp else dpkt.udp.UDP(sport=n * 163, dport=n)
    l4.data = bytes(range(n % 50))
    if not is_tcp:
        l4.ulen = len(l4)
    source = (0x0A000000 + n * 7919).to_bytes(4, "big")
    ip = dpkt.ip.IP(src=source, dst=bytes([8, 8, n % 256, 8]), p=6 if is_tcp else 17, ttl=64, data=l4)
    ip.len = len(ip)
    return dpkt.ethernet.Ethernet(src=b"\2" * 6, dst=b"\4" * 6, data=dpkt.ip.IP(bytes(ip)))
