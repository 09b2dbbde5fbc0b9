#ifndef MAESTRO_COMPAT_UNVERIFIED_EXPIRATOR_H
#define MAESTRO_COMPAT_UNVERIFIED_EXPIRATOR_H

#include "../verified/map.h"
#include "../verified/vector.h"

/* Erases from `map` the keys that `keys` holds at start … start + n_elems - 1. Returns n_elems. */
int expire_items_single_map_iteratively(struct Vector *keys, struct Map *map, int start,
                                        int n_elems);

#endif
