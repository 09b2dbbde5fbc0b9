/* SKETCH, of maestro.h. */
#include "lib/unverified/sketch.h"

#include "dialect.h"

#undef sketch_refresh /* here it is libVig's */

/* libVig's sketch has 0 for a key that was counted once, and says "over" above its threshold. */
bool maestro_sketch_allocate(struct maestro_sketch *s) {
  return sketch_allocate(s->hash, s->width, (uint16_t)(s->threshold - 1), &s->sketch);
}

void maestro_sketch_expire(struct maestro_sketch *s) {
  sketch_expire(s->sketch, now() - s->idle_time);
}

void maestro_sketch_add(struct maestro_sketch *s, void *key) {
  sketch_compute_hashes(s->sketch, key);
  sketch_touch_buckets(s->sketch, now());
}

bool maestro_sketch_over(struct maestro_sketch *s, void *key) {
  sketch_compute_hashes(s->sketch, key);
  return sketch_fetch(s->sketch);
}

void maestro_sketch_keep(struct maestro_sketch *s, void *key) {
  sketch_compute_hashes(s->sketch, key);
  sketch_refresh(s->sketch, now());
}
