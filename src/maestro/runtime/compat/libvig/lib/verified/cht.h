/* Consistent hashing (as in Maglev): `height` rows, each a permutation of the backends. */
#ifndef MAESTRO_COMPAT_CHT_H
#define MAESTRO_COMPAT_CHT_H

#include <stdint.h>

#include "double-chain.h"
#include "vector.h"

/* Fills the vector `cht` of height * backend_capacity uint32_t. Returns 1; 0 when there is not
 * enough memory. */
int cht_fill_cht(struct Vector *cht, uint32_t height, uint32_t backend_capacity);

/* The first backend in the row of `hash` whose index is allocated in `active`, into `*chosen`.
 * Returns 1; 0 when there is none. */
int cht_find_preferred_available_backend(uint64_t hash, struct Vector *cht,
                                         struct DoubleChain *active, uint32_t height,
                                         uint32_t backend_capacity, int *chosen);

#endif
