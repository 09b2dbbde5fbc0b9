/* One pinned thread a core. Each copies its packets into memory of its own, waits for the
 * others, and runs. */
#define _GNU_SOURCE /* affinity */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "maestro/reference.h"
#include "maestro/waits.h"
#include "replay.h"

#pragma weak maestro_reference_owner /* only reference builds have it */

#ifdef __SANITIZE_ADDRESS__
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#ifdef HAS_ASAN /* make reads past a packet's end visible */
#include <sanitizer/asan_interface.h>
enum { RED_ZONE = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
enum { RED_ZONE = 0 };
#endif

enum { SLOT = 64 };

static pthread_barrier_t barrier;
static atomic_int core_without_memory = -1;

/* ---- Packets ---- */

/* Room before a frame, for NFs that insert headers. */
static size_t headroom(void) { return nf_head != NULL ? NF_HEADROOM : 0; }

static size_t slot_bytes(uint16_t length) {
  return (headroom() + length + RED_ZONE + SLOT - 1) / SLOT * SLOT;
}

/* Copies this core's packets, from the thread that will use them, so that the memory is local to
 * it. */
static void copy_packets(const struct run *run, struct worker *worker) {
  const struct trace *trace = run->trace;
  worker->count = trace->queued[worker->core];
  for (size_t i = 0; i < trace->count; i++)
    if (trace->packets[i].queue == worker->core)
      worker->slots_bytes += slot_bytes(trace->packets[i].length);
  worker->slots = allocate_apart(worker->slots_bytes, 1);
  worker->packets = allocate_apart(worker->count, sizeof *worker->packets);
  struct nf_frame *packet = worker->packets;
  uint8_t *slot = worker->slots;
  for (size_t i = 0; i < trace->count; i++) {
    const struct trace_packet *from = &trace->packets[i];
    if (from->queue != worker->core)
      continue;
    uint8_t *data = slot + headroom(), *end = data + from->length;
    *packet++ = (struct nf_frame){data, from->time, from->length, from->port, 0, 0};
    memcpy(data, from->data, from->length);
    slot += slot_bytes(from->length);
    ASAN_POISON_MEMORY_REGION(end, (size_t)(slot - end));
  }
}

/* ---- One thread ---- */

static void wait_for_all(void) { pthread_barrier_wait(&barrier); }

static void pin(unsigned core) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
    return; /* pinning is for speed only */
  unsigned turn = core % (unsigned)CPU_COUNT(&allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &allowed) || turn-- != 0)
      continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    return;
  }
}

int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Times never decrease on a core: a packet that was handed over late gets the core's time. */
static void process_one(void *arg, struct worker *queue, struct nf_frame *packet) {
  struct worker *worker = arg;
  struct effect *effect = &queue->effects[packet - queue->packets];
  if (worker->turns == 0 || packet->time > worker->time)
    worker->time = packet->time;
  packet->verdict =
      nf_packet(worker->nf, packet->port, packet->data, packet->length, worker->time);
  if (nf_head != NULL)
    packet->head = (int16_t)nf_head(worker->nf);
  effect->moment = (struct nf_moment){worker->time, 0};
  if (nf_moment != NULL)
    effect->moment = nf_moment(worker->nf);
  effect->turn = worker->turns++;
  effect->core = (uint16_t)worker->core;
  worker->resteered_to += queue != worker;
}

/* Only packets of the core's own queue, whose times never decrease, and no state in common. */
static void process_alone(struct worker *worker) {
  for (size_t at = 0; at < worker->count; at += NF_BATCH) {
    struct nf_frame *frames = worker->packets + at;
    size_t left = worker->count - at;
    unsigned count = left < NF_BATCH ? (unsigned)left : NF_BATCH;
    nf_run(worker->nf, frames, count);
    for (unsigned i = 0; i < count; i++)
      worker->effects[at + i] = (struct effect){{frames[i].time, 0}, worker->turns++, 0,
                                                (uint16_t)worker->core};
  }
}

/* As another run did it: in its order, at its times. */
static void process_again(const struct owners *owners, struct worker *worker) {
  for (size_t i = 0; i < worker->count; i++) {
    uint64_t sequence = owners->order[i];
    struct nf_frame *packet = &worker->packets[sequence];
    packet->time = owners->time[sequence];
    maestro_reference_owner(owners->cores, owners->core[sequence]);
    process_one(worker, worker, packet);
  }
}

/* Cores that share state, or hand packets over, run freely, but no core is further ahead of another
 * than this many packets of the trace: with a clock in common, the slower one's packets would all
 * be late. */
enum { WINDOW = 64 };

static void wait_for_slower(const struct handover *h, size_t place) {
  for (unsigned core = 0; core < h->run->options->cores; core++) {
    const struct worker *other = &h->run->workers[core];
    while (other != h->worker && place > WINDOW &&
           atomic_load_explicit(&other->reached, memory_order_acquire) < place - WINDOW) {
      handover_serve(h);
      sched_yield();
    }
  }
}

