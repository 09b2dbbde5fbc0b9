/* double-map.h: values found by either key, against an array. */
#include "lib/verified/double-map.h"

#include <string.h>

#include "check.h"

#define CAPACITY 16
#define KEYS 24

struct value {
  int a;
  int b;
  int payload;
};

static bool equal(void *a, void *b) { return *(int *)a == *(int *)b; }
static unsigned hash(void *key) { return (unsigned)*(int *)key; }
static void copy(char *to, void *from) { memcpy(to, from, sizeof(struct value)); }
static void destroy(void *value) { ((struct value *)value)->payload = -1; }
static void extract(void *value, void **a, void **b) {
  *a = &((struct value *)value)->a;
  *b = &((struct value *)value)->b;
}
static void pack(void *value, void *a, void *b) {
  struct value *v = value;
  CHECK(a == &v->a && b == &v->b);
}

static struct value expected[CAPACITY]; /* a < 0: no value */

static int index_by(int key, bool by_b) {
  for (int i = 0; i < CAPACITY; i++) {
    if (expected[i].a >= 0 && (by_b ? expected[i].b : expected[i].a) == key) {
      return i;
    }
  }
  return -1;
}

static void check_all(struct DoubleMap *map, int size) {
  CHECK(dmap_size(map) == size);
  for (int key = 0; key < KEYS; key++) {
    int index = -1;
    CHECK(dmap_get_a(map, &key, &index) == (index_by(key, false) >= 0));
    CHECK(index == index_by(key, false));
    index = -1;
    CHECK(dmap_get_b(map, &key, &index) == (index_by(key, true) >= 0));
    CHECK(index == index_by(key, true));
  }
}

int main(void) {
  struct DoubleMap *map;
  int size = 0;
  CHECK(dmap_allocate(equal, hash, equal, hash, sizeof(struct value), copy, destroy, extract, pack,
                      CAPACITY, CAPACITY, &map) == 1);
  memset(expected, -1, sizeof expected);
  for (int step = 0; step < 3000; step++) {
    int index = (int)random_below(CAPACITY);
    struct value value = {(int)random_below(KEYS), (int)random_below(KEYS), step}, got;
    if (expected[index].a >= 0) {
      dmap_get_value(map, index, &got);
      CHECK(memcmp(&got, &expected[index], sizeof got) == 0);
      CHECK(dmap_erase(map, index) == 1);
      expected[index].a = -1;
      size--;
    } else if (index_by(value.a, false) < 0 && index_by(value.b, true) < 0) {
      CHECK(dmap_put(map, &value, index) == 1);
      expected[index] = value;
      size++;
    } else {
      CHECK(dmap_erase(map, index) == 0);
    }
    check_all(map, size);
  }
  return 0;
}
