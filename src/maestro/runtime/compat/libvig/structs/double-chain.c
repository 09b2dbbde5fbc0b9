/* The allocated indices are doubly linked in the order in which they were touched, a ring through a
 * cell of its own behind those of the indices. The lowest free index of a part (quota.h) is given
 * out, as in generated code. */
#include "lib/verified/double-chain.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "maestro/indices.h"
#include "structs/quota.h"

struct cell {
  vigor_time_t time;
  int32_t next;
  int32_t previous; /* FREE: not allocated */
};

#define FREE (-1)

struct DoubleChain {
  struct cell *cells;
  int32_t range;
  unsigned number; /* allocators count from 0 as they are created */
  bool parted;
  uint16_t *owners; /* the part of each index; NULL: there is one only */
  struct indices free[MAESTRO_QUOTA_CORES]; /* one a part; the others have no memory */
};

static unsigned created;

/* The ring's own cell: its `next` is the index touched longest ago, `previous` the one touched
 * last. */
static int32_t oldest(const struct DoubleChain *chain) { return chain->range; }

int dchain_allocate(int index_range, struct DoubleChain **chain_out) {
  struct DoubleChain *chain = calloc(1, sizeof *chain);
  struct cell *cells = calloc((size_t)index_range + 1, sizeof *cells);
  if (chain == NULL || cells == NULL || !indices_create(&chain->free[0], (uint32_t)index_range)) {
    free(chain);
    free(cells);
    return 0;
  }
  chain->cells = cells;
  chain->range = index_range;
  chain->number = created++;
  cells[oldest(chain)] = (struct cell){0, oldest(chain), oldest(chain)};
  for (int32_t i = 0; i < index_range; i++) {
    cells[i].previous = FREE;
    indices_put(&chain->free[0], (uint32_t)i);
  }
  *chain_out = chain;
  return 1;
}

static bool allocated(const struct DoubleChain *chain, int index) {
  return index >= 0 && index < chain->range && chain->cells[index].previous != FREE;
}

static void unlink_cell(struct cell *cells, int32_t index) {
  cells[cells[index].previous].next = cells[index].next;
  cells[cells[index].next].previous = cells[index].previous;
}

static void append(struct DoubleChain *chain, int32_t index, vigor_time_t time) {
  struct cell *cells = chain->cells;
  int32_t head = oldest(chain), last = cells[head].previous;
  cells[index] = (struct cell){time, head, last};
  cells[last].next = index;
  cells[head].previous = index;
}

/* The part that `index` belongs to. */
static struct indices *part(struct DoubleChain *chain, int32_t index) {
  return &chain->free[chain->owners != NULL ? chain->owners[index] : 0];
}

/* Before the first change after maestro_quota_set(): deals the free indices out to the cores. */
static void divide(struct DoubleChain *chain) {
  if (chain->parted || !maestro_quota_on()) {
    return;
  }
  chain->parted = true;
  chain->owners = maestro_quota_owners(chain->number, (uint32_t)chain->range);
  if (chain->owners == NULL) {
    return; /* the one part stays as it is */
  }
  indices_destroy(&chain->free[0]);
  for (unsigned core = 0; core < maestro_quota_cores(); core++) {
    if (!indices_create(&chain->free[core], (uint32_t)chain->range)) {
      abort();
    }
  }
  for (int32_t i = 0; i < chain->range; i++) {
    if (!allocated(chain, i)) {
      indices_put(part(chain, i), (uint32_t)i);
    }
  }
}

static void release(struct DoubleChain *chain, int32_t index) {
  divide(chain);
  unlink_cell(chain->cells, index);
  chain->cells[index].previous = FREE;
  indices_put(part(chain, index), (uint32_t)index);
}

int dchain_allocate_new_index(struct DoubleChain *chain, int *index_out, vigor_time_t time) {
  divide(chain);
  struct indices *spare = &chain->free[chain->owners != NULL ? maestro_quota_current() : 0];
  if (!indices_any(spare)) {
    return 0;
  }
  int32_t index = (int32_t)indices_lowest(spare);
  assert(!allocated(chain, index)); /* one state: no core may get what another one holds */
  indices_remove(spare, (uint32_t)index);
  append(chain, index, time);
  *index_out = index;
  return 1;
}

int dchain_rejuvenate_index(struct DoubleChain *chain, int index, vigor_time_t time) {
  if (!allocated(chain, index)) {
    return 0;
  }
  unlink_cell(chain->cells, index);
  append(chain, index, time);
  return 1;
}

int dchain_expire_one_index(struct DoubleChain *chain, int *index_out, vigor_time_t time) {
  int32_t index = chain->cells[oldest(chain)].next;
  if (index == oldest(chain) || chain->cells[index].time > time) {
    return 0;
  }
  release(chain, index);
  *index_out = index;
  return 1;
}

int dchain_is_index_allocated(struct DoubleChain *chain, int index) {
  return allocated(chain, index);
}

int dchain_free_index(struct DoubleChain *chain, int index) {
  if (!allocated(chain, index)) {
    return 0;
  }
  release(chain, index);
  return 1;
}
