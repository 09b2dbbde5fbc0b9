/* Every open flow has an index. The map finds the index of a flow, the vector holds the flow of an
 * index, and the allocator knows which indices are taken and when each flow was last seen. */
#include "flows.h"

#include <string.h>

#include "lib/unverified/util.h"
#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

static struct Map *flows;
static struct Vector *flow_keys;
static struct DoubleChain *flow_ages;

static bool flow_equal(void *a, void *b) {
  struct Flow *x = a, *y = b;
  return memcmp(x->src_ip, y->src_ip, 16) == 0 && memcmp(x->dst_ip, y->dst_ip, 16) == 0 &&
         x->src_port == y->src_port && x->dst_port == y->dst_port && x->protocol == y->protocol;
}

static unsigned flow_hash(void *key) {
  struct Flow *flow = key;
  unsigned hash = hash_obj(flow->src_ip, 16) ^ 3 * hash_obj(flow->dst_ip, 16);
  hash = __builtin_ia32_crc32si(hash, (unsigned)flow->src_port << 16 | flow->dst_port);
  return __builtin_ia32_crc32si(hash, flow->protocol);
}

static void flow_clear(void *cell) {
  struct Flow *flow = cell;
  *flow = (struct Flow){0};
}

bool flows_allocate(uint32_t capacity) {
  return map_allocate(flow_equal, flow_hash, capacity, &flows) &&
         vector_allocate(sizeof(struct Flow), capacity, flow_clear, &flow_keys) &&
         dchain_allocate((int)capacity, &flow_ages);
}

void flows_expire(vigor_time_t time) {
  expire_items_single_map(flow_ages, flow_keys, flows, time);
}

bool flows_refresh(struct Flow *flow, vigor_time_t now) {
  int index;
  if (!map_get(flows, flow, &index)) {
    return false;
  }
  dchain_rejuvenate_index(flow_ages, index, now);
  return true;
}

void flows_open_or_refresh(struct Flow *flow, vigor_time_t now) {
  int index;
  if (flows_refresh(flow, now) || !dchain_allocate_new_index(flow_ages, &index, now)) {
    return;
  }
  struct Flow *key;
  vector_borrow(flow_keys, index, (void **)&key);
  *key = *flow;
  map_put(flows, key, index);
  vector_return(flow_keys, index, key);
}
