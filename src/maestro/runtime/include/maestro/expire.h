/* Expiry of the entries of maps whose keys lie in a vector, under indices of an allocator. */
#ifndef MAESTRO_EXPIRE_H
#define MAESTRO_EXPIRE_H

#include "dchain.h"
#include "map.h"
#include "vector.h"

#define EXPIRE_KEY 256 /* bytes of a key, at most */

/* Write the map's key, as the map compares it, from the vector's element `cell` to `key`. */
typedef void expire_key_fn(const uint8_t *cell, uint8_t *key);

/* Erase from `m` the key that `cell` holds. */
static inline void expire_key_(struct map *m, size_t key_size, expire_key_fn *key_of,
                               const uint8_t *cell) {
  uint8_t key[EXPIRE_KEY];
  key_of(cell, key);
  map_erase(m, key, key_size);
}

/* Free every index of `d` last touched at or before `time`, and erase from `m` the key that `v`
 * holds for it. Returns how many. `key_of` is passed by name, so that it is inlined. */
static inline uint32_t expire_map(struct dchain *d, const struct vector *v, size_t elem_size,
                                  struct map *m, size_t key_size, expire_key_fn *key_of,
                                  int64_t time) {
  uint32_t count = 0, index;
  while (dchain_expire_one(d, time, &index)) {
    expire_key_(m, key_size, key_of, vector_at(v, index, elem_size));
    count++;
  }
  return count;
}

/* The same with two maps, whose keys are both in the vector's elements. */
static inline uint32_t expire_maps(struct dchain *d, const struct vector *v, size_t elem_size,
                                   struct map *a, size_t a_size, expire_key_fn *a_of,
                                   struct map *b, size_t b_size, expire_key_fn *b_of,
                                   int64_t time) {
  uint32_t count = 0, index;
  while (dchain_expire_one(d, time, &index)) {
    const uint8_t *cell = vector_at(v, index, elem_size);
    expire_key_(a, a_size, a_of, cell);
    expire_key_(b, b_size, b_of, cell);
    count++;
  }
  return count;
}

/* Erase from `m` the keys that `v` holds at `start` up to, but not including, `end`. */
static inline void expire_range(struct map *m, const struct vector *v, size_t elem_size,
                                size_t key_size, expire_key_fn *key_of, int32_t start,
                                int32_t end) {
  for (int32_t i = start; i < end; i++) {
    expire_key_(m, key_size, key_of, vector_at(v, (uint32_t)i, elem_size));
  }
}

#endif
