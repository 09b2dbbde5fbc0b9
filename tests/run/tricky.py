"""Small NFs, each of which makes life hard for the symbolic executor in its own way."""

HEADER = """\
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

struct nf_config { int none; } config;

#define ENTRY \\
  int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf)
#line 1 "nf.c"
"""

TABLE = """
struct key { uint8_t tag; uint32_t ip; uint16_t port; };
static bool same(void *a, void *b) {
  struct key *x = a, *y = b;
  return x->tag == y->tag && x->ip == y->ip && x->port == y->port;
}
static unsigned hash(void *k) { return ((struct key *)k)->ip; }
static void clear(void *k) { struct key *cell = k; memset(cell, 0, sizeof *cell); }
"""

OPTIONS = """
bool nf_init(void) { return true; }
ENTRY {
  uint8_t *options;
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer, &options);
  if (ip == NULL) return packet_get_unread_length(buffer) < 4 ? FLOOD_FRAME : device;
  if ((ip->version_ihl & 15) > 7) return 1 - device;
  if (options != NULL) {
    if (options[0] == 7) { options[3] ^= 0x5a; ip->time_to_live--; }
    switch (options[0] & 0x1f) {
      case 4: return 1 - device;
      case 20: ip->type_of_service = options[1] + options[2]; /* fall through */
      case 21: return FLOOD_FRAME;
    }
  }
  struct tcpudp_hdr *l4 = nf_then_get_tcpudp_header(ip, buffer);
  if (l4 == NULL) return device;
  uint16_t port = l4->src_port;
  l4->src_port = l4->dst_port;
  l4->dst_port = port;
  return rte_be_to_cpu_16(port) < 1024 ? 1 - device : device;
}
"""

TABLES = (
    TABLE
    + """
static struct { struct Map *map; struct Vector *keys; struct DoubleChain *ages; } table[2];
bool nf_init(void) {
  for (int i = 0; i < 2; i++)
    if (!map_allocate(same, hash, 16, &table[i].map) || !dchain_allocate(16, &table[i].ages) ||
        !vector_allocate(sizeof(struct key), 16, clear, &table[i].keys)) return false;
  return true;
}
struct request { uint8_t command, tag, tag2; uint32_t ip; uint16_t port; uint16_t out; } __attribute__((packed));
ENTRY {
  if (length < sizeof(struct request) + 3) return device;
  struct request *r = (struct request *)(*buffer + 3);
  struct key a = {.tag = r->tag, .ip = r->ip, .port = r->port}, b = a;
  b.tag = r->tag2;
  int i, j;
  void *trash;
  struct Map *map = table[0].map;
  if (r->command & 1) expire_items_single_map(table[1].ages, table[1].keys, table[1].map, now - r->out);
  bool first = map_get(map, &a, &i);
  if (!first) {
    if (!dchain_allocate_new_index(table[0].ages, &i, now)) return device;
    struct key *cell;
    vector_borrow(table[0].keys, i, (void **)&cell);
    *cell = a;
    map_put(map, cell, i);
    vector_return(table[0].keys, i, cell);
  }
  switch (r->command >> 1) {
    case 0:
      r->out = map_get(map, &b, &j) ? j : 0xffff;
      if (map_get(table[1].map, &b, &j)) r->out += j;
      if (first) dchain_rejuvenate_index(table[0].ages, i, now);
      return 1 - device;
    case 1:
      map_erase(map, &b, &trash);
      r->out = map_get(map, &a, &j);
      return dchain_free_index(table[0].ages, i) ? FLOOD_FRAME : device;
    case 2:
      expire_items_single_map(table[0].ages, table[0].keys, table[0].map, now);
      return map_get(map, &a, &j) && j == i ? FLOOD_FRAME : device;
    case 3:
      r->ip = map_size(map);
      return dchain_is_index_allocated(table[0].ages, i) ? 1 - device : device;
    case 4:
      while (dchain_expire_one_index(table[0].ages, &j, now - 1)) {
        map_erase(table[0].map, &b, &trash);
        if (++r->tag > 2) break;
      }
      return map_get(table[0].map, &b, &j) ? FLOOD_FRAME : device;
  }
  return device;
}
"""
)

