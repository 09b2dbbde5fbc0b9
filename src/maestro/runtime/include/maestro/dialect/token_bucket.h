/* TOKEN_BUCKET: so much in a second, and so much at once. Part of maestro.h. */
#ifndef MAESTRO_DIALECT_TOKEN_BUCKET_H
#define MAESTRO_DIALECT_TOKEN_BUCKET_H

#include "state.h"

/* TOKEN_BUCKET(name, key type, capacity, rate, burst);
 *
 * A bucket for each of up to `capacity` keys. It fills at `rate` bytes a second up to `burst`
 * bytes, and is full at the start; one that has had the time to fill gives its place to others. */
#define TOKEN_BUCKET(name_, K, capacity_, rate, burst)                              \
  _Static_assert((rate) > 0, #name_ " needs a rate above 0");                       \
  _Static_assert((burst) > 0 && (burst) <= 9000000000, "a burst is 1 to 9e9 bytes"); \
  MAESTRO_TABLE(name_, K, struct maestro_bucket, capacity_,                         \
                (int64_t)((MAESTRO_UNITS(burst) - 1) / (rate) + 1), false)          \
  MAESTRO_INLINE bool maestro_take_##name_(K key, uint32_t bytes) {                 \
    return maestro_bucket_take(&name_, &key, MAESTRO_UNITS(bytes), (rate),          \
                               MAESTRO_UNITS(burst));                               \
  }                                                                                 \
  extern struct maestro_map name_

/* bucket_take(bucket, key, bytes): takes so many bytes out of the key's bucket. False, and nothing
 * is taken, when there are not as many in it, or `capacity` other keys have buckets. */
#define bucket_take(bucket, ...) maestro_take_##bucket(__VA_ARGS__)

/* Buckets count in billionths of a byte. A rate in bytes a second then is the number of units that
 * a bucket gains each nanosecond, and nothing is ever rounded. */
#define MAESTRO_UNITS(bytes) ((uint64_t)(bytes) * 1000000000u)

struct maestro_bucket {
  uint64_t units;
  int64_t time; /* when it held that much */
};

bool maestro_bucket_take(struct maestro_map *m, void *key, uint64_t units, uint64_t rate,
                         uint64_t full);

#endif
