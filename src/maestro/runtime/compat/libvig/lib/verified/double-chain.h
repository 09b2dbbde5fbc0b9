/* Allocator of the indices 0 … index_range - 1 that knows when each was last touched. */
#ifndef MAESTRO_COMPAT_DOUBLE_CHAIN_H
#define MAESTRO_COMPAT_DOUBLE_CHAIN_H

#include "vigor-time.h"

struct DoubleChain;

/* An allocator with all indices free into `*chain_out`. Returns 1; 0 when there is not enough
 * memory. */
int dchain_allocate(int index_range, struct DoubleChain **chain_out);

/* Allocates a free index, touched at `time`, into `*index_out`. Returns 1; 0 when none is free.
 * Times given to one allocator never decrease. */
int dchain_allocate_new_index(struct DoubleChain *chain, int *index_out, vigor_time_t time);

/* Touches an allocated index at `time`. Returns 1; 0 when it is not allocated. */
int dchain_rejuvenate_index(struct DoubleChain *chain, int index, vigor_time_t time);

/* Frees the index touched longest ago, into `*index_out`, if that was at or before `time`. Returns
 * 1; 0 when there is none. */
int dchain_expire_one_index(struct DoubleChain *chain, int *index_out, vigor_time_t time);

/* 1 when `index` is in range and allocated, else 0. */
int dchain_is_index_allocated(struct DoubleChain *chain, int index);

/* Frees an index. Returns 1; 0 when it is not allocated. */
int dchain_free_index(struct DoubleChain *chain, int index);

#endif
