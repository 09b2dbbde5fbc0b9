/* expire.h on a flow table whose key is 5 of the element's 8 bytes: what was touched by then goes,
 * the rest stays. */
#include "maestro/expire.h"

#include "random.h"

enum { CAPACITY = 64, ELEM = 8, KEY = 5 };

static void key_of(const uint8_t *cell, uint8_t *key) {
  memcpy(key, cell, 1); /* three bytes of padding */
  memcpy(key + 1, cell + 4, 4);
}

static void make_cell(uint8_t *cell, uint32_t k) {
  memset(cell, (int)random_below(256), ELEM); /* the padding must not matter */
  cell[0] = (uint8_t)k;
  st32be(cell + 4, k * 77);
}

struct table {
  struct dchain heap;
  struct vector cells;
  struct map map;
  int64_t touched[256]; /* by k; -1: absent */
};

static void packet(struct table *t, uint32_t k, int64_t now) {
  uint8_t cell[ELEM], key[KEY];
  uint32_t index;
  make_cell(cell, k);
  key_of(cell, key);
  bool found = map_get(&t->map, key, KEY, &index);
  CHECK(found == (t->touched[k] >= 0));
  if (found) {
    CHECK(dchain_refresh(&t->heap, index, now));
  } else if (dchain_allocate(&t->heap, now, &index)) {
    CHECK(map_put(&t->map, key, KEY, index));
    memcpy(vector_at(&t->cells, index, ELEM), cell, ELEM);
  } else {
    return;
  }
  t->touched[k] = now;
}

static uint32_t expected(struct table *t, int64_t time) {
  uint32_t count = 0;
  for (int k = 0; k < 256; k++) {
    if (t->touched[k] >= 0 && t->touched[k] <= time) {
      t->touched[k] = -1;
      count++;
    }
  }
  return count;
}

int main(void) {
  struct table t;
  CHECK(dchain_create(&t.heap, CAPACITY, 0) && vector_create(&t.cells, CAPACITY, ELEM));
  CHECK(map_create(&t.map, CAPACITY, KEY, 0));
  memset(t.touched, 0xff, sizeof t.touched);
  int64_t now = 0;
  for (int step = 0; step < 50000; step++) {
    now += random_below(4);
    int64_t time = now - 60;
    uint32_t count = expire_map(&t.heap, &t.cells, ELEM, &t.map, KEY, key_of, time);
    CHECK(count == expected(&t, time));
    packet(&t, random_below(step < 20000 ? 50 : 250), now);
  }
  dchain_destroy(&t.heap);
  vector_destroy(&t.cells);
  map_destroy(&t.map);
  return 0;
}
