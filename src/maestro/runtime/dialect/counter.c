/* COUNTER, of maestro.h. Keys are never freed, so the value of a new one is 0. */
#include "lib/verified/vector.h"

#include "dialect.h"

/* One way for old and new keys: what happens to a counter is that something is added. */
void maestro_counter_add(struct maestro_map *m, void *key, uint64_t n) {
  int index;
  if (!maestro_table_use(m, key, &index) && !maestro_table_add(m, key, &index)) {
    return;
  }
  uint64_t *count;
  vector_borrow(m->values, index, (void **)&count);
  *count += n;
  vector_return(m->values, index, count);
}

uint64_t maestro_counter_get(struct maestro_map *m, void *key) {
  int index;
  if (!maestro_table_use(m, key, &index)) {
    return 0;
  }
  uint64_t *cell;
  vector_borrow(m->values, index, (void **)&cell);
  uint64_t count = *cell;
  vector_return(m->values, index, cell);
  return count;
}
