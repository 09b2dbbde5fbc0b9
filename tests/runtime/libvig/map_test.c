/* map.h against an array that is searched from front to back. */
#include "lib/verified/map.h"

#include "check.h"

#define KEYS 64
#define CAPACITY 40

struct key {
  int number;
};

static bool equal(void *a, void *b) { return ((struct key *)a)->number == ((struct key *)b)->number; }
static unsigned good_hash(void *key) { return (unsigned)((struct key *)key)->number * 2654435761u; }
static unsigned bad_hash(void *key) { return (unsigned)((struct key *)key)->number % 3; }
static unsigned worst_hash(void *key) {
  (void)key;
  return 7;
}

/* What the map should hold: stored[k] is the key pointer given for key k, NULL when there is none. */
static struct key keys[KEYS];
static struct key *stored[KEYS];
static int values[KEYS];

static void check_all(struct Map *map, unsigned size) {
  CHECK(map_size(map) == size);
  for (int k = 0; k < KEYS; k++) {
    struct key key = {k};
    int value = -1;
    CHECK(map_get(map, &key, &value) == (stored[k] != NULL));
    CHECK(value == (stored[k] ? values[k] : -1));
  }
}

static void random_operations(map_key_hash *hash) {
  struct Map *map;
  unsigned size = 0;
  CHECK(map_allocate(equal, hash, CAPACITY, &map) == 1);
  for (int k = 0; k < KEYS; k++) {
    keys[k].number = k;
    stored[k] = NULL;
  }
  for (int step = 0; step < 5000; step++) {
    int k = (int)random_below(KEYS);
    if (stored[k] == NULL && size < CAPACITY) {
      values[k] = (int)random_below(1000);
      stored[k] = &keys[k];
      map_put(map, stored[k], values[k]);
      size++;
    } else if (random_below(2)) {
      struct key key = {k};
      void *trash = NULL;
      map_erase(map, &key, &trash);
      CHECK(trash == stored[k]);
      size -= stored[k] != NULL;
      stored[k] = NULL;
    }
    check_all(map, size);
  }
}

static void empty_maps(void) {
  struct Map *map;
  struct key key = {1};
  int value = 5;
  void *trash = &key;
  CHECK(map_allocate(equal, good_hash, 1, &map) == 1);
  CHECK(map_get(map, &key, &value) == 0 && value == 5);
  map_erase(map, &key, &trash);
  CHECK(trash == &key && map_size(map) == 0);
  CHECK(map_allocate(equal, good_hash, UINT32_MAX, &map) == 0);
}

/* What should not happen does what it does in generated code. */
static void broken_promises(void) {
  struct Map *map;
  struct key a = {1}, again = {1}, b = {2};
  int value;
  void *trash;
  CHECK(map_allocate(equal, good_hash, 1, &map) == 1);
  map_put(map, &a, 3);
  map_put(map, &again, 4);
  map_put(map, &b, 5);
  CHECK(map_size(map) == 1 && map_get(map, &a, &value) && value == 4 && !map_get(map, &b, &value));
  map_erase(map, &a, &trash);
  CHECK(trash == &again && map_size(map) == 0 && !map_get(map, &a, &value));
}

int main(void) {
  broken_promises();
  empty_maps();
  random_operations(good_hash);
  random_operations(bad_hash);
  random_operations(worst_hash);
  return 0;
}
