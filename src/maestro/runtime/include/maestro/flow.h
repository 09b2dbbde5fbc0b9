/* Flow tables: an allocator of indices, the vectors that the indices address, and the maps that
 * lead to them, in one.
 *
 * Each index has a record: when it was last touched, its key in each map, its elements of the
 * vectors. Generated code declares the record as a struct, so that all of a small flow lies in
 * one cache line. A map is an array of slots of four bytes: the index, and in the bits that it
 * leaves a part of the key's hash. Looking a flow up takes one line of slots and one line of its
 * record.
 *
 * Touching a flow is one store into its record. For expiry, indices are queued by a time that is
 * never later than their last touch. If the first in the queue is not due, none is: a packet
 * compares one number. If it is, its record tells whether to free it or to queue it again, which
 * happens to a live flow about once in the time that a flow may be silent.
 *
 * Pass strides and keys as constants: the functions are inline and the compiler specialises them.
 */
#ifndef MAESTRO_FLOW_H
#define MAESTRO_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "indices.h"
#include "memory.h"

#define FLOW_FREE INT64_MIN /* `touched` of an index that is not allocated */
#define FLOW_NEVER INT64_MAX
#define FLOW_NONE UINT32_MAX
#define FLOW_MAX_CAPACITY (UINT32_C(1) << 28)
#define FLOW_INLINE static inline __attribute__((always_inline))
#define FLOW_RARE static __attribute__((cold, noinline, unused))

/* ---- Records ---- */

struct flow_queued {
  int64_t time;
  uint32_t index;
};

struct flows {
  uint8_t *records; /* each begins with `int64_t touched` */
  int64_t due;      /* `time` of the first in the queue; FLOW_NEVER when that is empty */
  struct flow_queued *queue; /* a heap by `time`, four children a node */
  uint32_t queued;           /* its size */
  uint32_t capacity;
  uint32_t used;     /* allocated indices */
  uint32_t own;      /* indices that may be allocated: all, or the core's part */
  uint64_t *in_queue; /* a bit an index: freed ones stay queued until their turn comes */
  struct indices free;
};

/* Records of `stride` bytes of the indices below `capacity`, none of them free yet. False when
 * there is not enough memory. Destroy it all the same. */
static inline bool flows_prepare_(struct flows *f, uint32_t capacity, size_t stride) {
  *f = (struct flows){.due = FLOW_NEVER, .capacity = capacity};
  if (capacity > FLOW_MAX_CAPACITY || !indices_create(&f->free, capacity)) {
    return false;
  }
  f->records = (uint8_t *)maestro_alloc((size_t)capacity * stride);
  f->queue = (struct flow_queued *)maestro_alloc((size_t)capacity * sizeof *f->queue);
  f->in_queue = (uint64_t *)maestro_alloc(((size_t)capacity / 64 + 1) * sizeof *f->in_queue);
  if (!f->records || !f->queue || !f->in_queue) {
    return false;
  }
  for (uint32_t i = 0; i < capacity; i++) {
    const int64_t free_ = FLOW_FREE;
    memcpy(f->records + i * stride, &free_, sizeof free_);
  }
  return true;
}

/* A table of which the `count` indices from `first` on are given out. */
static inline bool flows_create(struct flows *f, uint32_t capacity, size_t stride, uint32_t first,
                                uint32_t count) {
  if (!flows_prepare_(f, capacity, stride)) {
    return false;
  }
  indices_fill(&f->free, first, first + count);
  f->own = count;
  return true;
}

/* A table of which the indices i with `owners[i] == core` are given out. */
static inline bool flows_create_part(struct flows *f, uint32_t capacity, size_t stride,
                                     const uint16_t *owners, unsigned core) {
  if (!owners) {
    *f = (struct flows){0};
    return false;
  }
  if (!flows_prepare_(f, capacity, stride)) {
    return false;
  }
  for (uint32_t i = 0; i < capacity; i++) {
    if (owners[i] == core) {
      f->own++;
      indices_put(&f->free, i);
    }
  }
  return true;
}

static inline void flows_destroy(struct flows *f) {
  free(f->records);
  free(f->queue);
  free(f->in_queue);
  indices_destroy(&f->free);
}

/* The record of `index`, which must be below the capacity. */
FLOW_INLINE uint8_t *flow_record(const struct flows *f, uint32_t index, size_t stride) {
  return f->records + index * stride;
}

