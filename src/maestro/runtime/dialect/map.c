/* MAP, of maestro.h. */
#include "lib/verified/double-chain.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

#include "dialect.h"

/* Here these are libVig's. */
#undef map_get
#undef map_erase

bool maestro_map_find(struct maestro_map *m, void *key) {
  int index;
  return maestro_table_use(m, key, &index);
}

bool maestro_map_read(struct maestro_map *m, void *key, void *value) {
  int index;
  if (!maestro_table_use(m, key, &index)) {
    return false;
  }
  void *cell;
  vector_borrow(m->values, index, &cell);
  memcpy(value, cell, (size_t)m->value_size);
  vector_return(m->values, index, cell);
  return true;
}

bool maestro_map_write(struct maestro_map *m, void *key, const void *value) {
  int index;
  if (!maestro_table_use(m, key, &index) && !maestro_table_add(m, key, &index)) {
    return false;
  }
  void *cell;
  vector_borrow(m->values, index, &cell);
  memcpy(cell, value, (size_t)m->value_size);
  vector_return(m->values, index, cell);
  return true;
}

bool maestro_map_remove(struct maestro_map *m, void *key) {
  int index;
  void *cell, *trash;
  if (!map_get(m->map, key, &index)) {
    return false;
  }
  vector_borrow(m->keys, index, &cell);
  map_erase(m->map, key, &trash);
  vector_return(m->keys, index, cell);
  dchain_free_index(m->ages, index);
  return true;
}

bool maestro_map_touch(struct maestro_map *m, void *key) {
  int index;
  if (!map_get(m->map, key, &index)) {
    return false;
  }
  if (m->idle_time > 0) {
    dchain_rejuvenate_index(m->ages, index, now());
  }
  return true;
}
