/* The parts of nf-dpdk: options -> ports (queues, memory, RSS) -> workers (one an lcore) ->
 * statistics. */
#ifndef DPDK_H
#define DPDK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <rte_config.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "maestro/nf.h"
#include "maestro/ring.h"
#include "maestro/toeplitz.h"

/* Exit statuses. */
enum dpdk_status {
  DPDK_OK = 0,
  DPDK_FAILED = 1,  /* no memory, no such port, a port that does not start */
  DPDK_USAGE = 2,   /* wrong options */
  DPDK_REFUSED = 3, /* a port refuses a setting, or has no words for it */
  DPDK_MISLED = 4   /* a port spread packets otherwise than it was told */
};

enum { BATCH = 32 };
enum { USUAL_FRAME = 2048 }; /* bytes in a buffer; room for all frames of the usual MTU */

#define APART 128 /* bytes: a cache line and the one that the CPU prefetches with it */

/* ---- Options, after EAL's ---- */

enum rss_mode { RSS_NIC, RSS_SOFTWARE };

struct options {
  enum rss_mode rss;
  uint16_t port_ids[RTE_MAX_ETHPORTS]; /* DPDK's number of each port of the NF */
  bool ports_given;
  unsigned descriptors; /* of every queue */
  unsigned frame_bytes; /* room in a buffer */
  unsigned check_every; /* of a core's packets, look at one in so many; 0: at none */
  unsigned idle_ms;     /* stop when nothing has arrived for so long; 0: never */
  const char *trace;    /* a file for a line a packet; NULL: none */
  unsigned trace_packets; /* at most */
};

void options_parse(struct options *options, int count, char **arguments);

/* ---- Counters: written by one thread, read by any ---- */

typedef _Atomic uint64_t counter;

static inline void count(counter *counter, uint64_t n) {
  uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
  atomic_store_explicit(counter, value + n, memory_order_relaxed);
}

static inline uint64_t counted(const counter *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

struct port_counters {
  counter in, out;
  counter unsent; /* the device had no room, or there was no buffer for a copy */
};

struct counters {
  counter forwarded, dropped, flooded;
  counter stray;    /* forwarded to a port that does not exist */
  counter unusable; /* too short, in pieces that do not fit into a buffer, no headroom */
  counter resteered_from, resteered_to;
  counter misplaced; /* found in the wrong queue, and put right */
  counter drained;   /* received after the order to stop */
};

/* ---- Workers ---- */

struct outbox {
  struct rte_mbuf *packets[BATCH];
  unsigned count;
};

struct worker {
  _Alignas(APART) unsigned core;
  unsigned lcore;
  struct run *run;
  struct nf_core *nf;
  struct rte_mempool *pool; /* on the lcore's NUMA node; also for the copies of flooded packets */
  struct outbox *outboxes;  /* one a port */
  int64_t now;              /* ns; never goes back */
  unsigned until_check;     /* packets */
  clockid_t cpu_clock;
  atomic_bool has_clock;
  struct counters counters;
  struct port_counters *ports;
};

struct run {
  const struct options *options;
  unsigned cores;
  struct worker *workers;
  struct maestro_steering *steering; /* one a port; NULL for one core */
  struct ring *rings;                /* from each core to each core */
  atomic_bool software;              /* steer all packets here */
  atomic_bool misled;                /* a port did not do as it was told */
  atomic_bool stop;
  atomic_bool started;
  atomic_uint finished; /* cores that have no packets of their own any more */
  atomic_uint without_memory;
  uint64_t hz, start_cycles; /* of the timer */
  int64_t start_ns;          /* since the epoch */
};

/* Everything that the cores need, but the ports. */
void run_create(struct run *run, const struct options *options);
void run_destroy(struct run *run);

/* The main function of a core; `argument` is the run. */
int worker_main(void *argument);

static inline struct ring *ring_between(const struct run *run, unsigned from, unsigned to) {
  return &run->rings[from * run->cores + to];
}

/* ---- Steering ---- */

/* The core that must process a packet of `worker`'s queue, which arrived on `port`. */
unsigned steer(struct worker *worker, unsigned port, const struct rte_mbuf *packet);

/* Hands a packet to another core. Never drops: serves what others hand over while it waits. */
void hand_over(struct worker *worker, unsigned to, struct rte_mbuf *packet);

/* Processes what other cores have handed over so far; returns how many packets. */
unsigned serve(struct worker *worker);

/* ---- Packets ---- */

/* Processes BATCH packets at most, which arrived on the ports `packet->port` (the NF's numbers), and
 * puts them away. The array is used up. */
void process(struct worker *worker, struct rte_mbuf **packets, unsigned packet_count);

/* Sends what waits to be sent. */
void flush(struct worker *worker);

/* ---- Ports ---- */

void ports_start(const struct run *run);
void ports_stop(const struct options *options);

/* What a device needs to be told so that it spreads packets as `rss` says. */
struct rss_setting {
  uint64_t hash;  /* RTE_ETH_RSS_* */
  char wrong[80]; /* what DPDK has no words for; empty when all is well */
};

/* `offered`: the device's RTE_ETH_RSS_*; where two words mean the same, the one it knows is
 * chosen. */
struct rss_setting rss_setting(const struct maestro_rss *rss, uint64_t offered);

extern const char *const packet_type_names[MAESTRO_PACKET_TYPES];

/* Before the port is configured, checks that it offers what it will be asked for. */
void rss_require(unsigned port, uint16_t id, const struct rte_eth_dev_info *info);

/* Once it has been started: sets key and table, and reads them back. */
void rss_apply(const struct run *run, unsigned port, uint16_t id,
               const struct rte_eth_dev_info *info);

/* ---- Trace ---- */

void trace_open(const struct options *options);

/* Once no worker runs any more. False, with a message, when not all could be written. */
bool trace_close(const struct options *options);

/* A line for each packet that a burst from `port` gave. */
void trace(const struct worker *worker, unsigned port, struct rte_mbuf *const *packets,
           unsigned received);

/* ---- Statistics ---- */

void stats_print(const struct run *run, FILE *file);

/* Packets seen so far. */
uint64_t stats_activity(const struct run *run);

/* ---- Ends ---- */

/* Prints `nf-dpdk: message`, exits. */
_Noreturn void die(enum dpdk_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void *allocate(size_t count, size_t size); /* zeroed, on lines of its own */

#endif
