/* A table knows the connections that are open. How many each client has to each server, a count-min
 * sketch knows: it needs no entry for each pair, and never counts too few; when pairs collide in
 * every row, it counts too many. */
#include "connections.h"

#include "lib/unverified/sketch.h"
#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

struct Pair {
  uint32_t client_ip;
  uint32_t server_ip;
};

static struct Map *connections;
static struct Vector *connection_keys;
static struct DoubleChain *connection_ages;
static struct Sketch *pairs;

static bool connection_equal(void *a, void *b) {
  struct Connection *x = a, *y = b;
  return x->client_ip == y->client_ip && x->server_ip == y->server_ip &&
         x->client_port == y->client_port && x->server_port == y->server_port &&
         x->protocol == y->protocol;
}

static unsigned connection_hash(void *key) {
  struct Connection *c = key;
  unsigned hash = __builtin_ia32_crc32si(0, c->client_ip);
  hash = __builtin_ia32_crc32si(hash, c->server_ip);
  hash = __builtin_ia32_crc32si(hash, (unsigned)c->client_port << 16 | c->server_port);
  return __builtin_ia32_crc32si(hash, c->protocol);
}

static void connection_clear(void *cell) {
  struct Connection *connection = cell;
  *connection = (struct Connection){0};
}

static unsigned pair_hash(void *key) {
  struct Pair *pair = key;
  return __builtin_ia32_crc32si(__builtin_ia32_crc32si(0, pair->client_ip), pair->server_ip);
}

bool connections_allocate(uint32_t capacity, uint16_t limit, uint32_t buckets) {
  /* For a sketch, a pair counted once has 0, and one counted n + 2 times more than n. */
  uint16_t threshold = limit - 2;
  return map_allocate(connection_equal, connection_hash, capacity, &connections) &&
         vector_allocate(sizeof(struct Connection), capacity, connection_clear,
                         &connection_keys) &&
         dchain_allocate((int)capacity, &connection_ages) &&
         sketch_allocate(pair_hash, buckets, threshold, &pairs);
}

void connections_expire(vigor_time_t time) {
  expire_items_single_map(connection_ages, connection_keys, connections, time);
  sketch_expire(pairs, time);
}

static bool add(const struct Connection *connection, vigor_time_t now) {
  int index;
  if (!dchain_allocate_new_index(connection_ages, &index, now)) {
    return false;
  }
  struct Connection *key;
  vector_borrow(connection_keys, index, (void **)&key);
  *key = *connection;
  map_put(connections, key, index);
  vector_return(connection_keys, index, key);
  return true;
}

bool connections_open_or_refresh(struct Connection *connection, vigor_time_t now) {
  struct Pair pair = {.client_ip = connection->client_ip, .server_ip = connection->server_ip};
  sketch_compute_hashes(pairs, &pair);
  int index;
  if (map_get(connections, connection, &index)) {
    dchain_rejuvenate_index(connection_ages, index, now);
    sketch_refresh(pairs, now); /* who is still connected is still counted */
    return true;
  }
  if (sketch_fetch(pairs) || !add(connection, now)) {
    return false;
  }
  sketch_touch_buckets(pairs, now); /* without a free bucket, the pair is not limited */
  return true;
}
