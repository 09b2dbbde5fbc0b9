/* Shares of capacity, for comparing a sequential NF with a parallel one.
 *
 * When an NF is split over cores, each core owns a share of every allocator's indices: a flow
 * may find no room although other cores have some left. With quotas, one sequential allocator does
 * the same. */
#ifndef MAESTRO_COMPAT_QUOTA_H
#define MAESTRO_COMPAT_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

/* Off (`cores` 0, as at the start), or on: core c of `cores` may hold capacity / cores indices of
 * each allocator, and the first capacity % cores cores one more. Set once, before the first index
 * is allocated. */
void maestro_quota_set(unsigned cores);

/* The core that allocates from now on; below the number of cores. */
void maestro_quota_core(unsigned core);

#define MAESTRO_QUOTA_CORES 256 /* at most */

/* For allocators. `held`: how many indices each core holds, MAESTRO_QUOTA_CORES numbers. */
bool maestro_quota_on(void);
bool maestro_quota_exhausted(const uint32_t *held, uint32_t capacity);
uint16_t maestro_quota_current(void);

#endif
