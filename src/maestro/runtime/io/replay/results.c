/* What a run leaves behind: captures per port, the verdict file. Both in the order of the captures,
 * whatever core did the work when. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"

/* ---- Packets in time order ---- */

struct cursor cursor_start(const struct run *run) {
  return (struct cursor){run, allocate(run->options->cores, sizeof(size_t)), 0};
}

const struct nf_frame *cursor_next(struct cursor *cursor) {
  const struct trace *trace = cursor->run->trace;
  if (cursor->at == trace->count)
    return NULL;
  unsigned core = trace->packets[cursor->at++].queue;
  return &cursor->run->workers[core].packets[cursor->next[core]++];
}

struct effect *cursor_effect(const struct cursor *cursor, const struct nf_frame *packet) {
  const struct trace *trace = cursor->run->trace;
  const struct worker *worker = &cursor->run->workers[trace->packets[cursor->at - 1].queue];
  return &worker->effects[packet - worker->packets];
}

void cursor_free(struct cursor *cursor) { free(cursor->next); }

bool leaves_through(const struct nf_frame *packet, unsigned port) {
  return packet->verdict == NF_FLOOD ? port != packet->port : port == packet->verdict;
}

const uint8_t *sent_data(const struct nf_frame *packet) { return packet->data + packet->head; }

uint16_t sent_bytes(const struct nf_frame *packet) {
  return packet->verdict == NF_DROP ? 0 : (uint16_t)(packet->length - packet->head);
}

/* ---- Captures ---- */

void outputs_write(const struct run *run) {
  const struct options *options = run->options;
  for (unsigned i = 0; i < options->output_count; i++) {
    FILE *file = output_open(options->outputs[i].path);
    struct cursor cursor = cursor_start(run);
    pcap_write_header(file);
    for (const struct nf_frame *packet; (packet = cursor_next(&cursor)) != NULL;)
      if (leaves_through(packet, options->outputs[i].port))
        pcap_write_frame(file, packet->time, sent_data(packet), sent_bytes(packet));
    cursor_free(&cursor);
  }
}

/* ---- Verdicts ---- */

static void write_header(FILE *file, const struct run *run) {
  struct verdicts_header header = {.version = VERDICTS_VERSION,
                                   .cores = run->options->cores,
                                   .packets = run->trace->count,
                                   .records_at = sizeof header};
  memcpy(header.magic, VERDICTS_MAGIC, sizeof header.magic);
  header.cores_at = header.records_at + header.packets * sizeof(struct verdict_record);
  header.order_at = header.cores_at + header.packets * sizeof(uint16_t);
  header.payload_at = header.order_at + header.packets * sizeof(uint64_t);
  struct cursor cursor = cursor_start(run);
  for (const struct nf_frame *packet; (packet = cursor_next(&cursor)) != NULL;)
    header.payload_bytes += sent_bytes(packet);
  cursor_free(&cursor);
  fwrite(&header, sizeof header, 1, file);
}

/* See struct nf_moment. */
static int compare_effects(const void *one, const void *other) {
  const struct effect *a = one, *b = other;
  if (a->moment.time != b->moment.time)
    return a->moment.time < b->moment.time ? -1 : 1;
  if (a->moment.order != b->moment.order)
    return a->moment.order < b->moment.order ? -1 : 1;
  if (a->core != b->core)
    return a->core < b->core ? -1 : 1;
  return a->turn < b->turn ? -1 : a->turn > b->turn;
}

/* In the order of the captures. */
static struct effect *effects(const struct run *run) {
  struct effect *result = allocate(run->trace->count, sizeof *result);
  struct cursor cursor = cursor_start(run);
  for (size_t i = 0; i < run->trace->count; i++) {
    const struct nf_frame *packet = cursor_next(&cursor);
    result[i] = *cursor_effect(&cursor, packet);
    result[i].sequence = i;
  }
  cursor_free(&cursor);
  return result;
}

static void write_records(FILE *file, const struct run *run, const struct effect *effect) {
  struct verdict_record record = {.sequence = 0};
  struct cursor cursor = cursor_start(run);
  for (const struct nf_frame *packet; (packet = cursor_next(&cursor)) != NULL;) {
    record.time = effect++->moment.time;
    record.in_port = packet->port;
    record.verdict = packet->verdict;
    record.length = sent_bytes(packet);
    fwrite(&record, sizeof record, 1, file);
    record.sequence++;
    record.offset += record.length;
  }
  cursor_free(&cursor);
}

static void write_payload(FILE *file, const struct run *run) {
  struct cursor cursor = cursor_start(run);
  for (const struct nf_frame *packet; (packet = cursor_next(&cursor)) != NULL;)
    fwrite(sent_data(packet), 1, sent_bytes(packet), file);
  cursor_free(&cursor);
}

void verdicts_write(const struct run *run) {
  _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "verdict files are little-endian");
  FILE *file = output_open(run->options->verdicts);
  struct effect *all = effects(run);
  size_t count = run->trace->count;
  write_header(file, run);
  write_records(file, run, all);
  for (size_t i = 0; i < count; i++)
    fwrite(&all[i].core, sizeof(uint16_t), 1, file);
  qsort(all, count, sizeof *all, compare_effects);
  for (size_t i = 0; i < count; i++)
    fwrite(&all[i].sequence, sizeof(uint64_t), 1, file);
  write_payload(file, run);
  free(all);
}
