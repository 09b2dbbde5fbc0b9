/* Two lists over one array of cells: the allocated indices, doubly linked in the order in which
 * they were touched, and the free ones, singly linked. Both are rings through a cell of their own
 * behind those of the indices. */
#include "lib/verified/double-chain.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

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
  uint16_t *owners; /* with quotas: the core that an allocated index counts for */
  uint32_t held[MAESTRO_QUOTA_CORES];
};

/* The two rings' own cells. `next` of `oldest` is the index touched longest ago, `previous` the one
 * touched last. */
static int32_t oldest(const struct DoubleChain *chain) { return chain->range; }
static int32_t free_list(const struct DoubleChain *chain) { return chain->range + 1; }

int dchain_allocate(int index_range, struct DoubleChain **chain_out) {
  struct DoubleChain *chain = calloc(1, sizeof *chain);
  struct cell *cells = calloc((size_t)index_range + 2, sizeof *cells);
  uint16_t *owners = calloc((size_t)index_range, sizeof *owners);
  if (chain == NULL || cells == NULL || owners == NULL) {
    free(chain);
    free(cells);
    free(owners);
    return 0;
  }
  chain->cells = cells;
  chain->owners = owners;
  chain->range = index_range;
  cells[oldest(chain)] = (struct cell){0, oldest(chain), oldest(chain)};
  for (int32_t i = 0; i < index_range; i++) {
    cells[i] = (struct cell){0, i + 1, FREE};
  }
  if (index_range > 0) {
    cells[index_range - 1].next = free_list(chain);
  }
  cells[free_list(chain)].next = index_range > 0 ? 0 : free_list(chain);
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

static void release(struct DoubleChain *chain, int32_t index) {
  unlink_cell(chain->cells, index);
  chain->cells[index].previous = FREE;
  chain->cells[index].next = chain->cells[free_list(chain)].next;
  chain->cells[free_list(chain)].next = index;
  if (maestro_quota_on()) {
    chain->held[chain->owners[index]]--;
  }
}

int dchain_allocate_new_index(struct DoubleChain *chain, int *index_out, vigor_time_t time) {
  int32_t index = chain->cells[free_list(chain)].next;
  if (index == free_list(chain) ||
      maestro_quota_exhausted(chain->held, (uint32_t)chain->range)) {
    return 0;
  }
  chain->cells[free_list(chain)].next = chain->cells[index].next;
  append(chain, index, time);
  if (maestro_quota_on()) {
    chain->owners[index] = maestro_quota_current();
    chain->held[chain->owners[index]]++;
  }
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
