/* Open addressing with linear probing. A slot keeps the key's hash, so that a probe looks at a key
 * only when the hashes agree, and erasing can tell which slots behind the hole may move into it. */
#include "lib/verified/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "structs/keys.h"
#include "structs/numbered.h"
#include "structs/quota.h"

#pragma weak maestro_key_sizes
#pragma weak maestro_own_maps
#pragma weak maestro_key_count

struct slot {
  void *key;   /* NULL: free */
  void *given; /* by the NF: the same, or what `key` is a copy of */
  uint32_t hash;
  int value;
  uint16_t core; /* that put the entry */
};

struct Map {
  struct slot *slots;
  uint32_t mask;  /* the number of slots, a power of two, minus 1 */
  unsigned shift; /* 32 - log2 of the number of slots */
  unsigned size;
  unsigned capacity;
  unsigned key_size; /* 0: keys are not copied */
  map_keys_equality *equality;
  map_key_hash *hash;
  struct Map *older; /* the one created before */
  unsigned number;
  unsigned held[MAESTRO_QUOTA_CORES]; /* entries by the core that put them */
};

static struct Map *newest;

static bool is_known(unsigned number) {
  return &maestro_key_count != NULL && number < maestro_key_count;
}

int map_allocate(map_keys_equality *equality, map_key_hash *hash, unsigned capacity,
                 struct Map **map_out) {
  unsigned bits = 1; /* at most every other slot is used, so probes are short and end */
  while (bits < 31 && (1u << bits) < 2ull * capacity) {
    bits++;
  }
  if (2ull * capacity > 1ull << bits) {
    return 0;
  }
  struct Map *map = calloc(1, sizeof *map);
  struct slot *slots = calloc((size_t)1 << bits, sizeof *slots);
  if (map == NULL || slots == NULL) {
    free(map);
    free(slots);
    return 0;
  }
  unsigned number = newest ? newest->number + 1 : 0;
  *map = (struct Map){.slots = slots,
                      .mask = (1u << bits) - 1,
                      .shift = 32 - bits,
                      .capacity = capacity,
                      .key_size = is_known(number) ? maestro_key_sizes[number] : 0,
                      .equality = equality,
                      .hash = hash,
                      .older = newest,
                      .number = number};
  newest = map;
  *map_out = map;
  return 1;
}

/* Fibonacci hashing: spreads hashes that differ in few bits. */
static uint32_t home(const struct Map *map, uint32_t hash) {
  return (hash * 2654435769u) >> map->shift;
}

/* The slot of `key`, or the free one where the search for it ends. */
static struct slot *find(struct Map *map, void *key, uint32_t hash) {
  for (uint32_t i = home(map, hash);; i = (i + 1) & map->mask) {
    struct slot *slot = &map->slots[i];
    if (slot->key == NULL || (slot->hash == hash && map->equality(slot->key, key))) {
      return slot;
    }
  }
}

int map_get(struct Map *map, void *key, int *value_out) {
  struct slot *slot = find(map, key, map->hash(key));
  if (slot->key == NULL) {
    return 0;
  }
  *value_out = slot->value;
  return 1;
}

static void *held(const struct Map *map, void *key) {
  void *copy = map->key_size > 0 ? malloc(map->key_size) : key;
  if (copy == NULL) {
    abort();
  }
  return copy == key ? key : memcpy(copy, key, map->key_size);
}

static bool is_full(const struct Map *map, uint16_t core) {
  bool own = maestro_quota_on() && is_known(map->number) && maestro_own_maps[map->number];
  return (own ? map->held[core] : map->size) == map->capacity;
}

/* Twice as many slots, where all cores' entries together are more than were asked for. */
static void grow(struct Map *map) {
  struct slot *old = map->slots;
  uint32_t count = map->mask + 1;
  map->slots = calloc((size_t)count * 2, sizeof *old);
  if (map->slots == NULL || map->shift == 1) {
    abort();
  }
  map->mask = count * 2 - 1;
  map->shift--;
  for (uint32_t i = 0; i < count; i++) {
    if (old[i].key != NULL) {
      *find(map, old[i].key, old[i].hash) = old[i];
    }
  }
  free(old);
}

/* An entry that should not be there is replaced, one too many is left out, as in generated code. */
void map_put(struct Map *map, void *key, int value) {
  uint32_t hash = map->hash(key);
  uint16_t core = maestro_quota_current();
  struct slot *slot = find(map, key, hash);
  if (slot->key == NULL) {
    if (is_full(map, core)) {
      return;
    }
    if (2ull * ++map->size > map->mask + 1ull) {
      grow(map);
      slot = find(map, key, hash);
    }
    map->held[core]++;
  } else {
    core = slot->core;
    if (map->key_size > 0) {
      free(slot->key);
    }
  }
  *slot = (struct slot){held(map, key), key, hash, value, core};
}

/* Empties slot `hole`, and moves up what a search would no longer reach across it. */
static void close_hole(struct Map *map, uint32_t hole) {
  for (uint32_t i = (hole + 1) & map->mask; map->slots[i].key != NULL; i = (i + 1) & map->mask) {
    uint32_t distance = (i - home(map, map->slots[i].hash)) & map->mask;
    if (distance >= ((i - hole) & map->mask)) {
      map->slots[hole] = map->slots[i];
      hole = i;
    }
  }
  map->slots[hole].key = NULL;
}

void map_erase(struct Map *map, void *key, void **trash) {
  struct slot *slot = find(map, key, map->hash(key));
  if (slot->key != NULL) {
    *trash = slot->given;
    if (map->key_size > 0) {
      free(slot->key);
    }
    map->held[slot->core]--;
    close_hole(map, (uint32_t)(slot - map->slots));
    map->size--;
  }
}

unsigned map_size(struct Map *map) { return map->size; }

struct Map *maestro_map(unsigned number) {
  struct Map *map = newest;
  while (map != NULL && map->number != number) {
    map = map->older;
  }
  return map;
}

void maestro_map_entries(const struct Map *map, maestro_entry_fn *each, void *arg) {
  for (uint32_t i = 0; i <= map->mask; i++) {
    if (map->slots[i].key != NULL) {
      each(arg, map->slots[i].key, map->slots[i].value);
    }
  }
}