FLOW_INLINE int64_t flow_touched_(const struct flows *f, uint32_t index, size_t stride) {
  int64_t time;
  memcpy(&time, flow_record(f, index, stride), sizeof time);
  return time;
}

FLOW_INLINE void flow_touch_(struct flows *f, uint32_t index, size_t stride, int64_t time) {
  memcpy(flow_record(f, index, stride), &time, sizeof time);
}

/* Fetch the record of `index` if there is one. */
FLOW_INLINE void flow_fetch(const struct flows *f, uint32_t index, size_t stride) {
  __builtin_prefetch(f->records + (index < f->capacity ? index : 0) * stride, 1);
}

/* Is `index` allocated? */
FLOW_INLINE bool flow_test(const struct flows *f, uint32_t index, size_t stride) {
  return index < f->capacity && flow_touched_(f, index, stride) != FLOW_FREE;
}

/* Touch `index` now. False when it is not allocated. */
FLOW_INLINE bool flow_refresh(struct flows *f, uint32_t index, size_t stride, int64_t now) {
  bool live = flow_test(f, index, stride);
  if (live) {
    flow_touch_(f, index, stride, now);
  }
  return live;
}

/* ---- The queue ---- */

static inline void flow_down_(struct flows *f, struct flow_queued moved) {
  uint32_t at = 0;
  for (;;) {
    uint64_t first = 4 * (uint64_t)at + 1, end = first + 4 < f->queued ? first + 4 : f->queued;
    uint64_t least = first;
    for (uint64_t child = first + 1; child < end; child++) {
      least = f->queue[child].time < f->queue[least].time ? child : least;
    }
    if (first >= f->queued || f->queue[least].time >= moved.time) {
      break;
    }
    f->queue[at] = f->queue[least];
    at = (uint32_t)least;
  }
  f->queue[at] = moved;
  f->due = f->queue[0].time;
}

static inline void flow_dequeue_(struct flows *f) {
  uint32_t index = f->queue[0].index;
  f->in_queue[index / 64] &= ~(UINT64_C(1) << index % 64);
  f->queued--;
  f->due = FLOW_NEVER;
  if (f->queued > 0) {
    flow_down_(f, f->queue[f->queued]);
  }
}

/* At the end, for no time in the queue is later than now. */
static inline void flow_enqueue_(struct flows *f, uint32_t index, int64_t now) {
  uint64_t bit = UINT64_C(1) << index % 64;
  if (!(f->in_queue[index / 64] & bit)) {
    f->in_queue[index / 64] |= bit;
    f->due = f->queued == 0 ? now : f->due;
    f->queue[f->queued++] = (struct flow_queued){now, index};
  }
}

/* ---- Allocation ---- */

/* Is there a free index? */
static inline bool flow_spare(const struct flows *f) {
  return indices_any(&f->free);
}

/* Allocate the lowest free index, touched now. False when none is free. */
static inline bool flow_allocate(struct flows *f, size_t stride, int64_t now, uint32_t *index) {
  *index = f->capacity;
  if (!indices_any(&f->free)) {
    return false;
  }
  *index = indices_lowest(&f->free);
  indices_remove(&f->free, *index);
  f->used++;
  flow_touch_(f, *index, stride, now);
  flow_enqueue_(f, *index, now);
  return true;
}

static inline void flow_release_(struct flows *f, uint32_t index, size_t stride) {
  flow_touch_(f, index, stride, FLOW_FREE);
  f->used--;
  indices_put(&f->free, index);
}

/* Free `index`. False when it is not allocated. */
static inline bool flow_free(struct flows *f, uint32_t index, size_t stride) {
  bool live = flow_test(f, index, stride);
  if (live) {
    flow_release_(f, index, stride);
  }
  return live;
}

/* May there be an index that was last touched at or before `time`? */
FLOW_INLINE bool flow_due(const struct flows *f, int64_t time) {
  return __builtin_expect(f->due <= time, 0);
}

/* Free some index that was last touched at or before `time`. False when there is none. The record
 * keeps its keys and elements. */
static inline bool flow_expire(struct flows *f, size_t stride, int64_t time, uint32_t *index) {
  while (f->due <= time && f->queued > 0) {
    struct flow_queued first = f->queue[0];
    first.time = flow_touched_(f, first.index, stride);
    if (first.time <= time) {
      flow_dequeue_(f);
      if (first.time != FLOW_FREE) {
        *index = first.index;
        flow_release_(f, first.index, stride);
        return true;
      }
    } else {
      flow_down_(f, first);
    }
  }
  return false;
}

#endif