CELLS = """
struct cell { uint16_t hits; uint8_t mark; uint32_t owner; uint64_t units; };
static void clear(void *c) { struct cell *cell = c; memset(cell, 0, sizeof *cell); }
static struct Vector *cells, *others;
bool nf_init(void) {
  return vector_allocate(sizeof(struct cell), 256, clear, &cells) &&
         vector_allocate(sizeof(struct cell), 256, clear, &others);
}
ENTRY {
  if (length < 20) return device;
  uint8_t *p = *buffer;
  struct cell *a, *b, *o;
  int i = p[0], j = p[1], k = p[2];
  vector_borrow(cells, i, (void **)&a);
  a->hits++;
  if (p[3] & 1) a->mark = p[4];
  vector_return(cells, i, a);
  vector_borrow(others, k, (void **)&o);
  vector_borrow(cells, j, (void **)&b);
  if (p[3] & 2) *b = *o;
  if (p[3] & 4) memcpy((uint8_t *)b + 8, p + 5, 3);
  vector_return(cells, j, b);
  vector_return(others, k, o);
  vector_borrow(cells, i, (void **)&a);
  p[19] = a->mark;
  bool known = a->owner == (uint32_t)(p[8] << 8 | p[9]);
  vector_return(cells, i, a);
  vector_borrow(cells, k, (void **)&a);
  memcpy(p + 10, a, 2);
  p[18] = a->units >> 60;
  vector_return(cells, k, a);
  return known ? 1 - device : device;
}
"""

TWICE = """
static void clear(void *c) { *(uint32_t *)c = 0; }
static struct Vector *cells;
bool nf_init(void) { return vector_allocate(4, 256, clear, &cells); }
ENTRY {
  uint8_t *p = *buffer, *a, *b;
  vector_borrow(cells, p[0], (void **)&a);
  vector_borrow(cells, p[1], (void **)&b);
  a[0] = p[2];
  b[1] = a[1] + 1;
  p[3] = b[0];
  vector_return(cells, p[1], b);
  vector_return(cells, p[0], a);
  return b[2] == p[4] ? FLOOD_FRAME : device;
}
"""

HANDLERS = """
struct context { uint8_t *at; int sum; int64_t age; };
typedef int handler(struct context *, int);
struct stage { handler *run; const struct stage *next; int weight; };
static int add(struct context *c, int weight) { c->sum += weight * (int8_t)*c->at++; return c->sum; }
static int mix(struct context *c, int weight) { c->sum ^= *c->at++ << (weight & 7); return c->sum >> 1; }
static int halve(struct context *c, int weight) { return c->sum / weight + c->sum % weight; }
static const struct stage last = {halve, NULL, 4}, middle = {mix, &last, 5};
static const struct stage stages[] = {{add, &middle, -2}, {mix, &stages[0], 9}, {add, &last, 7}};
static int pipeline(const struct stage *s, struct context *c) {
  int value = 0;
  for (; s != NULL; s = s->next) value = s->run(c, s->weight);
  return value;
}
bool nf_init(void) { return true; }
ENTRY {
  uint8_t *p = *buffer;
  assert(p[1] != 0xee);
  if (length < 24) {
    if (length == 23) p[22] = p[0];
    return length & 1 ? 1 - device : FLOOD_FRAME;
  }
  struct context c = {p + 2, 0, now - INT64_C(5000000000)};
  int value = pipeline(&stages[p[0] % 3], &c);
  p[5] = (uint8_t)value;
  uint32_t word;
  memcpy(&word, p + 12, 4);
  word = __builtin_bswap32(word) >> (p[1] >> 6);
  memcpy(p + 16, &word, 4);
  if (c.age < 0) return device;
  switch (value) {
    case -4: case 2: return 1 - device;
    case 0: p[20]++; break;
    default: if (value < 0 && memcmp(p, p + 6, 3) > 0) return FLOOD_FRAME;
  }
  return c.age / 1000000000 > p[21] ? 1 - device : device;
}
"""

