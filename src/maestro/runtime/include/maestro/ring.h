/* A queue from one thread to one other: bounded, without locks. How a core hands packets to the core
 * that owns their state, where the NIC cannot.
 *
 * Each side writes an index of its own, on lines of its own, and keeps a copy of the other side's,
 * which it reads again only when the ring looks full, or empty. What was written before an item was
 * pushed is visible after it was popped. */
#ifndef MAESTRO_RING_H
#define MAESTRO_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "memory.h"

struct ring {
  _Alignas(MAESTRO_ALIGN) atomic_size_t pushed; /* items so far; the next goes to this slot */
  size_t popped_seen;
  _Alignas(MAESTRO_ALIGN) atomic_size_t popped;
  size_t pushed_seen;
  _Alignas(MAESTRO_ALIGN) void **slots; /* not written after creation */
  size_t mask;
};

/* Room for `capacity` items, a power of two. False when there is not enough memory. */
static inline bool ring_create(struct ring *r, size_t capacity) {
  atomic_init(&r->pushed, 0);
  atomic_init(&r->popped, 0);
  r->popped_seen = r->pushed_seen = 0;
  r->mask = capacity - 1;
  r->slots = maestro_alloc(capacity * sizeof *r->slots);
  return r->slots != NULL;
}

static inline void ring_destroy(struct ring *r) {
  free(r->slots);
}

/* Items in the ring, for any thread: as it was a moment ago. */
static inline size_t ring_used(const struct ring *r) {
  size_t popped = atomic_load_explicit(&r->popped, memory_order_acquire);
  size_t pushed = atomic_load_explicit(&r->pushed, memory_order_relaxed);
  return pushed > popped ? pushed - popped : 0;
}

/* By the one thread that pushes. False when the ring is full. */
static inline bool ring_push(struct ring *r, void *item) {
  size_t at = atomic_load_explicit(&r->pushed, memory_order_relaxed);
  if (at - r->popped_seen > r->mask) {
    r->popped_seen = atomic_load_explicit(&r->popped, memory_order_acquire);
    if (at - r->popped_seen > r->mask) {
      return false;
    }
  }
  r->slots[at & r->mask] = item;
  atomic_store_explicit(&r->pushed, at + 1, memory_order_release);
  return true;
}

/* By the one thread that pops: the item that was pushed first. NULL when the ring is empty. */
static inline void *ring_pop(struct ring *r) {
  size_t at = atomic_load_explicit(&r->popped, memory_order_relaxed);
  if (at == r->pushed_seen) {
    r->pushed_seen = atomic_load_explicit(&r->pushed, memory_order_acquire);
    if (at == r->pushed_seen) {
      return NULL;
    }
  }
  void *item = r->slots[at & r->mask];
  atomic_store_explicit(&r->popped, at + 1, memory_order_release);
  return item;
}

#endif
