/* lock.h under threads: what each packet sees is what the order of changes says, times never go back
 * in it, and a core that writes gets its turn among cores that read without a pause. */
#include <pthread.h>
#include <sched.h>

#include "random.h"

/* Something happens wherever a lock changes hands. */
static _Thread_local uint32_t pauses;

static void pause_now_and_then(void) {
  if (++pauses * UINT32_C(2654435761) >> 25 == 0) {
    sched_yield();
  }
}
#define MAESTRO_LOCK_PAUSE() pause_now_and_then()
#include "maestro/lock.h"

enum { CORES = 4, PACKETS = 20000 };

struct event {
  int64_t time;
  uint64_t order;
};

static struct locks locks;
static uint64_t changes, again; /* the state: always equal */
static struct event events[CORES][PACKETS];

static void read_one(struct turn *turn, int64_t now) {
  lock_own(turn, now);
  CHECK(changes == again); /* no torn read */
  CHECK(turn->order == 2 * changes + 1);
  unlock_own(turn);
}

static void write_one(struct turn *turn, int64_t now) {
  lock_all(turn, now);
  CHECK(changes == again);
  changes++;
  CHECK(turn->order == 2 * changes);
  again++;
  unlock_all(turn);
}

/* Core 0 writes often, the others seldom; their clocks differ. */
static void *packets(void *argument) {
  unsigned core = *(unsigned *)argument;
  struct turn turn = {.locks = &locks, .core = core};
  pauses = core * 7919;
  for (int64_t i = 0; i < PACKETS; i++) {
    int64_t now = turn_begin(&turn, i + 10 * core);
    if (i % (core ? 64 : 4) == 0) {
      write_one(&turn, now);
    } else {
      read_one(&turn, now);
    }
    CHECK(turn.time >= now);
    events[core][i] = (struct event){turn.time, turn.order};
  }
  return NULL;
}

static int compare(const void *one, const void *other) {
  const struct event *a = one, *b = other;
  if (a->order != b->order) {
    return a->order < b->order ? -1 : 1;
  }
  return a->time < b->time ? -1 : a->time > b->time;
}

/* In the order of changes, times never decrease, and every change is one packet's. */
static void check_order(void) {
  struct event *all = &events[0][0];
  uint64_t last_change = 0;
  qsort(all, CORES * PACKETS, sizeof *all, compare);
  for (unsigned i = 0; i < CORES * PACKETS; i++) {
    CHECK(i == 0 || all[i].time >= all[i - 1].time);
    if (all[i].order % 2 == 0) {
      CHECK(all[i].order == last_change + 2);
      last_change = all[i].order;
    }
  }
  CHECK(last_change == 2 * changes);
}

int main(void) {
  pthread_t threads[CORES];
  unsigned numbers[CORES];
  CHECK(locks_create(&locks, CORES));
  for (unsigned core = 0; core < CORES; core++) {
    numbers[core] = core;
    CHECK(pthread_create(&threads[core], NULL, packets, &numbers[core]) == 0);
  }
  for (unsigned core = 0; core < CORES; core++) {
    pthread_join(threads[core], NULL);
  }
  CHECK(changes == PACKETS / 4 + (CORES - 1) * (PACKETS / 64 + 1));
  check_order();
  locks_destroy(&locks);
  return 0;
}
