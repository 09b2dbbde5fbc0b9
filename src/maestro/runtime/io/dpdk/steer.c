/* Which core a packet belongs to, and how it gets there. */
#include <sched.h>

#include "dpdk.h"

/* Whether it is this packet's turn to be checked against what the NIC was told. */
static bool checked(struct worker *worker) {
  unsigned every = worker->run->options->check_every;
  if (every == 0 || --worker->until_check > 0)
    return false;
  worker->until_check = every;
  return true;
}

/* From here on, all packets are steered in software. */
static void mislead(struct worker *worker, unsigned port, unsigned type, unsigned to) {
  struct run *run = worker->run;
  count(&worker->counters.misplaced, 1);
  count(&worker->ports[port].misplaced, 1);
  atomic_store(&run->software, true);
  if (!atomic_exchange(&run->misled, true))
    fprintf(stderr,
            "nf-dpdk: port %u (DPDK port %u) has put a packet (%s) into queue %u, but was "
            "told queue %u: it does not hash as it said. From here on all packets are steered in "
            "software; flows that began before may have been cut. Use --rss software.\n",
            port, run->options->port_ids[port], packet_type_names[type], worker->core, to);
}

unsigned steer(struct worker *worker, unsigned port, const struct rte_mbuf *packet) {
  const struct run *run = worker->run;
  const uint8_t *data = rte_pktmbuf_mtod(packet, const uint8_t *);
  if (run->steering == NULL || packet->data_len < NF_MIN_PACKET)
    return worker->core;
  const struct maestro_steering *steering = &run->steering[port];
  unsigned nic;
  if (atomic_load_explicit(&run->software, memory_order_relaxed))
    return maestro_rss_core(steering, data, packet->data_len, &nic);
  bool check = !steering->rss->any_split && checked(worker);
  if (steering->rss->resteered == 0 && !check)
    return worker->core;
  unsigned type = maestro_packet_type(data, packet->data_len);
  if (steering->rss->resteered >> type & 1)
    return maestro_rss_core(steering, data, packet->data_len, &nic);
  bool certain = steering->rss->inputs[type].count > 0 && !(steering->rss->uncertain >> type & 1);
  if (!check || !certain) /* any queue will do */
    return worker->core;
  unsigned to = maestro_rss_core(steering, data, packet->data_len, &nic);
  if (to != worker->core)
    mislead(worker, port, type, to);
  return to;
}

unsigned serve(struct worker *worker) {
  struct run *run = worker->run;
  unsigned served = 0;
  for (unsigned from = 0; run->rings != NULL && from < run->cores; from++) {
    struct ring *ring = ring_between(run, from, worker->core);
    struct rte_mbuf *packets[BATCH];
    unsigned taken = 0;
    while (taken < BATCH && (packets[taken] = ring_pop(ring)) != NULL)
      taken++;
    process(worker, packets, taken);
    served += taken;
  }
  count(&worker->counters.resteered_to, served);
  return served;
}

void hand_over(struct worker *worker, unsigned to, struct rte_mbuf *packet) {
  count(&worker->counters.resteered_from, 1);
  while (!ring_push(ring_between(worker->run, worker->core, to), packet)) {
    if (serve(worker) == 0) {
      desk_answer(worker); /* the one that should make room may be held */
      sched_yield();       /* there may be fewer CPUs than cores */
    }
  }
}
