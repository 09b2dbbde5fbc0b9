/* What a benchmark's round takes, the packets that it starts with, and its results as JSON. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"

/* ---- Clocks ---- */

uint64_t clock_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t ticks;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return (uint64_t)clock_ns(CLOCK_MONOTONIC);
#endif
}

void lap_begin(struct lap *lap) {
  lap->begin_ns = clock_ns(CLOCK_MONOTONIC);
  lap->ticks = clock_ticks();
  lap->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void lap_end(struct lap *lap) {
  lap->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - lap->cpu_ns;
  lap->ticks = clock_ticks() - lap->ticks;
  lap->end_ns = clock_ns(CLOCK_MONOTONIC);
}

/* ---- Packets ---- */

void packets_restore(struct worker *worker, const uint8_t *pristine) {
  const uint8_t *from = pristine;
  for (size_t i = 0; i < worker->count; i++) {
    memcpy(worker->packets[i].data, from, worker->packets[i].length);
    from += worker->packets[i].length;
  }
}

uint8_t *packets_keep(const struct worker *worker) {
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

/* ---- Results ---- */

/* Millions of packets per second of CPU: each core's rate, added up. */
static double round_mpps(const struct run *run, unsigned round) {
  double total = 0;
  for (unsigned core = 0; core < run->options->cores; core++) {
    const struct worker *worker = &run->workers[core];
    if (worker->count > 0 && worker->laps[round].cpu_ns > 0)
      total += (double)worker->count * 1e3 / (double)worker->laps[round].cpu_ns;
  }
  return total;
}

/* From the first core's start to the last one's end. */
static long long wall_ns(const struct run *run, unsigned round) {
  const struct lap *first = &run->workers[0].laps[round];
  int64_t begin = first->begin_ns, end = first->end_ns;
  for (unsigned core = 1; core < run->options->cores; core++) {
    const struct lap *lap = &run->workers[core].laps[round];
    begin = lap->begin_ns < begin ? lap->begin_ns : begin;
    end = lap->end_ns > end ? lap->end_ns : end;
  }
  return (long long)(end - begin);
}

static void print_round(const struct run *run, unsigned round) {
  unsigned cores = run->options->cores;
  printf("{\"mpps\": %.6f, \"wall_ns\": %lld, \"cpu_ns\": [", round_mpps(run, round),
         wall_ns(run, round));
  for (unsigned core = 0; core < cores; core++)
    printf("%s%lld", core ? ", " : "", (long long)run->workers[core].laps[round].cpu_ns);
  printf("], \"lap_ns\": [");
  for (unsigned core = 0; core < cores; core++) {
    const struct lap *lap = &run->workers[core].laps[round];
    printf("%s%lld", core ? ", " : "", (long long)(lap->end_ns - lap->begin_ns));
  }
  printf("], \"ticks\": [");
  for (unsigned core = 0; core < cores; core++)
    printf("%s%llu", core ? ", " : "", (unsigned long long)run->workers[core].laps[round].ticks);
  printf("]}");
}

static size_t dropped(const struct worker *worker) {
  size_t count = 0;
  for (size_t i = 0; i < worker->count; i++)
    count += worker->packets[i].verdict == NF_DROP;
  return count;
}

/* What cores did to each other, all rounds and cores together. */
static void print_counters(const struct run *run) {
  uint64_t waits = 0, commits = 0, fallbacks = 0, aborts = 0;
  for (unsigned core = 0; core < run->options->cores; core++) {
    const struct worker *worker = &run->workers[core];
    waits += worker->lock_waits;
    commits += worker->htm.commits;
    fallbacks += worker->htm.fallbacks;
    for (unsigned cause = 0; cause < NF_HTM_CAUSES; cause++)
      aborts += worker->htm.aborts[cause];
  }
  printf("  \"counters\": {\"lock_waits\": %llu", (unsigned long long)waits);
  if (nf_htm != NULL)
    printf(", \"htm_commits\": %llu, \"htm_fallbacks\": %llu, \"htm_aborts\": %llu",
           (unsigned long long)commits, (unsigned long long)fallbacks, (unsigned long long)aborts);
  printf("},\n");
}

void bench_print(const struct run *run) {
  const struct options *options = run->options;
  printf("{\n  \"nf\": \"%s\", \"cores\": %u, \"packets\": %zu,\n", nf_name, options->cores,
         run->trace->count);
  printf("  \"packets_per_core\": [");
  for (unsigned core = 0; core < options->cores; core++)
    printf("%s%zu", core ? ", " : "", run->workers[core].count);
  printf("],\n  \"dropped_per_core\": [");
  for (unsigned core = 0; core < options->cores; core++)
    printf("%s%zu", core ? ", " : "", dropped(&run->workers[core]));
  printf("],\n");
  if (nf_moment != NULL)
    print_counters(run);
  if (run->workers[0].latency != NULL)
    latency_print(run);
  printf("  \"rounds\": [");
  for (unsigned round = 0; round < options->bench_rounds; round++) {
    printf("%s\n    ", round ? "," : "");
    print_round(run, round);
  }
  printf("\n  ]\n}\n");
}
