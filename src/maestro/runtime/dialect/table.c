/* The tables of maestro.h, made of libVig's structures: the map gives an entry's index, the vectors
 * its key and value, the allocator its age. */
#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"

#include "dialect.h"

/* Here these are libVig's. */
#undef map_get
#undef map_put

bool maestro_map_allocate(struct maestro_map *m) {
  return map_allocate(m->equal, m->hash, m->capacity, &m->map) &&
         vector_allocate(m->key_size, m->capacity, m->clear_key, &m->keys) &&
         (m->value_size == 0 ||
          vector_allocate(m->value_size, m->capacity, m->clear_value, &m->values)) &&
         dchain_allocate((int)m->capacity, &m->ages);
}

void maestro_map_expire(struct maestro_map *m) {
  if (m->idle_time > 0) {
    expire_items_single_map(m->ages, m->keys, m->map, now() - m->idle_time);
  }
}

bool maestro_table_use(struct maestro_map *m, void *key, int *index) {
  if (!map_get(m->map, key, index)) {
    return false;
  }
  if (m->idle_time > 0 && !m->by_hand) {
    dchain_rejuvenate_index(m->ages, *index, now());
  }
  return true;
}

bool maestro_table_add(struct maestro_map *m, void *key, int *index) {
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
