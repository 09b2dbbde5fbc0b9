/* What a run leaves behind: captures per port, the verdict file. Both in the order of time,
 * whatever core did the work. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"

/* ---- Packets in time order ---- */

struct cursor cursor_start(const struct run *run) {
  return (struct cursor){run, allocate(run->options->cores, sizeof(size_t)), 0};
}

const struct packet *cursor_next(struct cursor *cursor) {
  const struct trace *trace = cursor->run->trace;
  if (cursor->at == trace->count)
    return NULL;
  unsigned core = trace->packets[cursor->at++].core;
  return &cursor->run->workers[core].packets[cursor->next[core]++];
}

void cursor_free(struct cursor *cursor) { free(cursor->next); }

bool leaves_through(const struct packet *packet, unsigned port) {
  return packet->verdict == NF_FLOOD ? port != packet->port : port == packet->verdict;
}

const uint8_t *sent_data(const struct packet *packet) { return packet->data + packet->head; }

uint16_t sent_bytes(const struct packet *packet) {
  return packet->verdict == NF_DROP ? 0 : (uint16_t)(packet->length - packet->head);
}

/* ---- Captures ---- */

void outputs_write(const struct run *run) {
  const struct options *options = run->options;
  for (unsigned i = 0; i < options->output_count; i++) {
    FILE *file = output_open(options->outputs[i].path);
    struct cursor cursor = cursor_start(run);
    pcap_write_header(file);
    for (const struct packet *packet; (packet = cursor_next(&cursor)) != NULL;)
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
  header.payload_at = header.cores_at + header.packets * sizeof(uint16_t);
  struct cursor cursor = cursor_start(run);
  for (const struct packet *packet; (packet = cursor_next(&cursor)) != NULL;)
    header.payload_bytes += sent_bytes(packet);
  cursor_free(&cursor);
  fwrite(&header, sizeof header, 1, file);
}

static void write_records(FILE *file, const struct run *run) {
  struct verdict_record record = {.sequence = 0};
  struct cursor cursor = cursor_start(run);
  for (const struct packet *packet; (packet = cursor_next(&cursor)) != NULL;) {
    record.time = packet->time;
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
  for (const struct packet *packet; (packet = cursor_next(&cursor)) != NULL;)
    fwrite(sent_data(packet), 1, sent_bytes(packet), file);
  cursor_free(&cursor);
}

void verdicts_write(const struct run *run) {
  _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "verdict files are little-endian");
  FILE *file = output_open(run->options->verdicts);
  write_header(file, run);
  write_records(file, run);
  for (size_t i = 0; i < run->trace->count; i++)
    fwrite(&run->trace->packets[i].core, sizeof(uint16_t), 1, file);
  write_payload(file, run);
}

uint16_t *owners_load(const char *path, size_t packets, unsigned *cores) {
  struct verdicts_header header;
  FILE *file = fopen(path, "rb");
  if (file == NULL || fread(&header, sizeof header, 1, file) != 1 ||
      memcmp(header.magic, VERDICTS_MAGIC, sizeof header.magic) != 0 ||
      header.version != VERDICTS_VERSION || header.cores == 0)
    die(REPLAY_INPUT, "%s: not a verdict file", path);
  if (header.packets != packets)
    die(REPLAY_INPUT, "%s: has %llu packets, the inputs have %zu", path,
        (unsigned long long)header.packets, packets);
  uint16_t *owners = allocate(packets + 1, sizeof *owners);
  if (fseek(file, (long)header.cores_at, SEEK_SET) != 0 ||
      fread(owners, sizeof *owners, packets, file) != packets)
    die(REPLAY_INPUT, "%s: truncated", path);
  for (size_t i = 0; i < packets; i++)
    if (owners[i] >= header.cores)
      die(REPLAY_INPUT, "%s: packet %zu has core %u of %u", path, i, owners[i], header.cores);
  fclose(file);
  *cores = header.cores;
  return owners;
}
