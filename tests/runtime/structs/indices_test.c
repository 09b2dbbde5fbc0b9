/* indices.h against an array of flags, at sizes around those at which a level is added. */
#include "maestro/indices.h"

#include "random.h"

#define MOST 5000

static void check(const struct indices *s, const bool *in, uint32_t capacity) {
  uint32_t lowest = 0;
  while (lowest < capacity && !in[lowest]) {
    lowest++;
  }
  CHECK(indices_any(s) == (lowest < capacity));
  CHECK(lowest == capacity || indices_lowest(s) == lowest);
}

static void run(uint32_t capacity) {
  struct indices s;
  static bool in[MOST];
  CHECK(indices_create(&s, capacity));
  memset(in, 0, sizeof in);
  for (int step = 0; step < 3000 && capacity > 0; step++) {
    uint32_t i = random_below(capacity), end = i + random_below(capacity - i + 1);
    CHECK(indices_has(&s, i) == in[i]);
    if (step % 500 == 0) {
      indices_fill(&s, i, end);
      memset(in + i, true, end - i);
    } else if (step % 3 == 0) {
      indices_put(&s, i);
      in[i] = true;
    } else {
      i = indices_any(&s) && random_below(2) ? indices_lowest(&s) : i;
      indices_remove(&s, i);
      in[i] = false;
    }
    check(&s, in, capacity);
  }
  check(&s, in, capacity);
  indices_destroy(&s);
}

int main(void) {
  const uint32_t sizes[] = {0, 1, 2, 63, 64, 65, 127, 128, 129, 4095, 4096, 4097, MOST};
  for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    run(sizes[i]);
  }
  return 0;
}
