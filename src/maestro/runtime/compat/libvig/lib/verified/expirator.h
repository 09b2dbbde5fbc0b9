/* Freeing what has not been touched for too long. */
#ifndef MAESTRO_COMPAT_EXPIRATOR_H
#define MAESTRO_COMPAT_EXPIRATOR_H

#include "double-chain.h"
#include "double-map.h"
#include "map.h"
#include "vector.h"
#include "vigor-time.h"

/* Frees every index of `chain` last touched at or before `time`, and erases from `map` the key that
 * `keys` holds at that index. Returns how many. */
int expire_items_single_map(struct DoubleChain *chain, struct Vector *keys, struct Map *map,
                            vigor_time_t time);

/* Frees every index of `chain` last touched at or before `time`, and erases the value at it from
 * `map`. Returns how many. */
int expire_items(struct DoubleChain *chain, struct DoubleMap *map, vigor_time_t time);

#endif
