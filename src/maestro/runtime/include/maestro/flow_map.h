/* Maps from keys to the indices of a flow table (flow.h), which keeps the keys.
 *
 * A map is an array of slots of four bytes, at most half full, searched one slot after the other. */
#ifndef MAESTRO_FLOW_MAP_H
#define MAESTRO_FLOW_MAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "flow.h"
#include "memory.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "keys are words in memory order");

#define FLOW_AHEAD 4 /* slots that flow_guess() looks at; those behind the last one stay empty */

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
  uint32_t *memory = (uint32_t *)maestro_alloc((slots + FLOW_AHEAD) * sizeof *memory);
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

/* Which of the four slots from `slots` on has the tag of `hash`: 3 if none of the first three has. No
 * branch, as which one it is cannot be predicted. */
FLOW_INLINE unsigned flow_match_(const uint32_t *slots, uint32_t hash, uint32_t tags) {
#ifdef __SSE2__
  __m128i held = _mm_loadu_si128((const __m128i *)(const void *)slots);
  __m128i equal = _mm_cmpeq_epi32(_mm_and_si128(held, _mm_set1_epi32((int)tags)),
                                  _mm_set1_epi32((int)(hash & tags)));
  unsigned bits = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(equal));
#else
  unsigned bits = 0;
  for (unsigned i = 0; i < FLOW_AHEAD; i++) {
    bits |= (unsigned)(((slots[i] ^ hash) & tags) == 0) << i;
  }
#endif
  return (unsigned)__builtin_ctz(bits | 8);
}

/* The index that the search is likely to find, whose record is fetched: a guess, FLOW_NONE or
 * another's at times. */
FLOW_INLINE uint32_t flow_guess(const struct flow_map *m, const struct flows *f, size_t stride,
                                uint32_t hash) {
  const uint32_t *slots = m->slots + (hash & m->mask);
  uint32_t index = (slots[flow_match_(slots, hash, ~m->indices)] & m->indices) - 1;
  flow_fetch(f, index, stride);
  return index;
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

/* Look `key` up. False when it is not there. `guess`: where to look first, or FLOW_NONE. A record
 * that is allocated and has the key is the one that the map has for it. */
FLOW_INLINE bool flow_get(const struct flow_map *m, const struct flows *f, struct flow_key where,
                          const uint64_t *key, uint32_t hash, uint32_t guess, uint32_t *index) {
  *index = guess;
  if (flow_test(f, guess, where.stride) &&
      flow_equal_(key, flow_record(f, guess, where.stride) + where.at, where.words)) {
    return true;
  }
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
