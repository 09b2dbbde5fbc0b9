/* Two tables. One knows how many ports a source has tried; the other, which ones.
 *
 * A source is as old as its last packet, a port as the last packet to it. So when a source expires,
 * all of its ports have expired, and a source that comes back starts from nothing. */
#include "sources.h"

#include "lib/verified/double-chain.h"
#include "lib/verified/expirator.h"
#include "lib/verified/map.h"
#include "lib/verified/vector.h"

struct Source {
  uint32_t ip;
};

struct Touched {
  uint32_t ip;
  uint16_t port;
};

struct Count {
  uint32_t ports;
};

static struct Map *sources;
static struct Vector *source_keys;
static struct Vector *port_counts; /* by the source's index */
static struct DoubleChain *source_ages;

static struct Map *ports;
static struct Vector *port_keys;
static struct DoubleChain *port_ages;

static uint32_t max_ports;

static bool source_equal(void *a, void *b) {
  struct Source *x = a, *y = b;
  return x->ip == y->ip;
}

static unsigned source_hash(void *key) {
  struct Source *source = key;
  return __builtin_ia32_crc32si(0, source->ip);
}

static void source_clear(void *cell) {
  struct Source *source = cell;
  source->ip = 0;
}

static bool touched_equal(void *a, void *b) {
  struct Touched *x = a, *y = b;
  return x->ip == y->ip && x->port == y->port;
}

static unsigned touched_hash(void *key) {
  struct Touched *touched = key;
  return __builtin_ia32_crc32si(__builtin_ia32_crc32si(0, touched->ip), touched->port);
}

static void touched_clear(void *cell) {
  struct Touched *touched = cell;
  *touched = (struct Touched){0};
}

static void count_clear(void *cell) {
  struct Count *count = cell;
  count->ports = 0;
}

bool sources_allocate(uint32_t capacity, uint32_t ports_each) {
  uint32_t all_ports = capacity * ports_each;
  max_ports = ports_each;
  return map_allocate(source_equal, source_hash, capacity, &sources) &&
         vector_allocate(sizeof(struct Source), capacity, source_clear, &source_keys) &&
         vector_allocate(sizeof(struct Count), capacity, count_clear, &port_counts) &&
         dchain_allocate((int)capacity, &source_ages) &&
         map_allocate(touched_equal, touched_hash, all_ports, &ports) &&
         vector_allocate(sizeof(struct Touched), all_ports, touched_clear, &port_keys) &&
         dchain_allocate((int)all_ports, &port_ages);
}

void sources_expire(vigor_time_t time) {
  expire_items_single_map(source_ages, source_keys, sources, time);
  expire_items_single_map(port_ages, port_keys, ports, time);
}

/* The index of a source, which is seen now; a new one has tried nothing yet. */
static bool find_or_add_source(uint32_t ip, int *index, vigor_time_t now) {
  struct Source source = {.ip = ip};
  if (map_get(sources, &source, index)) {
    dchain_rejuvenate_index(source_ages, *index, now);
    return true;
  }
  if (!dchain_allocate_new_index(source_ages, index, now)) {
    return false;
  }
  struct Source *key;
  vector_borrow(source_keys, *index, (void **)&key);
  *key = source;
  map_put(sources, key, *index);
  vector_return(source_keys, *index, key);

  struct Count *count;
  vector_borrow(port_counts, *index, (void **)&count);
  count->ports = 0;
  vector_return(port_counts, *index, count);
  return true;
}

/* Notes a port that its source tries for the first time. */
static bool add_port(const struct Touched *touched, vigor_time_t now) {
  int index;
  if (!dchain_allocate_new_index(port_ages, &index, now)) {
    return false;
  }
  struct Touched *key;
  vector_borrow(port_keys, index, (void **)&key);
  *key = *touched;
  map_put(ports, key, index);
  vector_return(port_keys, index, key);
  return true;
}

bool sources_try(uint32_t ip, uint16_t port, vigor_time_t now) {
  int source, known;
  if (!find_or_add_source(ip, &source, now)) {
    return false;
  }
  struct Touched touched = {.ip = ip, .port = port};
  if (map_get(ports, &touched, &known)) {
    dchain_rejuvenate_index(port_ages, known, now);
    return true;
  }
  struct Count *count;
  vector_borrow(port_counts, source, (void **)&count);
  bool allowed = count->ports < max_ports && add_port(&touched, now);
  if (allowed) {
    count->ports++;
  }
  vector_return(port_counts, source, count);
  return allowed;
}
