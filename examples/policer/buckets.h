/* One token bucket per address. */
#ifndef BUCKETS_H
#define BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/verified/vigor-time.h"

/* Room for the buckets of `capacity` addresses, each filling at `rate` bytes a second up to `burst` bytes.
 * burst <= MAX_BURST. False: not enough memory. */
bool buckets_allocate(uint32_t capacity, uint64_t rate, uint64_t burst);

#define MAX_BURST 9000000000ull

/* Takes `bytes` out of the bucket of `address`. False: there are not as many in it, or too many addresses are active
 * to have a bucket for this one. */
bool buckets_take(uint32_t address, uint16_t bytes, vigor_time_t now);

#endif
