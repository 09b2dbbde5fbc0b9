/* map.h against a linear table, for every key size; few distinct keys, so that they collide, return
 * and go. */
#include "maestro/map.h"

#include "random.h"

#define KEYS 64

struct model {
  bool held[KEYS];
  uint32_t value[KEYS];
  uint32_t size;
};

/* The k-th key: differs from the others in one byte only, at a place that depends on k. */
static void make_key(uint8_t *key, size_t key_size, uint32_t k) {
  memset(key, 7, key_size);
  key[k % key_size] = (uint8_t)(8 + k);
}

static void one_step(struct map *m, struct model *model, size_t key_size, uint32_t keys) {
  uint8_t *key = malloc(key_size); /* exactly the key: a read past it is an error */
  uint32_t k = random_below(keys), value = 0;
  make_key(key, key_size, k);
  switch (random_below(3)) {
    case 0:
      CHECK(map_get(m, key, key_size, &value) == model->held[k]);
      CHECK(value == (model->held[k] ? model->value[k] : UINT32_MAX));
      break;
    case 1: {
      bool room = model->held[k] || model->size < m->capacity;
      value = random_below(1000);
      CHECK(map_put(m, key, key_size, value) == room);
      if (room) {
        model->size += !model->held[k];
        model->held[k] = true;
        model->value[k] = value;
      }
      break;
    }
    default:
      CHECK(map_erase(m, key, key_size) == model->held[k]);
      model->size -= model->held[k];
      model->held[k] = false;
  }
  CHECK(map_size(m) == model->size);
  free(key);
}

static void check_all(const struct map *m, const struct model *model, size_t key_size,
                      uint32_t keys) {
  for (uint32_t k = 0; k < keys; k++) {
    uint8_t key[64];
    uint32_t value;
    make_key(key, key_size, k);
    CHECK(map_get(m, key, key_size, &value) == model->held[k]);
    CHECK(!model->held[k] || value == model->value[k]);
  }
}

static void run(size_t key_size, uint32_t capacity, int steps) {
  struct map m;
  struct model model = {0};
  CHECK(map_create(&m, capacity, key_size, random_below(UINT32_MAX)));
  for (int step = 0; step < steps; step++) {
    one_step(&m, &model, key_size, KEYS);
    if (step % 64 == 0) {
      check_all(&m, &model, key_size, KEYS);
    }
  }
  map_destroy(&m);
}

/* Tables as full as they may be, erased in another order: runs wrap around the end of the table. */
static void fill_and_drain(void) {
  enum { CAPACITY = 4096 };
  struct map m;
  CHECK(map_create(&m, CAPACITY, 4, 1));
  for (uint32_t round = 0; round < 4; round++) {
    for (uint32_t i = 0; i < CAPACITY; i++) {
      CHECK(map_put(&m, (const uint8_t *)&(uint32_t){i * 4096 + round}, 4, i));
    }
    CHECK(!map_put(&m, (const uint8_t *)&(uint32_t){UINT32_MAX}, 4, 0));
    for (uint32_t i = 0; i < CAPACITY; i++) {
      uint32_t j = i * 1023 % CAPACITY, value;
      CHECK(map_get(&m, (const uint8_t *)&(uint32_t){j * 4096 + round}, 4, &value) && value == j);
      CHECK(map_erase(&m, (const uint8_t *)&(uint32_t){j * 4096 + round}, 4));
    }
    CHECK(map_size(&m) == 0);
  }
  for (uint32_t i = 0; i <= m.mask; i++) {
    CHECK(map_tag_(map_slot_(&m, i, 4)) == 0);
  }
  map_destroy(&m);
}

int main(void) {
  for (size_t key_size = 1; key_size <= 64; key_size++) {
    run(key_size, 40, 4000);
  }
  for (uint32_t capacity = 0; capacity <= 5; capacity++) {
    run(13, capacity, 2000);
  }
  fill_and_drain();
  struct map m;
  CHECK(!map_create(&m, MAP_MAX_CAPACITY + 1, 4, 0));
  return 0;
}
