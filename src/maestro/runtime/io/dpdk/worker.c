/* One worker an lcore: receives, steers, processes, sends, until told to stop and all cores have
 * processed what has arrived. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include "dpdk.h"

enum { RING = 1024 };

/* ---- Creation ---- */

/* Buffers that may be in use at once: in queues, rings, outboxes, the caches of the pool. */
static unsigned buffers(const struct run *run) {
  unsigned queues = 2 * nf_ports * run->options->descriptors;
  unsigned handed = run->cores * (RING + nf_ports * BATCH);
  return queues + handed + run->options->descriptors + 2 * RTE_MEMPOOL_CACHE_MAX_SIZE;
}

static void create_worker(struct run *run, unsigned core, unsigned lcore) {
  struct worker *worker = &run->workers[core];
  char name[RTE_MEMPOOL_NAMESIZE];
  snprintf(name, sizeof name, "core %u", core);
  worker->core = core;
  worker->lcore = lcore;
  worker->run = run;
  worker->until_check = 1;
  worker->outboxes = allocate(nf_ports, sizeof *worker->outboxes);
  worker->ports = allocate(nf_ports, sizeof *worker->ports);
  unsigned room = RTE_PKTMBUF_HEADROOM + run->options->frame_bytes;
  int socket = (int)rte_lcore_to_socket_id(lcore);
  worker->pool = rte_pktmbuf_pool_create(name, buffers(run), 256, 0, (uint16_t)room, socket);
  if (worker->pool == NULL)
    die(DPDK_FAILED, "no memory for %u buffers of %u bytes on NUMA node %d (%s): give EAL more "
        "with -m, or take fewer --descriptors", buffers(run), room, socket,
        rte_strerror(rte_errno));
}

static void create_steering(struct run *run) {
  run->steering = allocate(nf_ports, sizeof *run->steering);
  for (unsigned port = 0; port < nf_ports; port++)
    if (!maestro_steering_init(&run->steering[port], &nf_rss[port], run->cores))
      die(DPDK_FAILED, "%s has no RSS configuration for %u cores on port %u", nf_name, run->cores,
          port);
  unsigned rings = run->cores * run->cores;
  run->rings = allocate(rings, sizeof *run->rings);
  for (unsigned i = 0; i < rings; i++)
    if (!ring_create(&run->rings[i], RING))
      die(DPDK_FAILED, "out of memory");
}

void run_create(struct run *run, const struct options *options) {
  struct timespec now;
  run->options = options;
  run->cores = rte_lcore_count();
  run->workers = allocate(run->cores, sizeof *run->workers);
  run->rules = allocate(nf_ports, sizeof *run->rules);
  run->early = allocate(nf_ports, sizeof *run->early);
  atomic_init(&run->software, options->rss == RSS_SOFTWARE);
  unsigned core = 0, lcore;
  RTE_LCORE_FOREACH(lcore)
    create_worker(run, core++, lcore);
  if (run->cores > 1)
    create_steering(run);
  clock_gettime(CLOCK_REALTIME, &now);
  run->start_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
  run->hz = rte_get_timer_hz();
  run->start_cycles = rte_get_timer_cycles();
}

void run_destroy(struct run *run) {
  for (unsigned core = 0; core < run->cores; core++) {
    nf_core_destroy(run->workers[core].nf);
    rte_mempool_free(run->workers[core].pool);
    free(run->workers[core].outboxes);
    free(run->workers[core].ports);
  }
  for (unsigned i = 0; run->rings != NULL && i < run->cores * run->cores; i++)
    ring_destroy(&run->rings[i]);
  free(run->rings);
  free(run->steering);
  free(run->rules);
  free(run->early);
  free(run->workers);
}

/* ---- Time ---- */

static void look_at_clock(struct worker *worker) {
  const struct run *run = worker->run;
  uint64_t cycles = rte_get_timer_cycles(), since = cycles - run->start_cycles;
  uint64_t second = UINT64_C(1000000000);
  uint64_t ns = since / run->hz * second + since % run->hz * second / run->hz;
  int64_t now = run->start_ns + (int64_t)ns;
  if (now > worker->now)
    worker->now = now;
  if (worker->was_busy)
    count(&worker->busy_cycles, cycles - worker->last_cycles);
  count(&worker->all_cycles, cycles - worker->last_cycles);
  worker->last_cycles = cycles;
  worker->was_busy = false;
}

/* ---- Running ---- */

/* Whether the packet is this core's own; if not, it has been handed over. */
static bool keeps(struct worker *worker, unsigned port, struct rte_mbuf *packet) {
  packet->port = (uint16_t)port; /* the NF's number, not DPDK's */
  if (!rte_pktmbuf_is_contiguous(packet) && rte_pktmbuf_linearize(packet) != 0)
    return true; /* process() counts it */
  unsigned to = steer(worker, port, packet);
  if (to != worker->core)
    hand_over(worker, to, packet);
  return to == worker->core;
}

/* Takes a batch from each port; returns how many packets. */
static unsigned receive(struct worker *worker) {
  struct rte_mbuf *packets[BATCH];
  unsigned total = 0;
  for (unsigned port = 0; port < nf_ports; port++) {
    uint16_t id = worker->run->options->port_ids[port];
    unsigned received = rte_eth_rx_burst(id, (uint16_t)worker->core, packets, BATCH);
    unsigned kept = 0;
    trace(worker, port, packets, received);
    for (unsigned i = 0; i < received; i++)
      if (keeps(worker, port, packets[i]))
        packets[kept++] = packets[i];
    process(worker, packets, kept);
    count(&worker->ports[port].in, received);
    total += received;
  }
  return total;
}

static unsigned turn(struct worker *worker, bool receiving) {
  look_at_clock(worker);
  unsigned packets = receiving ? receive(worker) : 0;
  packets += serve(worker);
  flush(worker);
  worker->was_busy = packets > 0;
  if (atomic_load_explicit(&worker->desk, memory_order_relaxed) != DESK_READY)
    desk_answer(worker);
  return packets;
}

/* What has arrived before the stop is processed: at most what the queues can hold. Then the rings,
 * until no core can put anything into them any more. */
static void drain(struct worker *worker) {
  struct run *run = worker->run;
  unsigned rounds = run->options->descriptors / BATCH + 1;
  for (unsigned received = 1; received > 0 && rounds > 0; rounds--) {
    look_at_clock(worker);
    received = receive(worker);
    count(&worker->counters.drained, received);
    serve(worker);
    flush(worker);
  }
  atomic_fetch_add(&run->finished, 1);
  while (atomic_load(&run->finished) < run->cores)
    if (turn(worker, false) == 0)
      sched_yield();
  while (turn(worker, false) > 0)
    continue;
}

int worker_main(void *argument) {
  struct run *run = argument;
  struct worker *worker = run->workers;
  while (worker->lcore != rte_lcore_id())
    worker++;
  if (pthread_getcpuclockid(pthread_self(), &worker->cpu_clock) == 0)
    atomic_store(&worker->has_clock, true);
  worker->last_cycles = rte_get_timer_cycles();
  desk_take(worker);
  while (!atomic_load_explicit(&run->stop, memory_order_relaxed))
    turn(worker, true);
  drain(worker);
  desk_leave(worker);
  return 0;
}
