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
  int count = 0;
  for (int index; dchain_expire_one_index(chain, &index, time); count++) {
    erase_at(keys, map, index);
  }
  return count;
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
  for (int i = 0; i < n_elems; i++) {
    erase_at(keys, map, start + i);
  }
  return n_elems;
}
