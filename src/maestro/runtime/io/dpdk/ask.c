/* Questions that each core answers itself, between two bursts: so nothing else looks at a core's
 * state while it changes, no structure needs an atomic access, and packets go on everywhere else.
 *
 * A core's desk is in one of these states; every change is a compare-and-swap by the one who may:
 *
 *   AWAY      no worker (not yet, or no more): whoever asks answers in its place, HELD meanwhile,
 *             and a worker that begins waits for that
 *   READY     the worker is at work, and looks at its desk once a turn
 *   ASKED     a question lies there; the asker may take it back
 *   ANSWERING the worker answers, and the asker waits
 *
 * The worker's part is short (it copies numbers), or lasts until the asker lets it go (hold(): for
 * what needs all cores to stand still), which the asker does as soon as it is done. A question that
 * not all have taken up in time is given up: a thread that the system does not run must not
 * hold the others. Only one asks at a time: see the mutex in telemetry.c. */
#include <sched.h>

#include <rte_cycles.h>

#include "dpdk.h"

enum { LATE_MS = 1000, LATE_TO_STAND_STILL_MS = 200 };

static bool move(struct worker *worker, int from, int to) {
  return atomic_compare_exchange_strong(&worker->desk, &from, to);
}

/* ---- The worker's side ---- */

void desk_take(struct worker *worker) {
  while (!move(worker, DESK_AWAY, DESK_READY))
    sched_yield();
}

void desk_answer(struct worker *worker) {
  if (!move(worker, DESK_ASKED, DESK_ANSWERING))
    return; /* nothing asked, or taken back */
  worker->run->question(worker, worker->run->question_argument);
  atomic_store(&worker->desk, DESK_READY);
}

void desk_leave(struct worker *worker) {
  while (!move(worker, DESK_READY, DESK_AWAY))
    desk_answer(worker);
}

/* ---- The asker's side ---- */

static bool passed(uint64_t deadline) {
  return rte_get_timer_cycles() > deadline;
}

static uint64_t deadline_in(const struct run *run, unsigned ms) {
  return rte_get_timer_cycles() + run->hz / 1000 * ms;
}

/* Puts the question on the desk. True when there is no worker: then the asker has the desk. */
static bool put(struct worker *worker) {
  for (;;) {
    if (move(worker, DESK_AWAY, DESK_HELD))
      return true;
    if (move(worker, DESK_READY, DESK_ASKED))
      return false;
    sched_yield(); /* just beginning, or just ending */
  }
}

/* False when the worker has not taken the question up in time: it is taken back. */
static bool answered(struct worker *worker, uint64_t deadline) {
  for (int desk; (desk = atomic_load(&worker->desk)) == DESK_ASKED || desk == DESK_ANSWERING; sched_yield())
    if (desk == DESK_ASKED && passed(deadline) && move(worker, DESK_ASKED, DESK_READY))
      return false;
  return true;
}

bool ask(struct run *run, question *question, void *argument) {
  bool all = true;
  uint64_t deadline = deadline_in(run, LATE_MS);
  run->question = question;
  run->question_argument = argument;
  for (unsigned core = 0; core < run->cores; core++) {
    struct worker *worker = &run->workers[core];
    if (put(worker)) {
      question(worker, argument);
      atomic_store(&worker->desk, DESK_AWAY);
    } else {
      all = answered(worker, deadline) && all;
    }
  }
  return all;
}

/* What a core does while it is held. */
static void stand_still(struct worker *worker, void *argument) {
  struct run *run = argument;
  (void)worker;
  atomic_fetch_add(&run->still, 1);
  while (atomic_load(&run->holding))
    sched_yield(); /* whoever lets it go may need this CPU */
}

bool hold(struct run *run) {
  unsigned workers = 0;
  uint64_t deadline = deadline_in(run, LATE_TO_STAND_STILL_MS);
  atomic_store(&run->still, 0);
  atomic_store(&run->holding, true);
  run->question = stand_still;
  run->question_argument = run;
  for (unsigned core = 0; core < run->cores; core++)
    workers += !put(&run->workers[core]);
  while (atomic_load(&run->still) < workers && !passed(deadline))
    sched_yield();
  if (atomic_load(&run->still) == workers)
    return true;
  release(run);
  return false;
}

void release(struct run *run) {
  atomic_store(&run->holding, false);
  for (unsigned core = 0; core < run->cores; core++)
    if (!move(&run->workers[core], DESK_HELD, DESK_AWAY))
      answered(&run->workers[core], 0);
}
