/* Expiry of the entries of a map whose keys lie in a vector, under indices of an allocator. */
#ifndef MAESTRO_EXPIRE_H
#define MAESTRO_EXPIRE_H

#include "dchain.h"
#include "map.h"
#include "vector.h"

/* Write the map's key, as the map compares it, from the vector's element `cell` to `key`. */
typedef void expire_key_fn(const uint8_t *cell, uint8_t *key);

/* Free every index of `d` last touched at or before `time`, and erase from `m` the key that `v`
 * holds for it. Returns how many. `key_of` is passed by name, so that it is inlined. */
static inline uint32_t expire_map(struct dchain *d, const struct vector *v, size_t elem_size,
                                  struct map *m, size_t key_size, expire_key_fn *key_of,
                                  int64_t time) {
  uint32_t count = 0, index;
  while (dchain_expire_one(d, time, &index)) {
    uint8_t key[64];
    key_of(vector_at(v, index, elem_size), key);
    map_erase(m, key, key_size);
    count++;
  }
  return count;
}

#endif
