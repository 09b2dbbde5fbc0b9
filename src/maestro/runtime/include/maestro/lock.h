/* Locks of the state that cores have in common: one a core, each on lines of its own.
 *
 * A packet that only reads holds its own core's lock, which no other reader wants: readers never
 * wait for, nor share a written line with, one another. A packet that changes the state holds every
 * core's lock, taken in ascending order, and so is alone. Why that is right:
 *
 * - No torn reads. A change happens while all locks are held, a read while one of them is, so they
 *   never overlap; taking a lock that another thread released makes all that it did visible.
 * - Nothing to undo. A packet finds out that it must change something before it has changed
 *   anything: it lets its lock go and starts again with all of them. What it saw the first time is
 *   forgotten, its verdict too.
 * - No starvation, no deadlock. Each lock serves in the order of tickets. A core that takes its own
 *   lock again and again gets behind a waiting writer each time; writers take locks in the same
 *   order; and whoever holds a lock waits only for locks of higher cores.
 * - One clock. A change happens at the latest time that any packet has had before it, and no later
 *   packet gets an earlier time. Readers between two changes may have come in any order: they see
 *   the same state and leave nothing that another of them sees. Sorted by time they are a sequence
 *   in which times never decrease; that is the order that nf_moment() describes.
 *
 * Define MAESTRO_LOCK_PAUSE() to have something happen whenever a lock changes hands, or a packet
 * has been given its place in the order of all (htm.h). */
#ifndef MAESTRO_LOCK_H
#define MAESTRO_LOCK_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "memory.h"
#include "waits.h"

#ifndef MAESTRO_LOCK_PAUSE
#define MAESTRO_LOCK_PAUSE() ((void)0)
#endif

#define NF_AGAIN 0x10000u /* no verdict: the packet must be processed again with all locks held */

/* Guards what is next to it: `time` is that of the core's last packet under a lock. */
struct lock {
  _Alignas(MAESTRO_ALIGN) atomic_uint next; /* ticket */
  atomic_uint serving;
  int64_t time;
};

/* `time` and `changes` are written with all locks held, read with one. */
struct locks {
  struct lock *lock; /* one a core */
  unsigned cores;
  int64_t time;     /* of the last change */
  uint64_t changes; /* so far */
};

/* One core at the state in common. Only that core uses it. */
struct turn {
  struct locks *locks;
  unsigned core;
  uint32_t touches; /* so far; see shared_dchain.h */
  uint64_t reads, writes; /* so far, by packets: own lock taken, all locks taken */
  uint64_t waits;         /* locks among those that were not free at once */
  int64_t time;     /* of its last packet */
  uint64_t order;   /* odd: it read after (order / 2) changes; even: it was change number order / 2 */
};

/* False when there is not enough memory. */
static inline bool locks_create(struct locks *locks, unsigned cores) {
  *locks = (struct locks){maestro_alloc(cores * sizeof(struct lock)), cores, 0, 0};
  return locks->lock != NULL;
}

static inline void locks_destroy(struct locks *locks) {
  free(locks->lock);
}

/* Once round while waiting; `spins` times already. */
static inline void lock_spin_(unsigned spins) {
  enum { SPINS = 200 }; /* then the holder may not be running at all */
  if (spins >= SPINS) {
    sched_yield();
  }
#ifdef __x86_64__
  __builtin_ia32_pause();
#endif
}

static inline void lock_wait_(struct lock *lock) {
  unsigned ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
  MAESTRO_LOCK_PAUSE();
  unsigned spins = 0;
  while (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket) {
    lock_spin_(spins++);
  }
  maestro_lock_waits += spins > 0;
}

static inline void lock_release_(struct lock *lock) {
  unsigned served = atomic_load_explicit(&lock->serving, memory_order_relaxed);
  MAESTRO_LOCK_PAUSE();
  atomic_store_explicit(&lock->serving, served + 1, memory_order_release);
}

static inline int64_t lock_later_(int64_t a, int64_t b) {
  return a < b ? b : a;
}

/* Whether the lock is taken, or somebody waits for it. */
static inline bool lock_busy_(struct lock *lock) {
  return atomic_load_explicit(&lock->next, memory_order_relaxed) !=
         atomic_load_explicit(&lock->serving, memory_order_relaxed);
}

/* A packet begins, as yet without a lock. Returns its time: `now`, unless the core's last one had a
 * later time. */
static inline int64_t turn_begin(struct turn *turn, int64_t now) {
  turn->time = lock_later_(now, turn->time);
  turn->order |= 1;
  return turn->time;
}

/* Take the core's own lock, to read. Returns the packet's time. */
static inline int64_t lock_own(struct turn *turn, int64_t now) {
  struct locks *locks = turn->locks;
  struct lock *own = &locks->lock[turn->core];
  turn->reads++;
  turn->waits += lock_busy_(own);
  lock_wait_(own);
  turn->time = lock_later_(now, locks->time);
  turn->order = 2 * locks->changes + 1;
  own->time = turn->time;
  return turn->time;
}

static inline void unlock_own(struct turn *turn) {
  lock_release_(&turn->locks->lock[turn->core]);
}

/* Take the core's own lock to look at the state in common from outside a packet: time stands still,
 * and no packet counts it. */
static inline void lock_look(const struct turn *turn) {
  lock_wait_(&turn->locks->lock[turn->core]);
}

static inline void unlock_look(const struct turn *turn) {
  lock_release_(&turn->locks->lock[turn->core]);
}

/* Take all locks, to write. Returns the packet's time. */
static inline int64_t lock_all(struct turn *turn, int64_t now) {
  struct locks *locks = turn->locks;
  turn->writes++;
  for (unsigned core = 0; core < locks->cores; core++) {
    turn->waits += lock_busy_(&locks->lock[core]);
    lock_wait_(&locks->lock[core]);
    now = lock_later_(now, locks->lock[core].time);
  }
  locks->time = lock_later_(now, locks->time);
  locks->changes++;
  turn->time = locks->time;
  turn->order = 2 * locks->changes;
  return turn->time;
}

static inline void unlock_all(struct turn *turn) {
  struct locks *locks = turn->locks;
  for (unsigned core = locks->cores; core-- > 0;) {
    lock_release_(&locks->lock[core]);
  }
}

#endif
