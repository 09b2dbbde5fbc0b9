/* A firewall that lets answers pass only while an even number of flows has been opened, and drops every
 * eighth packet that opens one. Flows are of one core each; the number is everybody's. */
#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

struct flow {
  uint32_t in, out;
};

static struct Map *flows;
static struct Vector *keys, *opened;
static struct DoubleChain *ages;

static bool flow_equal(void *a, void *b) {
  struct flow *x = a, *y = b;
  return x->in == y->in && x->out == y->out;
}
static unsigned flow_hash(void *key) { return ((struct flow *)key)->in * 31 + ((struct flow *)key)->out; }
static void flow_clear(void *cell) { *(struct flow *)cell = (struct flow){0, 0}; }
static void clear(void *cell) { *(uint64_t *)cell = 0; }

bool nf_init(void) {
  return map_allocate(flow_equal, flow_hash, 512, &flows) &&
         vector_allocate(sizeof(struct flow), 512, flow_clear, &keys) && dchain_allocate(512, &ages) &&
         vector_allocate(sizeof(uint64_t), 1, clear, &opened);
}

static int open_flow(struct flow *flow, vigor_time_t now) {
  int index;
  struct flow *key;
  uint64_t *count;
  if (!dchain_allocate_new_index(ages, &index, now)) {
    return 0;
  }
  vector_borrow(keys, index, (void **)&key);
  *key = *flow;
  map_put(flows, key, index);
  vector_return(keys, index, key);
  vector_borrow(opened, 0, (void **)&count);
  uint64_t number = ++*count;
  vector_return(opened, 0, count);
  return number % 8 == 3 ? 0 : 1;
}

static int answer(void) {
  uint64_t *count;
  vector_borrow(opened, 0, (void **)&count);
  uint64_t number = *count;
  vector_return(opened, 0, count);
  return number % 2 ? 1 : 0;
}

int nf_process(uint16_t device, uint8_t **buffer, uint16_t length, vigor_time_t now, struct rte_mbuf *mbuf) {
  (void)length, (void)mbuf;
  struct rte_ether_hdr *ether = nf_then_get_rte_ether_header(buffer);
  struct rte_ipv4_hdr *ip = nf_then_get_rte_ipv4_header(ether, buffer);
  int index;
  expire_items_single_map(ages, keys, flows, now - 1000000000);
  if (!ip) {
    return device;
  }
  struct flow flow = {device ? ip->dst_addr : ip->src_addr, device ? ip->src_addr : ip->dst_addr};
  if (!map_get(flows, &flow, &index)) {
    return device ? device : open_flow(&flow, now);
  }
  dchain_rejuvenate_index(ages, index, now);
  return device ? answer() : 1;
}
