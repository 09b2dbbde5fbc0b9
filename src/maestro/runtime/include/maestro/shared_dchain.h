/* An index allocator, as in dchain.h, that cores have in common under the locks of lock.h.
 *
 * Touching an index is no change: each core notes its touches in memory of its own, so a packet of a
 * live entry needs its own core's lock only. Allocated indices are queued by a touch that may be out
 * of date, so never later than the last one. Hence if the first in the queue is not due, none is.
 * Expiry holds all locks: it asks every core when it touched the first index, and either queues it
 * anew or frees it. What it frees, it frees in the order of the last touches, as one core's
 * allocator does; no index is freed that any core has touched in time, and no touch is lost. */
#ifndef MAESTRO_SHARED_DCHAIN_H
#define MAESTRO_SHARED_DCHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "expire.h"
#include "indices.h"
#include "lock.h"
#include "map.h"
#include "memory.h"
#include "vector.h"

/* When an index was touched. Of equal times, the one after fewer changes to the state came first,
 * then the lower core's, then the one that the core did first: the order of nf_moment(). */
struct touch {
  int64_t time;
  uint32_t order; /* of the packet, modulo 2**32 */
  uint32_t place; /* the core (8 bits), its touches so far modulo 2**24 */
};

struct shared_dchain_cell {
  struct touch queued;
  uint32_t at; /* its place in the queue */
  uint32_t allocated;
};

struct shared_dchain {
  struct shared_dchain_cell *cells;
  uint32_t *queue;        /* a binary heap of the allocated indices by `queued`, the earliest first */
  struct touch **touched; /* by core, by index; each core's in memory of its own */
  uint32_t size;
  uint32_t capacity;
  unsigned cores;
  struct indices free;
};

/* False when there is not enough memory. */
static inline bool shared_dchain_create(struct shared_dchain *d, uint32_t capacity,
                                        unsigned cores) {
  d->cells = maestro_alloc((size_t)capacity * sizeof *d->cells);
  d->queue = maestro_alloc((size_t)capacity * sizeof *d->queue);
  d->touched = maestro_alloc(cores * sizeof *d->touched);
  d->size = 0;
  d->capacity = capacity;
  d->cores = cores;
  if (!indices_create(&d->free, capacity) || !d->cells || !d->queue || !d->touched) {
    return false;
  }
  indices_fill(&d->free, 0, capacity);
  return true;
}

/* Called by each core's own thread before the first packet. False when there is not enough memory. */
static inline bool shared_dchain_join(struct shared_dchain *d, unsigned core) {
  d->touched[core] = maestro_alloc((size_t)d->capacity * sizeof **d->touched);
  return d->touched[core] != NULL;
}

static inline void shared_dchain_destroy(struct shared_dchain *d) {
  for (unsigned core = 0; d->touched && core < d->cores; core++) {
    free(d->touched[core]);
  }
  free(d->touched);
  free(d->queue);
  free(d->cells);
  indices_destroy(&d->free);
}

static inline bool touch_before_(struct touch a, struct touch b) {
  if (a.time != b.time) {
    return a.time < b.time;
  }
  if (a.order != b.order) {
    return (int32_t)(a.order - b.order) < 0;
  }
  if (a.place >> 24 != b.place >> 24) {
    return a.place < b.place;
  }
  return (int32_t)((a.place - b.place) << 8) < 0;
}

static inline struct touch touch_now_(struct turn *turn) {
  uint32_t place = turn->core << 24 | (turn->touches++ & 0xffffff);
  return (struct touch){turn->time, (uint32_t)turn->order, place};
}

/* ---- The queue ---- */

static inline void shared_dchain_place_(struct shared_dchain *d, uint32_t at, uint32_t index) {
  d->queue[at] = index;
  d->cells[index].at = at;
}

/* Move the index at `at` towards the front, to its place. */
static inline void shared_dchain_up_(struct shared_dchain *d, uint32_t at) {
  uint32_t index = d->queue[at];
  while (at > 0) {
    uint32_t parent = (at - 1) / 2;
    if (!touch_before_(d->cells[index].queued, d->cells[d->queue[parent]].queued)) {
      break;
    }
    shared_dchain_place_(d, at, d->queue[parent]);
    at = parent;
  }
  shared_dchain_place_(d, at, index);
}

/* Move the index at `at` towards the back, to its place. */
static inline void shared_dchain_down_(struct shared_dchain *d, uint32_t at) {
  uint32_t index = d->queue[at];
  for (uint64_t child; (child = 2 * (uint64_t)at + 1) < d->size; at = (uint32_t)child) {
    if (child + 1 < d->size && touch_before_(d->cells[d->queue[child + 1]].queued,
                                             d->cells[d->queue[child]].queued)) {
      child++;
    }
    if (!touch_before_(d->cells[d->queue[child]].queued, d->cells[index].queued)) {
      break;
    }
    shared_dchain_place_(d, at, d->queue[child]);
  }
  shared_dchain_place_(d, at, index);
}

