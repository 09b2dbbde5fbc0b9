/* cht.h: every row is a permutation of the backends, and preferences move only when they must. */
#include "maestro/cht.h"

#include "random.h"

enum { HEIGHT = 97, BACKENDS = 11 };

static void rows_are_permutations(const struct vector *v) {
  for (uint32_t row = 0; row < HEIGHT; row++) {
    bool seen[BACKENDS] = {false};
    for (uint32_t i = 0; i < BACKENDS; i++) {
      uint32_t backend = ld32le(vector_at(v, row * BACKENDS + i, 4));
      CHECK(backend < BACKENDS && !seen[backend]);
      seen[backend] = true;
    }
  }
}

/* The first turn gives backend j the row 31 * j, the second the one j + 1 further (modulo). */
static void known_places(const struct vector *v) {
  for (uint32_t j = 0; j < 3; j++) {
    CHECK(ld32le(vector_at(v, 31 * j % HEIGHT * BACKENDS, 4)) == j);
  }
  CHECK(ld32le(vector_at(v, 1 * BACKENDS, 4)) == 0);
}

static void loss_moves_only_its_own(const struct vector *v, struct dchain *active) {
  uint32_t before[HEIGHT], after, counts[BACKENDS] = {0};
  for (uint32_t hash = 0; hash < HEIGHT; hash++) {
    CHECK(cht_find(active, v, HEIGHT, BACKENDS, hash + UINT64_C(1000) * HEIGHT, &before[hash]));
    counts[before[hash]]++;
  }
  CHECK(counts[4] > HEIGHT / BACKENDS / 2);
  CHECK(dchain_free(active, 4));
  for (uint32_t hash = 0; hash < HEIGHT; hash++) {
    CHECK(cht_find(active, v, HEIGHT, BACKENDS, hash, &after));
    CHECK(before[hash] == 4 ? after != 4 : after == before[hash]);
  }
}

int main(void) {
  struct vector v;
  struct dchain active;
  uint32_t index, chosen;
  CHECK(vector_create(&v, HEIGHT * BACKENDS, 4) && dchain_create(&active, BACKENDS, 0));
  CHECK(cht_fill(&v, HEIGHT, BACKENDS));
  rows_are_permutations(&v);
  known_places(&v);
  CHECK(!cht_find(&active, &v, HEIGHT, BACKENDS, 5, &chosen));
  while (dchain_allocate(&active, 0, &index)) {
  }
  loss_moves_only_its_own(&v, &active);
  vector_destroy(&v);
  dchain_destroy(&active);
  return 0;
}
