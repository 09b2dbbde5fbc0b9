/* An index allocator that remembers when each index was last touched.
 *
 * One cell an index, 16 bytes: allocated ones form a ring, oldest first, closed by a sentinel cell;
 * free ones form a stack, so that the index freed last, whose cell is still cached, is given out
 * next. Times never decrease, so the ring is in the order of time. Indices run from `first` to
 * `first + capacity - 1`; of a part, those that are another core's are neither free nor allocated. */
#ifndef MAESTRO_DCHAIN_H
#define MAESTRO_DCHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "memory.h"

#define DCHAIN_FREE UINT32_MAX /* `older` of a cell that is not allocated */

struct dchain_cell {
  int64_t time;
  uint32_t older; /* towards the oldest, or DCHAIN_FREE */
  uint32_t newer; /* towards the newest; of a free cell: the next free one */
};

struct dchain {
  struct dchain_cell *cells; /* cells[capacity] is the sentinel: its `newer` is the oldest index */
  uint32_t capacity;
  uint32_t free; /* top of the stack; `capacity` when every index is allocated */
  uint32_t first;
  uint32_t used; /* allocated indices */
  uint32_t own;  /* indices that may be allocated: all, or those of the core's part */
};

/* False when there is not enough memory. */
static inline bool dchain_create(struct dchain *d, uint32_t capacity, uint32_t first) {
  d->cells = maestro_alloc(((size_t)capacity + 1) * sizeof *d->cells);
  d->capacity = capacity;
  d->free = 0;
  d->first = first;
  d->used = 0;
  d->own = capacity;
  if (!d->cells) {
    return false;
  }
  for (uint32_t i = 0; i < capacity; i++) {
    d->cells[i] = (struct dchain_cell){0, DCHAIN_FREE, i + 1};
  }
  d->cells[capacity] = (struct dchain_cell){0, capacity, capacity};
  return true;
}

/* An allocator of the indices i below `capacity` with `owners[i] == core`, at first in ascending
 * order; the others are never given out and never allocated. False when `owners` is NULL or there is
 * not enough memory. */
static inline bool dchain_create_part(struct dchain *d, uint32_t capacity, const uint16_t *owners,
                                      unsigned core) {
  if (!owners) {
    d->cells = NULL;
    return false;
  }
  if (!dchain_create(d, capacity, 0)) {
    return false;
  }
  d->free = capacity;
  d->own = 0;
  for (uint32_t i = capacity; i-- > 0;) {
    if (owners[i] == core) {
      d->own++;
      d->cells[i].newer = d->free;
      d->free = i;
    }
  }
  return true;
}

static inline void dchain_destroy(struct dchain *d) {
  free(d->cells);
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
  d->cells[cell].newer = d->free;
  d->free = cell;
  d->used--;
}

/* Is `index` allocated? */
static inline bool dchain_test(const struct dchain *d, uint32_t index) {
  uint32_t cell = index - d->first;
  return cell < d->capacity && d->cells[cell].older != DCHAIN_FREE;
}

/* Is there a free index? */
static inline bool dchain_spare(const struct dchain *d) {
  return d->free != d->capacity;
}

/* Allocate an index, touched at `time`. False when none is free. */
static inline bool dchain_allocate(struct dchain *d, int64_t time, uint32_t *index) {
  uint32_t cell = d->free;
  *index = d->first + cell;
  if (cell == d->capacity) {
    return false;
  }
  d->free = d->cells[cell].newer;
  dchain_occupy_(d, cell, time);
  return true;
}

/* Allocate that very `index`, touched at `time`: for setting up, as it searches the free ones.
 * False when it is not free. */
static inline bool dchain_take(struct dchain *d, uint32_t index, int64_t time) {
  uint32_t cell = index - d->first;
  uint32_t *link = &d->free;
  while (*link != d->capacity && *link != cell) {
    link = &d->cells[*link].newer;
  }
  if (*link == d->capacity) {
    return false;
  }
  *link = d->cells[cell].newer;
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
