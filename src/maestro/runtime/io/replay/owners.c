/* Reference builds: what became of the packets in the parallel run. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"

static FILE *open_verdicts(struct verdicts_header *header, const char *path, size_t packets) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fread(header, sizeof *header, 1, file) != 1 ||
      memcmp(header->magic, VERDICTS_MAGIC, sizeof header->magic) != 0 ||
      header->version != VERDICTS_VERSION || header->cores == 0)
    die(REPLAY_INPUT, "%s: not a verdict file", path);
  if (header->packets != packets)
    die(REPLAY_INPUT, "%s: has %llu packets, the inputs have %zu", path,
        (unsigned long long)header->packets, packets);
  return file;
}

static void read_times(struct owners *owners, FILE *file, const char *path, size_t packets) {
  struct verdict_record record;
  for (size_t i = 0; i < packets; i++) {
    if (fread(&record, sizeof record, 1, file) != 1)
      die(REPLAY_INPUT, "%s: truncated", path);
    owners->time[i] = record.time;
  }
}

static void check(const struct owners *owners, const char *path, size_t packets) {
  uint8_t *seen = allocate(packets, 1);
  for (size_t i = 0; i < packets; i++) {
    uint64_t place = owners->order[i];
    if (owners->core[i] >= owners->cores)
      die(REPLAY_INPUT, "%s: packet %zu has core %u of %u", path, i, owners->core[i],
          owners->cores);
    if (place >= packets || seen[place]++)
      die(REPLAY_INPUT, "%s: not every packet took effect once", path);
  }
  free(seen);
}

void owners_load(struct owners *owners, const char *path, size_t packets) {
  struct verdicts_header header;
  FILE *file = open_verdicts(&header, path, packets);
  owners->cores = header.cores;
  owners->core = allocate(packets, sizeof *owners->core);
  owners->time = allocate(packets, sizeof *owners->time);
  owners->order = allocate(packets, sizeof *owners->order);
  read_times(owners, file, path, packets);
  if (fread(owners->core, sizeof *owners->core, packets, file) != packets ||
      fread(owners->order, sizeof *owners->order, packets, file) != packets)
    die(REPLAY_INPUT, "%s: truncated", path);
  check(owners, path, packets);
  fclose(file);
}

void owners_free(struct owners *owners) {
  free(owners->core);
  free(owners->time);
  free(owners->order);
}
