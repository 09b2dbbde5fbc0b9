/* State of which every core has a copy, merged, as text. */
#include <stdint.h>
#include <stdlib.h>

#include "replay.h"

static void print_bytes(FILE *file, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++)
    fprintf(file, "%02x", bytes[i]);
}

static void print_entry(void *arg, const char *object, const uint8_t *key, size_t key_bytes,
                        const uint8_t *value, size_t value_bytes) {
  FILE *file = arg;
  fprintf(file, "%s,", object);
  print_bytes(file, key, key_bytes);
  fputc(',', file);
  print_bytes(file, value, value_bytes);
  fputc('\n', file);
}

void merged_write(const struct run *run) {
  unsigned cores = run->options->cores;
  const struct nf_core **states = allocate(cores, sizeof *states);
  FILE *file = output_open(run->options->merged);
  for (unsigned core = 0; core < cores; core++)
    states[core] = run->workers[core].nf;
  fputs("object,key,value\n", file);
  if (nf_merged(states, cores, print_entry, file) == SIZE_MAX)
    die(REPLAY_FAILED, "out of memory");
  free(states);
}
