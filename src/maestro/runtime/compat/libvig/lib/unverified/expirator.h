#ifndef MAESTRO_COMPAT_UNVERIFIED_EXPIRATOR_H
#define MAESTRO_COMPAT_UNVERIFIED_EXPIRATOR_H

#include "../verified/double-chain.h"
#include "../verified/map.h"
#include "../verified/vector.h"
#include "../verified/vigor-time.h"

/* Erases from `map` the keys that `keys` holds at start … n_elems - 1; those that are not in the map
 * do not matter. The last parameter has its name from the original: it is where to stop, not how
 * many. Returns the number of cells looked at. */
int expire_items_single_map_iteratively(struct Vector *keys, struct Map *map, int start,
                                        int n_elems);

/* As expire_items_single_map, but the key of index i is the one that `keys` holds at i + offset. */
int expire_items_single_map_offseted(struct DoubleChain *chain, struct Vector *keys,
                                     struct Map *map, vigor_time_t time, int offset);

#endif