DIALECT = """
#include <maestro.h>
struct Flow { uint32_t src, dst; uint16_t sport, dport; uint8_t proto; };
struct Seen { uint8_t flags; uint64_t bytes; uint32_t first; };
MAP(open_flows, struct Flow, struct Seen, 64, EXPIRES_AFTER(MILLISECONDS(5)));
MAP(blocked, uint32_t, uint16_t, 16);
OTHER_PACKETS(FLOOD);
void process_packet(int device, pkt_t p) {
  struct Flow flow = {p.ipv4_src, p.ipv4_dst, p.tcpudp_src, p.tcpudp_dst, p.ipv4_proto};
  if (map_contains(blocked, p.ipv4_src)) {
    if (map_get(blocked, p.ipv4_src) == p.tcpudp_dst) map_erase(blocked, p.ipv4_src);
    drop(p);
    return;
  }
  struct Seen seen = map_get(open_flows, flow);
  seen.bytes += p.size;
  seen.flags |= p.tcp_flags;
  if ((p.tcp_flags & 5) != 0) {
    map_erase(open_flows, flow);
    map_put(blocked, p.ipv4_dst, p.tcpudp_src);
  } else if (!map_put(open_flows, flow, seen)) {
    flood(p);
    return;
  }
  p.ipv4_src = IP(10, 1, 2, 3);
  p.tcpudp_src ^= seen.flags;
  p.eth_dst = seen.bytes;
  p.ipv4_ttl--;
  forward(p, device == WAN ? LAN : WAN);
}
"""

RESIZING = """
bool nf_init(void) { return true; }
struct label { uint16_t kind; uint8_t ttl, n[5]; };
/* Tags what comes from port 0, unless it is tagged; removes the tag of what comes from port 1. */
static int tag(uint16_t device, uint8_t **buffer, struct rte_ether_hdr *ether, struct rte_mbuf *mbuf) {
  bool tagged = ether->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
  if (device == 0) {
    if (tagged) return device;
    struct rte_vlan_hdr *vlan = nf_insert_new_chunk(buffer, sizeof *vlan, mbuf);
    ether = nf_get_borrowed_chunk(0);
    vlan->eth_proto = ether->ether_type;
    vlan->vlan_tci = rte_cpu_to_be_16(10);
    ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
    return 1;
  }
  if (!tagged || packet_get_unread_length(buffer) < 4) return FLOOD_FRAME;
  struct rte_vlan_hdr *vlan = nf_borrow_next_chunk(buffer, sizeof *vlan);
  uint16_t type = vlan->eth_proto, id = vlan->vlan_tci;
  nf_shrink_chunk(buffer, 0, mbuf);
  ether = nf_get_borrowed_chunk(0);
  ether->ether_type = type;
  return id == rte_cpu_to_be_16(10) ? 0 : device;
}
ENTRY {
  uint8_t *options;
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer, &options);
  if (ip == NULL) {
    nf_return_all_chunks(buffer);
    return tag(device, buffer, nf_borrow_next_chunk(*buffer, 14), mbuf);
  }
  if (options != NULL) { /* shorten them to two bytes, or remove them */
    uint8_t first = options[0];
    options = nf_shrink_chunk(buffer, first == 7 ? 2 : 0, mbuf);
    ip = nf_get_borrowed_chunk(1);
    ip->version_ihl = 0x45;
    if (first == 7) options[1] ^= first;
    return 1 - device;
  }
  if (ip->next_proto_id != 47) return device;
  struct label *label = nf_insert_new_chunk(buffer, sizeof *label, mbuf);
  ip = nf_get_borrowed_chunk(1);
  *label = (struct label){rte_cpu_to_be_16(0x1234), ip->time_to_live--, {1, 2, 3}};
  if (length > 100) {
    nf_shrink_chunk(buffer, 3, mbuf);
    nf_insert_new_chunk(buffer, 1, mbuf); /* a copy of what was before */
  }
  return 1 - device;
}
"""

