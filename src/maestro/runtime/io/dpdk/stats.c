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
    FIELD(forwarded),      FIELD(dropped),      FIELD(flooded),   FIELD(stray),  FIELD(unusable),
    FIELD(resteered_from), FIELD(resteered_to), FIELD(misplaced), FIELD(drained)};
#undef FIELD

enum { FIELDS = sizeof fields / sizeof fields[0] };

static uint64_t value(const struct worker *worker, const struct field *field) {
  return counted((const counter *)((const char *)&worker->counters + field->at));
}

/* Packets whose processing has ended, one way or another. */
static uint64_t processed(const struct worker *worker) {
  const struct counters *c = &worker->counters;
  return counted(&c->forwarded) + counted(&c->dropped) + counted(&c->flooded) +
         counted(&c->stray) + counted(&c->unusable);
}

static double cpu_seconds(const struct worker *worker) {
  struct timespec time = {0, 0};
  if (atomic_load(&worker->has_clock))
    clock_gettime(worker->cpu_clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void print_cores(const struct run *run, FILE *file) {
  fprintf(file, "  \"per_core\": [");
  for (unsigned core = 0; core < run->cores; core++) {
    const struct worker *worker = &run->workers[core];
    fprintf(file, "%s\n    {\"core\": %u, \"lcore\": %u, \"packets\": %" PRIu64, core ? "," : "",
            core, worker->lcore, processed(worker));
    for (unsigned i = 0; i < FIELDS; i++)
      fprintf(file, ", \"%s\": %" PRIu64, fields[i].name, value(worker, &fields[i]));
    fprintf(file, ", \"cpu_seconds\": %.6f", cpu_seconds(worker));
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
    uint64_t in = 0, out = 0, unsent = 0;
    for (unsigned core = 0; core < run->cores; core++) {
      const struct port_counters *one = &run->workers[core].ports[port];
      in += counted(&one->in), out += counted(&one->out), unsent += counted(&one->unsent);
    }
    uint16_t id = run->options->port_ids[port];
    fprintf(file,
            "%s\n    {\"port\": %u, \"dpdk_port\": %u, \"in\": %" PRIu64 ", \"out\": %" PRIu64
            ", \"unsent\": %" PRIu64,
            port ? "," : "", port, id, in, out, unsent);
    print_device(id, file);
  }
  fprintf(file, "\n  ]\n");
}

void stats_print(const struct run *run, FILE *file) {
  uint64_t packets = 0;
  for (unsigned core = 0; core < run->cores; core++)
    packets += processed(&run->workers[core]);
  fprintf(file, "{\n  \"nf\": \"%s\", \"cores\": %u, \"rss\": \"%s\", \"packets\": %" PRIu64,
          nf_name, run->cores, atomic_load(&run->software) ? "software" : "nic", packets);
  for (unsigned i = 0; i < FIELDS; i++) {
    uint64_t total = 0;
    for (unsigned core = 0; core < run->cores; core++)
      total += value(&run->workers[core], &fields[i]);
    fprintf(file, ", \"%s\": %" PRIu64, fields[i].name, total);
  }
  fprintf(file, ",\n");
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
