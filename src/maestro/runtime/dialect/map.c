/* The maps of maestro.h, made of libVig's structures: the map gives an entry's index, the vectors its key
 * and value, the allocator its age. */
#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"

#include "dialect.h"

/* Here these are libVig's. */
#undef map_get
#undef map_put
#undef map_erase

bool maestro_map_allocate(struct maestro_map *m) {
  return map_allocate(m->equal, m->hash, m->capacity, &m->map) &&
         vector_allocate(m->key_size, m->capacity, m->clear_key, &m->keys) &&
         vector_allocate(m->value_size, m->capacity, m->clear_value, &m->values) &&
         dchain_allocate((int)m->capacity, &m->ages);
}

void maestro_map_expire(struct maestro_map *m) {
  if (m->idle_time > 0) {
    expire_items_single_map(m->ages, m->keys, m->map, now() - m->idle_time);
  }
}

/* The index of the entry at `key`, which has been used now. */
static bool use(struct maestro_map *m, void *key, int *index) {
  if (!map_get(m->map, key, index)) {
    return false;
  }
  if (m->idle_time > 0) {
    dchain_rejuvenate_index(m->ages, *index, now());
  }
  return true;
}

/* The index of a new entry at `key`. */
static bool add(struct maestro_map *m, void *key, int *index) {
  if (!dchain_allocate_new_index(m->ages, index, now())) {
    return false;
  }
  void *cell;
  vector_borrow(m->keys, *index, &cell);
  m->copy_key(cell, key);
  map_put(m->map, cell, *index);
  vector_return(m->keys, *index, cell);
  return true;
}

bool maestro_map_find(struct maestro_map *m, void *key) {
  int index;
  return use(m, key, &index);
}

bool maestro_map_read(struct maestro_map *m, void *key, void *value) {
  int index;
  if (!use(m, key, &index)) {
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
  if (!use(m, key, &index) && !add(m, key, &index)) {
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
