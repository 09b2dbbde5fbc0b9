/* An index allocator that remembers when each index was last touched.
 *
 * One cell an index, 16 bytes: allocated ones form a ring, oldest first, closed by a sentinel cell.
 * Times never decrease, so the ring is in the order of time. The lowest free index is given out.
 * Indices run from `first` to `first + capacity - 1`; of a part, those that are another core's are
 * neither free nor allocated. */
#ifndef MAESTRO_DCHAIN_H
#define MAESTRO_DCHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "indices.h"
#include "memory.h"

#define DCHAIN_FREE UINT32_MAX /* `older` of a cell that is not allocated */

struct dchain_cell {
  int64_t time;
  uint32_t older; /* towards the oldest, or DCHAIN_FREE */
  uint32_t newer; /* towards the newest */
};

struct dchain {
  struct dchain_cell *cells; /* cells[capacity] is the sentinel: its `newer` is the oldest index */
  uint32_t capacity;
  uint32_t first;
  uint32_t used; /* allocated indices */
  uint32_t own;  /* indices that may be allocated: all, or those of the core's part */
  struct indices free; /* cells */
};

/* All cells, none of them free yet. */
static inline bool dchain_prepare_(struct dchain *d, uint32_t capacity, uint32_t first) {
  d->cells = (struct dchain_cell *)maestro_alloc(((size_t)capacity + 1) * sizeof *d->cells);
  d->capacity = capacity;
  d->first = first;
  d->used = 0;
  d->own = capacity;
  if (!indices_create(&d->free, capacity) || !d->cells) {
    return false;
  }
  for (uint32_t i = 0; i < capacity; i++) {
    d->cells[i].older = DCHAIN_FREE;
  }
  d->cells[capacity] = (struct dchain_cell){0, capacity, capacity};
  return true;
}

/* False when there is not enough memory. Destroy it all the same. */
static inline bool dchain_create(struct dchain *d, uint32_t capacity, uint32_t first) {
  if (!dchain_prepare_(d, capacity, first)) {
    return false;
  }
  indices_fill(&d->free, 0, capacity);
  return true;
}

/* An allocator of the indices i below `capacity` with `owners[i] == core`; the others are never
 * given out and never allocated. False when `owners` is NULL or there is not enough memory. */
static inline bool dchain_create_part(struct dchain *d, uint32_t capacity, const uint16_t *owners,
                                      unsigned core) {
  if (!owners) {
    *d = (struct dchain){0};
    return false;
  }
  if (!dchain_prepare_(d, capacity, 0)) {
    return false;
  }
  d->own = 0;
  for (uint32_t i = 0; i < capacity; i++) {
    if (owners[i] == core) {
      d->own++;
      indices_put(&d->free, i);
    }
  }
  return true;
}

static inline void dchain_destroy(struct dchain *d) {
  free(d->cells);
  indices_destroy(&d->free);
}

static inline void dchain_unlink_(struct dchain *d, uint32_t cell) {
  uint32_t older = d->cells[cell].older, newer = d->cells[cell].newer;
  d->cells[older].newer = newer;
  d->cells[newer].older = older;
}

static inline void dchain_append_(struct dchain *d, uint32_t cell, int64_t time) {
  uint32_t newest = d->cells[d->capacity].older;
  d->cells[cell] = (struct dchain_cell){time, newest, d->capacity};
  d->cells[newest].newer = cell;
  d->cells[d->capacity].older = cell;
}

static inline void dchain_occupy_(struct dchain *d, uint32_t cell, int64_t time) {
  dchain_append_(d, cell, time);
  d->used++;
}

static inline void dchain_release_(struct dchain *d, uint32_t cell) {
  dchain_unlink_(d, cell);
  d->cells[cell].older = DCHAIN_FREE;
  indices_put(&d->free, cell);
  d->used--;
}

/* Is `index` allocated? */
static inline bool dchain_test(const struct dchain *d, uint32_t index) {
  uint32_t cell = index - d->first;
  return cell < d->capacity && d->cells[cell].older != DCHAIN_FREE;
}

/* Is there a free index? */
static inline bool dchain_spare(const struct dchain *d) {
  return indices_any(&d->free);
}

/* Allocate an index, touched at `time`. False when none is free. */
static inline bool dchain_allocate(struct dchain *d, int64_t time, uint32_t *index) {
  *index = d->first + d->capacity;
  if (!indices_any(&d->free)) {
    return false;
  }
  uint32_t cell = indices_lowest(&d->free);
  indices_remove(&d->free, cell);
  dchain_occupy_(d, cell, time);
  *index = d->first + cell;
  return true;
}

/* Allocate that very `index`, touched at `time`. False when it is not free. */
static inline bool dchain_take(struct dchain *d, uint32_t index, int64_t time) {
  uint32_t cell = index - d->first;
  if (cell >= d->capacity || !indices_has(&d->free, cell)) {
    return false;
  }
  indices_remove(&d->free, cell);
  dchain_occupy_(d, cell, time);
  return true;
}

/* Touch `index` at `time`. False when it is not allocated. */
static inline bool dchain_refresh(struct dchain *d, uint32_t index, int64_t time) {
  if (!dchain_test(d, index)) {
    return false;
  }
  uint32_t cell = index - d->first;
  if (d->cells[cell].newer == d->capacity) {
    d->cells[cell].time = time; /* the newest already */
    return true;
  }
  dchain_unlink_(d, cell);
  dchain_append_(d, cell, time);
  return true;
}

/* Free `index`. False when it is not allocated. */
static inline bool dchain_free(struct dchain *d, uint32_t index) {
  if (!dchain_test(d, index)) {
    return false;
  }
  dchain_release_(d, index - d->first);
  return true;
}

/* Is there an index that was last touched at or before `time`? */
static inline bool dchain_due(const struct dchain *d, int64_t time) {
  uint32_t oldest = d->cells[d->capacity].newer;
  return oldest != d->capacity && d->cells[oldest].time <= time;
}

/* Free the oldest index if it was last touched at or before `time`. */
static inline bool dchain_expire_one(struct dchain *d, int64_t time, uint32_t *index) {
  uint32_t oldest = d->cells[d->capacity].newer;
  *index = d->first + oldest;
  if (oldest == d->capacity || d->cells[oldest].time > time) {
    return false;
  }
  dchain_release_(d, oldest);
  return true;
}

#endif
