/* keys.h: maps whose key sizes are known hold copies, so cells may be used again meanwhile. */
#include "structs/keys.h"

#include "check.h"
#include "lib/verified/map.h"
#include "structs/quota.h"

const unsigned maestro_key_sizes[] = {sizeof(int), 0};
const bool maestro_own_maps[] = {true, false};
const unsigned maestro_key_count = 2;

static bool equal(void *a, void *b) { return *(int *)a == *(int *)b; }
static unsigned hash(void *key) { return (unsigned)*(int *)key; }

/* Puts 1 from a cell that then holds 2; where 1 is found tells whether the map has a copy. */
static bool is_copied(struct Map *map) {
  int cell = 1, one = 1, two = 2, value;
  void *trash = NULL;
  map_put(map, &cell, 7);
  cell = 2;
  CHECK(!map_get(map, &two, &value));
  bool found = map_get(map, &one, &value);
  CHECK(!found || value == 7);
  map_erase(map, &one, &trash);
  CHECK(trash == (found ? &cell : NULL) && map_size(map) == !found);
  return found;
}

/* Every core has room for `capacity` entries of its own, whatever the others have. */
static void room_by_core(struct Map *map, int capacity) {
  int value;
  void *trash;
  for (int core = 0; core < 3; core++) {
    maestro_quota_core((unsigned)core);
    for (int i = 0; i < capacity; i++) {
      map_put(map, &(int){100 * core + i}, i);
    }
    map_put(map, &(int){100 * core + 50}, 0);
  }
  CHECK(map_size(map) == 3u * (unsigned)capacity);
  for (int core = 0; core < 3; core++) {
    CHECK(!map_get(map, &(int){100 * core + 50}, &value));
    CHECK(map_get(map, &(int){100 * core + 1}, &value) && value == 1);
  }
  map_erase(map, &(int){1}, &trash); /* an entry of core 0 makes room for core 0 only */
  map_put(map, &(int){250}, 9);
  CHECK(!map_get(map, &(int){250}, &value));
  maestro_quota_core(0);
  map_put(map, &(int){50}, 9);
  CHECK(map_get(map, &(int){50}, &value) && value == 9);
}

/* One map for all cores. */
static void room_for_all(struct Map *map, int capacity) {
  static int keys[8];
  for (int i = 0; i < 2 * capacity; i++) {
    keys[i] = i;
    maestro_quota_core((unsigned)i % 3);
    map_put(map, &keys[i], i);
  }
  CHECK(map_size(map) == (unsigned)capacity);
}

int main(void) {
  struct Map *known, *unknown;
  CHECK(map_allocate(equal, hash, 4, &known) && map_allocate(equal, hash, 4, &unknown));
  CHECK(is_copied(known) && !is_copied(unknown));
  CHECK(map_allocate(equal, hash, 4, &unknown)); /* what is left of the cell is in the other one */
  maestro_quota_set(3);
  room_by_core(known, 4);
  room_for_all(unknown, 4);
  return 0;
}
