/* Memory of one core: aligned so that no two objects share a cache line (nor a pair that the
 * prefetcher fetches together), zeroed by the calling thread so that the pages lie on its own NUMA
 * node. Large blocks ask for huge pages, where the system has them on request
 * (/sys/kernel/mm/transparent_hugepage/enabled). */
#ifndef MAESTRO_MEMORY_H
#define MAESTRO_MEMORY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define MAESTRO_ALIGN 128                   /* bytes: two cache lines */
#define MAESTRO_HUGE ((size_t)2 << 20)      /* bytes of a huge page */
#define MAESTRO_LARGE (MAESTRO_HUGE * 3 / 8) /* bytes from which on a block is one of huge pages */

/* `bytes` zero bytes, to be released with free(); NULL when there is not enough memory. */
static inline void *maestro_alloc(size_t bytes) {
  size_t align = bytes >= MAESTRO_LARGE ? MAESTRO_HUGE : MAESTRO_ALIGN;
  if (bytes > SIZE_MAX - align) {
    return NULL;
  }
  size_t size = bytes ? (bytes + align - 1) / align * align : align;
  void *memory = aligned_alloc(align, size);
#ifdef MADV_HUGEPAGE
  if (memory && align == MAESTRO_HUGE) {
    madvise(memory, size, MADV_HUGEPAGE); /* no matter if there are none */
  }
#endif
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
