/* Every active address has an index: of its bucket, and of its copy as the map's key.
 *
 * Buckets count in billionths of a byte. A rate in bytes a second then is the number of units that a bucket gains each
 * nanosecond, and nothing is ever rounded. */
#include "buckets.h"

#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

#define UNITS_PER_BYTE 1000000000ull

struct Address {
  uint32_t ip;
};

struct Bucket {
  uint64_t units;
  vigor_time_t time; /* when it held that much */
};

static struct Map *addresses;
static struct Vector *address_keys;
static struct Vector *buckets;
static struct DoubleChain *address_ages;

static uint64_t rate;             /* units a nanosecond */
static uint64_t full;             /* units in a full bucket: less than 2^63 */
static vigor_time_t time_to_fill; /* ns that an empty bucket takes to be full */

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

static void bucket_clear(void *cell) {
  struct Bucket *bucket = cell;
  *bucket = (struct Bucket){0};
}

bool buckets_allocate(uint32_t capacity, uint64_t bytes_per_second, uint64_t burst) {
  rate = bytes_per_second;
  full = burst * UNITS_PER_BYTE;
  time_to_fill = (vigor_time_t)((full - 1) / rate + 1);
  return map_allocate(address_equal, address_hash, capacity, &addresses) &&
         vector_allocate(sizeof(struct Address), capacity, address_clear, &address_keys) &&
         vector_allocate(sizeof(struct Bucket), capacity, bucket_clear, &buckets) &&
         dchain_allocate((int)capacity, &address_ages);
}

/* Fills the bucket as time went by, then takes `units` out of it if they are there. The sum cannot overflow: a bucket
 * that was last used time_to_fill ago or earlier has expired. */
static bool refill_and_take(struct Bucket *bucket, uint64_t units, vigor_time_t now) {
  uint64_t level = bucket->units + (uint64_t)(now - bucket->time) * rate;
  if (level > full) {
    level = full;
  }
  bool enough = level >= units;
  if (enough) {
    level -= units;
  }
  bucket->units = level;
  bucket->time = now;
  return enough;
}

/* Gives an address that has none a full bucket, and takes `units` out of it. */
static bool add(struct Address address, uint64_t units, vigor_time_t now) {
  int index;
  if (units > full || !dchain_allocate_new_index(address_ages, &index, now)) {
    return false;
  }
  struct Address *key;
  vector_borrow(address_keys, index, (void **)&key);
  *key = address;
  map_put(addresses, key, index);
  vector_return(address_keys, index, key);

  struct Bucket *bucket;
  vector_borrow(buckets, index, (void **)&bucket);
  bucket->units = full - units;
  bucket->time = now;
  vector_return(buckets, index, bucket);
  return true;
}

bool buckets_take(uint32_t ip, uint16_t bytes, vigor_time_t now) {
  /* A bucket that had the time to fill is as good as none. */
  expire_items_single_map(address_ages, address_keys, addresses, now - time_to_fill);

  struct Address address = {.ip = ip};
  uint64_t units = bytes * UNITS_PER_BYTE;
  int index;
  if (!map_get(addresses, &address, &index)) {
    return add(address, units, now);
  }
  dchain_rejuvenate_index(address_ages, index, now);
  struct Bucket *bucket;
  vector_borrow(buckets, index, (void **)&bucket);
  bool enough = refill_and_take(bucket, units, now);
  vector_return(buckets, index, bucket);
  return enough;
}
