/* Map from keys to integers. The map keeps pointers to its keys, which live in vector cells. */
#ifndef MAESTRO_COMPAT_MAP_H
#define MAESTRO_COMPAT_MAP_H

#include "map-util.h"

struct Map;

/* An empty map for up to `capacity` entries into `*map_out`. Returns 1; 0 when there is not enough
 * memory. */
int map_allocate(map_keys_equality *equality, map_key_hash *hash, unsigned capacity,
                 struct Map **map_out);

/* The value at `key` into `*value_out`. Returns 1; 0, with `*value_out` unchanged, when there is
 * none. */
int map_get(struct Map *map, void *key, int *value_out);

/* Adds an entry. There is none at `key` yet, fewer than the capacity in all, and `*key` stays where
 * it is and as it is until the entry is erased. (Otherwise the entry is replaced; nothing happens
 * when the map is full.) */
void map_put(struct Map *map, void *key, int value);

/* Removes the entry at `key`, if there is one; `*trash` becomes the pointer that map_put was given
 * for it. */
void map_erase(struct Map *map, void *key, void **trash);

/* The number of entries. */
unsigned map_size(struct Map *map);

#endif
