/* sketch.h against its description; and with quotas, a sketch a core. */
#include "lib/unverified/sketch.h"

#include "../sketch_model.h"
#include "check.h"
#include "structs/quota.h"

static unsigned hash(void *key) { return *(uint32_t *)key; }

static void against_the_description(void) {
  struct Sketch *s;
  CHECK(sketch_allocate(hash, MODEL_CAPACITY, 3, &s));
  model_reset();
  vigor_time_t now = 0;
  int over = 0;
  for (int step = 0; step < 60000; step++) {
    now += random_below(3);
    vigor_time_t time = now - (vigor_time_t)random_below(200);
    uint32_t key = random_below(step % 2000 < 1000 ? 6 : 60) * 2654435761u;
    sketch_compute_hashes(s, &key);
    sketch_expire(s, time);
    model_expire(time);
    if (random_below(2)) {
      sketch_refresh(s, now);
      model_refresh(key, now);
    }
    int fetched = sketch_fetch(s);
    CHECK(fetched == model_fetch(key, 3));
    over += fetched;
    if (!fetched || random_below(4) == 0) {
      CHECK(sketch_touch_buckets(s, now) == model_count(key, now));
    }
  }
  CHECK(over > 1000 && over < 59000);
}

/* What one core counts, another does not see. */
static void one_a_core(void) {
  struct Sketch *s;
  uint32_t key = 7;
  CHECK(sketch_allocate(hash, 16, 1, &s));
  maestro_quota_set(2);
  for (unsigned core = 0; core < 2; core++) {
    maestro_quota_core(core);
    sketch_compute_hashes(s, &key);
    CHECK(!sketch_fetch(s));
    for (int i = 0; i < 3; i++) {
      CHECK(!sketch_fetch(s) && sketch_touch_buckets(s, 10));
    }
    CHECK(sketch_fetch(s));
  }
  sketch_expire(s, 10);
  CHECK(!sketch_fetch(s));
  maestro_quota_core(0);
  CHECK(sketch_fetch(s));
}

int main(void) {
  against_the_description();
  one_a_core();
  return 0;
}
