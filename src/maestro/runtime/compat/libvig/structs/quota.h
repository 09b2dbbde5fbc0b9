/* Parts of index spaces, for comparing a sequential NF with a parallel one.
 *
 * When an NF is split over cores, each core gives out indices of its own part of every divided
 * allocator: a flow may find no room although other cores have some left. Which free index an
 * allocator gives out is its own business, so one sequential allocator may do the same: give every
 * packet an index of the part of the core that has it in the parallel NF. */
#ifndef MAESTRO_COMPAT_QUOTA_H
#define MAESTRO_COMPAT_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#define MAESTRO_QUOTA_CORES 256 /* at most */

/* How the plan divides one allocator. */
struct maestro_part {
  bool divided; /* or all indices are one part, every core's */
  /* The core of each index, to be freed, NULL when it cannot be worked out; where this function is
   * NULL, core c has the c-th of contiguous shares, the first capacity % cores one longer. */
  uint16_t *(*owners)(uint32_t capacity, unsigned cores);
};

/* Generated, in the order in which the NF creates its allocators. Without them all are divided into
 * contiguous shares. */
extern const struct maestro_part maestro_parts[];
extern const unsigned maestro_part_count;

/* Generated, in the order in which the NF creates its sketches: does every core have one of its own?
 * Without them all cores do. */
extern const bool maestro_own_sketches[];
extern const unsigned maestro_sketch_count;

/* Off (`cores` 0, as at the start), or on for so many cores. Set once, before packets come. */
void maestro_quota_set(unsigned cores);

/* The core that allocates from now on; below the number of cores. */
void maestro_quota_core(unsigned core);

bool maestro_quota_on(void);
unsigned maestro_quota_cores(void);
uint16_t maestro_quota_current(void);

/* The core whose copy of sketch `number` is used now; 0 when there is one copy only. */
uint16_t maestro_quota_sketch(unsigned number);

/* The core of each index of the allocator that was created as number `number`, from 0; NULL when it
 * is not divided. Ends the program with a message when they cannot be worked out. */
uint16_t *maestro_quota_owners(unsigned number, uint32_t capacity);

#endif
