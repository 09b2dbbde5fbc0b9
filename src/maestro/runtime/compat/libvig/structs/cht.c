#include "lib/verified/cht.h"

#include <stdint.h>
#include <stdlib.h>

/* The row that `backend` asks for in its `turn`: each backend visits all rows in an order of its
 * own (the height is a prime), as in Maglev (NSDI 2016, section 3.4). */
static uint32_t wanted_row(uint32_t backend, uint32_t turn, uint32_t height) {
  uint64_t offset = (uint32_t)(backend * 31) % height;
  uint64_t skip = (height > 1 ? backend % (height - 1) : 0) + 1;
  return (uint32_t)((offset + skip * turn) % height);
}

/* In turns, every backend takes the next place in the row that it asks for. When the height is no
 * prime, some rows are asked for too often and run on into the next one. */
int cht_fill_cht(struct Vector *cht, uint32_t height, uint32_t backend_capacity) {
  uint32_t *taken = calloc(height, sizeof *taken); /* places of each row */
  if (taken == NULL) {
    return 0;
  }
  for (uint32_t turn = 0; turn < height; turn++) {
    for (uint32_t backend = 0; backend < backend_capacity; backend++) {
      uint32_t row = wanted_row(backend, turn, height), *place;
      uint32_t index = row * backend_capacity + taken[row]++;
      if (index < height * backend_capacity) {
        vector_borrow(cht, (int)index, (void **)&place);
        *place = backend;
        vector_return(cht, (int)index, place);
      }
    }
  }
  free(taken);
  return 1;
}

int cht_find_preferred_available_backend(uint64_t hash, struct Vector *cht,
                                         struct DoubleChain *active, uint32_t height,
                                         uint32_t backend_capacity, int *chosen) {
  uint32_t row = (uint32_t)(hash % height);
  for (uint32_t i = 0; i < backend_capacity; i++) {
    int index = (int)(row * backend_capacity + i);
    uint32_t *place;
    vector_borrow(cht, index, (void **)&place);
    uint32_t backend = *place;
    vector_return(cht, index, place);
    if (dchain_is_index_allocated(active, (int)backend)) {
      *chosen = (int)backend;
      return 1;
    }
  }
  return 0;
}
