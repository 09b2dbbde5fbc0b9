/* A set of numbers below a capacity that gives out its lowest: which indices of an allocator are
 * free. The lowest, so that what is given out depends on the set alone and not on how it came to
 * be, and so that the indices in use stay close together.
 *
 * A bit a number, and a bit for each word of 64 bits below that is not empty, and so on: up to
 * six levels, each 64 times smaller than the one below. */
#ifndef MAESTRO_INDICES_H
#define MAESTRO_INDICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "memory.h"

#define INDICES_LEVELS 6 /* 64**6 > 2**32 */

struct indices {
  uint64_t *level[INDICES_LEVELS]; /* 0: the numbers' own bits; all in one block of memory */
  unsigned levels;
};

/* An empty set of numbers below `capacity`. False when there is not enough memory. */
static inline bool indices_create(struct indices *s, uint32_t capacity) {
  size_t words[INDICES_LEVELS] = {0}, total = 0, bits = capacity;
  *s = (struct indices){{NULL}, 0};
  do {
    bits = bits / 64 + 1;
    total += words[s->levels++] = bits;
  } while (bits > 1);
  uint64_t *at = s->level[0] = (uint64_t *)maestro_alloc(total * sizeof *at);
  for (unsigned l = 0; at && l < s->levels; at += words[l++]) {
    s->level[l] = at;
  }
  return s->level[0] != NULL;
}

static inline void indices_destroy(struct indices *s) {
  free(s->level[0]);
}

/* Is `i`, which must be below the capacity, in the set? */
static inline bool indices_has(const struct indices *s, uint32_t i) {
  return s->level[0][i / 64] >> i % 64 & 1;
}

static inline void indices_put(struct indices *s, uint32_t i) {
  for (unsigned l = 0; l < s->levels; l++, i /= 64) {
    s->level[l][i / 64] |= UINT64_C(1) << i % 64;
  }
}

static inline void indices_remove(struct indices *s, uint32_t i) {
  for (unsigned l = 0; l < s->levels; l++, i /= 64) {
    s->level[l][i / 64] &= ~(UINT64_C(1) << i % 64);
    if (s->level[l][i / 64] != 0) {
      break;
    }
  }
}

static inline bool indices_any(const struct indices *s) {
  return s->level[s->levels - 1][0] != 0;
}

/* The lowest number in the set, which must not be empty. */
static inline uint32_t indices_lowest(const struct indices *s) {
  uint32_t i = 0;
  for (unsigned l = s->levels; l-- > 0;) {
    i = i * 64 + (uint32_t)__builtin_ctzll(s->level[l][i]);
  }
  return i;
}

/* Put `from` up to, but not including, `end` into the set. */
static inline void indices_fill(struct indices *s, uint32_t from, uint32_t end) {
  for (uint32_t i = from; i < end; i++) {
    indices_put(s, i);
  }
}

#endif
