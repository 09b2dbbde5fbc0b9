/* Passes everything on and counts, in every way that does not need to know what was counted before: bytes and packets
 * per destination, packets and the longest packet per protocol. */
#include <stdint.h>

#include "lib/verified/double-chain.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

#define HOSTS 256

struct Count {
  uint64_t bytes;
  uint32_t packets;
  uint32_t unused;
};

struct Protocol {
  uint16_t longest;
  uint16_t seen;
};

struct nf_config {
  int none;
} config;

static struct Map *hosts;
static struct Vector *addresses, *counts, *protocols;
static struct DoubleChain *indices;

static bool equal(void *a, void *b) { return *(uint32_t *)a == *(uint32_t *)b; }
static unsigned hash(void *key) { return __builtin_ia32_crc32si(0, *(uint32_t *)key); }
static void no_address(void *cell) { *(uint32_t *)cell = 0; }
static void no_count(void *cell) { *(struct Count *)cell = (struct Count){0}; }
static void protocol(void *cell) { *(struct Protocol *)cell = (struct Protocol){1, 5}; }

bool nf_init(void) {
  return map_allocate(equal, hash, HOSTS, &hosts) && vector_allocate(sizeof(uint32_t), HOSTS, no_address, &addresses) &&
         vector_allocate(sizeof(struct Count), HOSTS, no_count, &counts) && dchain_allocate(HOSTS, &indices) &&
         vector_allocate(sizeof(struct Protocol), 256, protocol, &protocols);
}

static void count(uint32_t address, uint16_t length, vigor_time_t now) {
  struct Count *cell;
  int index;
  if (!map_get(hosts, &address, &index)) {
    uint32_t *key;
    if (!dchain_allocate_new_index(indices, &index, now)) {
      return;
    }
    vector_borrow(addresses, index, (void **)&key);
    *key = address;
    map_put(hosts, key, index);
    vector_return(addresses, index, key);
  }
  vector_borrow(counts, index, (void **)&cell);
  cell->bytes += length;
  cell->packets++;
  vector_return(counts, index, cell);
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now, struct rte_mbuf *mbuf) {
  (void)mbuf;
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip != NULL) {
    struct Protocol *cell;
    count(ip->dst_addr, packet_length, now);
    vector_borrow(protocols, ip->next_proto_id, (void **)&cell);
    if (packet_length > cell->longest) {
      cell->longest = packet_length;
    }
    cell->seen++;
    vector_return(protocols, ip->next_proto_id, cell);
  }
  return 1 - device;
}
