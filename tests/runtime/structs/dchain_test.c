/* dchain.h against an array of times and touch numbers, and parts against a set. */
#include "maestro/dchain.h"

#include "random.h"

#define MOST 32

struct model {
  uint32_t capacity, first;
  int64_t time[MOST];
  uint64_t touched[MOST]; /* 0: free; else when, counted in touches */
  uint64_t touches;
};

static uint32_t oldest(const struct model *model) {
  uint32_t best = MOST;
  for (uint32_t i = 0; i < model->capacity; i++) {
    if (model->touched[i] && (best == MOST || model->touched[i] < model->touched[best])) {
      best = i;
    }
  }
  return best;
}

static uint32_t allocated(const struct model *model) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < model->capacity; i++) {
    count += model->touched[i] != 0;
  }
  return count;
}

static void touch(struct model *model, uint32_t i, int64_t now) {
  model->time[i] = now;
  model->touched[i] = ++model->touches;
}

static void check_allocate(struct dchain *d, struct model *model, int64_t now) {
  uint32_t index;
  bool room = allocated(model) < model->capacity;
  CHECK(dchain_allocate(d, now, &index) == room);
  if (room) {
    uint32_t i = index - model->first;
    CHECK(i < model->capacity && !model->touched[i]);
    for (uint32_t lower = 0; lower < i; lower++) {
      CHECK(model->touched[lower]);
    }
    touch(model, i, now);
  }
}

static void check_expire(struct dchain *d, struct model *model, int64_t time) {
  uint32_t index, i = oldest(model);
  bool any = i != MOST && model->time[i] <= time;
  CHECK(dchain_expire_one(d, time, &index) == any);
  if (any) {
    CHECK(index == model->first + i);
    model->touched[i] = 0;
  }
}

static void one_step(struct dchain *d, struct model *model, int64_t now) {
  uint32_t i = random_below(model->capacity + 2); /* past the end at times */
  bool live = i < model->capacity && model->touched[i];
  switch (random_below(6)) {
    case 0:
      check_allocate(d, model, now);
      break;
    case 1:
      CHECK(dchain_refresh(d, model->first + i, now) == live);
      if (live) {
        touch(model, i, now);
      }
      break;
    case 2:
      CHECK(dchain_test(d, model->first + i) == live);
      break;
    case 3:
      check_expire(d, model, now - random_below(40));
      break;
    case 4:
      CHECK(dchain_take(d, model->first + i, now) == (i < model->capacity && !live));
      if (i < model->capacity && !live) {
        touch(model, i, now);
      }
      break;
    default:
      if (random_below(2)) {
        CHECK(dchain_free(d, model->first + i) == live);
        if (live) {
          model->touched[i] = 0;
        }
      }
  }
}

static void run(uint32_t capacity, uint32_t first) {
  struct dchain d;
  struct model model = {.capacity = capacity, .first = first};
  int64_t now = -50; /* expiry times before the start of time are negative */
  CHECK(dchain_create(&d, capacity, first));
  for (int step = 0; step < 20000; step++) {
    now += random_below(3);
    one_step(&d, &model, now);
  }
  CHECK(!dchain_test(&d, UINT32_MAX) && !dchain_free(&d, first - 1));
  dchain_destroy(&d);
}

/* A part: its lowest free index; never another core's. */
static void run_part(uint32_t capacity, unsigned cores, unsigned core) {
  struct dchain d;
  uint16_t owners[MOST];
  bool spare[MOST + 1] = {false};
  uint32_t index;
  for (uint32_t i = 0; i < capacity; i++) {
    owners[i] = (uint16_t)random_below(cores);
    spare[i] = owners[i] == core;
  }
  CHECK(dchain_create_part(&d, capacity, owners, core));
  for (int64_t now = 0; now < 5000; now++) {
    uint32_t i = random_below(capacity + 2), oldest;
    bool mine = i < capacity && owners[i] == core;
    CHECK(mine || !(dchain_test(&d, i) || dchain_refresh(&d, i, now) || dchain_free(&d, i)));
    if (random_below(2)) {
      uint32_t lowest = 0;
      while (lowest < capacity && !spare[lowest]) {
        lowest++;
      }
      CHECK(dchain_allocate(&d, now, &index) == (lowest < capacity));
      CHECK(index == lowest);
      spare[lowest] = false;
    } else if (dchain_free(&d, i)) {
      spare[i] = true;
    } else if (dchain_expire_one(&d, now - 20, &oldest)) {
      spare[oldest] = true;
    }
  }
  CHECK(!dchain_test(&d, UINT32_MAX) && !dchain_free(&d, capacity));
  dchain_destroy(&d);
}

int main(void) {
  struct dchain none;
  CHECK(!dchain_create_part(&none, 5, NULL, 0));
  dchain_destroy(&none);
  for (uint32_t capacity = 0; capacity <= MOST; capacity += 1 + capacity / 3) {
    run_part(capacity, 3, 1);
    run_part(capacity, 1, 0);
  }
  for (uint32_t capacity = 0; capacity <= MOST; capacity += 1 + capacity / 3) {
    run(capacity, 0);
    run(capacity, 1000);
  }
  return 0;
}
