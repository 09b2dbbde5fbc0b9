/* BACKENDS, of maestro.h: a table of the live ones without values, and libVig's consistent hashing
 * over its indices. */
#include "lib/verified/cht.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

#include "dialect.h"

#undef map_get /* here it is libVig's */

static void clear_preference(void *cell) {
  uint32_t *index = cell;
  *index = 0;
}

bool maestro_backends_allocate(struct maestro_backends *b) {
  unsigned places = b->height * b->live.capacity;
  return maestro_map_allocate(&b->live) &&
         vector_allocate(sizeof(uint32_t), places, clear_preference, &b->preferences) &&
         cht_fill_cht(b->preferences, b->height, b->live.capacity);
}

bool maestro_backend_alive(struct maestro_backends *b, uint32_t id) {
  int index;
  return maestro_table_use(&b->live, &id, &index) || maestro_table_add(&b->live, &id, &index);
}

bool maestro_backend_is_alive(struct maestro_backends *b, uint32_t id) {
  int index;
  return map_get(b->live.map, &id, &index);
}

bool maestro_backend_for(struct maestro_backends *b, uint64_t hash, uint32_t *id) {
  int index;
  if (!cht_find_preferred_available_backend(hash, b->preferences, b->live.ages, b->height,
                                            b->live.capacity, &index)) {
    return false;
  }
  uint32_t *key;
  vector_borrow(b->live.keys, index, (void **)&key);
  *id = *key;
  vector_return(b->live.keys, index, key);
  return true;
}
