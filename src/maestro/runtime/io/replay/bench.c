/* Throughput: each core's packets, again and again, by the thread's CPU clock, packets in
 * memory. */
#include <stdlib.h>

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

/* By name, callgrind counts what happens in it. */
__attribute__((noinline)) static void bench_round(struct bench *bench) {
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

/* One more round, slower: each packet's ticks, less what looking at the clock takes. */
static void latency_round(struct bench *bench) {
  struct worker *worker = bench->worker;
  uint64_t overhead = clock_overhead();
  for (size_t i = 0; i < worker->count; i++) {
    uint64_t start = clock_ticks();
    process_one(bench, worker, &worker->packets[i]);
    uint64_t ticks = clock_ticks() - start;
    histogram_add(worker->latency, ticks > overhead ? ticks - overhead : 0);
  }
}

static void next_round(struct bench *bench, const uint8_t *pristine) {
  packets_restore(bench->worker, pristine);
  set_times(bench);
  atomic_store(&bench->worker->reached, 0);
}

void bench_worker(const struct run *run, struct worker *worker, void (*wait)(void)) {
  const struct trace *trace = run->trace;
  int64_t first = trace->count ? trace->packets[0].time : 0;
  int64_t last = trace->count ? trace->packets[trace->count - 1].time : 0;
  struct bench bench = {run, worker, last, 0, INT64_MIN};
  uint8_t *pristine = packets_keep(worker);
  set_times(&bench);
  bench_round(&bench); /* flows are established, tables and caches warm */
  bench.span = last - first + 1;
  for (unsigned round = 0; round < run->options->bench_rounds; round++) {
    if (run->rings != NULL)
      wait(); /* other cores may still be at packets of this one's queue */
    next_round(&bench, pristine);
    wait();
    lap_begin(&worker->laps[round]);
    bench_round(&bench);
    lap_end(&worker->laps[round]);
  }
  if (worker->latency != NULL) {
    next_round(&bench, pristine);
    wait();
    latency_round(&bench);
  }
  free(pristine);
}
