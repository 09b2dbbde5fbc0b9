"""Small NFs, one a structure, whose every answer shows in verdicts or in the packet.

Bytes of the packet say what happens: 14 what to do, 15… the key, 20… a place for answers.
"""

HEADER = """\
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/unverified/expirator.h"
#include "lib/unverified/sketch.h"
#include "lib/unverified/util.h"
#include "lib/verified/cht.h"
#include "lib/verified/double-chain.h"
#include "lib/verified/double-map.h"
#include "lib/verified/expirator.h"
#include "lib/verified/lpm-dir-24-8.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"
#include "rte_hash_crc.h"

struct nf_config { int none; } config;

int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  return length < 30 ? device : process(device, *buffer, now);
}
"""

SKETCH = """
struct pair { uint32_t src, dst; };
static unsigned hash(void *k) {
  struct pair *p = k;
  return __builtin_ia32_crc32si(__builtin_ia32_crc32si(0, p->src), p->dst);
}
static struct Sketch *seen, *sizes;
static unsigned size_hash(void *k) { return hash_obj(k, 6) + (rte_hash_crc(k, 7, 1) >> 3); }
bool nf_init(void) { return sketch_allocate(hash, 31, 2, &seen) && sketch_allocate(size_hash, 64, 4, &sizes); }
static int process(uint16_t device, uint8_t *p, vigor_time_t now) {
  struct pair k = {p[15] & 7, p[16] & 3};
  uint8_t raw[8] = {p[15] & 3, 1, 2, 3, 4, 5, p[16] & 1, 9};
  sketch_expire(seen, now - 50);
  sketch_compute_hashes(seen, &k);
  if (p[14] & 1) sketch_refresh(seen, now);
  p[20] = sketch_fetch(seen);
  if ((p[14] & 2) && !sketch_touch_buckets(seen, now)) return FLOOD_FRAME;
  sketch_expire(sizes, now - 200);
  sketch_compute_hashes(sizes, raw);
  if (sketch_fetch(sizes)) return device;
  sketch_touch_buckets(sizes, now);
  return 1 - device;
}
"""

LPM = """
static struct lpm *routes, *learned;
bool nf_init(void) {
  return lpm_allocate(&routes) && lpm_allocate(&learned) && lpm_update_elem(routes, 0x0a000000, 8, 1)
    && lpm_update_elem(routes, 0x0a020000, 15, 32767) && lpm_update_elem(routes, 0x0a020304, 32, 3)
    && lpm_update_elem(routes, 0x0a020300, 30, 0);
}
static int process(uint16_t device, uint8_t *p, vigor_time_t now) {
  uint32_t address = 0x0a000000 | (p[15] & 3) << 16 | (p[16] & 3) << 8 | (p[17] & 7);
  if (p[18] & 1) address += 0x01000000;
  int value = lpm_lookup_elem(routes, address), other = lpm_lookup_elem(learned, address);
  if (value == -1) p[20] = 99;
  memcpy(p + 21, &value, 4);
  memcpy(p + 25, &other, 4);
  if (p[14] & 1) p[29] = lpm_update_elem(learned, address, 20 + (p[14] >> 1 & 15), p[19] << (p[14] >> 5));
  return other < 0 ? device : 1 - device;
}
"""

CHT = """
static struct { struct Vector *cht; struct DoubleChain *active; struct Vector *names; } lb;
static void name(void *cell) { *(uint16_t *)cell = 0xabcd; }
bool nf_init(void) {
  if (!vector_allocate(sizeof(uint32_t), 13 * 5, NULL, &lb.cht) || !dchain_allocate(5, &lb.active)
      || !vector_allocate(sizeof(uint16_t), 5, name, &lb.names) || !cht_fill_cht(lb.cht, 13, 5))
    return false;
  for (int i = 0; i < 5; i++) {
    uint16_t *cell;
    vector_borrow(lb.names, i, (void **)&cell);
    *cell = 100 + i;
    vector_return(lb.names, i, cell);
  }
  return true;
}
static int process(uint16_t device, uint8_t *p, vigor_time_t now) {
  int chosen;
  uint64_t hash = (uint64_t)p[15] << 33 | p[16];
  if (p[14] < 40) { dchain_allocate_new_index(lb.active, &chosen, now); return FLOOD_FRAME; }
  if (p[14] < 60) { dchain_free_index(lb.active, p[15] % 5); return FLOOD_FRAME; }
  if (!cht_find_preferred_available_backend(hash, lb.cht, lb.active, 13, 5, &chosen)) return device;
  uint16_t *cell;
  vector_borrow(lb.names, chosen, (void **)&cell);
  memcpy(p + 20, cell, 2);
  vector_return(lb.names, chosen, cell);
  return 1 - device;
}
"""

