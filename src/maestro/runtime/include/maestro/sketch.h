/* A count-min sketch whose buckets expire: was a key seen more often than a threshold lately?
 *
 * Five rows of `capacity` buckets. `where` says, for each hash, in which bucket it is counted; all
 * rows share it, so a hash that another row brought in counts as known, in the bucket of that
 * number. A new hash gets its row's lowest free bucket. Callers pass the key's 32-bit hash. */
#ifndef MAESTRO_SKETCH_H
#define MAESTRO_SKETCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "bits.h"
#include "dchain.h"
#include "memory.h"

#define SKETCH_ROWS 5

struct sketch_bucket {
  uint32_t hash;  /* that has the bucket, while it is allocated */
  uint32_t count; /* stays when the bucket is freed */
};

struct sketch {
  uint32_t *where; /* by hash: the bucket + 1, or 0 */
  struct sketch_bucket *buckets[SKETCH_ROWS];
  struct dchain ages[SKETCH_ROWS];
  uint32_t capacity;
  uint32_t threshold;
};

/* False when there is not enough memory. Destroy it all the same. */
static inline bool sketch_create(struct sketch *s, uint32_t capacity, uint32_t threshold) {
  bool ok = (s->where = maestro_alloc(capacity * sizeof *s->where)) != NULL;
  s->capacity = capacity;
  s->threshold = threshold;
  for (int i = 0; i < SKETCH_ROWS; i++) {
    s->buckets[i] = maestro_alloc(capacity * sizeof *s->buckets[i]);
    ok &= dchain_create(&s->ages[i], capacity, 0) && s->buckets[i] != NULL;
  }
  return ok;
}

static inline void sketch_destroy(struct sketch *s) {
  free(s->where);
  for (int i = 0; i < SKETCH_ROWS; i++) {
    free(s->buckets[i]);
    dchain_destroy(&s->ages[i]);
  }
}

/* What row `row` hashes a key to, which the NF hashes to `hash`. */
static inline uint32_t sketch_hash_(const struct sketch *s, int row, uint32_t hash) {
  static const uint32_t salts[SKETCH_ROWS] = {0x9b78350f, 0x9bcf144c, 0x8ab29a3e, 0x34d48bf5,
                                              0x78e47449};
  return bits_crc32c(bits_crc32c(0, salts[row], 32), hash, 32) % s->capacity;
}

/* Touch the key's buckets at `time`. */
static inline void sketch_refresh(struct sketch *s, uint32_t hash, int64_t time) {
  for (int i = 0; i < SKETCH_ROWS; i++) {
    uint32_t at = s->where[sketch_hash_(s, i, hash)];
    if (at != 0) {
      dchain_refresh(&s->ages[i], at - 1, time);
    }
  }
}

/* Is the least count among the rows that know the key above the threshold? */
static inline bool sketch_fetch(const struct sketch *s, uint32_t hash) {
  bool known = false;
  uint32_t least = UINT32_MAX;
  for (int i = 0; i < SKETCH_ROWS; i++) {
    uint32_t at = s->where[sketch_hash_(s, i, hash)];
    if (at != 0) {
      uint32_t count = s->buckets[i][at - 1].count;
      least = count < least ? count : least;
      known = true;
    }
  }
  return known && least > s->threshold;
}

/* Count the key in every row, at `time`. False, with the rows after it left out, when one that does
 * not know it has no bucket for it. */
static inline bool sketch_touch(struct sketch *s, uint32_t hash, int64_t time) {
  for (int i = 0; i < SKETCH_ROWS; i++) {
    uint32_t h = sketch_hash_(s, i, hash), at = s->where[h];
    if (at != 0) {
      dchain_refresh(&s->ages[i], at - 1, time);
      s->buckets[i][at - 1].count++;
    } else if (dchain_allocate(&s->ages[i], time, &at)) {
      s->buckets[i][at] = (struct sketch_bucket){h, 0};
      s->where[h] = at + 1;
    } else {
      return false;
    }
  }
  return true;
}

/* Free every bucket last touched at or before `time`. */
static inline void sketch_expire(struct sketch *s, int64_t time) {
  uint32_t at;
  for (int i = 0; i < SKETCH_ROWS; i++) {
    while (dchain_expire_one(&s->ages[i], time, &at)) {
      s->where[s->buckets[i][at].hash] = 0;
    }
  }
}

#endif
