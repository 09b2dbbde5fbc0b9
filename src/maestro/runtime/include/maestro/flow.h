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

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "keys are words in memory order");

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

/* ---- Maps ---- */

/* Where a map's keys are: at byte `at` of records of `stride` bytes, `words` of 64 bits. */
struct flow_key {
  size_t stride, at;
  unsigned words;
};

struct flow_map {
  uint32_t *slots; /* 0: empty; else the index + 1, and above it high bits of the key's hash */
  uint32_t mask;   /* slots - 1 */
  uint32_t indices; /* the bits of a slot that are the index + 1 */
  uint64_t seed;
};

/* A map of `capacity` entries at most, all of whose indices are below `indices`. Any `seed` will
 * do. False when there is not enough memory. */
static inline bool flow_map_create(struct flow_map *m, uint32_t capacity, uint32_t indices,
                                   uint64_t seed) {
  uint32_t slots = 16, bits = 1;
  while (slots < 2 * (uint64_t)capacity) {
    slots *= 2;
  }
  while (bits <= indices) {
    bits *= 2;
  }
  seed = (seed ^ UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
  uint32_t *memory = (uint32_t *)maestro_alloc(slots * sizeof *memory);
  *m = (struct flow_map){memory, slots - 1, bits - 1, seed};
  return m->slots != NULL;
}

static inline void flow_map_destroy(struct flow_map *m) {
  free(m->slots);
}

FLOW_INLINE uint64_t flow_mix_(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 wide;
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Multiply and fold, two words at a time, each under a part of the seed. */
FLOW_INLINE uint32_t flow_hash(const struct flow_map *m, const uint64_t *key, unsigned words) {
  uint64_t hash = m->seed;
  unsigned at = 0;
  for (; at + 1 < words; at += 2) {
    hash = flow_mix_(key[at] ^ hash, key[at + 1] ^ (hash >> 32 | hash << 32) ^
                                         UINT64_C(0xa0761d6478bd642f));
  }
  if (at < words) {
    hash = flow_mix_(key[at] ^ hash, UINT64_C(0xe7037ed1a0b428db) ^ (hash >> 32));
  }
  return (uint32_t)(hash ^ hash >> 32);
}

FLOW_INLINE bool flow_equal_(const uint64_t *key, const uint8_t *held, unsigned words) {
  uint64_t difference = 0;
  for (unsigned i = 0; i < words; i++) {
    uint64_t word;
    memcpy(&word, held + 8 * i, sizeof word);
    difference |= word ^ key[i];
  }
  return difference == 0;
}

/* Fetch the slot at which the search for a key begins. */
FLOW_INLINE void flow_fetch_slot(const struct flow_map *m, uint32_t hash) {
  __builtin_prefetch(&m->slots[hash & m->mask]);
}

/* Fetch the record that the search is likely to end at. */
FLOW_INLINE void flow_fetch_found(const struct flow_map *m, const struct flows *f, size_t stride,
                                  uint32_t hash) {
  uint32_t slot = m->slots[hash & m->mask];
  if (((slot ^ hash) & ~m->indices) != 0) {
    slot = m->slots[(hash + 1) & m->mask];
  }
  flow_fetch(f, (slot & m->indices) - 1, stride);
}

/* The index of `key`, whose hash is given; FLOW_NONE when it is not there. There always is an empty
 * slot, where the search ends. */
FLOW_INLINE uint32_t flow_find(const struct flow_map *m, const struct flows *f,
                               struct flow_key where, const uint64_t *key, uint32_t hash) {
  for (uint32_t at = hash;; at++) {
    uint32_t slot = m->slots[at & m->mask];
    if (slot == 0) {
      return FLOW_NONE;
    }
    if (((slot ^ hash) & ~m->indices) == 0) {
      uint32_t index = (slot & m->indices) - 1;
      if (flow_equal_(key, flow_record(f, index, where.stride) + where.at, where.words)) {
        return index;
      }
    }
  }
}

/* Look `key` up. False when it is not there. */
FLOW_INLINE bool flow_get(const struct flow_map *m, const struct flows *f, struct flow_key where,
                          const uint64_t *key, uint32_t hash, uint32_t *index) {
  *index = flow_find(m, f, where, key, hash);
  return *index != FLOW_NONE;
}

/* Map `key`, which must not be there, to `index`. */
static inline void flow_put(struct flow_map *m, const struct flows *f, struct flow_key where,
                            const uint64_t *key, uint32_t hash, uint32_t index) {
  uint32_t at = hash;
  while (m->slots[at & m->mask] != 0) {
    at++;
  }
  m->slots[at & m->mask] = (hash & ~m->indices) | (index + 1);
  memcpy(flow_record(f, index, where.stride) + where.at, key, 8 * where.words);
}

/* Where the search for the key of a slot begins. */
static inline uint32_t flow_home_(const struct flow_map *m, const struct flows *f,
                                  struct flow_key where, uint32_t slot) {
  uint64_t key[8];
  const uint8_t *record = flow_record(f, (slot & m->indices) - 1, where.stride);
  memcpy(key, record + where.at, 8 * where.words);
  return flow_hash(m, key, where.words);
}

/* Close the gap at slot `gap`: move back every later entry of the run whose home is not after it.
 */
static inline void flow_close_(struct flow_map *m, const struct flows *f, struct flow_key where,
                               uint32_t gap) {
  uint32_t slot;
  for (uint32_t at = gap + 1; (slot = m->slots[at & m->mask]) != 0; at++) {
    uint32_t from_home = (at - flow_home_(m, f, where, slot)) & m->mask;
    if (from_home >= ((at - gap) & m->mask)) {
      m->slots[gap & m->mask] = slot;
      gap = at;
    }
  }
  m->slots[gap & m->mask] = 0;
}

/* Forget the entry whose value is `index`; it must be there. */
static inline void flow_erase(struct flow_map *m, const struct flows *f, struct flow_key where,
                              uint32_t index) {
  uint32_t at = flow_home_(m, f, where, index + 1);
  while ((m->slots[at & m->mask] & m->indices) != index + 1) {
    at++;
  }
  flow_close_(m, f, where, at);
}

#endif
