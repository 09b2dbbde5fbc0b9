/* Consistent hashing: each of `height` rows, a prime number, prefers the `backends` in an order of
 * its own (Maglev, NSDI 2016, section 3.4). The rows are a vector's elements, four bytes
 * (little-endian) a place. */
#ifndef MAESTRO_CHT_H
#define MAESTRO_CHT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "bytes.h"
#include "dchain.h"
#include "vector.h"

/* The row that `backend` asks for in its `turn`. */
static inline uint32_t cht_row_(uint32_t backend, uint32_t turn, uint32_t height) {
  uint64_t offset = (uint32_t)(backend * 31) % height;
  uint64_t skip = (height > 1 ? backend % (height - 1) : 0) + 1;
  return (uint32_t)((offset + skip * turn) % height);
}

/* In turns, every backend takes the next place in the row that it asks for. False when there is not
 * enough memory. */
static inline bool cht_fill(struct vector *v, uint32_t height, uint32_t backends) {
  uint32_t *taken = calloc(height, sizeof *taken); /* places of each row */
  if (!taken) {
    return false;
  }
  for (uint32_t turn = 0; turn < height; turn++) {
    for (uint32_t backend = 0; backend < backends; backend++) {
      uint32_t row = cht_row_(backend, turn, height);
      uint32_t place = row * backends + taken[row]++;
      if (place < height * backends) {
        st32le(vector_at(v, place, 4), backend);
      }
    }
  }
  free(taken);
  return true;
}

/* The first backend in the row of `hash` whose index `active` has allocated. False when there is
 * none. */
static inline bool cht_find(const struct dchain *active, const struct vector *v, uint32_t height,
                            uint32_t backends, uint64_t hash, uint32_t *chosen) {
  uint32_t row = (uint32_t)(hash % height);
  for (uint32_t i = 0; i < backends; i++) {
    *chosen = ld32le(vector_at(v, row * backends + i, 4));
    if (dchain_test(active, *chosen)) {
      return true;
    }
  }
  return false;
}

#endif