static inline void shared_dchain_enqueue_(struct shared_dchain *d, uint32_t index,
                                          struct touch touch) {
  d->cells[index].queued = touch;
  d->cells[index].allocated = 1;
  shared_dchain_place_(d, d->size, index);
  shared_dchain_up_(d, d->size++);
}

static inline void shared_dchain_release_(struct shared_dchain *d, uint32_t index) {
  uint32_t at = d->cells[index].at, last = d->queue[--d->size];
  if (last != index) {
    shared_dchain_place_(d, at, last);
    shared_dchain_up_(d, at);
    shared_dchain_down_(d, d->cells[last].at);
  }
  d->cells[index].allocated = 0;
  indices_put(&d->free, index);
}

/* When the allocated `index` was last touched. What is left of its earlier lives is earlier. */
static inline struct touch shared_dchain_last_(const struct shared_dchain *d, uint32_t index) {
  struct touch last = d->cells[index].queued;
  for (unsigned core = 0; core < d->cores; core++) {
    struct touch touch = d->touched[core][index];
    last = touch_before_(last, touch) ? touch : last;
  }
  return last;
}

/* ---- With the core's own lock held, or all ---- */

/* Is `index` allocated? */
static inline bool shared_dchain_test(const struct shared_dchain *d, uint32_t index) {
  return index < d->capacity && d->cells[index].allocated;
}

/* Touch `index` now. False when it is not allocated. */
static inline bool shared_dchain_refresh(struct shared_dchain *d, struct turn *turn,
                                         uint32_t index) {
  if (!shared_dchain_test(d, index)) {
    return false;
  }
  d->touched[turn->core][index] = touch_now_(turn);
  return true;
}

/* Is there a free index? */
static inline bool shared_dchain_spare(const struct shared_dchain *d) {
  return indices_any(&d->free);
}

/* May there be an index that was last touched at or before `time`? */
static inline bool shared_dchain_due(const struct shared_dchain *d, int64_t time) {
  return d->size > 0 && d->cells[d->queue[0]].queued.time <= time;
}

/* ---- With all locks held ---- */

/* Allocate an index, touched now. False when none is free. */
static inline bool shared_dchain_allocate(struct shared_dchain *d, struct turn *turn,
                                          uint32_t *index) {
  *index = d->capacity;
  if (!indices_any(&d->free)) {
    return false;
  }
  *index = indices_lowest(&d->free);
  indices_remove(&d->free, *index);
  shared_dchain_enqueue_(d, *index, touch_now_(turn));
  return true;
}

/* Allocate that very `index`, as if touched at time 0 after those taken before it. False when it is
 * not free. */
static inline bool shared_dchain_take(struct shared_dchain *d, uint32_t index) {
  if (index >= d->capacity || !indices_has(&d->free, index)) {
    return false;
  }
  indices_remove(&d->free, index);
  shared_dchain_enqueue_(d, index, (struct touch){0, 0, d->size & 0xffffff});
  return true;
}

/* Free `index`. False when it is not allocated. */
static inline bool shared_dchain_free(struct shared_dchain *d, uint32_t index) {
  if (!shared_dchain_test(d, index)) {
    return false;
  }
  shared_dchain_release_(d, index);
  return true;
}

/* Free the index touched longest ago if that was at or before `time`. */
static inline bool shared_dchain_expire_one(struct shared_dchain *d, int64_t time,
                                            uint32_t *index) {
  for (*index = d->capacity; shared_dchain_due(d, time);) {
    *index = d->queue[0];
    struct touch last = shared_dchain_last_(d, *index);
    if (!touch_before_(d->cells[*index].queued, last)) {
      shared_dchain_release_(d, *index);
      return true;
    }
    d->cells[*index].queued = last;
    shared_dchain_down_(d, 0);
  }
  return false;
}

/* As expire_map() in expire.h. */
static inline uint32_t shared_expire_map(struct shared_dchain *d, const struct vector *v,
                                         size_t elem_size, struct map *m, size_t key_size,
                                         expire_key_fn *key_of, int64_t time) {
  uint32_t count = 0, index;
  while (shared_dchain_expire_one(d, time, &index)) {
    expire_key_(m, key_size, key_of, vector_at(v, index, elem_size));
    count++;
  }
  return count;
}

/* As expire_maps() in expire.h. */
static inline uint32_t shared_expire_maps(struct shared_dchain *d, const struct vector *v,
                                          size_t elem_size, struct map *a, size_t a_size,
                                          expire_key_fn *a_of, struct map *b, size_t b_size,
                                          expire_key_fn *b_of, int64_t time) {
  uint32_t count = 0, index;
  while (shared_dchain_expire_one(d, time, &index)) {
    const uint8_t *cell = vector_at(v, index, elem_size);
    expire_key_(a, a_size, a_of, cell);
    expire_key_(b, b_size, b_of, cell);
    count++;
  }
  return count;
}

#endif
