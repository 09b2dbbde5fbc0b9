#include "structs/quota.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#pragma weak maestro_parts
#pragma weak maestro_part_count
#pragma weak maestro_own_sketches
#pragma weak maestro_sketch_count

static uint16_t cores;
static uint16_t current;

void maestro_quota_set(unsigned n) {
  assert(n <= MAESTRO_QUOTA_CORES);
  cores = (uint16_t)n;
  current = 0;
}

void maestro_quota_core(unsigned core) {
  assert(core < cores);
  current = (uint16_t)core;
}

bool maestro_quota_on(void) { return cores > 0; }

unsigned maestro_quota_cores(void) { return cores; }

uint16_t maestro_quota_current(void) { return current; }

uint16_t maestro_quota_sketch(unsigned number) {
  bool known = &maestro_sketch_count != NULL && number < maestro_sketch_count;
  return cores > 0 && (!known || maestro_own_sketches[number]) ? current : 0;
}

static uint16_t *contiguous(uint32_t capacity) {
  uint16_t *owners = malloc(((size_t)capacity + 1) * sizeof *owners);
  uint32_t index = 0;
  for (unsigned core = 0; owners != NULL && core < cores; core++) {
    uint32_t share = capacity / cores + (core < capacity % cores);
    for (uint32_t i = 0; i < share; i++) {
      owners[index++] = (uint16_t)core;
    }
  }
  return owners;
}

uint16_t *maestro_quota_owners(unsigned number, uint32_t capacity) {
  bool known = &maestro_part_count != NULL && number < maestro_part_count;
  if (known && !maestro_parts[number].divided) {
    return NULL;
  }
  uint16_t *owners = known && maestro_parts[number].owners != NULL
                         ? maestro_parts[number].owners(capacity, cores)
                         : contiguous(capacity);
  if (owners == NULL) {
    fprintf(stderr, "the parts of allocator %u for %u cores cannot be worked out\n", number, cores);
    exit(EXIT_FAILURE);
  }
  return owners;
}
