/* Every live backend has an index. The table of consistent hashing lists, for each hash, all
 * indices in an order of preference, so that when a backend comes or goes, few flows move. */
#include "backends.h"

#include "lib/verified/cht.h"
#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

#define HEIGHT 997 /* hashes that are told apart: a prime, much more than there are backends */

static struct Map *indices; /* by the backend's address */
static struct Vector *addresses;
static struct Vector *backends;
static struct DoubleChain *heartbeats;
static struct Vector *preferences;
static uint32_t max_backends;

struct Address {
  uint32_t ip;
};

static bool address_equal(void *a, void *b) {
  struct Address *x = a, *y = b;
  return x->ip == y->ip;
}

static unsigned address_hash(void *key) {
  struct Address *address = key;
  return __builtin_ia32_crc32si(0, address->ip);
}

static void address_clear(void *cell) {
  struct Address *address = cell;
  address->ip = 0;
}

static void backend_clear(void *cell) {
  struct Backend *backend = cell;
  *backend = (struct Backend){0};
}

static void preference_clear(void *cell) {
  uint32_t *index = cell;
  *index = 0;
}

bool backends_allocate(uint32_t capacity) {
  max_backends = capacity;
  return map_allocate(address_equal, address_hash, capacity, &indices) &&
         vector_allocate(sizeof(struct Address), capacity, address_clear, &addresses) &&
         vector_allocate(sizeof(struct Backend), capacity, backend_clear, &backends) &&
         dchain_allocate((int)capacity, &heartbeats) &&
         vector_allocate(sizeof(uint32_t), HEIGHT * capacity, preference_clear, &preferences) &&
         cht_fill_cht(preferences, HEIGHT, capacity);
}

void backends_expire(vigor_time_t time) {
  expire_items_single_map(heartbeats, addresses, indices, time);
}

static bool add(struct Address address, int *index, vigor_time_t now) {
  if (!dchain_allocate_new_index(heartbeats, index, now)) {
    return false;
  }
  struct Address *key;
  vector_borrow(addresses, *index, (void **)&key);
  *key = address;
  map_put(indices, key, *index);
  vector_return(addresses, *index, key);
  return true;
}

void backends_alive(const struct Backend *backend, vigor_time_t now) {
  struct Address address = {.ip = backend->ip};
  int index;
  if (map_get(indices, &address, &index)) {
    dchain_rejuvenate_index(heartbeats, index, now);
  } else if (!add(address, &index, now)) {
    return;
  }
  struct Backend *cell; /* its network card may have been replaced */
  vector_borrow(backends, index, (void **)&cell);
  *cell = *backend;
  vector_return(backends, index, cell);
}

bool backends_choose(uint64_t hash, int *index) {
  return cht_find_preferred_available_backend(hash, preferences, heartbeats, HEIGHT, max_backends,
                                              index);
}

bool backends_get(int index, struct Backend *backend) {
  if (!dchain_is_index_allocated(heartbeats, index)) {
    return false;
  }
  struct Backend *cell;
  vector_borrow(backends, index, (void **)&cell);
  *backend = *cell;
  vector_return(backends, index, cell);
  return true;
}
