/* Counters as JSON, while running or at the end. */
#include <inttypes.h>
#include <string.h>

#include "dpdk.h"
#include "maestro/htm_stats.h"

struct field {
  const char *name;
  size_t at;
};

#define FIELD(name) {#name, offsetof(struct counters, name)}
static const struct field fields[] = {
    FIELD(forwarded), FIELD(dropped),        FIELD(flooded),      FIELD(stray),
    FIELD(too_short), FIELD(in_pieces),      FIELD(no_headroom),  FIELD(resteered_from),
    FIELD(misplaced), FIELD(resteered_to),   FIELD(drained)};
#undef FIELD

enum { FIELDS = sizeof fields / sizeof fields[0] };

static uint64_t value(const struct worker *worker, const struct field *field) {
  return counted((const counter *)((const char *)&worker->counters + field->at));
}

/* Packets whose processing has ended, one way or another. */
static uint64_t processed(const struct worker *worker) {
  const struct counters *c = &worker->counters;
  return counted(&c->forwarded) + counted(&c->dropped) + counted(&c->flooded) +
         counted(&c->stray) + counted(&c->too_short) + counted(&c->in_pieces) +
         counted(&c->no_headroom);
}

static double cpu_seconds(const struct worker *worker) {
  struct timespec time = {0, 0};
  if (atomic_load(&worker->has_clock))
    clock_gettime(worker->cpu_clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct load stats_load(const struct run *run, unsigned core) {
  const struct worker *worker = &run->workers[core];
  uint64_t all = counted(&worker->all_cycles), busy = counted(&worker->busy_cycles);
  struct load load = {.lcore = worker->lcore,
                      .packets = processed(worker),
                      .cpu_seconds = cpu_seconds(worker),
                      .busy = all == 0 || busy > all ? 0 : (double)busy / (double)all};
  for (unsigned from = 0; run->rings != NULL && from < run->cores; from++)
    load.ring += ring_used(ring_between(run, from, core));
  return load;
}

static void port_drops(const struct run *run, unsigned port, uint64_t *not_copied, uint64_t *unsent,
                       uint64_t *missed) {
  struct rte_eth_stats stats;
  for (unsigned core = 0; core < run->cores; core++) {
    *not_copied += counted(&run->workers[core].ports[port].not_copied);
    *unsent += counted(&run->workers[core].ports[port].unsent);
  }
  if (rte_eth_stats_get(run->options->port_ids[port], &stats) == 0)
    *missed += stats.imissed + stats.rx_nombuf;
}

void stats_drops(const struct run *run, struct drop drops[DROP_REASONS]) {
  uint64_t by_nf = 0, stray = 0, shortness = 0, pieces = 0, headroom = 0;
  uint64_t not_copied = 0, unsent = 0, missed = 0, early = 0;
  for (unsigned core = 0; core < run->cores; core++) {
    const struct counters *c = &run->workers[core].counters;
    by_nf += counted(&c->dropped), stray += counted(&c->stray);
    shortness += counted(&c->too_short), pieces += counted(&c->in_pieces);
    headroom += counted(&c->no_headroom);
  }
  for (unsigned port = 0; port < nf_ports; port++) {
    port_drops(run, port, &not_copied, &unsent, &missed);
    early += run->early[port];
  }
  const struct drop found[DROP_REASONS] = {
      {"nf", by_nf},            {"stray", stray},         {"too_short", shortness},
      {"in_pieces", pieces},    {"no_headroom", headroom}, {"not_copied", not_copied},
      {"unsent", unsent},       {"missed", missed},       {"early", early}};
  memcpy(drops, found, sizeof found);
}

static void print_drops(const struct run *run, FILE *file) {
  struct drop drops[DROP_REASONS];
  stats_drops(run, drops);
  fprintf(file, "  \"drops\": {");
  for (unsigned i = 0; i < DROP_REASONS; i++)
    fprintf(file, "%s\"%s\": %" PRIu64, i ? ", " : "", drops[i].reason, drops[i].packets);
  fprintf(file, "},\n");
}

static void print_cores(const struct run *run, FILE *file) {
  fprintf(file, "  \"per_core\": [");
  for (unsigned core = 0; core < run->cores; core++) {
    const struct worker *worker = &run->workers[core];
    struct load load = stats_load(run, core);
    fprintf(file, "%s\n    {\"core\": %u, \"lcore\": %u, \"packets\": %" PRIu64, core ? "," : "",
            core, load.lcore, load.packets);
    for (unsigned i = 0; i < FIELDS; i++)
      fprintf(file, ", \"%s\": %" PRIu64, fields[i].name, value(worker, &fields[i]));
    fprintf(file, ", \"busy\": %.4f, \"cpu_seconds\": %.6f", load.busy, load.cpu_seconds);
    if (nf_htm != NULL) {
      const struct nf_htm counts = nf_htm(worker->nf);
      htm_stats_print(file, &counts);
    }
    fprintf(file, "}");
  }
  fprintf(file, "\n  ],\n");
}

static void print_device(uint16_t id, FILE *file) {
  struct rte_eth_stats stats;
  struct rte_eth_link link;
  if (rte_eth_stats_get(id, &stats) != 0)
    memset(&stats, 0, sizeof stats);
  if (rte_eth_link_get_nowait(id, &link) != 0)
    memset(&link, 0, sizeof link);
  fprintf(file,
          ", \"link_up\": %s, \"link_mbps\": %" PRIu32 ", \"missed\": %" PRIu64
          ", \"receive_errors\": %" PRIu64 ", \"no_buffers\": %" PRIu64
          ", \"send_errors\": %" PRIu64 "}",
          link.link_status ? "true" : "false",
          link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed, stats.imissed,
          stats.ierrors, stats.rx_nombuf, stats.oerrors);
}

static void print_ports(const struct run *run, FILE *file) {
  fprintf(file, "  \"per_port\": [");
  for (unsigned port = 0; port < nf_ports; port++) {
    uint64_t in = 0, out = 0, unsent = 0, not_copied = 0;
    for (unsigned core = 0; core < run->cores; core++) {
      const struct port_counters *one = &run->workers[core].ports[port];
      in += counted(&one->in), out += counted(&one->out), unsent += counted(&one->unsent);
      not_copied += counted(&one->not_copied);
    }
    uint16_t id = run->options->port_ids[port];
    fprintf(file,
            "%s\n    {\"port\": %u, \"dpdk_port\": %u, \"in\": %" PRIu64 ", \"out\": %" PRIu64
            ", \"unsent\": %" PRIu64 ", \"not_copied\": %" PRIu64,
            port ? "," : "", port, id, in, out, unsent, not_copied);
    print_device(id, file);
  }
  fprintf(file, "\n  ]\n");
}

void stats_print(const struct run *run, FILE *file) {
  uint64_t packets = 0;
  for (unsigned core = 0; core < run->cores; core++)
    packets += processed(&run->workers[core]);
  fprintf(file, "{\n  \"nf\": \"%s\", \"cores\": %u, \"rss\": \"%s\", \"packets\": %" PRIu64,
          nf_name, run->cores, spread_by(run), packets);
  for (unsigned i = 0; i < FIELDS; i++) {
    uint64_t total = 0;
    for (unsigned core = 0; core < run->cores; core++)
      total += value(&run->workers[core], &fields[i]);
    fprintf(file, ", \"%s\": %" PRIu64, fields[i].name, total);
  }
  fprintf(file, ",\n");
  print_drops(run, file);
  print_cores(run, file);
  print_ports(run, file);
  fprintf(file, "}\n");
  fflush(file);
}

uint64_t stats_activity(const struct run *run) {
  uint64_t total = 0;
  for (unsigned core = 0; core < run->cores; core++) {
    total += processed(&run->workers[core]);
    for (unsigned port = 0; port < nf_ports; port++)
      total += counted(&run->workers[core].ports[port].in);
  }
  return total;
}
