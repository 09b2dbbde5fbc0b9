/* State in common under hardware transactions, with the locks of lock.h to fall back to.
 *
 * A packet runs the write form as a transaction, as often as HTM_TRIES says; if none commits, it
 * runs it once more with all locks. Without RTM packets do as in lock.h. Why that is right:
 *
 * - One at a time, as far as anybody can tell. Two transactions of which one writes what the other
 *   touches do not both commit. A transaction first looks at its own core's lock, which whoever
 *   falls back takes with all others: if it is held, the transaction aborts; if it is taken later,
 *   that write aborts the transaction.
 * - Nothing happens twice. An aborted transaction leaves no trace, its verdict included: nf_write()
 *   returns only if it has committed. Packets are edited after that, outside.
 * - No starvation. Tries are bounded; locks serve in the order of tickets (lock.h).
 * - One clock. It never goes back, and who moves it aborts all transactions, which have read it: so
 *   a packet's time is the clock's at the moment when it takes effect. Packets that come at the
 *   same time, as those of a batch do, leave the clock alone.
 * - One order, where it is wanted (nf_record()): a number that each packet takes from a counter
 *   while it holds the locks or runs the transaction. Without it no two transactions meet at a
 *   counter. Of indices last touched in the very same nanosecond by different cores, expiry then
 *   frees the lower core's first: an order in which they may have come, but perhaps not the one in
 *   which they did. */
#ifndef MAESTRO_HTM_H
#define MAESTRO_HTM_H

#include <stdio.h>

#include "lock.h"
#include "nf.h"
#include "rtm.h"

#define HTM_TRIES 8 /* of a packet, before it takes the locks */

/* What the cores have in common; each part on lines of its own. */
struct htm_common {
  _Alignas(MAESTRO_ALIGN) bool present; /* does this CPU have transactions? */
  bool recorded;
  _Alignas(MAESTRO_ALIGN) _Atomic int64_t clock; /* of the latest packet that any core has begun */
  _Alignas(MAESTRO_ALIGN) uint64_t packets;      /* so far; counted if recorded */
};

/* One core at it. Only that core writes it. */
struct htm {
  struct htm_common *common;
  bool running; /* a transaction, and no lock is held */
  _Atomic uint64_t commits, fallbacks, aborts[NF_HTM_CAUSES];
};

/* NULL when there is not enough memory. Says so, once, where there are no transactions. */
static inline struct htm_common *htm_create(const char *nf) {
  struct htm_common *common = maestro_alloc(sizeof *common);
  if (!common) {
    return NULL;
  }
  common->present = rtm_present();
  atomic_init(&common->clock, INT64_MIN);
  if (!common->present) {
    fprintf(stderr, "%s: this CPU has no hardware transactions (RTM): running on locks\n", nf);
  }
  return common;
}

static inline void htm_count_(_Atomic uint64_t *counter) {
  uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
  atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

static inline struct nf_htm htm_counts(const struct htm *htm) {
  struct nf_htm counts = {.present = htm->common->present};
  counts.commits = atomic_load_explicit(&htm->commits, memory_order_relaxed);
  counts.fallbacks = atomic_load_explicit(&htm->fallbacks, memory_order_relaxed);
  for (unsigned cause = 0; cause < NF_HTM_CAUSES; cause++) {
    counts.aborts[cause] = atomic_load_explicit(&htm->aborts[cause], memory_order_relaxed);
  }
  return counts;
}

/* ---- Tries ---- */

/* A packet of time `now` begins. Returns how many transactions it may try. The clock is moved
 * outside of them, for then the others lose one try at most. */
static inline unsigned htm_tries(struct htm *htm, int64_t now) {
  struct htm_common *common = htm->common;
  if (!common->present) {
    return 0;
  }
  int64_t clock = atomic_load_explicit(&common->clock, memory_order_relaxed);
  while (clock < now && !atomic_compare_exchange_weak(&common->clock, &clock, now)) {
  }
  return HTM_TRIES;
}

static inline bool htm_held_(struct lock *lock) {
  unsigned serving = atomic_load_explicit(&lock->serving, memory_order_acquire);
  return atomic_load_explicit(&lock->next, memory_order_relaxed) != serving;
}

/* The packet takes effect now. Returns its time. */
static inline int64_t htm_moment_(struct htm *htm, struct turn *turn) {
  struct htm_common *common = htm->common;
  turn->time = atomic_load_explicit(&common->clock, memory_order_relaxed);
  if (common->recorded) {
    turn->order = ++common->packets;
  }
  MAESTRO_LOCK_PAUSE();
  return turn->time;
}

/* In the transaction, before anything else. Returns the packet's time. */
static inline int64_t htm_enter(struct htm *htm, struct turn *turn) {
  rtm_subscribe(htm_held_(&turn->locks->lock[turn->core]));
  htm->running = true;
  return htm_moment_(htm, turn);
}

static inline enum nf_htm_cause htm_cause_(uint32_t status) {
  if (status & RTM_EXPLICIT) {
    return NF_HTM_LOCK_HELD;
  }
  if (status & RTM_CAPACITY) {
    return NF_HTM_CAPACITY;
  }
  if (status & RTM_CONFLICT) {
    return NF_HTM_CONFLICT;
  }
  if (status & RTM_DEBUG) {
    return NF_HTM_DEBUG;
  }
  if (status & RTM_NESTED) {
    return NF_HTM_NESTED;
  }
  return status & RTM_RETRY ? NF_HTM_RETRY : NF_HTM_OTHER;
}

/* A try was aborted with `status`. Returns how many of those `left` before it are left: none, where
 * another one would end like it. Whoever finds a lock held waits: to try at once is to fail. */
static inline unsigned htm_aborted(struct htm *htm, struct turn *turn, uint32_t status,
                                   unsigned left) {
  struct lock *own = &turn->locks->lock[turn->core];
  htm_count_(&htm->aborts[htm_cause_(status)]);
  if (!(status & (RTM_EXPLICIT | RTM_RETRY))) {
    return 0;
  }
  for (unsigned spins = 0; htm_held_(own); spins++) {
    lock_spin_(spins);
  }
  return left - 1;
}

/* ---- Locks ---- */

/* Take all locks, to write. Returns the packet's time. */
static inline int64_t htm_lock_all(struct htm *htm, struct turn *turn, int64_t now) {
  now = lock_all(turn, now);
  if (!htm->common->present) {
    return now;
  }
  rtm_exclude();
  htm_count_(&htm->fallbacks);
  return htm_moment_(htm, turn);
}

/* The state in common is done with: commit, or let the locks go. */
static inline void htm_leave(struct htm *htm, struct turn *turn) {
  if (!htm->running) {
    unlock_all(turn);
    return;
  }
  htm->running = false;
  rtm_end();
  htm_count_(&htm->commits);
}

#endif
