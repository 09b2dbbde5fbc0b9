/* merge.h: values of every kind and width against 64-bit arithmetic; copies against one state that saw everything. */
#include "../../../src/maestro/runtime/merge/merge.c"

#include "random.h"

static uint64_t number(const uint8_t *cell, uint32_t size) {
  uint64_t value = 0;
  for (uint32_t i = size; i-- > 0;) {
    value = value << 8 | cell[i];
  }
  return value;
}

static uint64_t expected(enum merge_how how, uint64_t a, uint64_t b, uint64_t before) {
  switch (how) {
    case MERGE_ADD: return a + b - before;
    case MERGE_MAX: return a > b ? a : b;
    case MERGE_MIN: return a < b ? a : b;
    case MERGE_OR: return a | b;
    case MERGE_AND: return a & b;
    case MERGE_XOR: return a ^ b ^ before;
    case MERGE_SAME: return a == before ? b : a;
  }
  return 0;
}

static void random_bytes(uint8_t *cell, size_t count) {
  static const uint8_t often[] = {0, 1, 127, 128, 255};
  for (size_t i = 0; i < count; i++) {
    cell[i] = random_below(2) ? (uint8_t)random_below(256) : often[random_below(5)];
  }
}

static void check_values(enum merge_how how, uint32_t size) {
  struct merge_part part = {2, size, how};
  struct merge_object object = {.elem_size = 12, .parts = &part, .part_count = 1};
  uint64_t mask = size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
  for (int round = 0; round < 2000; round++) {
    uint8_t a[12], b[12], before[12], was[12];
    random_bytes(a, 12);
    random_bytes(b, 12);
    random_bytes(before, 12);
    if (random_below(3) == 0) {
      memcpy(a, before, 12);
    }
    memcpy(was, a, 12);
    uint64_t want = expected(how, number(a + 2, size), number(b + 2, size), number(before + 2, size));
    merge_cell(&object, a, b, before);
    CHECK(number(a + 2, size) == (want & mask));
    CHECK(memcmp(a, was, 2) == 0 && memcmp(a + 2 + size, was + 2 + size, 10 - size) == 0);
    merge_mask(&object, a);
    CHECK(number(a, 2) == 0 && number(a + 2 + size, 10 - size > 8 ? 8 : 10 - size) == 0);
  }
}

/* A core's state: a map of counters, a plain vector of counters. */
struct state {
  struct map map;
  struct vector counts, plain;
};

enum { CORES = 3, KEYS = 40, ROOM = 64 };

static const struct merge_part adds[] = {{0, 4, MERGE_ADD}};
static const struct merge_object objects[] = {
    {"entries", MERGE_ENTRIES, offsetof(struct state, map), offsetof(struct state, counts), 4, 4, adds, 1},
    {"cells", MERGE_CELLS, 0, offsetof(struct state, plain), 4, 4, adds, 1},
    {"keys", MERGE_KEYS, offsetof(struct state, map), 0, 4, 0, NULL, 0},
    {"values", MERGE_VALUES, offsetof(struct state, map), 0, 4, 4, adds, 1},
};

static void create(struct state *state) {
  CHECK(map_create(&state->map, ROOM, 4, 0) && vector_create(&state->counts, ROOM, 4) &&
        vector_create(&state->plain, KEYS, 4));
  vector_fill(&state->plain, 4, (const uint8_t *)"\7\0\0\1");
}

static void count(struct state *state, uint32_t key) {
  uint32_t index;
  if (!map_get(&state->map, (const uint8_t *)&key, 4, &index)) {
    index = map_size(&state->map);
    CHECK(map_put(&state->map, (const uint8_t *)&key, 4, index));
  }
  uint8_t *cell = vector_at(&state->counts, index, 4);
  st32le(cell, ld32le(cell) + key);
  cell = vector_at(&state->plain, key, 4);
  st32le(cell, ld32le(cell) + 1);
}

struct seen {
  uint32_t want[KEYS];
  size_t entries, cells, keys, values;
};

static void see(void *arg, const char *object, const uint8_t *key, size_t key_bytes, const uint8_t *value,
                size_t value_bytes) {
  struct seen *seen = arg;
  uint32_t k = ld32le(key);
  CHECK(key_bytes == 4 && k < KEYS && seen->want[k] > 0);
  if (strcmp(object, "entries") == 0) {
    CHECK(value_bytes == 4 && ld32le(value) == k * seen->want[k]);
    seen->entries++;
  } else if (strcmp(object, "cells") == 0) {
    CHECK(value_bytes == 4 && ld32le(value) == 0x01000007 + seen->want[k]);
    seen->cells++;
  } else if (strcmp(object, "keys") == 0) {
    CHECK(value_bytes == 0);
    seen->keys++;
  } else {
    CHECK(value_bytes == 4);
    seen->values++;
  }
}

static void check_copies(uint32_t packets) {
  struct state fresh, states[CORES];
  const void *cores[CORES];
  struct seen seen = {{0}, 0, 0, 0, 0};
  size_t different = 0;
  create(&fresh);
  for (int core = 0; core < CORES; core++) {
    create(&states[core]);
    cores[core] = &states[core];
  }
  for (uint32_t i = 0; i < packets; i++) {
    uint32_t key = random_below(KEYS);
    count(&states[random_below(CORES)], key);
    different += seen.want[key]++ == 0;
  }
  CHECK(merge_objects(objects, 4, cores, CORES, &fresh, see, &seen) == 4 * different);
  CHECK(seen.entries == different && seen.cells == different && seen.keys == different && seen.values == different);
  for (int core = -1; core < CORES; core++) {
    struct state *state = core < 0 ? &fresh : &states[core];
    map_destroy(&state->map);
    vector_destroy(&state->counts);
    vector_destroy(&state->plain);
  }
}

int main(void) {
  for (enum merge_how how = MERGE_ADD; how <= MERGE_SAME; how++) {
    for (uint32_t size = 1; size <= 8; size++) {
      check_values(how, size);
    }
  }
  for (uint32_t packets = 0; packets < 200; packets += 7) {
    check_copies(packets);
  }
  return 0;
}
