/* The map finds the index of an endpoint, the vector holds the endpoint of an index, and the
 * allocator knows which indices are taken and when each endpoint was last seen. */
#include "endpoints.h"

#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

static struct Map *endpoints;
static struct Vector *endpoint_keys;
static struct DoubleChain *endpoint_ages;
static uint32_t max_endpoints;

static bool endpoint_equal(void *a, void *b) {
  struct Endpoint *x = a, *y = b;
  return x->ip == y->ip && x->port == y->port && x->protocol == y->protocol;
}

static unsigned endpoint_hash(void *key) {
  struct Endpoint *endpoint = key;
  unsigned hash = __builtin_ia32_crc32si(0, endpoint->ip);
  return __builtin_ia32_crc32si(hash, (unsigned)endpoint->port << 8 | endpoint->protocol);
}

static void endpoint_clear(void *cell) {
  struct Endpoint *endpoint = cell;
  *endpoint = (struct Endpoint){0};
}

bool endpoints_allocate(uint32_t capacity) {
  max_endpoints = capacity;
  return map_allocate(endpoint_equal, endpoint_hash, capacity, &endpoints) &&
         vector_allocate(sizeof(struct Endpoint), capacity, endpoint_clear, &endpoint_keys) &&
         dchain_allocate((int)capacity, &endpoint_ages);
}

void endpoints_expire(vigor_time_t time) {
  expire_items_single_map(endpoint_ages, endpoint_keys, endpoints, time);
}

bool endpoints_find_or_add(struct Endpoint *endpoint, int *index, vigor_time_t now) {
  if (map_get(endpoints, endpoint, index)) {
    dchain_rejuvenate_index(endpoint_ages, *index, now);
    return true;
  }
  if (!dchain_allocate_new_index(endpoint_ages, index, now)) {
    return false;
  }
  struct Endpoint *key;
  vector_borrow(endpoint_keys, *index, (void **)&key);
  *key = *endpoint;
  map_put(endpoints, key, *index);
  vector_return(endpoint_keys, *index, key);
  return true;
}

bool endpoints_get(uint32_t index, struct Endpoint *endpoint) {
  if (index >= max_endpoints || !dchain_is_index_allocated(endpoint_ages, (int)index)) {
    return false;
  }
  struct Endpoint *key;
  vector_borrow(endpoint_keys, (int)index, (void **)&key);
  *endpoint = *key;
  vector_return(endpoint_keys, (int)index, key);
  return true;
}

void endpoints_refresh(uint32_t index, vigor_time_t now) {
  dchain_rejuvenate_index(endpoint_ages, (int)index, now);
}
