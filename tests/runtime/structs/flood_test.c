/* Keys made by someone who knows the hash: against the seed that he knows they make one long run,
 * every key in it still found; against another seed they are keys like others. Full tables. */
#include "maestro/flow_map.h"
#include "maestro/map.h"

#include "random.h"

#define FLOWS 2048
#define SLOTS (2 * FLOWS)
#define KNOWN 0 /* what nf-replay takes */
#define OTHER UINT64_C(0x243f6a8885a308d3)
#define LONG_RUN 64

struct record {
  int64_t touched;
  uint64_t key[2];
};

static const struct flow_key where = {sizeof(struct record), offsetof(struct record, key), 2};

static void wide_key(uint64_t n, uint64_t key[2]) {
  key[0] = n;
  key[1] = ~n * 3;
}

/* The next number from *n on whose key begins its search at slot 0. */
static uint64_t next_flow(const struct flow_map *m, uint64_t *n) {
  for (uint64_t key[2];; (*n)++) {
    wide_key(*n, key);
    if ((flow_hash(m, key, 2) & m->mask) == 0) {
      return (*n)++;
    }
  }
}

static uint64_t next_key(const struct map *m, uint64_t *n) {
  for (;; (*n)++) {
    if ((map_hash_(m, (const uint8_t *)n, sizeof *n) & m->mask) == 0) {
      return (*n)++;
    }
  }
}

static uint32_t longest_flow_run(const struct flow_map *m) {
  uint32_t longest = 0, run = 0;
  for (uint32_t at = 0; at <= m->mask; at++) {
    run = m->slots[at] ? run + 1 : 0;
    longest = run > longest ? run : longest;
  }
  return longest;
}

static uint32_t longest_run(const struct map *m) {
  uint32_t longest = 0, run = 0;
  for (uint32_t at = 0; at <= m->mask; at++) {
    run = map_tag_(map_slot_(m, at, 8)) ? run + 1 : 0;
    longest = run > longest ? run : longest;
  }
  return longest;
}

/* The longest run when the flows `made` are in a table with this seed; each is found, and goes. */
static uint32_t flood_flows(uint64_t seed, const uint64_t *made) {
  struct flow_map m;
  struct flows flows;
  uint64_t key[2];
  uint32_t index;
  CHECK(flows_create(&flows, FLOWS, sizeof(struct record), 0, FLOWS));
  CHECK(flow_map_create(&m, FLOWS, FLOWS, seed));
  for (unsigned i = 0; i < FLOWS; i++) {
    wide_key(made[i], key);
    CHECK(flow_allocate(&flows, sizeof(struct record), i, &index));
    flow_put(&m, &flows, where, key, flow_hash(&m, key, 2), index);
  }
  CHECK(!flow_allocate(&flows, sizeof(struct record), FLOWS, &index)); /* full */
  uint32_t longest = longest_flow_run(&m);
  for (unsigned i = 0; i < FLOWS; i++) {
    wide_key(made[i], key);
    index = flow_find(&m, &flows, where, key, flow_hash(&m, key, 2));
    CHECK(index != FLOW_NONE);
    flow_erase(&m, &flows, where, index);
    CHECK(flow_free(&flows, index, sizeof(struct record)));
  }
  CHECK(longest_flow_run(&m) == 0);
  flow_map_destroy(&m);
  flows_destroy(&flows);
  return longest;
}

static uint32_t flood_map(uint64_t seed, const uint64_t *made) {
  struct map m;
  uint32_t value;
  uint64_t another = UINT64_MAX;
  CHECK(map_create(&m, FLOWS, 8, seed));
  for (unsigned i = 0; i < FLOWS; i++) {
    CHECK(map_put(&m, (const uint8_t *)&made[i], 8, i));
  }
  CHECK(!map_put(&m, (const uint8_t *)&another, 8, 0) && map_size(&m) == FLOWS); /* full */
  CHECK(map_put(&m, (const uint8_t *)&made[0], 8, 0)); /* but not for a key that it has */
  uint32_t longest = longest_run(&m);
  for (unsigned i = 0; i < FLOWS; i++) {
    CHECK(map_get(&m, (const uint8_t *)&made[i], 8, &value) && value == i);
    CHECK(map_erase(&m, (const uint8_t *)&made[i], 8));
  }
  CHECK(map_size(&m) == 0);
  map_destroy(&m);
  return longest;
}

int main(void) {
  static uint64_t flows[FLOWS], keys[FLOWS];
  struct flow_map known_flows;
  struct map known;
  uint64_t n = 0, k = 0;
  CHECK(flow_map_create(&known_flows, FLOWS, FLOWS, KNOWN) && known_flows.mask == SLOTS - 1);
  CHECK(map_create(&known, FLOWS, 8, KNOWN) && known.mask == SLOTS - 1);
  for (unsigned i = 0; i < FLOWS; i++) {
    flows[i] = next_flow(&known_flows, &n);
    keys[i] = next_key(&known, &k);
  }
  flow_map_destroy(&known_flows);
  map_destroy(&known);
  CHECK(flood_flows(KNOWN, flows) == FLOWS && flood_flows(OTHER, flows) < LONG_RUN);
  CHECK(flood_map(KNOWN, keys) == FLOWS && flood_map(OTHER, keys) < LONG_RUN);
  return 0;
}
