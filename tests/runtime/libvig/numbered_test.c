/* numbered.h: maps and vectors in the order of their creation, those of a double map among them; a map's entries. */
#include "structs/numbered.h"

#include <string.h>

#include "check.h"
#include "lib/verified/double-map.h"

enum { KEYS = 100 };

static bool equal(void *a, void *b) { return *(int *)a == *(int *)b; }
static unsigned hash(void *key) { return (unsigned)*(int *)key * 7; }
static void copy(char *to, void *from) { memcpy(to, from, 2 * sizeof(int)); }
static void destroy(void *value) { (void)value; }
static void pack(void *value, void *a, void *b) { (void)value, (void)a, (void)b; }

static void extract(void *value, void **a, void **b) {
  *a = value;
  *b = (int *)value + 1;
}

static int found[KEYS];

static void each(void *arg, const void *key, int value) {
  CHECK(arg == found && value == 3 * *(const int *)key);
  found[*(const int *)key]++;
}

static void entries(struct Map *map) {
  static int keys[KEYS];
  for (int i = 0; i < KEYS; i += 3) {
    keys[i] = i;
    map_put(map, &keys[i], 3 * i);
  }
  maestro_map_entries(map, each, found);
  for (int i = 0; i < KEYS; i++) {
    CHECK(found[i] == (i % 3 == 0));
  }
}

int main(void) {
  struct Map *first, *last;
  struct Vector *one, *two;
  struct DoubleMap *both;
  void *cell;
  CHECK(maestro_map(0) == NULL && maestro_vector(0) == NULL);
  CHECK(map_allocate(equal, hash, KEYS, &first) && vector_allocate(4, 5, NULL, &one));
  CHECK(dmap_allocate(equal, hash, equal, hash, 2 * sizeof(int), copy, destroy, extract, pack, 8, 8, &both));
  CHECK(vector_allocate(4, 6, NULL, &two) && map_allocate(equal, hash, KEYS, &last));
  CHECK(maestro_map(0) == first && maestro_map(3) == last && maestro_map(4) == NULL);
  CHECK(maestro_vector(0) == one && maestro_vector(2) == two && maestro_vector(3) == NULL);
  CHECK(maestro_vector_capacity(one) == 5 && maestro_vector_capacity(maestro_vector(1)) == 8);
  dmap_put(both, (int[]){11, 12}, 3);
  vector_borrow(maestro_vector(1), 3, &cell);
  CHECK(memcmp(cell, (int[]){11, 12}, 2 * sizeof(int)) == 0);
  CHECK(map_size(maestro_map(1)) == 1 && map_size(maestro_map(2)) == 1);
  entries(last);
  return 0;
}
