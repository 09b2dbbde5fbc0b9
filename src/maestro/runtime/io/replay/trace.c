/* All input captures as one sequence of packets in the order of time, and the core of each
 * packet. */
#include <stdlib.h>

#include "maestro/toeplitz.h"
#include "replay.h"

/* ---- Loading ---- */

struct source {
  struct pcap_reader *reader;
  const char *path;
  uint16_t port;
  bool more;
  struct pcap_frame head; /* the next frame, when there is more */
};

static void advance(struct source *source) {
  enum pcap_result result = pcap_reader_next(source->reader, &source->head);
  if (result == PCAP_ERROR)
    die(REPLAY_INPUT, "%s: %s", source->path, source->reader->error);
  source->more = result == PCAP_FRAME;
}

static struct source *open_sources(struct trace *trace, const struct options *options) {
  trace->reader_count = options->input_count;
  trace->readers = allocate(options->input_count, sizeof *trace->readers);
  struct source *sources = allocate(options->input_count, sizeof *sources);
  for (unsigned i = 0; i < options->input_count; i++) {
    sources[i].reader = &trace->readers[i];
    sources[i].path = options->inputs[i].path;
    sources[i].port = (uint16_t)options->inputs[i].port;
    if (!pcap_reader_open(sources[i].reader, sources[i].path))
      die(REPLAY_INPUT, "%s: %s", sources[i].path, sources[i].reader->error);
    advance(&sources[i]);
  }
  return sources;
}

/* The source whose next frame is the earliest; of equals, the one given first. */
static struct source *earliest(struct source *sources, unsigned count) {
  struct source *best = NULL;
  for (unsigned i = 0; i < count; i++)
    if (sources[i].more && (best == NULL || sources[i].head.time < best->head.time))
      best = &sources[i];
  return best;
}

static void append(struct trace *trace, size_t *room, const struct source *source) {
  const struct pcap_frame *frame = &source->head;
  if (trace->count == *room) {
    *room = *room ? 2 * *room : 4096;
    trace->packets = realloc(trace->packets, *room * sizeof *trace->packets);
    if (trace->packets == NULL)
      die(REPLAY_FAILED, "out of memory at packet %zu", trace->count);
  }
  int64_t time = frame->time;
  if (trace->count > 0 && time < trace->packets[trace->count - 1].time) {
    time = trace->packets[trace->count - 1].time;
    trace->clamped++;
  }
  trace->cut += frame->cut;
  trace->packets[trace->count++] = (struct trace_packet){
      .data = frame->data, .time = time, .length = (uint16_t)frame->length, .port = source->port};
}

void trace_load(struct trace *trace, const struct options *options) {
  struct source *sources = open_sources(trace, options);
  size_t room = 0;
  for (struct source *next; (next = earliest(sources, options->input_count)) != NULL;) {
    if (next->head.length < NF_MIN_PACKET)
      trace->runts++;
    else if (next->head.length > UINT16_MAX)
      trace->oversize++;
    else
      append(trace, &room, next);
    advance(next);
  }
  free(sources);
}

void trace_free(struct trace *trace) {
  for (unsigned i = 0; i < trace->reader_count; i++)
    pcap_reader_close(&trace->readers[i]);
  free(trace->readers);
  free(trace->packets);
  free(trace->queued);
  free(trace->steering);
}

/* ---- Steering, as the NIC does it. Who owns a packet is worked out by the core that gets it
 * (handover.c); here only whether any will have to be handed over. ---- */

static struct maestro_steering *steerings(unsigned cores) {
  struct maestro_steering *result = allocate(nf_ports, sizeof *result);
  for (unsigned port = 0; port < nf_ports; port++)
    if (!maestro_steering_init(&result[port], &nf_rss[port], cores))
      die(REPLAY_FAILED, "%s has no RSS configuration for %u cores on port %u", nf_name, cores,
          port);
  return result;
}

void trace_steer(struct trace *trace, unsigned cores) {
  trace->queued = allocate(cores, sizeof *trace->queued);
  trace->queued[0] = trace->count;
  if (cores == 1)
    return;
  trace->steering = steerings(cores);
  trace->queued[0] = 0;
  for (size_t i = 0; i < trace->count; i++) {
    struct trace_packet *packet = &trace->packets[i];
    unsigned nic, owner = maestro_rss_core(&trace->steering[packet->port], packet->data,
                                           packet->length, &nic);
    packet->queue = (uint16_t)nic;
    trace->queued[nic]++;
    trace->resteers |= owner != nic;
  }
}
