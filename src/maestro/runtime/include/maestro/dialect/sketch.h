/* SKETCH: who is seen too often? Part of maestro.h. */
#ifndef MAESTRO_DIALECT_SKETCH_H
#define MAESTRO_DIALECT_SKETCH_H

#include "state.h"

/* SKETCH(name, key type, width, threshold, EXPIRES_AFTER(time));
 *
 * A count-min sketch of five rows with `width` buckets each: it counts any number of keys, may
 * count too many, and never too few, unless all its buckets are taken. What was not counted or
 * refreshed for the time is forgotten. */
#define SKETCH(name_, K, width_, threshold_, time)                                  \
  _Static_assert((width_) > 0, "a SKETCH needs a width above 0");                   \
  _Static_assert((threshold_) > 0 && (threshold_) <= 65536,                         \
                 "a SKETCH's threshold is 1 to 65536");                             \
  _Static_assert((time) > 0, "EXPIRES_AFTER needs a time above 0");                 \
  MAESTRO_KEY(name_, K)                                                             \
  struct maestro_sketch name_ = {                                                   \
      .width = (width_),                                                            \
      .threshold = (threshold_),                                                    \
      .idle_time = (time),                                                          \
      .hash = maestro_hash_##name_,                                                 \
  };                                                                                \
  MAESTRO_STATE(name_, maestro_sketch_allocate(&name_), maestro_sketch_expire(&name_)) \
  MAESTRO_INLINE void maestro_count_##name_(K key) {                                \
    maestro_sketch_add(&name_, &key);                                             \
  }                                                                                 \
  MAESTRO_INLINE bool maestro_over_##name_(K key) {                                 \
    return maestro_sketch_over(&name_, &key);                                       \
  }                                                                                 \
  MAESTRO_INLINE void maestro_keep_##name_(K key) {                                 \
    maestro_sketch_keep(&name_, &key);                                              \
  }                                                                                 \
  extern struct maestro_sketch name_

/* Counts the key once. */
#define sketch_count(sketch, ...) maestro_count_##sketch(__VA_ARGS__)

/* Was the key counted more than `threshold` times? */
#define sketch_over(sketch, ...) maestro_over_##sketch(__VA_ARGS__)

/* The key's count is not forgotten yet. */
#define sketch_refresh(sketch, ...) maestro_keep_##sketch(__VA_ARGS__)

struct maestro_sketch {
  struct Sketch *sketch;
  unsigned width;
  unsigned threshold;
  int64_t idle_time; /* ns */
  unsigned (*hash)(void *key);
};

bool maestro_sketch_allocate(struct maestro_sketch *s);
void maestro_sketch_expire(struct maestro_sketch *s);
void maestro_sketch_add(struct maestro_sketch *s, void *key);
bool maestro_sketch_over(struct maestro_sketch *s, void *key);
void maestro_sketch_keep(struct maestro_sketch *s, void *key);

#endif
