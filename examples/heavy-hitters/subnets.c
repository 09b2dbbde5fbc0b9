/* Each level has a table of its own: the map finds a subnet's index, which is that of its bucket.
 *
 * Buckets count in billionths of a byte. A rate in bytes a second then is the number of units that
 * a bucket gains each nanosecond, and nothing is ever rounded. */
#include "subnets.h"

#include "config.h"
#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"
#include "rte_byteorder.h"

#define UNITS_PER_BYTE 1000000000ull

struct Subnet {
  uint32_t ip; /* network byte order, the host's bits 0 */
};

struct Bucket {
  uint64_t units;
  vigor_time_t time; /* when it held that much */
};

struct Level {
  uint32_t mask; /* network byte order */
  struct Map *subnets;
  struct Vector *keys;
  struct Vector *buckets;
  struct DoubleChain *ages;
};

static struct Level levels[MAX_LEVELS];
static unsigned level_count;

static uint64_t units_per_ns;
static uint64_t full;             /* units in a full bucket: less than 2^63 */
static vigor_time_t time_to_fill; /* ns that an empty bucket takes to be full */

static bool subnet_equal(void *a, void *b) {
  struct Subnet *x = a, *y = b;
  return x->ip == y->ip;
}

static unsigned subnet_hash(void *key) {
  struct Subnet *subnet = key;
  return __builtin_ia32_crc32si(0, subnet->ip);
}

static void subnet_clear(void *cell) {
  struct Subnet *subnet = cell;
  subnet->ip = 0;
}

static void bucket_clear(void *cell) {
  struct Bucket *bucket = cell;
  *bucket = (struct Bucket){0};
}

void subnets_set_rate(uint64_t rate, uint64_t burst) {
  units_per_ns = rate;
  full = burst * UNITS_PER_BYTE;
  time_to_fill = (vigor_time_t)((full - 1) / rate + 1);
}

bool subnets_add_level(uint8_t prefix, uint32_t capacity) {
  struct Level *level = &levels[level_count++];
  level->mask = rte_cpu_to_be_32(UINT32_MAX << (32 - prefix));
  return map_allocate(subnet_equal, subnet_hash, capacity, &level->subnets) &&
         vector_allocate(sizeof(struct Subnet), capacity, subnet_clear, &level->keys) &&
         vector_allocate(sizeof(struct Bucket), capacity, bucket_clear, &level->buckets) &&
         dchain_allocate((int)capacity, &level->ages);
}

void subnets_expire(vigor_time_t now) {
  for (unsigned i = 0; i < level_count; i++) {
    struct Level *level = &levels[i];
    expire_items_single_map(level->ages, level->keys, level->subnets, now - time_to_fill);
  }
}

/* Fills the bucket as time went by, then takes `units` out of it if they are there. The sum cannot
 * overflow: a bucket last used time_to_fill ago or earlier has expired. Masks, so as not to branch:
 * each branch would multiply the NF's paths on every level. */
static bool refill_and_take(struct Bucket *bucket, uint64_t units, vigor_time_t now) {
  uint64_t held = bucket->units + (uint64_t)(now - bucket->time) * units_per_ns;
  uint64_t is_over = -(uint64_t)(held > full);
  held = (full & is_over) | (held & ~is_over);
  uint64_t is_enough = -(uint64_t)(held >= units);
  bucket->units = held - (units & is_enough);
  bucket->time = now;
  return is_enough != 0;
}

/* Starts to watch a subnet, with a full bucket less `units`, if there is room. */
static void add(struct Level *level, struct Subnet subnet, uint64_t units, vigor_time_t now) {
  int index;
  if (!dchain_allocate_new_index(level->ages, &index, now)) {
    return;
  }
  struct Subnet *key;
  vector_borrow(level->keys, index, (void **)&key);
  *key = subnet;
  map_put(level->subnets, key, index);
  vector_return(level->keys, index, key);

  struct Bucket *bucket;
  vector_borrow(level->buckets, index, (void **)&bucket);
  *bucket = (struct Bucket){.units = full - units, .time = now};
  vector_return(level->buckets, index, bucket);
}

static bool take(struct Level *level, uint32_t ip, uint64_t units, vigor_time_t now) {
  struct Subnet subnet = {.ip = ip & level->mask};
  int index;
  if (!map_get(level->subnets, &subnet, &index)) {
    add(level, subnet, units, now);
    return true;
  }
  dchain_rejuvenate_index(level->ages, index, now);
  struct Bucket *bucket;
  vector_borrow(level->buckets, index, (void **)&bucket);
  bool enough = refill_and_take(bucket, units, now);
  vector_return(level->buckets, index, bucket);
  return enough;
}

bool subnets_take(uint32_t ip, uint16_t bytes, vigor_time_t now) {
  bool good = true;
  for (unsigned i = 0; i < level_count; i++) {
    good &= take(&levels[i], ip, bytes * UNITS_PER_BYTE, now);
  }
  return good;
}
