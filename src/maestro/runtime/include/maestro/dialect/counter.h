/* COUNTER: numbers that are added to. Part of maestro.h. */
#ifndef MAESTRO_DIALECT_COUNTER_H
#define MAESTRO_DIALECT_COUNTER_H

#include "state.h"

/* COUNTER(name, key type, capacity);
 *
 * A 64-bit counter for each of up to `capacity` keys; all start at 0, and stay. When packets only
 * add and never ask, each core can have counters of its own (rule R7). */
#define COUNTER(name_, K, capacity_)                                                \
  MAESTRO_TABLE(name_, K, uint64_t, capacity_, 0, false)                            \
  MAESTRO_INLINE void maestro_add_##name_(K key, uint64_t n) {                      \
    maestro_counter_add(&name_, &key, n);                                           \
  }                                                                                 \
  MAESTRO_INLINE uint64_t maestro_count_##name_(K key) {                            \
    return maestro_counter_get(&name_, &key);                                       \
  }                                                                                 \
  extern struct maestro_map name_

/* counter_add(counter, key, n): adds n. Nothing happens when there are `capacity` other keys. */
#define counter_add(counter, ...) maestro_add_##counter(__VA_ARGS__)

/* counter_get(counter, key): what was added so far. */
#define counter_get(counter, ...) maestro_count_##counter(__VA_ARGS__)

void maestro_counter_add(struct maestro_map *m, void *key, uint64_t n);
uint64_t maestro_counter_get(struct maestro_map *m, void *key);

#endif
