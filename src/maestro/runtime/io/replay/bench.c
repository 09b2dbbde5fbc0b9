/* Throughput: each core's packets, again and again, by the thread's CPU clock, packets in
 * memory. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"

struct bench {
  const struct run *run;
  struct worker *worker;
  int64_t clock;  /* of the last packet of the round before (tick, fixed) */
  int64_t span;   /* of the captures (trace) */
  int64_t latest; /* of a packet that was processed */
};

/* Gives the next round's packets their times. These never go back, from the captures' last packet
 * on; `trace` replays their own pace, again and again. */
static void set_times(struct bench *bench) {
  struct worker *worker = bench->worker;
  for (size_t i = 0; i < worker->count; i++) {
    struct nf_frame *frame = &worker->packets[i];
    switch (bench->run->options->bench_time) {
    case BENCH_TICK: frame->time = ++bench->clock; break;
    case BENCH_FIXED: frame->time = bench->clock; break;
    case BENCH_TRACE: frame->time += bench->span; break;
    }
  }
}

/* One that was handed over may be late. */
static void process_one(void *arg, struct worker *queue, struct nf_frame *packet) {
  struct bench *bench = arg;
  (void)queue;
  if (packet->time > bench->latest)
    bench->latest = packet->time;
  packet->verdict = nf_packet(bench->worker->nf, packet->port, packet->data, packet->length,
                              bench->latest);
}

/* No core gets another's packets. */
static void round_alone(const struct worker *worker) {
  struct nf_frame *frames = worker->packets;
  for (size_t left = worker->count; left > 0;) {
    unsigned count = left < NF_BATCH ? (unsigned)left : NF_BATCH;
    nf_run(worker->nf, frames, count);
    frames += count;
    left -= count;
  }
}

static void bench_round(struct bench *bench) {
  struct worker *worker = bench->worker;
  const struct handover h = {bench->run, worker, process_one, bench};
  if (bench->run->rings == NULL) {
    round_alone(worker);
    return;
  }
  for (size_t i = 0; i < worker->count; i++)
    handover_take(&h, &worker->packets[i]);
  handover_finish(&h);
}

static void restore(struct worker *worker, const uint8_t *pristine) {
  const uint8_t *from = pristine;
  for (size_t i = 0; i < worker->count; i++) {
    memcpy(worker->packets[i].data, from, worker->packets[i].length);
    from += worker->packets[i].length;
  }
}

static uint8_t *keep(const struct worker *worker) {
  size_t bytes = 0;
  for (size_t i = 0; i < worker->count; i++)
    bytes += worker->packets[i].length;
  uint8_t *pristine = allocate_apart(bytes, 1), *to = pristine;
  for (size_t i = 0; i < worker->count; i++) {
    memcpy(to, worker->packets[i].data, worker->packets[i].length);
    to += worker->packets[i].length;
  }
  return pristine;
}

void bench_worker(const struct run *run, struct worker *worker, void (*wait)(void)) {
  const struct trace *trace = run->trace;
  int64_t first = trace->count ? trace->packets[0].time : 0;
  int64_t last = trace->count ? trace->packets[trace->count - 1].time : 0;
  struct bench bench = {run, worker, last, 0, INT64_MIN};
  uint8_t *pristine = keep(worker);
  set_times(&bench);
  bench_round(&bench); /* flows are established, tables and caches warm */
  bench.span = last - first + 1;
  for (unsigned round = 0; round < run->options->bench_rounds; round++) {
    if (run->rings != NULL)
      wait(); /* other cores may still be at packets of this one's queue */
    restore(worker, pristine);
    set_times(&bench);
    atomic_store(&worker->reached, 0);
    wait();
    int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    bench_round(&bench);
    worker->cpu_ns[round] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
  }
  free(pristine);
}
