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

enum rss_mode {
  RSS_NIC,
  RSS_SOFTWARE,
  RSS_PRESET /* somebody else has set the device up; checked like RSS_NIC */
};

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
  counter unsent;     /* the device had no room */
  counter not_copied; /* flooded, and there was no buffer for the copy */
  counter misplaced;  /* found in the wrong queue, and put right */
};

struct counters {
  counter forwarded, dropped, flooded;
  counter stray;    /* forwarded to a port that does not exist */
  counter too_short, in_pieces, no_headroom; /* what the NF cannot be given; see fault() */
  counter resteered_from, resteered_to;
  counter misplaced; /* the sum of the ports' */
  counter drained;   /* received after the order to stop */
};

/* ---- Workers ---- */

struct worker;
typedef void question(struct worker *worker, void *argument);

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
  bool was_busy;        /* in the turn that ends with the next look at the clock */
  uint64_t last_cycles; /* when that turn began, by the timer */
  counter busy_cycles;  /* spent in turns in which there was a packet */
  counter all_cycles;
  atomic_int desk; /* see ask.c */
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
  question *question; /* see ask.c */
  void *question_argument;
  atomic_uint still; /* cores that stand still */
  atomic_bool holding;
  unsigned *rules;           /* one a port: flow rules that spread its packets */
  uint64_t *early;           /* one a port: packets before its RSS was set; discarded */
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

/* ---- Questions to cores (ask.c) ---- */

enum desk { DESK_AWAY, DESK_HELD, DESK_READY, DESK_ASKED, DESK_ANSWERING };

/* A worker begins, looks at its desk between two bursts, ends. */
void desk_take(struct worker *worker);
void desk_answer(struct worker *worker);
void desk_leave(struct worker *worker);

/* Each core runs `question`, at a time of its own, between two bursts. False when a core has not
 * taken it up in time. */
bool ask(struct run *run, question *question, void *argument);

/* Between the two, no core does anything. False when a core was late: then none is held. */
bool hold(struct run *run);
void release(struct run *run);

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
void ports_stop(const struct run *run);

/* What a device needs to be told so that it spreads packets as `rss` says. */
struct rss_setting {
  uint64_t hash;  /* RTE_ETH_RSS_* */
  char wrong[80]; /* what DPDK has no words for; empty when all is well */
};

/* `offered`: the device's RTE_ETH_RSS_*; where two words mean the same, the one it knows is
 * chosen. */
struct rss_setting rss_setting(const struct maestro_rss *rss, uint64_t offered);

/* How a port is told: by one setting for all packets if that says it all, otherwise by flow rules
 * beside a plain setting, if rules can say it. If neither can: `wrong`, or `hash` has more than is
 * offered. */
struct rss_way {
  bool rules;
  uint64_t hash;
  char wrong[80];
};

struct rss_way rss_way(const struct maestro_rss *rss, uint64_t offered);

extern const char *const packet_type_names[MAESTRO_PACKET_TYPES];

/* The names of what is set in `hash`, without RTE_ETH_RSS_; returns how many. */
enum { RSS_WORDS = 32 };
unsigned rss_words(uint64_t hash, const char *names[RSS_WORDS]);

/* Who spreads packets over the cores at present. */
const char *spread_by(const struct run *run);

/* Before the port is configured, checks that it offers what it will be asked for. */
void rss_require(unsigned port, uint16_t id, const struct rte_eth_dev_info *info);

/* Once it has been started: sets key and table, and reads them back. */
void rss_apply(const struct run *run, unsigned port, uint16_t id,
               const struct rte_eth_dev_info *info);

/* ---- Telemetry: commands on DPDK's telemetry socket ---- */

/* Commands say that the NF starts, from the second on what there is to know, from the third on that
 * it has ended. */
void telemetry_register(void);
void telemetry_open(struct run *run);
void telemetry_close(void);

/* ---- Trace ---- */

void trace_open(const struct options *options);

/* Once no worker runs any more. False, with a message, when not all could be written. */
bool trace_close(const struct options *options);

/* A line for each packet that a burst from `port` gave. */
void trace(const struct worker *worker, unsigned port, struct rte_mbuf *const *packets,
           unsigned received);

/* ---- Statistics ---- */

/* Where packets ended that did not leave, by reason; of all cores. */
enum { DROP_REASONS = 9 };
struct drop {
  const char *reason;
  uint64_t packets;
};
void stats_drops(const struct run *run, struct drop drops[DROP_REASONS]);

struct load {
  unsigned lcore;
  uint64_t packets;
  double cpu_seconds;
  double busy;   /* share of its turns' cycles, 0 to 1 */
  uint64_t ring; /* packets that other cores have handed to it and it has not yet taken */
};
struct load stats_load(const struct run *run, unsigned core);

void stats_print(const struct run *run, FILE *file);

/* Packets seen so far. */
uint64_t stats_activity(const struct run *run);

/* ---- Ends ---- */

/* Prints `nf-dpdk: message`, exits. */
_Noreturn void die(enum dpdk_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void *allocate(size_t count, size_t size); /* zeroed, on lines of its own */

#endif
