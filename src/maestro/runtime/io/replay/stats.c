/* Counters as JSON. */
#include <stdlib.h>

#include "maestro/htm_stats.h"
#include "replay.h"

struct tally {
  size_t forwarded, dropped, flooded;
  size_t stray; /* forwarded to a port that does not exist */
};

static void add(struct tally *tally, const struct nf_frame *packet) {
  if (packet->verdict == NF_DROP)
    tally->dropped++;
  else if (packet->verdict == NF_FLOOD)
    tally->flooded++;
  else if (packet->verdict < nf_ports)
    tally->forwarded++;
  else
    tally->stray++;
}

/* Of each core, what it processed. */
static struct tally *tally_cores(const struct run *run) {
  struct tally *tallies = allocate(run->options->cores, sizeof *tallies);
  struct cursor cursor = cursor_start(run);
  for (const struct nf_frame *packet; (packet = cursor_next(&cursor)) != NULL;)
    add(&tallies[cursor_effect(&cursor, packet)->core], packet);
  cursor_free(&cursor);
  return tallies;
}

static double seconds(int64_t ns) { return (double)ns / 1e9; }

static double wall_seconds(const struct run *run) {
  int64_t begin = run->workers[0].begin_ns, end = run->workers[0].end_ns;
  for (unsigned core = 1; core < run->options->cores; core++) {
    const struct worker *worker = &run->workers[core];
    begin = worker->begin_ns < begin ? worker->begin_ns : begin;
    end = worker->end_ns > end ? worker->end_ns : end;
  }
  return seconds(end - begin);
}

static void print_tally(const struct tally *tally) {
  printf("\"forwarded\": %zu, \"dropped\": %zu, \"flooded\": %zu, \"stray\": %zu", tally->forwarded,
         tally->dropped, tally->flooded, tally->stray);
}

/* ---- Tables ---- */

static void note_table(void *argument, const struct nf_table *table) {
  struct worker *worker = argument;
  if (worker->table_count < TABLES)
    worker->tables[worker->table_count++] = *table;
}

/* Remembers how full the core's tables are. Reference builds do not know. */
void stats_note_tables(struct worker *worker) {
  if (nf_occupancy != NULL)
    nf_occupancy(worker->nf, note_table, worker);
}

static void print_tables(const struct worker *worker) {
  printf(", \"tables\": {");
  for (unsigned i = 0; i < worker->table_count; i++) {
    const struct nf_table *table = &worker->tables[i];
    printf("%s\"%s\": {\"kind\": \"%s\", \"used\": %llu, \"capacity\": %llu, \"in_common\": %s}",
           i ? ", " : "", table->object, table->kind, (unsigned long long)table->used,
           (unsigned long long)table->capacity, table->common ? "true" : "false");
  }
  printf("}");
}

/* ---- Counters ---- */

static void print_cores(const struct run *run, const struct tally *tallies) {
  printf("  \"per_core\": [");
  for (unsigned core = 0; core < run->options->cores; core++) {
    const struct worker *worker = &run->workers[core];
    printf("%s\n    {\"core\": %u, \"packets\": %llu, ", core ? "," : "", core,
           (unsigned long long)worker->turns);
    print_tally(&tallies[core]);
    printf(", \"resteered_from\": %zu, \"resteered_to\": %zu, \"cpu_seconds\": %.9f",
           worker->resteered_from, worker->resteered_to, seconds(worker->cpu_ns[0]));
    print_tables(worker);
    if (nf_htm != NULL)
      htm_stats_print(stdout, &worker->htm);
    printf("}");
  }
  printf("\n  ],\n");
}

static void print_ports(const struct run *run) {
  size_t *in = allocate(nf_ports, sizeof *in), *out = allocate(nf_ports, sizeof *out);
  struct cursor cursor = cursor_start(run);
  for (const struct nf_frame *packet; (packet = cursor_next(&cursor)) != NULL;) {
    in[packet->port]++;
    for (unsigned port = 0; port < nf_ports; port++)
      out[port] += leaves_through(packet, port);
  }
  cursor_free(&cursor);
  printf("  \"per_port\": [");
  for (unsigned port = 0; port < nf_ports; port++)
    printf("%s\n    {\"port\": %u, \"in\": %zu, \"out\": %zu}", port ? "," : "", port, in[port],
           out[port]);
  printf("\n  ]\n");
  free(in);
  free(out);
}

static void print_totals(const struct run *run, const struct tally *tallies) {
  const struct trace *trace = run->trace;
  struct tally total = {0, 0, 0, 0};
  size_t resteered = 0;
  int64_t cpu = 0;
  for (unsigned core = 0; core < run->options->cores; core++) {
    total.forwarded += tallies[core].forwarded;
    total.dropped += tallies[core].dropped;
    total.flooded += tallies[core].flooded;
    total.stray += tallies[core].stray;
    resteered += run->workers[core].resteered_to;
    cpu += run->workers[core].cpu_ns[0];
  }
  printf("  \"packets\": %zu, ", trace->count);
  print_tally(&total);
  printf(", \"resteered\": %zu,\n", resteered);
  printf("  \"runts\": %zu, \"oversize\": %zu, \"cut\": %zu, \"clamped\": %zu,\n", trace->runts,
         trace->oversize, trace->cut, trace->clamped);
  printf("  \"cpu_seconds\": %.9f, \"wall_seconds\": %.9f,\n", seconds(cpu), wall_seconds(run));
}

void stats_print(const struct run *run) {
  printf("{\n  \"nf\": \"%s\", \"cores\": %u,\n", nf_name, run->options->cores);
  struct tally *tallies = tally_cores(run);
  print_totals(run, tallies);
  print_cores(run, tallies);
  free(tallies);
  print_ports(run);
  printf("}\n");
}
