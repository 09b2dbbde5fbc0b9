/* Two maps, whose keys live in one array of values. */
#include "lib/verified/double-map.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verified/map.h"
#include "lib/verified/vector.h"

struct DoubleMap {
  struct Map *by_a;
  struct Map *by_b;
  struct Vector *values; /* a vector like any other to whoever looks from outside (numbered.h) */
  bool *used;
  uq_value_copy *copy;
  uq_value_destr *destroy;
  dmap_extract_keys *extract;
  dmap_pack_keys *pack;
};

int dmap_allocate(map_keys_equality *equality_a, map_key_hash *hash_a,
                  map_keys_equality *equality_b, map_key_hash *hash_b, int value_size,
                  uq_value_copy *copy, uq_value_destr *destroy, dmap_extract_keys *extract,
                  dmap_pack_keys *pack, int capacity, int keys_capacity,
                  struct DoubleMap **map_out) {
  struct DoubleMap *map = calloc(1, sizeof *map);
  if (map == NULL) {
    return 0;
  }
  *map = (struct DoubleMap){.used = calloc((size_t)capacity + 1, sizeof(bool)),
                            .copy = copy,
                            .destroy = destroy,
                            .extract = extract,
                            .pack = pack};
  *map_out = map;
  return map->used != NULL &&
         map_allocate(equality_a, hash_a, (unsigned)keys_capacity, &map->by_a) &&
         map_allocate(equality_b, hash_b, (unsigned)keys_capacity, &map->by_b) &&
         vector_allocate(value_size, (unsigned)capacity, NULL, &map->values);
}

static void *value_at(struct DoubleMap *map, int index) {
  void *value;
  vector_borrow(map->values, index, &value);
  return value;
}

int dmap_get_a(struct DoubleMap *map, void *key, int *index) {
  return map_get(map->by_a, key, index);
}

int dmap_get_b(struct DoubleMap *map, void *key, int *index) {
  return map_get(map->by_b, key, index);
}

int dmap_put(struct DoubleMap *map, void *value, int index) {
  void *cell = value_at(map, index), *key_a, *key_b;
  assert(!map->used[index]);
  map->copy(cell, value);
  map->extract(cell, &key_a, &key_b);
  map_put(map->by_a, key_a, index);
  map_put(map->by_b, key_b, index);
  map->used[index] = true;
  return 1;
}

int dmap_erase(struct DoubleMap *map, int index) {
  void *cell = value_at(map, index), *key_a, *key_b, *trash;
  if (!map->used[index]) {
    return 0;
  }
  map->extract(cell, &key_a, &key_b);
  map_erase(map->by_a, key_a, &trash);
  map_erase(map->by_b, key_b, &trash);
  map->pack(cell, key_a, key_b);
  map->destroy(cell);
  map->used[index] = false;
  return 1;
}

void dmap_get_value(struct DoubleMap *map, int index, void *value_out) {
  map->copy(value_out, value_at(map, index));
}

int dmap_size(struct DoubleMap *map) { return (int)map_size(map->by_a); }
