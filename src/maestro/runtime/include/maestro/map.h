/* A hash map from keys of a fixed number of bytes, kept by value, to 32-bit values.
 *
 * Open addressing with linear probing in a power-of-two table at most half full. A slot holds a
 * tag, the value and the key, so that a lookup that hits touches one cache line as a rule. The tag
 * is 31 bits of the key's hash with the top bit set; 0 marks an empty slot. Erasing moves later
 * entries of the run back instead of leaving tombstones, so lookups do not slow down with age.
 *
 * Pass the key size (1 to 64 bytes) as a constant: the functions are inline and the compiler
 * specialises them. */
#ifndef MAESTRO_MAP_H
#define MAESTRO_MAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "memory.h"

struct map {
  uint8_t *slots;
  uint32_t mask; /* slots - 1 */
  uint32_t size;
  uint32_t capacity;
  uint64_t seed;
};

#define MAP_MAX_CAPACITY (UINT32_C(1) << 29)
#define MAP_KEY 8 /* a slot: tag (4 bytes), value (4 bytes), key, padding to a multiple of 4 */

static inline size_t map_stride_(size_t key_size) {
  return MAP_KEY + (key_size + 3) / 4 * 4;
}

static inline uint8_t *map_slot_(const struct map *m, uint32_t slot, size_t key_size) {
  return m->slots + slot * map_stride_(key_size);
}

static inline uint32_t map_tag_(const uint8_t *slot) {
  uint32_t tag;
  memcpy(&tag, slot, sizeof tag);
  return tag;
}

/* False when there is not enough memory. Any `seed` will do; maps with different seeds order keys
 * differently. */
static inline bool map_create(struct map *m, uint32_t capacity, size_t key_size, uint64_t seed) {
  if (capacity > MAP_MAX_CAPACITY) {
    return false;
  }
  uint32_t slots = 2;
  while (slots < 2 * capacity) {
    slots *= 2;
  }
  *m = (struct map){maestro_alloc(slots * map_stride_(key_size)), slots - 1, 0, capacity, seed};
  return m->slots != NULL;
}

static inline void map_destroy(struct map *m) {
  free(m->slots);
}

static inline uint64_t map_mix_(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 wide;
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The last 1 to 8 of `n` bytes at `at` as a number; bytes before them may take part when n >= 8. */
static inline uint64_t map_tail_(const uint8_t *at, size_t n) {
  if (n >= 8) {
    return ld64le(at + n - 8);
  }
  if (n >= 4) {
    return (uint64_t)ld32le(at) << 32 | ld32le(at + n - 4);
  }
  return (uint64_t)at[0] << 16 | (uint64_t)at[n / 2] << 8 | at[n - 1];
}

/* Multiply-and-fold over 16 bytes at a time. */
static inline uint32_t map_hash_(const struct map *m, const uint8_t *key, size_t key_size) {
  uint64_t hash = m->seed ^ UINT64_C(0x9e3779b97f4a7c15);
  size_t at = 0;
  for (; key_size - at > 16; at += 16) {
    hash = map_mix_(ld64le(key + at) ^ UINT64_C(0xd6e8feb86659fd93), ld64le(key + at + 8) ^ hash);
  }
  uint64_t head = key_size >= 8 ? ld64le(key + (key_size - at > 8 ? at : key_size - 8)) : 0;
  hash = map_mix_(head ^ UINT64_C(0xa0761d6478bd642f), map_tail_(key, key_size) ^ hash);
  return (uint32_t)map_mix_(hash, UINT64_C(0xe7037ed1a0b428db)) | UINT32_C(0x80000000);
}

static inline bool map_equal_(const uint8_t *a, const uint8_t *b, size_t n) {
  uint64_t difference = 0;
  for (size_t at = 0; at + 8 < n; at += 8) {
    difference |= ld64le(a + at) ^ ld64le(b + at);
  }
  return (difference | (map_tail_(a, n) ^ map_tail_(b, n))) == 0;
}

/* The slot that holds `key`, or the empty one where it would go. There always is an empty one. */
static inline uint32_t map_find_(const struct map *m, const uint8_t *key, size_t key_size,
                                 uint32_t tag) {
  for (uint32_t at = tag & m->mask;; at = (at + 1) & m->mask) {
    const uint8_t *slot = map_slot_(m, at, key_size);
    uint32_t held = map_tag_(slot);
    if (held == 0 || (held == tag && map_equal_(slot + MAP_KEY, key, key_size))) {
      return at;
    }
  }
}

/* Look `key` up. False, and *value is UINT32_MAX, when it is not there. */
static inline bool map_get(const struct map *m, const uint8_t *key, size_t key_size,
                           uint32_t *value) {
  uint32_t at = map_find_(m, key, key_size, map_hash_(m, key, key_size));
  const uint8_t *slot = map_slot_(m, at, key_size);
  bool found = map_tag_(slot) != 0;
  *value = UINT32_MAX;
  if (found) {
    memcpy(value, slot + 4, sizeof *value);
  }
  return found;
}

/* Map `key` to `value`; a value that it had is replaced. False, and nothing happens, when the map
 * is full. */
static inline bool map_put(struct map *m, const uint8_t *key, size_t key_size, uint32_t value) {
  uint32_t tag = map_hash_(m, key, key_size);
  uint8_t *slot = map_slot_(m, map_find_(m, key, key_size, tag), key_size);
  if (map_tag_(slot) == 0) {
    if (m->size == m->capacity) {
      return false;
    }
    m->size++;
    memcpy(slot, &tag, sizeof tag);
    memcpy(slot + MAP_KEY, key, key_size);
  }
  memcpy(slot + 4, &value, sizeof value);
  return true;
}

/* Close the gap at slot `gap`: move back every later entry of the run whose home is not after the
 * gap. */
static inline void map_close_(struct map *m, uint32_t gap, size_t key_size) {
  for (uint32_t at = (gap + 1) & m->mask;; at = (at + 1) & m->mask) {
    const uint8_t *slot = map_slot_(m, at, key_size);
    uint32_t tag = map_tag_(slot);
    if (tag == 0) {
      break;
    }
    uint32_t from_home = (at - tag) & m->mask;
    if (from_home >= ((at - gap) & m->mask)) {
      memcpy(map_slot_(m, gap, key_size), slot, map_stride_(key_size));
      gap = at;
    }
  }
  memset(map_slot_(m, gap, key_size), 0, MAP_KEY);
}

/* Forget `key`. False when it is not there. */
static inline bool map_erase(struct map *m, const uint8_t *key, size_t key_size) {
  uint32_t at = map_find_(m, key, key_size, map_hash_(m, key, key_size));
  if (map_tag_(map_slot_(m, at, key_size)) == 0) {
    return false;
  }
  map_close_(m, at, key_size);
  m->size--;
  return true;
}

static inline uint32_t map_size(const struct map *m) {
  return m->size;
}

/* The entry at slot `*at` or behind it, and `*at` behind that; start with 0. NULL at the end. Its
 * value goes to `*value`. The map must not change in between. */
static inline const uint8_t *map_next(const struct map *m, size_t key_size, uint32_t *at,
                                      uint32_t *value) {
  while (*at <= m->mask) {
    const uint8_t *slot = map_slot_(m, (*at)++, key_size);
    if (map_tag_(slot) != 0) {
      memcpy(value, slot + 4, sizeof *value);
      return slot + MAP_KEY;
    }
  }
  return NULL;
}

#endif
