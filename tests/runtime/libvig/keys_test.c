/* keys.h: maps whose key sizes are known hold copies, so cells may be used again meanwhile. */
#include "structs/keys.h"

#include "check.h"
#include "lib/verified/map.h"

const unsigned maestro_key_sizes[] = {sizeof(int)};
const unsigned maestro_key_count = 1;

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

int main(void) {
  struct Map *known, *unknown;
  CHECK(map_allocate(equal, hash, 4, &known) && map_allocate(equal, hash, 4, &unknown));
  CHECK(is_copied(known) && !is_copied(unknown));
  return 0;
}
