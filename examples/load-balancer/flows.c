/* The map finds the index of a flow, one vector holds the flow and one its backend, and the
 * allocator knows when each flow was last seen. */
#include "flows.h"

#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

struct Choice {
  int backend;
};

static struct Map *flows;
static struct Vector *flow_keys;
static struct Vector *choices;
static struct DoubleChain *flow_ages;

static bool flow_equal(void *a, void *b) {
  struct Flow *x = a, *y = b;
  return x->client_ip == y->client_ip && x->client_port == y->client_port &&
         x->server_port == y->server_port && x->protocol == y->protocol;
}

unsigned flow_hash(void *key) {
  struct Flow *flow = key;
  unsigned hash = __builtin_ia32_crc32si(0, flow->client_ip);
  hash = __builtin_ia32_crc32si(hash, (unsigned)flow->client_port << 16 | flow->server_port);
  return __builtin_ia32_crc32si(hash, flow->protocol);
}

static void flow_clear(void *cell) {
  struct Flow *flow = cell;
  *flow = (struct Flow){0};
}

static void choice_clear(void *cell) {
  struct Choice *choice = cell;
  choice->backend = 0;
}

bool flows_allocate(uint32_t capacity) {
  return map_allocate(flow_equal, flow_hash, capacity, &flows) &&
         vector_allocate(sizeof(struct Flow), capacity, flow_clear, &flow_keys) &&
         vector_allocate(sizeof(struct Choice), capacity, choice_clear, &choices) &&
         dchain_allocate((int)capacity, &flow_ages);
}

void flows_expire(vigor_time_t time) {
  expire_items_single_map(flow_ages, flow_keys, flows, time);
}

bool flows_find(struct Flow *flow, int *backend, vigor_time_t now) {
  int index;
  if (!map_get(flows, flow, &index)) {
    return false;
  }
  dchain_rejuvenate_index(flow_ages, index, now);
  struct Choice *choice;
  vector_borrow(choices, index, (void **)&choice);
  *backend = choice->backend;
  vector_return(choices, index, choice);
  return true;
}

static bool add(const struct Flow *flow, int *index, vigor_time_t now) {
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

void flows_set(struct Flow *flow, int backend, vigor_time_t now) {
  int index;
  if (!map_get(flows, flow, &index) && !add(flow, &index, now)) {
    return;
  }
  struct Choice *choice;
  vector_borrow(choices, index, (void **)&choice);
  choice->backend = backend;
  vector_return(choices, index, choice);
}
