/* What happens to a packet: the NF's verdict, and where the packet goes then. */
#include "dpdk.h"

_Static_assert(BATCH <= NF_BATCH, "nf_run() takes a batch");
_Static_assert(RTE_PKTMBUF_HEADROOM >= NF_HEADROOM, "buffers have the room that nf.h promises");

/* ---- Sending ---- */

enum { SEND_TRIES = 16 };

static void flush_port(struct worker *worker, unsigned port) {
  struct outbox *outbox = &worker->outboxes[port];
  uint16_t id = worker->run->options->port_ids[port], sent = 0;
  for (unsigned tries = 0; sent < outbox->count && tries < SEND_TRIES; tries++)
    sent += rte_eth_tx_burst(id, (uint16_t)worker->core, outbox->packets + sent,
                             (uint16_t)(outbox->count - sent));
  count(&worker->ports[port].out, sent);
  count(&worker->ports[port].unsent, outbox->count - sent);
  while (sent < outbox->count)
    rte_pktmbuf_free(outbox->packets[sent++]);
  outbox->count = 0;
}

void flush(struct worker *worker) {
  for (unsigned port = 0; port < nf_ports; port++)
    if (worker->outboxes[port].count > 0)
      flush_port(worker, port);
}

static void put_out(struct worker *worker, unsigned port, struct rte_mbuf *packet) {
  struct outbox *outbox = &worker->outboxes[port];
  outbox->packets[outbox->count++] = packet;
  if (outbox->count == BATCH)
    flush_port(worker, port);
}

/* The copies share the packet's bytes, which nobody changes any more. */
static void flood(struct worker *worker, struct rte_mbuf *packet, unsigned from) {
  for (unsigned port = 0; port < nf_ports; port++) {
    if (port == from)
      continue;
    struct rte_mbuf *copy = rte_pktmbuf_clone(packet, worker->pool);
    if (copy != NULL)
      put_out(worker, port, copy);
    else
      count(&worker->ports[port].not_copied, 1);
  }
  rte_pktmbuf_free(packet);
}

/* ---- Processing ---- */

/* What counts the packet when the NF cannot be given it; NULL when it can. */
static counter *fault(struct counters *counters, const struct rte_mbuf *packet) {
  if (!rte_pktmbuf_is_contiguous(packet))
    return &counters->in_pieces;
  if (packet->data_len < NF_MIN_PACKET)
    return &counters->too_short;
  bool room = nf_head == NULL || rte_pktmbuf_headroom(packet) >= NF_HEADROOM;
  return room ? NULL : &counters->no_headroom;
}

/* The frame departs from another byte than the packet's first. False when that cannot be. */
static bool move_head(struct rte_mbuf *packet, int32_t head) {
  if (head < 0)
    return rte_pktmbuf_prepend(packet, (uint16_t)-head) != NULL;
  return head == 0 || rte_pktmbuf_adj(packet, (uint16_t)head) != NULL;
}

static void put_away(struct worker *worker, struct rte_mbuf *packet, unsigned from,
                     uint16_t verdict) {
  struct counters *counters = &worker->counters;
  if (verdict == NF_FLOOD) {
    count(&counters->flooded, 1);
    flood(worker, packet, from);
  } else if (verdict < nf_ports) {
    count(&counters->forwarded, 1);
    put_out(worker, verdict, packet);
  } else {
    count(verdict == NF_DROP ? &counters->dropped : &counters->stray, 1);
    rte_pktmbuf_free(packet);
  }
}

static void give_up(struct rte_mbuf *packet, counter *why) {
  count(why, 1);
  rte_pktmbuf_free(packet);
}

static void finish(struct worker *worker, struct rte_mbuf *packet, const struct nf_frame *frame) {
  if (nf_head != NULL && frame->verdict != NF_DROP && !move_head(packet, frame->head))
    give_up(packet, &worker->counters.no_headroom);
  else
    put_away(worker, packet, frame->port, frame->verdict);
}

void process(struct worker *worker, struct rte_mbuf **packets, unsigned packet_count) {
  struct nf_frame frames[BATCH];
  unsigned used = 0;
  for (unsigned i = 0; i < packet_count; i++) {
    struct rte_mbuf *packet = packets[i];
    counter *why = fault(&worker->counters, packet);
    if (why != NULL) {
      give_up(packet, why);
      continue;
    }
    frames[used] = (struct nf_frame){rte_pktmbuf_mtod(packet, uint8_t *), worker->now,
                                     packet->data_len, packet->port, 0, 0};
    packets[used++] = packet;
  }
  nf_run(worker->nf, frames, used);
  for (unsigned i = 0; i < used; i++)
    finish(worker, packets[i], &frames[i]);
}