PREFIXES = """
#ifndef LEVELS
#define LEVELS 2
#endif
struct bucket { int64_t size; vigor_time_t time; };
static struct { struct Map *map; struct Vector *keys, *buckets; struct DoubleChain *ages; } level[LEVELS];
static bool same(void *a, void *b) { return *(uint32_t *)a == *(uint32_t *)b; }
static unsigned hash(void *k) { return *(uint32_t *)k; }
static void clear_key(void *k) { *(uint32_t *)k = 0; }
static void clear_bucket(void *b) { ((struct bucket *)b)->size = 0; ((struct bucket *)b)->time = 0; }
enum { CAPACITY = 256 };
static const int64_t BURST = 100000, RATE = 1000000, SECOND = 1000000000;
bool nf_init(void) {
  for (int i = 0; i < LEVELS; i++)
    if (!map_allocate(same, hash, CAPACITY, &level[i].map) ||
        !vector_allocate(sizeof(uint32_t), CAPACITY, clear_key, &level[i].keys) ||
        !vector_allocate(sizeof(struct bucket), CAPACITY, clear_bucket, &level[i].buckets) ||
        !dchain_allocate(CAPACITY, &level[i].ages)) return false;
  return true;
}
static bool start(int i, uint32_t prefix, uint16_t size, vigor_time_t now) {
  int index;
  uint32_t *key;
  struct bucket *bucket;
  if (!dchain_allocate_new_index(level[i].ages, &index, now)) return false;
  vector_borrow(level[i].keys, index, (void **)&key);
  *key = prefix;
  map_put(level[i].map, key, index);
  vector_return(level[i].keys, index, key);
  vector_borrow(level[i].buckets, index, (void **)&bucket);
  bucket->size = BURST - size;
  bucket->time = now;
  vector_return(level[i].buckets, index, bucket);
  return true;
}
static bool take(struct bucket *bucket, uint16_t size, vigor_time_t now) {
  assert(bucket->time <= now && bucket->time >= 0);
  int64_t age = now - bucket->time;
  if (age < BURST * SECOND / RATE) {
    int64_t added = age * RATE / SECOND;
    assert(bucket->size <= BURST);
    bucket->size += added;
    if (bucket->size > BURST) bucket->size = BURST;
  } else {
    bucket->size = BURST;
  }
  bucket->time = now;
  bool enough = false;
  if (bucket->size > size) {
    bucket->size -= size;
    enough = true;
  }
  return enough;
}
ENTRY {
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip == NULL) return device;
  for (int i = 0; i < LEVELS; i++)
    expire_items_single_map(level[i].ages, level[i].keys, level[i].map, now - BURST * SECOND / RATE);
  if (device == 0) return 1;
  bool heavy = false;
  for (int i = 0; i < LEVELS; i++) {
    uint32_t prefix = ip->src_addr & rte_cpu_to_be_32(~0u << (24 - i * 2));
    int index;
    if (!map_get(level[i].map, &prefix, &index)) {
      if (!start(i, prefix, length, now)) return 0;
      continue;
    }
    dchain_rejuvenate_index(level[i].ages, index, now);
    struct bucket *bucket;
    vector_borrow(level[i].buckets, index, (void **)&bucket);
    heavy |= !take(bucket, length, now);
    vector_return(level[i].buckets, index, bucket);
  }
  return heavy ? device : 0;
}
"""

SOURCES = {
    "options": OPTIONS,
    "tables": TABLES,
    "cells": CELLS,
    "twice": TWICE,
    "handlers": HANDLERS,
    "dialect": DIALECT,
    "resizing": RESIZING,
    "prefixes": PREFIXES,
}


def source(name: str) -> str:
    """The C text of one of them."""
    return SOURCES[name] if "maestro.h" in SOURCES[name] else HEADER + SOURCES[name]
