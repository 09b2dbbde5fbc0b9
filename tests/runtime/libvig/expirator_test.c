/* expirator.h: a table of map, vector and allocator that expires, against an array of times. */
#include "lib/verified/expirator.h"

#include "check.h"
#include "lib/unverified/expirator.h"

#define CAPACITY 32
#define KEYS 50

static struct Map *map;
static struct Vector *keys;
static struct DoubleChain *chain;
static vigor_time_t seen[KEYS]; /* -1: not in the table */

static bool equal(void *a, void *b) { return *(int *)a == *(int *)b; }
static unsigned hash(void *key) { return (unsigned)*(int *)key; }

static void touch(int key, vigor_time_t now) {
  int index, *cell;
  if (map_get(map, &key, &index)) {
    CHECK(seen[key] >= 0 && dchain_rejuvenate_index(chain, index, now));
  } else {
    CHECK(seen[key] < 0);
    if (!dchain_allocate_new_index(chain, &index, now)) {
      CHECK(map_size(map) == CAPACITY);
      return;
    }
    vector_borrow(keys, index, (void **)&cell);
    *cell = key;
    map_put(map, cell, index);
    vector_return(keys, index, cell);
  }
  seen[key] = now;
}

static int expected_expiries(vigor_time_t time) {
  int count = 0;
  for (int key = 0; key < KEYS; key++) {
    if (seen[key] >= 0 && seen[key] <= time) {
      seen[key] = -1;
      count++;
    }
  }
  return count;
}

static void single_map(void) {
  CHECK(map_allocate(equal, hash, CAPACITY, &map) && dchain_allocate(CAPACITY, &chain));
  CHECK(vector_allocate(sizeof(int), CAPACITY, NULL, &keys));
  for (int key = 0; key < KEYS; key++) {
    seen[key] = -1;
  }
  vigor_time_t now = 0;
  for (int step = 0; step < 20000; step++) {
    now += random_below(3);
    touch((int)random_below(KEYS), now);
    vigor_time_t last = now - (vigor_time_t)random_below(60);
    CHECK(expire_items_single_map(chain, keys, map, last) == expected_expiries(last));
  }
}

static void iteratively(void) {
  CHECK(map_allocate(equal, hash, 4, &map) && vector_allocate(sizeof(int), 4, NULL, &keys));
  for (int i = 0; i < 4; i++) {
    int *cell;
    vector_borrow(keys, i, (void **)&cell);
    *cell = 10 + i;
    map_put(map, cell, i);
    vector_return(keys, i, cell);
  }
  int key = 11, value;
  CHECK(expire_items_single_map_iteratively(keys, map, 1, 3) == 2 && map_size(map) == 2);
  CHECK(!map_get(map, &key, &value));
  key = 13;
  CHECK(map_get(map, &key, &value) && value == 3);
  CHECK(expire_items_single_map_iteratively(keys, map, 1, 4) == 3 && map_size(map) == 1);
  CHECK(expire_items_single_map_iteratively(keys, map, 3, 1) == 0 && map_size(map) == 1);
}

/* Index 1 has its key in cell 3. */
static void offseted(void) {
  int index, *cell;
  CHECK(map_allocate(equal, hash, 4, &map) && vector_allocate(sizeof(int), 4, NULL, &keys));
  CHECK(dchain_allocate(2, &chain));
  for (int i = 0; i < 2; i++) {
    CHECK(dchain_allocate_new_index(chain, &index, 5 + i) && index == i);
    vector_borrow(keys, 2 + i, (void **)&cell);
    *cell = 10 + i;
    map_put(map, cell, i);
  }
  CHECK(expire_items_single_map_offseted(chain, keys, map, 5, 2) == 1 && map_size(map) == 1);
  int key = 11;
  CHECK(map_get(map, &key, &index) && index == 1);
}

static void copy(char *to, void *from) { *(int *)(void *)to = *(int *)from; }
static void destroy(void *value) { (void)value; }
static void extract(void *value, void **a, void **b) { *a = *b = value; }
static void pack(void *value, void *a, void *b) { CHECK(a == value && b == value); }

static void double_map(void) {
  struct DoubleMap *dmap;
  int index, value = 5;
  CHECK(dmap_allocate(equal, hash, equal, hash, sizeof(int), copy, destroy, extract, pack, 2, 2,
                      &dmap));
  CHECK(dchain_allocate(2, &chain) && dchain_allocate_new_index(chain, &index, 100));
  CHECK(dmap_put(dmap, &value, index));
  CHECK(expire_items(chain, dmap, 99) == 0 && dmap_size(dmap) == 1);
  CHECK(expire_items(chain, dmap, 100) == 1 && dmap_size(dmap) == 0);
  CHECK(!dchain_is_index_allocated(chain, index));
}

int main(void) {
  single_map();
  iteratively();
  offseted();
  double_map();
  return 0;
}
