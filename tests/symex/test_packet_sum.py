"""Checksums that the NF recomputes: exact expressions, compared with checksums computed in Python."""

from __future__ import annotations

import random
import struct

import pytest
from small_nfs import analyse

from maestro.diagnostics import UnsupportedError
from maestro.ir.expr import Expr, evaluate, packet_offset
from maestro.ir.model import Model
from maestro.traffic.packets import checksum

REWRITE = """\
ENTRY {
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  uint8_t *options;
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer, &options);
  if (!ip) return DROP;
  struct tcpudp_hdr *l4 = nf_then_get_tcpudp_header(ip, buffer);
  if (!l4) return DROP;
  ip->dst_addr = 0x0a0b0c0d;
  l4->src_port += 7;
  if (ip->next_proto_id == 6) {
    if (length < 34 + 40 + 20) return DROP;
    struct rte_tcp_hdr *tcp = (void *)l4;
    tcp->cksum = 0;
    tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
  } else {
    struct rte_udp_hdr *udp = (void *)l4;
    if (length < 34 + 40 + 8) return DROP;
    udp->dgram_cksum = 0;
    udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
  }
  ip->hdr_checksum = 0;
  ip->hdr_checksum = rte_ipv4_cksum(ip);
  ether->d_addr.addr_bytes[0] = 2;
  return 1;
}
"""


def departing(model: Model, packet: bytes) -> bytes:
    """The packet as it leaves port 1, by the one path whose conditions it meets."""

    def env(e: Expr) -> int:
        if e.op == "uf":
            start, count = (evaluate(a, env) for a in e.args)
            return total(packet[start : start + count])
        at = packet_offset(e)
        if at is not None:
            return packet[at] if at < len(packet) else 0
        return {"device": 0, "now": 0, "pkt_len": len(packet)}[e.name]

    paths = [p for p in model.paths if all(evaluate(c, env) for c in p.conditions)]
    assert [p.verdict.kind for p in paths] == ["forward"]
    out = bytearray(packet)
    for offset, value in paths[0].edits:
        out[offset] = evaluate(value, env)
    return bytes(out)


def total(data: bytes) -> int:
    padded = data + bytes(len(data) % 2)
    return sum(struct.unpack(f"<{len(padded) // 2}H", padded))


def frame(protocol: int, payload: int, options: int, rng: random.Random) -> bytes:
    header = 20 + options
    l4 = rng.randbytes(payload)
    ip = bytearray(rng.randbytes(header))
    ip[0], ip[9] = 0x40 | header // 4, protocol
    ip[2:4] = struct.pack(">H", header + payload)
    return rng.randbytes(12) + b"\x08\x00" + bytes(ip) + l4


def expected(packet: bytes, sent: bytes, protocol: int, options: int) -> bytes:
    """``sent`` with the checksums that it should have."""
    out, at = bytearray(sent), 34 + options
    field = at + (16 if protocol == 6 else 6)
    out[field : field + 2] = out[24:26] = b"\0\0"
    covered = bytes(out[26:34]) + struct.pack(">BBH", 0, protocol, len(packet) - at) + bytes(out[at:])
    out[field : field + 2] = struct.pack(">H", checksum(covered) or 0xFFFF)
    out[24:26] = struct.pack(">H", checksum(bytes(out[14:at])))
    return bytes(out)


@pytest.mark.parametrize("options", [0, 8])
@pytest.mark.parametrize("protocol", [6, 17])
def test_checksums_of_rewritten_packets(protocol: int, options: int) -> None:
    model, rng = analyse(REWRITE, budget=None), random.Random(1)
    for payload in (80, 81, 1401):
        packet = frame(protocol, payload, options, rng)
        sent = departing(model, packet)
        assert sent[30:34] == bytes.fromhex("0d0c0b0a")
        assert sent[0] == 2
        assert sent == expected(packet, sent, protocol, options)


def test_a_known_number_of_bytes_is_simply_added() -> None:
    model = analyse("ENTRY { return rte_raw_cksum(*buffer, 6) == 0x1234 ? 1 : DROP; }")
    assert "packet_sum" not in str(model.paths[0].conditions)
    assert sorted(p.verdict.kind for p in model.paths) == ["drop", "forward"]


def test_memory_of_unknown_length_is_not_added_up() -> None:
    with pytest.raises(UnsupportedError, match="adds up memory of a length that is not known"):
        analyse("static uint8_t table[64]; ENTRY { return rte_raw_cksum(table, length & 63) ? 1 : DROP; }")
