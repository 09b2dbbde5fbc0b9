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

static void flow_table(void) {
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
}

static void last_byte(const uint8_t *cell, uint8_t *key) {
  key[0] = cell[1];
}

static void first_byte(const uint8_t *cell, uint8_t *key) {
  key[0] = cell[0];
}

static uint8_t pairs[][2] = {{1, 10}, {2, 20}, {3, 30}, {4, 40}};

static void fill(struct vector *v, struct map *a, struct map *b) {
  CHECK(vector_create(v, 4, 2) && map_create(a, 4, 1, 0) && map_create(b, 4, 1, 0));
  for (uint32_t i = 0; i < 4; i++) {
    memcpy(vector_at(v, i, 2), pairs[i], 2);
    CHECK(map_put(a, &pairs[i][0], 1, i) && map_put(b, &pairs[i][1], 1, i));
  }
}

static void clear(struct vector *v, struct map *a, struct map *b) {
  vector_destroy(v);
  map_destroy(a);
  map_destroy(b);
}

/* Both maps lose the keys of what expires. */
static void two_maps(void) {
  struct vector v;
  struct map a, b;
  struct dchain d;
  uint32_t index;
  fill(&v, &a, &b);
  CHECK(dchain_create(&d, 4, 0));
  for (int i = 0; i < 4; i++) {
    CHECK(dchain_allocate(&d, i, &index));
  }
  CHECK(expire_maps(&d, &v, 2, &a, 1, first_byte, &b, 1, last_byte, 1) == 2);
  CHECK(map_size(&a) == 2 && map_size(&b) == 2 && !dchain_test(&d, 1) && dchain_test(&d, 2));
  CHECK(!map_get(&b, &pairs[1][1], 1, &index) && map_get(&b, &pairs[2][1], 1, &index));
  dchain_destroy(&d);
  clear(&v, &a, &b);
}

/* The end is not included; what is not there does not matter; nothing before the start. */
static void range(void) {
  struct vector v;
  struct map a, b;
  uint32_t index;
  fill(&v, &a, &b);
  expire_range(&b, &v, 2, 1, last_byte, 1, 3);
  expire_range(&b, &v, 2, 1, last_byte, 2, 3);
  expire_range(&b, &v, 2, 1, last_byte, 3, -1);
  CHECK(map_size(&b) == 2 && map_get(&b, &pairs[0][1], 1, &index) &&
        map_get(&b, &pairs[3][1], 1, &index));
  clear(&v, &a, &b);
}

int main(void) {
  flow_table();
  two_maps();
  range();
  return 0;
}
