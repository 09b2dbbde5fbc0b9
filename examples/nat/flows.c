/* The map finds the index of a flow, the vector holds the flow of an index, and the allocator knows
 * which indices are taken and when each flow was last seen. */
#include "flows.h"

#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

static struct Map *flows;
static struct Vector *flow_keys;
static struct DoubleChain *flow_ages;
static uint32_t max_flows;

static bool flow_equal(void *a, void *b) {
  struct Flow *x = a, *y = b;
  return x->host_ip == y->host_ip && x->peer_ip == y->peer_ip && x->host_port == y->host_port &&
         x->peer_port == y->peer_port && x->protocol == y->protocol;
}

static unsigned flow_hash(void *key) {
  struct Flow *flow = key;
  unsigned hash = __builtin_ia32_crc32si(0, flow->host_ip);
  hash = __builtin_ia32_crc32si(hash, flow->peer_ip);
  hash = __builtin_ia32_crc32si(hash, (unsigned)flow->host_port << 16 | flow->peer_port);
  return __builtin_ia32_crc32si(hash, flow->protocol);
}

static void flow_clear(void *cell) {
  struct Flow *flow = cell;
  *flow = (struct Flow){0};
}

bool flows_allocate(uint32_t capacity) {
  max_flows = capacity;
  return map_allocate(flow_equal, flow_hash, capacity, &flows) &&
         vector_allocate(sizeof(struct Flow), capacity, flow_clear, &flow_keys) &&
         dchain_allocate((int)capacity, &flow_ages);
}

void flows_expire(vigor_time_t time) {
  expire_items_single_map(flow_ages, flow_keys, flows, time);
}

bool flows_find_or_add(struct Flow *flow, int *index, vigor_time_t now) {
  if (map_get(flows, flow, index)) {
    dchain_rejuvenate_index(flow_ages, *index, now);
    return true;
  }
  if (!dchain_allocate_new_index(flow_ages, index, now)) {
    return false;
  }
  struct Flow *key;
  vector_borrow(flow_keys, *index, (void **)&key);
  *key = *flow;
  map_put(flows, key, *index);
  vector_return(flow_keys, *index, key);
  return true;
}

bool flows_get(uint32_t index, struct Flow *flow) {
  if (index >= max_flows || !dchain_is_index_allocated(flow_ages, (int)index)) {
    return false;
  }
  struct Flow *key;
  vector_borrow(flow_keys, (int)index, (void **)&key);
  *flow = *key;
  vector_return(flow_keys, (int)index, key);
  return true;
}

void flows_refresh(uint32_t index, vigor_time_t now) {
  dchain_rejuvenate_index(flow_ages, (int)index, now);
}
