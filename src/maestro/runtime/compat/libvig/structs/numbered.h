/* Structures by the order in which the NF created them, from 0, for looking at an NF's state from
 * outside. NULL when there is none of that number. */
#ifndef MAESTRO_COMPAT_NUMBERED_H
#define MAESTRO_COMPAT_NUMBERED_H

#include <stdint.h>

#include "lib/verified/map.h"
#include "lib/verified/vector.h"

struct Map *maestro_map(unsigned number);

/* Calls `each` for every entry, in no particular order. */
typedef void maestro_entry_fn(void *arg, const void *key, int value);
void maestro_map_entries(const struct Map *map, maestro_entry_fn *each, void *arg);

struct Vector *maestro_vector(unsigned number);
unsigned maestro_vector_capacity(const struct Vector *vector);

#endif