static void process_together(const struct run *run, struct worker *worker) {
  const struct handover h = {run, worker, process_one, worker};
  const struct trace *trace = run->trace;
  struct nf_frame *packet = worker->packets;
  for (size_t place = 0; place < trace->count; place++) {
    if (trace->packets[place].queue != worker->core)
      continue;
    atomic_store_explicit(&worker->reached, place, memory_order_release);
    wait_for_slower(&h, place);
    handover_take(&h, packet++);
  }
  handover_finish(&h);
}

static void process(const struct run *run, struct worker *worker) {
  int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  if (run->owners != NULL)
    process_again(run->owners, worker);
  else if (nf_moment != NULL || run->rings != NULL)
    process_together(run, worker);
  else
    process_alone(worker);
  worker->cpu_ns[0] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
}

struct start {
  const struct run *run;
  struct nf_shared *shared;
  struct worker *worker;
};

static void *worker_main(void *argument) {
  const struct start *start = argument;
  const struct run *run = start->run;
  struct worker *worker = start->worker;
  pin(worker->core);
  struct nf_core *nf = nf_core_create(start->shared, worker->core, run->options->cores);
  worker->nf = nf;
  if (nf == NULL)
    atomic_store(&core_without_memory, (int)worker->core);
  copy_packets(run, worker);
  unsigned rounds = run->options->bench_rounds;
  worker->cpu_ns = allocate_apart(rounds ? rounds : 1, sizeof *worker->cpu_ns);
  worker->laps = allocate_apart(rounds, sizeof *worker->laps);
  if (run->options->latency && run->rings == NULL)
    worker->latency = histogram_create();
  worker->effects = allocate_apart(rounds ? 0 : worker->count, sizeof *worker->effects);
  wait_for_all();
  if (atomic_load(&core_without_memory) < 0) {
    worker->begin_ns = clock_ns(CLOCK_MONOTONIC);
    if (rounds)
      bench_worker(run, worker, wait_for_all);
    else
      process(run, worker);
    worker->end_ns = clock_ns(CLOCK_MONOTONIC);
    worker->lock_waits = maestro_lock_waits;
  }
  return NULL;
}

/* The state of all cores, looked at once more and released. */
static void release_state(const struct run *run) {
  if (run->options->merged != NULL)
    merged_write(run);
  for (unsigned core = 0; core < run->options->cores; core++) {
    struct worker *worker = &run->workers[core];
    stats_note_tables(worker);
    if (nf_htm != NULL)
      worker->htm = nf_htm(worker->nf);
    nf_core_destroy(worker->nf);
  }
}

/* ---- All threads ---- */

void run_all(struct run *run) {
  unsigned cores = run->options->cores;
  pthread_t *threads = allocate(cores, sizeof *threads);
  struct start *starts = allocate(cores, sizeof *starts);
  if (run->owners != NULL && maestro_reference_owner == NULL)
    die(REPLAY_USAGE, "--owners: this program is not a reference build");
  struct nf_shared *shared = nf_shared_create(cores);
  if (shared == NULL)
    die(REPLAY_FAILED, "%s: no state for %u cores: out of memory", nf_name, cores);
  if (nf_record != NULL && !run->options->bench_rounds)
    nf_record(shared);
  run->workers = allocate_apart(cores, sizeof *run->workers);
  rings_create(run);
  pthread_barrier_init(&barrier, NULL, cores);
  for (unsigned core = 0; core < cores; core++) {
    run->workers[core].core = core;
    starts[core] = (struct start){run, shared, &run->workers[core]};
    int error = pthread_create(&threads[core], NULL, worker_main, &starts[core]);
    if (error != 0)
      die(REPLAY_FAILED, "cannot start thread %u of %u: %s", core, cores, strerror(error));
  }
  for (unsigned core = 0; core < cores; core++)
    pthread_join(threads[core], NULL);
  int failed = atomic_load(&core_without_memory);
  if (failed >= 0)
    die(REPLAY_FAILED,
        "%s: no state for core %d of %u: out of memory, or not made for so many cores",
        nf_name, failed, cores);
  release_state(run);
  nf_shared_destroy(shared);
  pthread_barrier_destroy(&barrier);
  free(threads);
  free(starts);
}

void run_free(struct run *run) {
  for (unsigned core = 0; core < run->options->cores; core++) {
    struct worker *worker = &run->workers[core];
    ASAN_UNPOISON_MEMORY_REGION(worker->slots, worker->slots_bytes);
    free(worker->slots);
    free(worker->packets);
    free(worker->effects);
    free(worker->cpu_ns);
    free(worker->laps);
    free(worker->latency);
  }
  rings_free(run);
  free(run->workers);
}
