#include "structs/quota.h"

#include <assert.h>

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

bool maestro_quota_exhausted(const uint32_t *held, uint32_t capacity) {
  return cores > 0 && held[current] >= capacity / cores + (current < capacity % cores);
}

uint16_t maestro_quota_current(void) { return current; }
