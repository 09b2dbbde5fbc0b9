/* double-chain.h against an array of times. */
#include "lib/verified/double-chain.h"

#include <stdbool.h>

#include "check.h"

#define RANGE 20
#define FREE (-1)

static vigor_time_t touched[RANGE]; /* FREE, or when */

static int count_free(void) {
  int n = 0;
  for (int i = 0; i < RANGE; i++) {
    n += touched[i] == FREE;
  }
  return n;
}

static vigor_time_t oldest_time(void) {
  vigor_time_t oldest = INT64_MAX;
  for (int i = 0; i < RANGE; i++) {
    if (touched[i] != FREE && touched[i] < oldest) {
      oldest = touched[i];
    }
  }
  return oldest;
}

static void allocate(struct DoubleChain *chain, vigor_time_t now) {
  int index = -7, free_before = count_free();
  int done = dchain_allocate_new_index(chain, &index, now);
  CHECK(done == (free_before > 0));
  if (done) {
    CHECK(index >= 0 && index < RANGE && touched[index] == FREE);
    touched[index] = now;
  } else {
    CHECK(index == -7);
  }
}

static void expire(struct DoubleChain *chain, vigor_time_t time) {
  int index;
  vigor_time_t oldest = oldest_time();
  int done = dchain_expire_one_index(chain, &index, time);
  CHECK(done == (oldest != INT64_MAX && oldest <= time));
  if (done) {
    CHECK(touched[index] == oldest);
    touched[index] = FREE;
  }
}

static void random_operations(void) {
  struct DoubleChain *chain;
  vigor_time_t now = 0;
  CHECK(dchain_allocate(RANGE, &chain) == 1);
  for (int i = 0; i < RANGE; i++) {
    touched[i] = FREE;
  }
  for (int step = 0; step < 20000; step++) {
    int i = (int)random_below(RANGE + 4) - 2;
    bool allocated = i >= 0 && i < RANGE && touched[i] != FREE;
    now += random_below(3);
    CHECK(dchain_is_index_allocated(chain, i) == allocated);
    switch (random_below(5)) {
      case 0:
      case 1:
        allocate(chain, now);
        break;
      case 2:
        CHECK(dchain_rejuvenate_index(chain, i, now) == allocated);
        touched[allocated ? i : 0] = allocated ? now : touched[0];
        break;
      case 3:
        expire(chain, now - random_below(20));
        break;
      default:
        CHECK(dchain_free_index(chain, i) == allocated);
        touched[allocated ? i : 0] = allocated ? FREE : touched[0];
    }
  }
}

/* Touched at the same time: the one touched first goes first. */
static void ties_expire_in_order(void) {
  struct DoubleChain *chain;
  int first, second, index;
  CHECK(dchain_allocate(2, &chain) == 1);
  CHECK(dchain_allocate_new_index(chain, &first, 5) && dchain_allocate_new_index(chain, &second, 5));
  CHECK(dchain_rejuvenate_index(chain, first, 5));
  CHECK(!dchain_expire_one_index(chain, &index, 4));
  CHECK(dchain_expire_one_index(chain, &index, 5) && index == second);
  CHECK(dchain_expire_one_index(chain, &index, 5) && index == first);
  CHECK(!dchain_expire_one_index(chain, &index, INT64_MAX));
}

static void indices_start_at_zero(void) {
  struct DoubleChain *chain;
  int index;
  CHECK(dchain_allocate(3, &chain) == 1);
  for (int i = 0; i < 3; i++) {
    CHECK(dchain_allocate_new_index(chain, &index, 0) && index == i);
  }
}

int main(void) {
  indices_start_at_zero();
  ties_expire_in_order();
  random_operations();
  return 0;
}
