/* quota.h: a core cannot hold more than its share, however it comes and goes. */
#include "structs/quota.h"

#include <string.h>

#include "check.h"
#include "lib/verified/double-chain.h"

#define RANGE 11
#define CORES 3

static const unsigned SHARE[CORES] = {4, 4, 3};

static unsigned held[CORES];
static int owner[RANGE]; /* -1: free */

static void allocate(struct DoubleChain *chain, vigor_time_t now) {
  unsigned core = random_below(CORES);
  int index;
  maestro_quota_core(core);
  int done = dchain_allocate_new_index(chain, &index, now);
  CHECK(done == (held[core] < SHARE[core]));
  if (done) {
    CHECK(owner[index] == -1);
    owner[index] = (int)core;
    held[core]++;
  }
}

static void freed(int index) {
  CHECK(owner[index] >= 0);
  held[owner[index]]--;
  owner[index] = -1;
}

int main(void) {
  struct DoubleChain *chain;
  vigor_time_t now = 0;
  int index;
  CHECK(dchain_allocate(RANGE, &chain));
  CHECK(!maestro_quota_on());
  maestro_quota_set(CORES);
  memset(owner, -1, sizeof owner);
  for (int step = 0; step < 20000; step++, now++) {
    index = (int)random_below(RANGE);
    switch (random_below(4)) {
      case 0:
        if (dchain_free_index(chain, index)) {
          freed(index);
        }
        break;
      case 1:
        if (dchain_expire_one_index(chain, &index, now - 12)) {
          freed(index);
        }
        break;
      default:
        allocate(chain, now);
        dchain_rejuvenate_index(chain, index, now);
    }
  }
  return 0;
}
