/* quota.h: each core gets indices of its part only, the lowest free one first, and no more than there are. */
#include "structs/quota.h"

#include <stdlib.h>

#include "check.h"
#include "lib/verified/double-chain.h"

#define RANGE 11
#define CORES 3

static uint16_t by_remainder(unsigned index) { return (uint16_t)(index * index % CORES); }

static uint16_t *owners(uint32_t capacity, unsigned cores) {
  uint16_t *result = malloc(capacity * sizeof *result);
  CHECK(capacity == RANGE && cores == CORES && result);
  for (unsigned i = 0; i < capacity; i++) {
    result[i] = by_remainder(i);
  }
  return result;
}

const struct maestro_part maestro_parts[] = {{true, owners}, {false, NULL}, {true, NULL}};
const unsigned maestro_part_count = 3; /* the fourth allocator is divided into shares as well */

/* What is expected of allocator `number`: the part of an index, and how many of each part are free. */
struct model {
  unsigned number;
  unsigned count[CORES];
  bool live[RANGE];
};

static unsigned part(const struct model *model, unsigned index) {
  switch (model->number) {
    case 0: return by_remainder(index);
    case 1: return 0;
    default: return index < 4 ? 0 : index < 8 ? 1 : 2;
  }
}

static void freed(struct model *model, unsigned index) {
  unsigned core = part(model, index);
  CHECK(model->live[index]);
  model->live[index] = false;
  model->count[core]++;
}

static void allocate(struct DoubleChain *chain, struct model *model, vigor_time_t now) {
  unsigned core = random_below(CORES), from = model->number == 1 ? 0 : core;
  int index;
  maestro_quota_core(core);
  int done = dchain_allocate_new_index(chain, &index, now);
  CHECK(done == (model->count[from] > 0));
  if (done) {
    for (int i = 0; i <= index; i++) {
      CHECK((part(model, (unsigned)i) == from && !model->live[i]) == (i == index));
    }
    model->count[from]--;
    model->live[index] = true;
  }
}

static void step(struct DoubleChain *chain, struct model *model, vigor_time_t now) {
  int index = (int)random_below(RANGE);
  switch (random_below(4)) {
    case 0:
      if (dchain_free_index(chain, index)) {
        freed(model, (unsigned)index);
      }
      break;
    case 1:
      if (dchain_expire_one_index(chain, &index, now - 12)) {
        freed(model, (unsigned)index);
      }
      break;
    default:
      allocate(chain, model, now);
      CHECK(dchain_is_index_allocated(chain, index) == model->live[index]);
      dchain_rejuvenate_index(chain, index, now);
  }
}

int main(void) {
  struct DoubleChain *chains[4];
  CHECK(!maestro_quota_on());
  for (unsigned number = 0; number < 4; number++) {
    CHECK(dchain_allocate(RANGE, &chains[number]));
  }
  maestro_quota_set(CORES);
  for (unsigned number = 0; number < 4; number++) {
    struct model model = {.number = number};
    for (unsigned i = RANGE; i-- > 0;) {
      model.live[i] = true;
      freed(&model, i);
    }
    for (int now = 0; now < 20000; now++) {
      step(chains[number], &model, now);
    }
  }
  return 0;
}
