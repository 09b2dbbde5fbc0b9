/* vector.h: cells are contiguous, initialised once, and keep what is written to them. */
#include "lib/verified/vector.h"

#include <stddef.h>
#include <string.h>

#include "check.h"

#define CAPACITY 100

struct packed {
  uint32_t number;
  uint8_t more;
} __attribute__((packed));

static int calls;

static void init(void *cell) {
  *(struct packed *)cell = (struct packed){42, (uint8_t)calls};
  calls++;
}

static void cells_are_initialised_in_order(struct Vector *vector) {
  CHECK(calls == CAPACITY);
  for (int i = 0; i < CAPACITY; i++) {
    struct packed *cell;
    vector_borrow(vector, i, (void **)&cell);
    CHECK(cell->number == 42 && cell->more == i);
    vector_return(vector, i, cell);
  }
}

static void cells_are_contiguous(struct Vector *vector) {
  uint8_t *first, *other;
  vector_borrow(vector, 0, (void **)&first);
  for (int i = 0; i < CAPACITY; i++) {
    vector_borrow(vector, i, (void **)&other);
    CHECK(other - first == (ptrdiff_t)sizeof(struct packed) * i);
  }
}

static void cells_keep_what_is_written(struct Vector *vector) {
  uint32_t expected[CAPACITY];
  for (int i = 0; i < CAPACITY; i++) {
    expected[i] = 42;
  }
  for (int step = 0; step < 2000; step++) {
    int i = (int)random_below(CAPACITY);
    struct packed *cell;
    vector_borrow(vector, i, (void **)&cell);
    CHECK(cell->number == expected[i]);
    cell->number = expected[i] = random_below(UINT32_MAX);
    vector_return(vector, i, cell);
  }
}

static void no_initialiser_means_zero(void) {
  struct Vector *vector;
  uint64_t *cell;
  CHECK(vector_allocate(8, 3, NULL, &vector) == 1);
  vector_borrow(vector, 2, (void **)&cell);
  CHECK(*cell == 0);
}

int main(void) {
  struct Vector *vector;
  CHECK(vector_allocate(sizeof(struct packed), CAPACITY, init, &vector) == 1);
  cells_are_initialised_in_order(vector);
  cells_are_contiguous(vector);
  cells_keep_what_is_written(vector);
  no_initialiser_means_zero();
  return 0;
}
