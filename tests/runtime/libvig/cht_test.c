/* cht.h: every row is a permutation of the backends, and preferences move only when they must. */
#include "lib/verified/cht.h"

#include <stdbool.h>
#include <stddef.h>

#include "check.h"

enum { HEIGHT = 97, BACKENDS = 11 };

static uint32_t place(struct Vector *v, uint32_t index) {
  uint32_t *at;
  vector_borrow(v, (int)index, (void **)&at);
  return *at;
}

static void rows_are_permutations(struct Vector *v) {
  for (uint32_t row = 0; row < HEIGHT; row++) {
    bool seen[BACKENDS] = {false};
    for (uint32_t i = 0; i < BACKENDS; i++) {
      uint32_t backend = place(v, row * BACKENDS + i);
      CHECK(backend < BACKENDS && !seen[backend]);
      seen[backend] = true;
    }
  }
}

/* The first turn gives backend j the row 31 * j, the second the one j + 1 further (modulo). */
static void known_places(struct Vector *v) {
  for (uint32_t j = 0; j < 3; j++) {
    CHECK(place(v, 31 * j % HEIGHT * BACKENDS) == j);
  }
  CHECK(place(v, 1 * BACKENDS) == 0);
}

static void loss_moves_only_its_own(struct Vector *v, struct DoubleChain *active) {
  int before[HEIGHT], after, counts[BACKENDS] = {0};
  for (unsigned hash = 0; hash < HEIGHT; hash++) {
    CHECK(cht_find_preferred_available_backend(hash + UINT64_C(1000) * HEIGHT, v, active, HEIGHT,
                                               BACKENDS, &before[hash]));
    counts[before[hash]]++;
  }
  CHECK(counts[4] > HEIGHT / BACKENDS / 2);
  CHECK(dchain_free_index(active, 4));
  for (unsigned hash = 0; hash < HEIGHT; hash++) {
    CHECK(
        cht_find_preferred_available_backend(hash, v, active, HEIGHT, BACKENDS, &after));
    CHECK(before[hash] == 4 ? after != 4 : after == before[hash]);
  }
}

int main(void) {
  struct Vector *v;
  struct DoubleChain *active;
  int index, chosen;
  CHECK(vector_allocate(4, HEIGHT * BACKENDS, NULL, &v) && dchain_allocate(BACKENDS, &active));
  CHECK(cht_fill_cht(v, HEIGHT, BACKENDS));
  rows_are_permutations(v);
  known_places(v);
  CHECK(!cht_find_preferred_available_backend(5, v, active, HEIGHT, BACKENDS, &chosen));
  while (dchain_allocate_new_index(active, &index, 0)) {
  }
  loss_moves_only_its_own(v, active);
  return 0;
}
