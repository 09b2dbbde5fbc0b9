/* flow.h and flow_map.h against arrays: which key each index has in two maps, when it was last touched. */
#include "maestro/flow_map.h"

#include "random.h"

#define MOST 70

struct record {
  int64_t touched;
  uint64_t one[1], two[3];
};

static const struct flow_key ones = {sizeof(struct record), offsetof(struct record, one), 1};
static const struct flow_key twos = {sizeof(struct record), offsetof(struct record, two), 3};

struct model {
  uint32_t capacity, first, count;
  bool live[MOST];
  int64_t time[MOST];
  uint64_t key[MOST];
};

struct table {
  struct flows flows;
  struct flow_map a, b;
};

/* Few different keys, so that they come again. */
static void three_words(uint64_t key, uint64_t *words) {
  words[0] = key % 3;
  words[1] = key << 40;
  words[2] = ~key;
}

static uint32_t model_find(const struct model *model, uint64_t key) {
  for (uint32_t i = 0; i < model->capacity; i++) {
    if (model->live[i] && model->key[i] == key) {
      return i;
    }
  }
  return FLOW_NONE;
}

static void check_lookup(const struct table *t, const struct model *model, uint64_t key) {
  uint64_t words[3];
  uint32_t index;
  three_words(key, words);
  CHECK(flow_find(&t->a, &t->flows, ones, &key, flow_hash(&t->a, &key, 1)) ==
        model_find(model, key));
  flow_fetch_slot(&t->b, flow_hash(&t->b, words, 3));
  uint32_t guess = flow_guess(&t->b, &t->flows, sizeof(struct record), flow_hash(&t->b, words, 3));
  guess = random_below(4) ? guess : random_below(MOST);
  CHECK(flow_get(&t->b, &t->flows, twos, words, flow_hash(&t->b, words, 3), guess, &index) ==
        (model_find(model, key) != FLOW_NONE));
  CHECK(index == model_find(model, key));
}

static void open_flow(struct table *t, struct model *model, uint64_t key, int64_t now) {
  uint64_t words[3];
  uint32_t index, lowest = model->first;
  while (lowest < model->first + model->count && model->live[lowest]) {
    lowest++;
  }
  bool room = lowest < model->first + model->count;
  CHECK(flow_spare(&t->flows) == room);
  CHECK(flow_allocate(&t->flows, sizeof(struct record), now, &index) == room);
  if (room) {
    CHECK(index == lowest);
    three_words(key, words);
    flow_put(&t->a, &t->flows, ones, &key, flow_hash(&t->a, &key, 1), index);
    flow_put(&t->b, &t->flows, twos, words, flow_hash(&t->b, words, 3), index);
    model->live[index] = true;
    model->time[index] = now;
    model->key[index] = key;
  }
}

static void forget(struct table *t, struct model *model, uint32_t index) {
  flow_erase(&t->a, &t->flows, ones, index);
  flow_erase(&t->b, &t->flows, twos, index);
  model->live[index] = false;
}

static void expire(struct table *t, struct model *model, int64_t time) {
  uint32_t index;
  while (flow_due(&t->flows, time) && flow_expire(&t->flows, sizeof(struct record), time, &index)) {
    CHECK(model->live[index] && model->time[index] <= time);
    forget(t, model, index);
  }
  for (uint32_t i = 0; i < model->capacity; i++) {
    CHECK(!model->live[i] || model->time[i] > time);
  }
}

static void one_step(struct table *t, struct model *model, int64_t now) {
  uint64_t key = random_below(2 * MOST);
  uint32_t i = random_below(model->capacity + 2);
  bool live = i < model->capacity && model->live[i];
  check_lookup(t, model, key);
  CHECK(flow_test(&t->flows, i, sizeof(struct record)) == live);
  switch (random_below(8)) {
    case 0:
      expire(t, model, now - 20 - random_below(40));
      break;
    case 1:
      CHECK(flow_free(&t->flows, i, sizeof(struct record)) == live);
      if (live) {
        forget(t, model, i);
      }
      break;
    case 2: case 3: case 4:
      CHECK(flow_refresh(&t->flows, i, sizeof(struct record), now) == live);
      if (live) {
        model->time[i] = now;
      }
      break;
    default:
      if (model_find(model, key) == FLOW_NONE) {
        open_flow(t, model, key, now);
      }
  }
}

static void run(uint32_t capacity, uint32_t first, uint32_t count, uint64_t seed) {
  struct table t;
  struct model model = {.capacity = capacity, .first = first, .count = count};
  int64_t now = -50; /* expiry times before the start of time are negative */
  CHECK(flows_create(&t.flows, capacity, sizeof(struct record), first, count));
  CHECK(flow_map_create(&t.a, count, capacity, seed) && flow_map_create(&t.b, count, capacity, seed));
  for (int step = 0; step < 20000; step++) {
    now += random_below(4) ? 0 : random_below(3);
    now += random_below(500) ? 0 : 300;
    one_step(&t, &model, now);
  }
  expire(&t, &model, now);
  for (uint32_t slot = 0; slot <= t.a.mask; slot++) {
    CHECK(t.a.slots[slot] == 0);
  }
  flows_destroy(&t.flows);
  flow_map_destroy(&t.a);
  flow_map_destroy(&t.b);
}

static void run_part(void) {
  const uint16_t owners[] = {1, 0, 1, 1, 0, 0, 2};
  struct flows f;
  uint32_t index;
  CHECK(!flows_create_part(&f, 7, 8, NULL, 0));
  flows_destroy(&f);
  CHECK(flows_create_part(&f, 7, sizeof(struct record), owners, 1));
  CHECK(flow_allocate(&f, sizeof(struct record), 5, &index) && index == 0);
  CHECK(flow_allocate(&f, sizeof(struct record), 5, &index) && index == 2);
  CHECK(flow_allocate(&f, sizeof(struct record), 5, &index) && index == 3);
  CHECK(!flow_allocate(&f, sizeof(struct record), 5, &index));
  CHECK(!flow_test(&f, 1, sizeof(struct record)) && !flow_refresh(&f, 7, sizeof(struct record), 6));
  flows_destroy(&f);
}

int main(void) {
  run_part();
  for (uint32_t capacity = 1; capacity <= MOST; capacity += 1 + capacity / 3) {
    run(capacity, 0, capacity, capacity);
    run(capacity, capacity / 3, capacity - capacity / 2, 0);
  }
  return 0;
}
