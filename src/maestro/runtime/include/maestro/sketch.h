/* A count-min sketch whose buckets expire: was a key seen more often than a threshold lately?
 *
 * Five rows of `capacity` buckets. `where` says, for each hash, in which bucket it is counted; all
 * rows share it, so a hash that another row brought in counts as known, in the bucket of that
 *number. A new hash gets its row's lowest free bucket. Callers pass the key's 32-bit hash. */
#ifndef MAESTRO_SKETCH_H
#define MAESTRO_SKETCH_H
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "bits.h"
#include "flow.h"
#include "memory.h"

#define SKETCH_ROWS 5

struct sketch_bucket {
  _Alignas(16) int64_t touched; /* see flow.h */
  uint32_t hash;                /* that has the bucket, while it is allocated */
  uint32_t count;               /* stays when the bucket is freed */
};

struct sketch {
  uint32_t *where; /* by hash: the bucket + 1, or 0 */
  uint32_t capacity;
  uint32_t threshold;
  uint64_t inverse; /* of the capacity: 2**64 / capacity, rounded up */
  int64_t due;      /* no bucket was last touched before */
  struct flows rows[SKETCH_ROWS];
};

/* False when there is not enough memory. Destroy it all the same. */
static inline bool sketch_create(struct sketch *s, uint32_t capacity, uint32_t threshold) {
  const size_t stride = sizeof(struct sketch_bucket);
  bool ok = (s->where = (uint32_t *)maestro_alloc(capacity * sizeof *s->where)) != NULL;
  s->capacity = capacity;
  s->threshold = threshold;
  s->inverse = UINT64_MAX / capacity + 1;
  s->due = FLOW_NEVER;
  for (int i = 0; i < SKETCH_ROWS; i++) {
    ok &= flows_create(&s->rows[i], capacity, stride, 0, capacity);
  }
  return ok;
}

static inline void sketch_destroy(struct sketch *s) {
  free(s->where);
  for (int i = 0; i < SKETCH_ROWS; i++) {
    flows_destroy(&s->rows[i]);
  }
}

/* Buckets that some key has. */
static inline uint64_t sketch_used(const struct sketch *s) {
  uint64_t used = 0;
  for (int i = 0; i < SKETCH_ROWS; i++) {
    used += s->rows[i].used;
  }
  return used;
}

/* x % capacity without a division (Lemire, Kaser and Kurz, "Faster remainder by direct
 * computation", 2019). */
static inline uint32_t sketch_remainder_(const struct sketch *s, uint32_t x) {
  __extension__ typedef unsigned __int128 wide;
  return (uint32_t)((wide)(s->inverse * x) * s->capacity >> 64);
}

/* What each row hashes a key to, which the NF hashes to `hash`: the CRC of the row's salt, then of
 * `hash`. A CRC without inversion is linear, so that is the CRC of `hash`, once for all rows, and
 * that of the salt behind a word of zeros. */
struct sketch_hashes {
  uint32_t row[SKETCH_ROWS];
};

static inline struct sketch_hashes sketch_hash_(const struct sketch *s, uint32_t hash) {
  static const uint32_t salts[SKETCH_ROWS] = {0x93affb71, 0xd80a7597, 0xd6ad7076, 0xd82ac98e,
                                              0x2ce17103};
  const uint32_t crc = bits_crc32c(0, hash, 32);
  struct sketch_hashes h;
  for (int i = 0; i < SKETCH_ROWS; i++) {
    h.row[i] = sketch_remainder_(s, crc ^ salts[i]);
  }
  return h;
}

static inline struct sketch_bucket *sketch_bucket_(const struct sketch *s, int row, uint32_t at) {
  return (struct sketch_bucket *)s->rows[row].records + at;
}

/* Fetch what says where the key's buckets are, */
static inline void sketch_fetch_where(const struct sketch *s, uint32_t hash) {
  const struct sketch_hashes h = sketch_hash_(s, hash);
  for (int i = 0; i < SKETCH_ROWS; i++) {
    __builtin_prefetch(&s->where[h.row[i]]);
  }
}

/* and then the buckets. */
static inline void sketch_fetch_buckets(const struct sketch *s, uint32_t hash) {
  const struct sketch_hashes h = sketch_hash_(s, hash);
  for (int i = 0; i < SKETCH_ROWS; i++) {
    uint32_t at = s->where[h.row[i]];
    __builtin_prefetch(sketch_bucket_(s, i, at - (at != 0)), 1);
  }
}

/* Touch the key's buckets now. */
static inline void sketch_refresh(struct sketch *s, uint32_t hash, int64_t now) {
  const struct sketch_hashes h = sketch_hash_(s, hash);
  for (int i = 0; i < SKETCH_ROWS; i++) {
    uint32_t at = s->where[h.row[i]];
    if (at != 0) {
      flow_refresh(&s->rows[i], at - 1, sizeof(struct sketch_bucket), now);
    }
  }
}

/* Is the least count among the rows that know the key above the threshold? */
static inline bool sketch_fetch(const struct sketch *s, uint32_t hash) {
  const struct sketch_hashes h = sketch_hash_(s, hash);
  bool known = false;
  uint32_t least = UINT32_MAX;
  for (int i = 0; i < SKETCH_ROWS; i++) {
    uint32_t at = s->where[h.row[i]];
    if (at != 0) {
      uint32_t count = sketch_bucket_(s, i, at - 1)->count;
      least = count < least ? count : least;
      known = true;
    }
  }
  return known && least > s->threshold;
}

/* Count the key in every row, now. False, with the rows after it left out, when one that does not
 * know it has no bucket for it. */
static inline bool sketch_touch(struct sketch *s, uint32_t hash, int64_t now) {
  const struct sketch_hashes h = sketch_hash_(s, hash);
  for (int i = 0; i < SKETCH_ROWS; i++) {
    uint32_t at = s->where[h.row[i]];
    if (at != 0) {
      flow_refresh(&s->rows[i], at - 1, sizeof(struct sketch_bucket), now);
      sketch_bucket_(s, i, at - 1)->count++;
    } else if (flow_allocate(&s->rows[i], sizeof(struct sketch_bucket), now, &at)) {
      sketch_bucket_(s, i, at)->hash = h.row[i];
      sketch_bucket_(s, i, at)->count = 0;
      s->where[h.row[i]] = at + 1;
      s->due = now < s->due ? now : s->due;
    } else {
      return false;
    }
  }
  return true;
}

FLOW_RARE void sketch_expire_due_(struct sketch *s, int64_t time) {
  uint32_t at;
  s->due = FLOW_NEVER;
  for (int i = 0; i < SKETCH_ROWS; i++) {
    while (flow_expire(&s->rows[i], sizeof(struct sketch_bucket), time, &at)) {
      s->where[sketch_bucket_(s, i, at)->hash] = 0;
    }
    s->due = s->rows[i].due < s->due ? s->rows[i].due : s->due;
  }
}

/* Free every bucket last touched at or before `time`. */
static inline void sketch_expire(struct sketch *s, int64_t time) {
  if (__builtin_expect(s->due <= time, 0)) {
    sketch_expire_due_(s, time);
  }
}

#endif
