/* Throughput: each core's packets, again and again, by the thread's CPU clock, packets in
 * memory. */
#include <stdlib.h>

#include "replay.h"

/* The NF's clock. It never goes back, from the captures' last packet on; `trace` replays their
 * own pace. */
struct bench_clock {
  enum bench_time kind;
  int64_t base;   /* added to the packet's time (trace), or the time itself */
  int64_t latest; /* of a packet (trace); one that was handed over may be late */
};

static int64_t bench_now(struct bench_clock *clock, const struct packet *packet) {
  switch (clock->kind) {
  case BENCH_TICK: return ++clock->base;
  case BENCH_FIXED: return clock->base;
  case BENCH_TRACE:
    if (clock->base + packet->time > clock->latest)
      clock->latest = clock->base + packet->time;
    return clock->latest;
  }
  return 0;
}

struct bench {
  const struct run *run;
  struct worker *worker;
  struct bench_clock clock;
};

static void process_one(void *arg, struct worker *queue, struct packet *packet) {
  struct bench *bench = arg;
  (void)queue;
  packet->verdict = nf_packet(bench->worker->nf, packet->port, packet->data, packet->length,
                              bench_now(&bench->clock, packet));
}

/* No core gets another's packets. */
static void round_alone(const struct worker *worker, struct nf_core *nf,
                        struct bench_clock *clock) {
  struct packet *end = worker->packets + worker->count;
  for (struct packet *packet = worker->packets; packet != end; packet++)
    packet->verdict = nf_packet(nf, packet->port, packet->data, packet->length,
                                bench_now(clock, packet));
}

static void bench_round(struct bench *bench) {
  struct worker *worker = bench->worker;
  const struct handover h = {bench->run, worker, process_one, bench};
  if (bench->run->rings == NULL) {
    round_alone(worker, worker->nf, &bench->clock);
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
  const struct trace *trace = bench->run->trace;
  packets_restore(bench->worker, pristine);
  atomic_store(&bench->worker->reached, 0);
  if (bench->clock.kind == BENCH_TRACE && trace->count)
    bench->clock.base += trace->packets[trace->count - 1].time - trace->packets[0].time + 1;
}

void bench_worker(const struct run *run, struct worker *worker, void (*wait)(void)) {
  const struct trace *trace = run->trace;
  int64_t first = trace->count ? trace->packets[0].time : 0;
  enum bench_time kind = run->options->bench_time;
  struct bench bench = {run, worker, {kind, kind == BENCH_TRACE ? 0 : first, INT64_MIN}};
  uint8_t *pristine = packets_keep(worker);
  bench_round(&bench); /* flows are established, tables and caches warm */
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
