/* sketch.h against its description, with few buckets, so that keys collide in and across rows. */
#include "maestro/sketch.h"

#include "../sketch_model.h"
#include "random.h"

int main(void) {
  struct sketch s;
  CHECK(sketch_create(&s, MODEL_CAPACITY, 3));
  model_reset();
  int64_t now = 0;
  int over = 0;
  for (int step = 0; step < 60000; step++) {
    now += random_below(3);
    int64_t time = now - (int64_t)random_below(200);
    uint32_t key = random_below(step % 2000 < 1000 ? 6 : 60) * 2654435761u;
    sketch_expire(&s, time);
    model_expire(time);
    if (random_below(2)) {
      sketch_refresh(&s, key, now);
      model_refresh(key, now);
    }
    bool fetched = sketch_fetch(&s, key);
    CHECK(fetched == model_fetch(key, 3));
    over += fetched;
    if (!fetched || random_below(4) == 0) {
      CHECK(sketch_touch(&s, key, now) == model_count(key, now));
    }
  }
  CHECK(over > 1000 && over < 59000);
  sketch_destroy(&s);
  return 0;
}
