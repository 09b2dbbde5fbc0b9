/* A count-min sketch as rows of buckets. A key has one hash a row; `where` says, for a hash, in
 * which bucket it is counted. All rows share `where`, as in the original: a hash that another row
 * brought in counts as known, and then the bucket of that number is used in this row too. A new hash
 * gets the lowest free bucket.
 *
 * With quotas every core has a whole sketch of its own where it does in the parallel NF. */
#include "lib/unverified/sketch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "maestro/indices.h"
#include "structs/quota.h"

#define ROWS SKETCH_HASHES
#define NOWHERE (-1)

/* Those of the original, so that keys collide as they do there. */
static const uint32_t SALTS[ROWS] = {0x9b78350f, 0x9bcf144c, 0x8ab29a3e, 0x34d48bf5, 0x78e47449};

struct bucket {
  vigor_time_t time;
  int32_t older, newer;
  uint32_t hash;
  uint32_t count; /* stays when the bucket is freed */
  bool used;
};

struct row {
  struct bucket *buckets;
  int32_t oldest, newest; /* NOWHERE: none */
  struct indices free;
};

struct counters {
  int32_t *where;
  struct row rows[ROWS];
};

struct Sketch {
  map_key_hash *hash;
  uint32_t capacity;
  uint16_t threshold;
  unsigned number; /* sketches count from 0 as they are created */
  uint32_t hashes[ROWS]; /* of the key chosen last */
  struct counters *counters[MAESTRO_QUOTA_CORES];
};

static unsigned created;

static bool row_allocate(struct row *row, uint32_t capacity) {
  row->buckets = calloc(capacity, sizeof *row->buckets);
  row->oldest = row->newest = NOWHERE;
  if (row->buckets == NULL || !indices_create(&row->free, capacity)) {
    return false;
  }
  indices_fill(&row->free, 0, capacity);
  return true;
}

static struct counters *counters_allocate(uint32_t capacity) {
  struct counters *c = calloc(1, sizeof *c);
  if (c == NULL || (c->where = malloc(capacity * sizeof *c->where)) == NULL) {
    return NULL;
  }
  for (uint32_t hash = 0; hash < capacity; hash++) {
    c->where[hash] = NOWHERE;
  }
  for (int i = 0; i < ROWS; i++) {
    if (!row_allocate(&c->rows[i], capacity)) {
      return NULL;
    }
  }
  return c;
}

int sketch_allocate(map_key_hash *hash, uint32_t capacity, uint16_t threshold,
                    struct Sketch **sketch_out) {
  struct Sketch *sketch = calloc(1, sizeof *sketch);
  if (sketch == NULL || capacity == 0) {
    free(sketch);
    return 0;
  }
  sketch->hash = hash;
  sketch->capacity = capacity;
  sketch->threshold = threshold;
  sketch->number = created++;
  *sketch_out = sketch;
  return 1;
}

/* Those of the core whose packet it is, made at their first use. */
static struct counters *current(struct Sketch *sketch) {
  struct counters **c = &sketch->counters[maestro_quota_sketch(sketch->number)];
  if (*c == NULL) {
    *c = counters_allocate(sketch->capacity);
    if (*c == NULL) {
      abort();
    }
  }
  return *c;
}

static void unlink_bucket(struct row *row, int32_t at) {
  struct bucket *b = &row->buckets[at];
  *(b->older == NOWHERE ? &row->oldest : &row->buckets[b->older].newer) = b->newer;
  *(b->newer == NOWHERE ? &row->newest : &row->buckets[b->newer].older) = b->older;
}

static void append(struct row *row, int32_t at, vigor_time_t time) {
  struct bucket *b = &row->buckets[at];
  b->time = time;
  b->older = row->newest;
  b->newer = NOWHERE;
  *(row->newest == NOWHERE ? &row->oldest : &row->buckets[row->newest].newer) = at;
  row->newest = at;
}

static void rejuvenate(struct row *row, int32_t at, vigor_time_t time) {
  if (at != NOWHERE && row->buckets[at].used) {
    unlink_bucket(row, at);
    append(row, at, time);
  }
}

void sketch_compute_hashes(struct Sketch *sketch, void *key) {
  uint32_t hash = sketch->hash(key);
  for (int i = 0; i < ROWS; i++) {
    uint32_t salted = __builtin_ia32_crc32si(__builtin_ia32_crc32si(0, SALTS[i]), hash);
    sketch->hashes[i] = salted % sketch->capacity;
  }
}

void sketch_refresh(struct Sketch *sketch, vigor_time_t time) {
  struct counters *c = current(sketch);
  for (int i = 0; i < ROWS; i++) {
    rejuvenate(&c->rows[i], c->where[sketch->hashes[i]], time);
  }
}

int sketch_fetch(struct Sketch *sketch) {
  struct counters *c = current(sketch);
  bool known = false;
  uint32_t least = UINT32_MAX;
  for (int i = 0; i < ROWS; i++) {
    int32_t at = c->where[sketch->hashes[i]];
    if (at != NOWHERE) {
      uint32_t count = c->rows[i].buckets[at].count;
      least = count < least ? count : least;
      known = true;
    }
  }
  return known && least > sketch->threshold;
}

/* A bucket for a hash that no row knows. */
static bool start(struct counters *c, struct row *row, uint32_t hash, vigor_time_t time) {
  if (!indices_any(&row->free)) {
    return false;
  }
  int32_t at = (int32_t)indices_lowest(&row->free);
  struct bucket *b = &row->buckets[at];
  indices_remove(&row->free, (uint32_t)at);
  b->hash = hash;
  b->count = 0;
  b->used = true;
  append(row, at, time);
  c->where[hash] = at;
  return true;
}

int sketch_touch_buckets(struct Sketch *sketch, vigor_time_t time) {
  struct counters *c = current(sketch);
  for (int i = 0; i < ROWS; i++) {
    int32_t at = c->where[sketch->hashes[i]];
    if (at == NOWHERE) {
      if (!start(c, &c->rows[i], sketch->hashes[i], time)) {
        return 0;
      }
    } else {
      rejuvenate(&c->rows[i], at, time);
      c->rows[i].buckets[at].count++;
    }
  }
  return 1;
}

void sketch_expire(struct Sketch *sketch, vigor_time_t time) {
  struct counters *c = current(sketch);
  for (int i = 0; i < ROWS; i++) {
    struct row *row = &c->rows[i];
    while (row->oldest != NOWHERE && row->buckets[row->oldest].time <= time) {
      int32_t at = row->oldest;
      struct bucket *b = &row->buckets[at];
      unlink_bucket(row, at);
      c->where[b->hash] = NOWHERE;
      b->used = false;
      indices_put(&row->free, (uint32_t)at);
    }
  }
}
