/* A full-cone NAT, as short as can be: flows from port 0 leave through port 1 with a port of their own, and whoever
 * sends a packet to that port reaches the flow. The index of a flow is visible outside: port FIRST + index. */
#include <stdint.h>

#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

#define FIRST 1024
#define FLOWS 512
#define TIMEOUT 1000000000ll

struct Flow {
  uint32_t src_ip, dst_ip;
  uint16_t src_port, dst_port;
};

struct nf_config {
  int none;
} config;

static struct Map *flows;
static struct Vector *keys;
static struct DoubleChain *ports;

static bool equal(void *a, void *b) {
  struct Flow *x = a, *y = b;
  return x->src_ip == y->src_ip && x->dst_ip == y->dst_ip && x->src_port == y->src_port && x->dst_port == y->dst_port;
}

static unsigned hash(void *key) {
  struct Flow *flow = key;
  unsigned result = __builtin_ia32_crc32si(0, flow->src_ip);
  result = __builtin_ia32_crc32si(result, flow->dst_ip);
  return __builtin_ia32_crc32si(result, (unsigned)flow->src_port << 16 | flow->dst_port);
}

static void clear(void *cell) { *(struct Flow *)cell = (struct Flow){0}; }

bool nf_init(void) {
  return map_allocate(equal, hash, FLOWS, &flows) && vector_allocate(sizeof(struct Flow), FLOWS, clear, &keys) &&
         dchain_allocate(FLOWS, &ports);
}

static int outwards(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, vigor_time_t now) {
  struct Flow flow = {ip->src_addr, ip->dst_addr, l4->src_port, l4->dst_port};
  int index;
  if (map_get(flows, &flow, &index)) {
    dchain_rejuvenate_index(ports, index, now);
  } else {
    struct Flow *key;
    if (!dchain_allocate_new_index(ports, &index, now)) {
      return 0;
    }
    vector_borrow(keys, index, (void **)&key);
    *key = flow;
    map_put(flows, key, index);
    vector_return(keys, index, key);
  }
  l4->src_port = rte_cpu_to_be_16((uint16_t)(FIRST + index));
  return 1;
}

static int inwards(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, vigor_time_t now) {
  int index = rte_be_to_cpu_16(l4->dst_port) - FIRST;
  struct Flow *key;
  if (index < 0 || index >= FLOWS || !dchain_is_index_allocated(ports, index)) {
    return 1;
  }
  vector_borrow(keys, index, (void **)&key);
  ip->dst_addr = key->src_ip;
  l4->dst_port = key->src_port;
  vector_return(keys, index, key);
  dchain_rejuvenate_index(ports, index, now);
  return 0;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t packet_length, vigor_time_t now, struct rte_mbuf *mbuf) {
  (void)packet_length;
  (void)mbuf;
  expire_items_single_map(ports, keys, flows, now - TIMEOUT);
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  if (ip == NULL || ip->version_ihl != 0x45) {
    return device;
  }
  struct tcpudp_hdr *l4 = nf_then_get_tcpudp_header(ip, buffer);
  if (l4 == NULL) {
    return device;
  }
  return device == 0 ? outwards(ip, l4, now) : inwards(ip, l4, now);
}
