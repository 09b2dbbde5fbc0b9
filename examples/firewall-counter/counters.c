/* Counters are added to and never looked at while packets are processed: whoever wants to know
 * reads them from outside. So every core may count for itself; what counts is the sum. */
#include "counters.h"

#include "lib/verified/double-chain.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

struct Address {
  uint32_t ip;
};

struct Counter {
  uint64_t packets;
  uint64_t bytes;
};

static struct Map *addresses;
static struct Vector *address_keys;
static struct Vector *counters;
static struct DoubleChain *address_indices; /* never freed: a counter stays */

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

static void counter_clear(void *cell) {
  struct Counter *counter = cell;
  *counter = (struct Counter){0};
}

bool counters_allocate(uint32_t capacity) {
  return map_allocate(address_equal, address_hash, capacity, &addresses) &&
         vector_allocate(sizeof(struct Address), capacity, address_clear, &address_keys) &&
         vector_allocate(sizeof(struct Counter), capacity, counter_clear, &counters) &&
         dchain_allocate((int)capacity, &address_indices);
}

/* Gives an address that has none a counter. */
static bool add(struct Address address, int *index, vigor_time_t now) {
  if (!dchain_allocate_new_index(address_indices, index, now)) {
    return false;
  }
  struct Address *key;
  vector_borrow(address_keys, *index, (void **)&key);
  *key = address;
  map_put(addresses, key, *index);
  vector_return(address_keys, *index, key);
  return true;
}

void counters_add(uint32_t ip, uint16_t bytes, vigor_time_t now) {
  struct Address address = {.ip = ip};
  int index;
  if (!map_get(addresses, &address, &index) && !add(address, &index, now)) {
    return;
  }
  struct Counter *counter; /* a new one is zero: indices are never given out twice */
  vector_borrow(counters, index, (void **)&counter);
  counter->packets += 1;
  counter->bytes += bytes;
  vector_return(counters, index, counter);
}