DOUBLE_MAP = """
struct out { uint8_t port; uint16_t ip; };
struct flow { uint8_t packets; struct out a; uint8_t b[3]; };
static bool same_a(void *x, void *y) { struct out *p = x, *q = y; return (p->port == q->port) & (p->ip == q->ip); }
static bool same_b(void *x, void *y) { return memcmp(x, y, 3) == 0; }
static unsigned hash_a(void *k) { return ((struct out *)k)->ip; }
static unsigned hash_b(void *k) { return *(uint8_t *)k; }
static void copy(char *to, void *from) { memcpy(to, from, sizeof(struct flow)); }
static void destroy(void *value) {}
static void extract(void *value, void **a, void **b) { struct flow *f = value; *a = &f->a; *b = f->b; }
static void pack(void *value, void *a, void *b) {}
static struct DoubleMap *table;
static struct DoubleChain *ages;
bool nf_init(void) {
  return dmap_allocate(same_a, hash_a, same_b, hash_b, sizeof(struct flow), copy, destroy, extract, pack, 6, 6, &table)
    && dchain_allocate(6, &ages);
}
static int process(uint16_t device, uint8_t *p, vigor_time_t now) {
  struct out a = {.port = p[15] & 3, .ip = (uint16_t)(p[16] & 3)};
  uint8_t b[3] = {7, p[15] & 3, p[16] & 3};
  int index;
  struct flow f;
  p[20] = expire_items(ages, table, now - 40);
  p[21] = dmap_size(table);
  if (device == 1) {
    if (!dmap_get_b(table, b, &index)) return device;
    dmap_get_value(table, index, &f);
    p[22] = f.packets; p[23] = f.a.port; p[24] = f.a.ip;
    if (p[14] & 1) { dmap_erase(table, index); dchain_free_index(ages, index); }
    return 0;
  }
  if (dmap_get_a(table, &a, &index)) { dchain_rejuvenate_index(ages, index, now); return 1; }
  if (!dchain_allocate_new_index(ages, &index, now)) return FLOOD_FRAME;
  memset(&f, 0, sizeof f);
  f.packets = p[17]; f.a = a;
  memcpy(f.b, b, 3);
  dmap_put(table, &f, index);
  p[25] = index;
  return 1;
}
"""

RANGE = """
struct port { uint8_t src, port; };
static bool same_src(void *a, void *b) { return *(uint8_t *)a == *(uint8_t *)b; }
static bool same(void *a, void *b) { struct port *x = a, *y = b; return x->src == y->src && x->port == y->port; }
static unsigned hash(void *k) { return *(uint8_t *)k; }
static struct { struct Map *srcs, *ports; struct Vector *src_keys, *port_keys, *counts; struct DoubleChain *ages; } s;
bool nf_init(void) {
  return map_allocate(same_src, hash, 4, &s.srcs) && map_allocate(same, hash, 64, &s.ports)
    && vector_allocate(1, 4, NULL, &s.src_keys) && vector_allocate(sizeof(struct port), 32, NULL, &s.port_keys)
    && vector_allocate(1, 4, NULL, &s.counts) && dchain_allocate(4, &s.ages);
}
static void remember(int index, int number, uint8_t src, uint8_t port) {
  struct port *cell;
  vector_borrow(s.port_keys, 8 * index + number, (void **)&cell);
  cell->src = src; cell->port = port;
  map_put(s.ports, cell, number);
  vector_return(s.port_keys, 8 * index + number, cell);
}
static int process(uint16_t device, uint8_t *p, vigor_time_t now) {
  uint8_t src = p[15] & 7, *key, *count;
  struct port k = {src, p[16] & 15};
  int index, number;
  p[20] = expire_items_single_map(s.ages, s.src_keys, s.srcs, now - 30);
  p[21] = map_size(s.ports);
  if (!map_get(s.srcs, &src, &index)) {
    if (!dchain_allocate_new_index(s.ages, &index, now)) return FLOOD_FRAME;
    vector_borrow(s.src_keys, index, (void **)&key);
    *key = src;
    map_put(s.srcs, key, index);
    vector_return(s.src_keys, index, key);
    vector_borrow(s.counts, index, (void **)&count);
    p[22] = expire_items_single_map_iteratively(s.port_keys, s.ports, 8 * index, 8 * index + *count);
    *count = 1;
    vector_return(s.counts, index, count);
    remember(index, 0, src, k.port);
    return 1 - device;
  }
  dchain_rejuvenate_index(s.ages, index, now);
  if (map_get(s.ports, &k, &number)) { p[23] = number; return 1 - device; }
  vector_borrow(s.counts, index, (void **)&count);
  if (*count >= 8) { vector_return(s.counts, index, count); return device; }
  number = (*count)++;
  vector_return(s.counts, index, count);
  remember(index, number, src, k.port);
  return 1 - device;
}
"""

SOURCES = {"sketch": SKETCH, "lpm": LPM, "cht": CHT, "double_map": DOUBLE_MAP, "range": RANGE}


def source(name: str) -> str:
    head, entry = HEADER.split("int nf_process", 1)
    return f"{head}{SOURCES[name]}\nint nf_process{entry}"
