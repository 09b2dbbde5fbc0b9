/* Packets of re-steered types: the NIC puts them into the queue of some core, which works out whose
 * they are and hands them over in a ring. A core serves its rings between batches of its own packets
 * and whenever it has to wait, so cores never wait for one another in a circle, and nothing is
 * dropped. */
#include <sched.h>
#include <stdlib.h>

#include "replay.h"

enum { RING = 64, BATCH = 32 };

static struct ring *ring_between(const struct run *run, unsigned from, unsigned to) {
  return &run->rings[from * run->options->cores + to];
}

void rings_create(struct run *run) {
  unsigned count = run->options->cores * run->options->cores;
  if (!run->trace->resteers)
    return;
  run->rings = allocate_apart(count, sizeof *run->rings);
  for (unsigned i = 0; i < count; i++)
    if (!ring_create(&run->rings[i], RING))
      die(REPLAY_FAILED, "out of memory");
}

void rings_free(struct run *run) {
  unsigned count = run->options->cores * run->options->cores;
  for (unsigned i = 0; run->rings != NULL && i < count; i++)
    ring_destroy(&run->rings[i]);
  free(run->rings);
}

void handover_serve(const struct handover *h) {
  for (unsigned from = 0; h->run->rings != NULL && from < h->run->options->cores; from++) {
    struct ring *ring = ring_between(h->run, from, h->worker->core);
    for (struct nf_frame *packet; (packet = ring_pop(ring)) != NULL;)
      h->process(h->arg, &h->run->workers[from], packet);
  }
}

/* The core that owns the packet's state; the packet is as it arrived. */
static unsigned owner(const struct run *run, const struct nf_frame *packet) {
  unsigned nic;
  return maestro_rss_core(&run->trace->steering[packet->port], packet->data, packet->length, &nic);
}

void handover_take(const struct handover *h, struct nf_frame *packet) {
  struct worker *worker = h->worker;
  unsigned to = h->run->rings != NULL ? owner(h->run, packet) : worker->core;
  if (to == worker->core) {
    h->process(h->arg, worker, packet);
  } else {
    worker->resteered_from++;
    while (!ring_push(ring_between(h->run, worker->core, to), packet)) {
      handover_serve(h);
      sched_yield(); /* there may be fewer CPUs than cores */
    }
  }
  if ((size_t)(packet - worker->packets) % BATCH == 0)
    handover_serve(h);
}

static bool all_finished(const struct run *run) {
  for (unsigned core = 0; core < run->options->cores; core++)
    if (atomic_load_explicit(&run->workers[core].reached, memory_order_acquire) < FINISHED)
      return false;
  return true;
}

void handover_finish(const struct handover *h) {
  atomic_store_explicit(&h->worker->reached, FINISHED, memory_order_release);
  while (h->run->rings != NULL && !all_finished(h->run)) {
    handover_serve(h);
    sched_yield();
  }
  handover_serve(h); /* what was pushed before the last core finished */
}
