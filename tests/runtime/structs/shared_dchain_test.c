/* shared_dchain.h under packets of several cores, against dchain.h under the same packets one after
 * another: the same indices are given out and freed, in the same order. */
#include "maestro/shared_dchain.h"

#include "maestro/dchain.h"
#include "random.h"

enum { CORES = 3, CAPACITY = 24, PENDING = 4096, TIMEOUT = 40 };

/* A reader's touch, which the sequential allocator has not had yet. */
struct pending {
  int64_t time;
  uint64_t order;
  unsigned core, place;
  uint32_t index;
};

static struct locks locks;
static struct turn turns[CORES];
static struct shared_dchain shared;
static struct dchain plain;
static struct pending pending[PENDING];
static unsigned pending_count;

/* As nf_moment() says. */
static int compare(const void *one, const void *other) {
  const struct pending *a = one, *b = other;
  if (a->time != b->time) {
    return a->time < b->time ? -1 : 1;
  }
  if (a->order != b->order) {
    return a->order < b->order ? -1 : 1;
  }
  if (a->core != b->core) {
    return a->core < b->core ? -1 : 1;
  }
  return a->place < b->place ? -1 : 1;
}

static void catch_up(void) {
  qsort(pending, pending_count, sizeof *pending, compare);
  for (unsigned i = 0; i < pending_count; i++) {
    CHECK(dchain_refresh(&plain, pending[i].index, pending[i].time));
  }
  pending_count = 0;
}

static void read_step(struct turn *turn, int64_t now) {
  now = lock_own(turn, turn_begin(turn, now));
  bool due = shared_dchain_due(&shared, now - TIMEOUT);
  for (uint32_t n = random_below(3); n > 0; n--) {
    uint32_t index = random_below(CAPACITY + 1);
    bool live = dchain_test(&plain, index);
    CHECK(shared_dchain_test(&shared, index) == live);
    CHECK(shared_dchain_refresh(&shared, turn, index) == live);
    if (live) {
      pending[pending_count] =
          (struct pending){now, turn->order, turn->core, pending_count, index};
      pending_count++;
    }
  }
  unlock_own(turn);
  CHECK(due || !dchain_due(&plain, now - TIMEOUT));
}

static void expire(int64_t time) {
  uint32_t one, other;
  bool any;
  do {
    any = dchain_expire_one(&plain, time, &other);
    CHECK(shared_dchain_expire_one(&shared, time, &one) == any);
    CHECK(!any || one == other);
  } while (any);
  CHECK(!shared_dchain_due(&shared, time));
}

static void write_step(struct turn *turn, int64_t now) {
  uint32_t one, other, index = random_below(CAPACITY + 1);
  now = lock_all(turn, turn_begin(turn, now));
  catch_up();
  expire(now - TIMEOUT);
  CHECK(shared_dchain_spare(&shared) == dchain_spare(&plain));
  switch (random_below(4)) {
  case 0:
    CHECK(shared_dchain_free(&shared, index) == dchain_free(&plain, index));
    break;
  case 1:
    CHECK(shared_dchain_refresh(&shared, turn, index) == dchain_refresh(&plain, index, now));
    break;
  default:
    for (uint32_t n = random_below(3); n > 0; n--) {
      bool room = dchain_allocate(&plain, now, &other);
      CHECK(shared_dchain_allocate(&shared, turn, &one) == room);
      CHECK(!room || one == other);
    }
  }
  unlock_all(turn);
}

static void create(void) {
  CHECK(locks_create(&locks, CORES));
  CHECK(shared_dchain_create(&shared, CAPACITY, CORES) && dchain_create(&plain, CAPACITY, 0));
  for (unsigned core = 0; core < CORES; core++) {
    CHECK(shared_dchain_join(&shared, core));
    turns[core] = (struct turn){.locks = &locks, .core = core, .touches = 0xfffff0};
  }
  for (uint32_t i = 0; i < 5; i++) { /* from init */
    CHECK(shared_dchain_take(&shared, 7 * i % CAPACITY));
    CHECK(dchain_take(&plain, 7 * i % CAPACITY, 0));
  }
  CHECK(!shared_dchain_take(&shared, 7) && !shared_dchain_take(&shared, CAPACITY));
}

int main(void) {
  create();
  int64_t now = 0;
  for (int step = 0; step < 300000; step++) {
    unsigned core = random_below(CORES);
    int64_t late = random_below(10); /* cores' clocks drift */
    now += random_below(5) == 0 ? random_below(40) : random_below(2);
    if (random_below(4) == 0 || pending_count > PENDING - 4) {
      write_step(&turns[core], now - late);
    } else {
      read_step(&turns[core], now - late);
    }
  }
  shared_dchain_destroy(&shared);
  dchain_destroy(&plain);
  locks_destroy(&locks);
  return 0;
}
