#include "lib/verified/expirator.h"

#include "lib/unverified/expirator.h"

static void erase_at(struct Vector *keys, struct Map *map, int index) {
  void *key, *trash;
  vector_borrow(keys, index, &key);
  map_erase(map, key, &trash);
  vector_return(keys, index, key);
}

int expire_items_single_map(struct DoubleChain *chain, struct Vector *keys, struct Map *map,
                            vigor_time_t time) {
  return expire_items_single_map_offseted(chain, keys, map, time, 0);
}

int expire_items(struct DoubleChain *chain, struct DoubleMap *map, vigor_time_t time) {
  int count = 0;
  for (int index; dchain_expire_one_index(chain, &index, time); count++) {
    dmap_erase(map, index);
  }
  return count;
}

int expire_items_single_map_iteratively(struct Vector *keys, struct Map *map, int start,
                                        int n_elems) {
  for (int i = start; i < n_elems; i++) {
    erase_at(keys, map, i);
  }
  return start < n_elems ? n_elems - start : 0;
}

int expire_items_single_map_offseted(struct DoubleChain *chain, struct Vector *keys,
                                     struct Map *map, vigor_time_t time, int offset) {
  int count = 0;
  for (int index; dchain_expire_one_index(chain, &index, time); count++) {
    erase_at(keys, map, index + offset);
  }
  return count;
}
