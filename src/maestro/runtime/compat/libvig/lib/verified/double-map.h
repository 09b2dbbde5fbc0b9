/* Array of values, each found by its index or by either of two keys that it contains. */
#ifndef MAESTRO_COMPAT_DOUBLE_MAP_H
#define MAESTRO_COMPAT_DOUBLE_MAP_H

#include "map-util.h"

struct DoubleMap;

typedef void uq_value_copy(char *to, void *from);
typedef void uq_value_destr(void *value);

/* Pointers to the two keys inside `value`. */
typedef void dmap_extract_keys(void *value, void **key_a, void **key_b);
/* Called with what the extractor gave when the keys are no longer used. */
typedef void dmap_pack_keys(void *value, void *key_a, void *key_b);

/* An empty double map for values of `value_size` bytes at indices below `capacity` into `*map_out`;
 * at most `keys_capacity` values at a time. Returns 1; 0 when there is not enough memory. */
int dmap_allocate(map_keys_equality *equality_a, map_key_hash *hash_a,
                  map_keys_equality *equality_b, map_key_hash *hash_b, int value_size,
                  uq_value_copy *copy, uq_value_destr *destroy, dmap_extract_keys *extract,
                  dmap_pack_keys *pack, int capacity, int keys_capacity,
                  struct DoubleMap **map_out);

/* The index of the value with this key into `*index`. Returns 1; 0 when there is none. */
int dmap_get_a(struct DoubleMap *map, void *key, int *index);
int dmap_get_b(struct DoubleMap *map, void *key, int *index);

/* Copies `value` to the free `index`. Neither of its keys is in use. Returns 1. */
int dmap_put(struct DoubleMap *map, void *value, int index);

/* Removes the value at `index`. Returns 1; 0 when there is none. */
int dmap_erase(struct DoubleMap *map, int index);

/* Copies the value at `index` to `value_out`. */
void dmap_get_value(struct DoubleMap *map, int index, void *value_out);

/* The number of values. */
int dmap_size(struct DoubleMap *map);

#endif
