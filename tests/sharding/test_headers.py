"""NFs on IPv6, VLAN, ICMP and ARP headers: found in the C source, keyed by the fields that people know."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from maestro.certificate.check import check
from maestro.frontend.names import is_runtime
from maestro.frontend.nf import load
from maestro.ir.model import Model
from maestro.rss.profile import load as nic
from maestro.sharding.decide import decide
from maestro.symex.explore import explore

NF = """
#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"
#include "rte_arp.h"
#include "rte_icmp.h"
struct key { KEY; };
struct nf_config { int none; } config;
static struct { struct Map *map; struct Vector *keys; struct DoubleChain *ages; } table;
static bool same(void *a, void *b) { return memcmp(a, b, sizeof(struct key)) == 0; }
static unsigned hash(void *k) { return *(uint8_t *)k; }
static void clear(void *k) { memset(k, 0, sizeof(struct key)); }
bool nf_init(void) {
  return map_allocate(same, hash, 64, &table.map) && vector_allocate(sizeof(struct key), 64, clear, &table.keys) &&
         dchain_allocate(64, &table.ages);
}
static bool learn(struct key *key, vigor_time_t now) {
  int index;
  struct key *cell;
  expire_items_single_map(table.ages, table.keys, table.map, now - 1000000000);
  if (map_get(table.map, key, &index)) return dchain_rejuvenate_index(table.ages, index, now);
  if (!dchain_allocate_new_index(table.ages, &index, now)) return false;
  vector_borrow(table.keys, index, (void **)&cell);
  *cell = *key;
  map_put(table.map, cell, index);
  vector_return(table.keys, index, cell);
  return true;
}
int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct key key;
  BODY
  return learn(&key, now) ? 1 - device : device;
}
"""

TYPE = "if (ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_%s)) return device;"
NEXT = """if (packet_get_unread_length(buffer) < sizeof({0})) return device;
  {0} *h = nf_borrow_next_chunk(buffer, sizeof *h);"""

IPV6 = "\n".join(
    (
        TYPE % "IPV6",
        NEXT.format("struct rte_ipv6_hdr"),
        "memcpy(key.a, device == 0 ? h->src_addr : h->dst_addr, 16);",
        "memcpy(key.b, device == 0 ? h->dst_addr : h->src_addr, 16);",
    )
)
RAW_IPV6 = """uint8_t *p = (uint8_t *)ether;
  if (p[12] != 0x86 || p[13] != 0xdd || length < 54) return device;
  p = nf_borrow_next_chunk(buffer, 40);
  memcpy(key.a, p + 8, 8);"""
VLAN = "\n".join(
    (TYPE % "VLAN", NEXT.format("struct rte_vlan_hdr"), "key.id = rte_be_to_cpu_16(h->vlan_tci) & 0x0fff;")
)
ICMP = """struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip == NULL || ip->next_proto_id != IPPROTO_ICMP) return device;
  """ + "\n".join((NEXT.format("struct rte_icmp_hdr"), "key.id = h->icmp_ident;"))
ICMP_HOST = ICMP.replace("key.id = h->icmp_ident", "key.id = h->icmp_ident; key.src = ip->src_addr")
ARP = "\n".join((TYPE % "ARP", NEXT.format("struct rte_arp_hdr"), "key.ip = h->arp_data.arp_sip;"))


def model(key: str, body: str) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "nf.c"
        source.write_text(NF.replace("KEY", key, 1).replace("BODY", body))
        nf = load([source])
        return explore(nf.program, nf=nf.name, is_runtime=is_runtime)


@pytest.mark.parametrize(
    ("key", "body", "fields", "texts"),
    [
        (
            "uint8_t a[16], b[16]", IPV6, {"ipv6.src", "ipv6.dst"},
            {
                "p0.(ipv6.src, ipv6.dst) = p0.(ipv6.src, ipv6.dst) → same core",
                "p0.(ipv6.src, ipv6.dst) = p1.(ipv6.dst, ipv6.src) → same core",
                "p1.(ipv6.src, ipv6.dst) = p1.(ipv6.src, ipv6.dst) → same core",
            },
        ),
        (
            "uint8_t a[8]", RAW_IPV6, {"ipv6.src"},
            {f"p{a}.ipv6.src/64 = p{b}.ipv6.src/64 → same core" for a, b in ("00", "01", "11")},
        ),
        (
            "uint32_t src; uint16_t id, pad", ICMP_HOST.replace("key.id =", "key.pad = 0; key.id ="), {"ipv4.src"},
            {
                f"p{a}.(ipv4.src, pkt[38], pkt[39]) = p{b}.(ipv4.src, pkt[38], pkt[39]) → same core"
                for a, b in ("00", "01", "11")
            },
        ),
    ],
)  # fmt: skip
def test_what_the_nic_can_hash_is_sharded(key: str, body: str, fields: set[str], texts: set[str] | None) -> None:
    nf = model(key, body)
    plan = decide(nf, profile=nic("e810"), cores=2).plan
    assert plan.strategy == "shared-nothing"
    assert {f.name for p in plan.ports for f in p.fields} == fields
    assert texts is None or {c.text for c in plan.constraints} == texts
    assert check(nf, plan).holds


@pytest.mark.parametrize(
    ("key", "body", "shown"),
    [
        ("uint16_t id", VLAN, "vlan.id"),
        ("uint16_t id", ICMP, "(pkt[38], pkt[39])"),
        ("uint32_t ip", ARP, "(pkt[28], pkt[29], pkt[30], pkt[31])"),
    ],
)
def test_what_it_cannot_hash_is_named(key: str, body: str, shown: str) -> None:
    plan = decide(model(key, body), profile=nic("e810"), cores=2).plan
    assert plan.strategy == "locks"
    assert any(shown in reason.message for reason in plan.reasons), plan.reasons
