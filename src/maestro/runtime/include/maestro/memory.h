/* Memory of one core: aligned so that no two objects share a cache line (nor a pair that the
 * prefetcher fetches together), zeroed by the calling thread so that the pages lie on its own NUMA
 * node. */
#ifndef MAESTRO_MEMORY_H
#define MAESTRO_MEMORY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAESTRO_ALIGN 128 /* bytes: two cache lines */

/* `bytes` zero bytes, to be released with free(); NULL when there is not enough memory. */
static inline void *maestro_alloc(size_t bytes) {
  if (bytes > SIZE_MAX - MAESTRO_ALIGN) {
    return NULL;
  }
  size_t size = bytes ? (bytes + MAESTRO_ALIGN - 1) / MAESTRO_ALIGN * MAESTRO_ALIGN : MAESTRO_ALIGN;
  void *memory = aligned_alloc(MAESTRO_ALIGN, size);
  return memory ? memset(memory, 0, size) : NULL;
}

/* What core number `core` of `cores` gets of `capacity` entries: the shares add up to the capacity.
 */
static inline uint32_t maestro_share(uint32_t capacity, unsigned core, unsigned cores) {
  return capacity / cores + (core < capacity % cores);
}

/* The first entry of that core's share, when the cores' entries are numbered through. */
static inline uint32_t maestro_share_first(uint32_t capacity, unsigned core, unsigned cores) {
  uint32_t larger = core < capacity % cores ? core : capacity % cores;
  return capacity / cores * core + larger;
}

#endif
