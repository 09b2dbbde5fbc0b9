/* Count-min sketch whose buckets expire: how often was a key seen lately, at most?
 *
 * Some older copies of this library return from sketch_touch_buckets after the first row; this one,
 * like the newer ones, counts in all of them. */
#ifndef MAESTRO_COMPAT_SKETCH_H
#define MAESTRO_COMPAT_SKETCH_H

#include <stdint.h>

#include "../verified/vigor-time.h"
#include "sketch-util.h"

struct Sketch;

/* A sketch of `capacity` buckets a row into `*sketch_out`. Returns 1; 0 when there is not enough
 * memory. */
int sketch_allocate(map_key_hash *hash, uint32_t capacity, uint16_t threshold,
                    struct Sketch **sketch_out);

/* Chooses the key that the next calls are about. */
void sketch_compute_hashes(struct Sketch *sketch, void *key);

/* Touches the key's live buckets at `time`. */
void sketch_refresh(struct Sketch *sketch, vigor_time_t time);

/* 1 when the least count among the rows that know the key is above the threshold, else 0. */
int sketch_fetch(struct Sketch *sketch);

/* Counts the key in every row: a bucket that it is new in starts at 0. Returns 1; 0 when a row has no
 * free bucket. */
int sketch_touch_buckets(struct Sketch *sketch, vigor_time_t time);

/* Empties the buckets last touched at or before `time`. */
void sketch_expire(struct Sketch *sketch, vigor_time_t time);

#endif
