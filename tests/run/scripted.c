/* libVig as a test double: what the structures answer is read from a script, and every call is
 * written to a log.
 *
 *   program SCENARIOS LOG [NF ARGUMENTS]
 *
 * Every scenario is one packet, run in a process of its own, so that nothing is left over and a
 * crash is an outcome. What the script has said once (a key's value, a cell's content) is
 * remembered within the scenario, and neither asked nor logged again. The formats are those of
 * scripted.py. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/unverified/expirator.h"
#include "lib/unverified/sketch.h"
#include "lib/verified/cht.h"
#include "lib/verified/double-chain.h"
#include "lib/verified/double-map.h"
#include "lib/verified/expirator.h"
#include "lib/verified/lpm-dir-24-8.h"
#include "lib/verified/map.h"
#include "lib/verified/packet-io.h"
#include "lib/verified/vector.h"
#include "nf-util.h"
#include "nf.h"

#pragma weak nf_config_init

extern uint16_t maestro_ports;
extern vigor_time_t maestro_time;

enum { MAX_OBJECTS = 16, MAX_FIELDS = 32, MAX_KEY = 256, MAX_KNOWN = 64 };
enum { BEFORE = 4096, ROOM = 65536, GUARD = 4096 };

/* --- the scenario file --- */

static const uint8_t *cursor;

static uint32_t next_u32(void) {
  uint32_t value;
  memcpy(&value, cursor, sizeof value);
  cursor += sizeof value;
  return value;
}

static const uint8_t *next_bytes(size_t size) {
  const uint8_t *bytes = cursor;
  cursor += size;
  return bytes;
}

static void load(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    exit(EXIT_FAILURE);
  }
  size_t size = (size_t)ftell(file);
  uint8_t *bytes = malloc(size + 1);
  rewind(file);
  if (bytes == NULL || fread(bytes, 1, size, file) != size) {
    exit(EXIT_FAILURE);
  }
  fclose(file);
  cursor = bytes;
}

/* --- what is known of objects --- */

struct layout {
  uint32_t fields, packed;
  uint32_t offset[MAX_FIELDS], size[MAX_FIELDS];
};

struct Map {
  unsigned number;
};

struct Vector {
  unsigned number;
  size_t elem_size;
  uint8_t *cells; /* as initialised */
};

struct DoubleMap {
  struct Map *a, *b;
  struct Vector *values;
  uq_value_copy *copy;
  uq_value_destr *destroy;
  dmap_extract_keys *extract;
  dmap_pack_keys *pack;
};

struct DoubleChain {
  unsigned number;
  int allocated; /* during initialisation: indices from 0 up */
};

static struct layout layouts[MAX_OBJECTS];
static unsigned objects;
static struct Vector *vectors[MAX_OBJECTS];
static unsigned vector_count;
static bool initialising = true;

static void read_layouts(void) {
  uint32_t count = next_u32();
  for (uint32_t i = 0; i < count; i++) {
    struct layout *l = &layouts[i];
    l->fields = next_u32();
    for (uint32_t f = 0; f < l->fields; f++) {
      l->offset[f] = next_u32();
      l->size[f] = next_u32();
      l->packed += l->size[f];
    }
  }
}

/* The bytes of the object's fields, one after the other; how many. */
static size_t pack(unsigned object, const uint8_t *from, uint8_t *to) {
  const struct layout *l = &layouts[object];
  size_t at = 0;
  for (uint32_t f = 0; f < l->fields; f++) {
    memcpy(to + at, from + l->offset[f], l->size[f]);
    at += l->size[f];
  }
  return at;
}

/* --- the log and the script --- */

static FILE *out;
static uint32_t steps_left;

struct answer {
  uint32_t ok;
  uint32_t value;
  uint32_t cell_size;
  const uint8_t *cell;
};

static struct answer ask(void) {
  if (steps_left == 0) {
    fprintf(out, "? the script has ended\n");
    fflush(out);
    _exit(EXIT_SUCCESS);
  }
  steps_left--;
  struct answer a = {.ok = next_u32(), .value = next_u32(), .cell_size = next_u32()};
  a.cell = next_bytes(a.cell_size);
  return a;
}

static void log_hex(const uint8_t *bytes, size_t size) {
  fputc(' ', out);
  for (size_t i = 0; i < size; i++) {
    fprintf(out, "%02x", bytes[i]);
  }
}

static void log_packed(unsigned object, const void *from) {
  uint8_t packed[MAX_KEY];
  size_t size = pack(object, from, packed);
  log_hex(packed, size);
}

/* --- maps --- */

struct known_key {
  unsigned map;
  uint8_t key[MAX_KEY];
  bool present;
  int value;
};

static struct known_key keys[MAX_KNOWN];
static unsigned key_count;

static struct known_key *known(unsigned map, const void *key) {
  uint8_t packed[MAX_KEY];
  size_t size = pack(map, key, packed);
  for (unsigned i = 0; i < key_count; i++) {
    if (keys[i].map == map && memcmp(keys[i].key, packed, size) == 0) {
      return &keys[i];
    }
  }
  return NULL;
}

static void remember(unsigned map, const void *key, bool present, int value) {
  struct known_key *k = known(map, key);
  if (k == NULL) {
    if (key_count == MAX_KNOWN) {
      abort();
    }
    k = &keys[key_count++];
    k->map = map;
    pack(map, key, k->key);
  }
  k->present = present;
  k->value = value;
}

/* What is known of the map's keys no longer holds. */
static void forget(const struct Map *map) {
  unsigned kept = 0;
  for (unsigned i = 0; i < key_count; i++) {
    if (keys[i].map != map->number) {
      keys[kept++] = keys[i];
    }
  }
  key_count = kept;
}

int map_allocate(map_keys_equality *equality, map_key_hash *hash, unsigned capacity,
                 struct Map **map_out) {
  (void)equality, (void)hash, (void)capacity;
  *map_out = malloc(sizeof **map_out);
  (*map_out)->number = objects++;
  return 1;
}

int map_get(struct Map *map, void *key, int *value_out) {
  struct known_key *k = known(map->number, key);
  if (k == NULL) {
    fprintf(out, "%u map_get", map->number);
    log_packed(map->number, key);
    fputc('\n', out);
    struct answer a = ask();
    remember(map->number, key, a.ok, (int)a.value);
    k = known(map->number, key);
  }
  if (k->present) {
    *value_out = k->value;
  }
  return k->present;
}

void map_put(struct Map *map, void *key, int value) {
  if (initialising) {
    return;
  }
  fprintf(out, "%u map_put", map->number);
  log_packed(map->number, key);
  fprintf(out, " %08x\n", (unsigned)value);
  remember(map->number, key, true, value);
}

void map_erase(struct Map *map, void *key, void **trash) {
  fprintf(out, "%u map_erase", map->number);
  log_packed(map->number, key);
  fputc('\n', out);
  remember(map->number, key, false, 0);
  *trash = NULL;
}

unsigned map_size(struct Map *map) {
  fprintf(out, "%u map_size\n", map->number);
  return ask().value;
}

/* --- vectors --- */

struct borrowed {
  struct Vector *vector;
  int index;
  uint8_t *cell;    /* what the NF sees */
  uint8_t *content; /* as last read or written */
};

static struct borrowed lent[MAX_KNOWN];
static unsigned lent_count;

int vector_allocate(int elem_size, unsigned capacity, vector_init_elem *init,
                    struct Vector **vector_out) {
  struct Vector *vector = malloc(sizeof *vector);
  *vector = (struct Vector){objects++, (size_t)elem_size, calloc(capacity, (size_t)elem_size)};
  for (unsigned i = 0; init != NULL && i < capacity; i++) {
    init(vector->cells + i * vector->elem_size);
  }
  vectors[vector_count++] = vector;
  *vector_out = vector;
  return 1;
}

/* Logs what changed in the vector's cells since they were read; not what lies between fields. */
static void settle(struct Vector *vector) {
  uint8_t now[MAX_KEY], before[MAX_KEY];
  for (unsigned i = 0; i < lent_count; i++) {
    struct borrowed *b = &lent[i];
    if (b->vector != vector) {
      continue;
    }
    size_t size = pack(vector->number, b->cell, now);
    pack(vector->number, b->content, before);
    if (memcmp(now, before, size) != 0) {
      fprintf(out, "%u vector_write %08x", vector->number, (unsigned)b->index);
      log_packed(vector->number, b->cell);
      fputc('\n', out);
      memcpy(b->content, b->cell, vector->elem_size);
    }
  }
}

static uint8_t *lend(struct Vector *vector, int index) {
  if (lent_count == MAX_KNOWN) {
    abort();
  }
  fprintf(out, "%u vector_read %08x\n", vector->number, (unsigned)index);
  struct answer a = ask();
  if (a.cell_size != vector->elem_size) {
    abort();
  }
  struct borrowed *b = &lent[lent_count++];
  *b = (struct borrowed){vector, index, malloc(a.cell_size), malloc(a.cell_size)};
  memcpy(b->cell, a.cell, a.cell_size);
  memcpy(b->content, a.cell, a.cell_size);
  return b->cell;
}

void vector_borrow(struct Vector *vector, int index, void **val_out) {
  if (initialising) {
    *val_out = vector->cells + (size_t)index * vector->elem_size;
    return;
  }
  settle(vector);
  for (unsigned i = 0; i < lent_count; i++) {
    if (lent[i].vector == vector && lent[i].index == index) {
      *val_out = lent[i].cell;
      return;
    }
  }
  *val_out = lend(vector, index);
}

void vector_return(struct Vector *vector, int index, void *value) {
  (void)index, (void)value;
  if (!initialising) {
    settle(vector);
  }
}

/* --- allocators and expiry --- */

int dchain_allocate(int index_range, struct DoubleChain **chain_out) {
  (void)index_range;
  *chain_out = malloc(sizeof **chain_out);
  **chain_out = (struct DoubleChain){objects++, 0};
  return 1;
}

static int ask_index(struct DoubleChain *chain, const char *method, int *index_out,
                     vigor_time_t time) {
  fprintf(out, "%u %s %016llx\n", chain->number, method, (unsigned long long)time);
  struct answer a = ask();
  if (a.ok) {
    *index_out = (int)a.value;
  }
  return (int)a.ok;
}

int dchain_allocate_new_index(struct DoubleChain *chain, int *index_out, vigor_time_t time) {
  if (initialising) {
    *index_out = chain->allocated++;
    return 1;
  }
  return ask_index(chain, "dchain_allocate", index_out, time);
}

int dchain_expire_one_index(struct DoubleChain *chain, int *index_out, vigor_time_t time) {
  return ask_index(chain, "dchain_expire_one", index_out, time);
}

int dchain_rejuvenate_index(struct DoubleChain *chain, int index, vigor_time_t time) {
  fprintf(out, "%u dchain_refresh %08x %016llx\n", chain->number, (unsigned)index,
          (unsigned long long)time);
  return (int)ask().ok;
}

int dchain_is_index_allocated(struct DoubleChain *chain, int index) {
  fprintf(out, "%u dchain_test %08x\n", chain->number, (unsigned)index);
  return (int)ask().ok;
}

int dchain_free_index(struct DoubleChain *chain, int index) {
  fprintf(out, "%u dchain_free %08x\n", chain->number, (unsigned)index);
  return (int)ask().ok;
}

int expire_items_single_map(struct DoubleChain *chain, struct Vector *cells, struct Map *map,
                            vigor_time_t time) {
  settle(cells);
  fprintf(out, "%u expire_map %016llx %u %u\n", chain->number, (unsigned long long)time,
          cells->number, map->number);
  forget(map);
  return (int)ask().value;
}

int expire_items(struct DoubleChain *chain, struct DoubleMap *map, vigor_time_t time) {
  settle(map->values);
  fprintf(out, "%u expire_map %016llx %u %u %u\n", chain->number, (unsigned long long)time,
          map->values->number, map->a->number, map->b->number);
  forget(map->a);
  forget(map->b);
  return (int)ask().value;
}

int expire_items_single_map_iteratively(struct Vector *cells, struct Map *map, int start,
                                        int end) {
  settle(cells);
  fprintf(out, "%u expire_range %08x %08x %u\n", map->number, (unsigned)start, (unsigned)end,
          cells->number);
  forget(map);
  return start < end ? end - start : 0;
}

/* --- double maps --- */

int dmap_allocate(map_keys_equality *equality_a, map_key_hash *hash_a,
                  map_keys_equality *equality_b, map_key_hash *hash_b, int value_size,
                  uq_value_copy *copy, uq_value_destr *destroy, dmap_extract_keys *extract,
                  dmap_pack_keys *pack, int capacity, int keys_capacity,
                  struct DoubleMap **map_out) {
  struct DoubleMap *map = malloc(sizeof *map);
  *map = (struct DoubleMap){.copy = copy, .destroy = destroy, .extract = extract, .pack = pack};
  map_allocate(equality_a, hash_a, (unsigned)keys_capacity, &map->a);
  map_allocate(equality_b, hash_b, (unsigned)keys_capacity, &map->b);
  vector_allocate(value_size, (unsigned)capacity, NULL, &map->values);
  *map_out = map;
  return 1;
}

int dmap_get_a(struct DoubleMap *map, void *key, int *index) {
  return map_get(map->a, key, index);
}

int dmap_get_b(struct DoubleMap *map, void *key, int *index) {
  return map_get(map->b, key, index);
}

int dmap_put(struct DoubleMap *map, void *value, int index) {
  void *cell, *a, *b;
  vector_borrow(map->values, index, &cell);
  map->copy(cell, value);
  vector_return(map->values, index, cell);
  map->extract(cell, &a, &b);
  map_put(map->a, a, index);
  map_put(map->b, b, index);
  return 1;
}

int dmap_erase(struct DoubleMap *map, int index) {
  void *cell, *a, *b, *trash;
  vector_borrow(map->values, index, &cell);
  map->extract(cell, &a, &b);
  map_erase(map->a, a, &trash);
  map_erase(map->b, b, &trash);
  map->pack(cell, a, b);
  map->destroy(cell);
  vector_return(map->values, index, cell);
  return 1;
}

void dmap_get_value(struct DoubleMap *map, int index, void *value_out) {
  void *cell;
  vector_borrow(map->values, index, &cell);
  map->copy(value_out, cell);
  vector_return(map->values, index, cell);
}

int dmap_size(struct DoubleMap *map) {
  return (int)map_size(map->a);
}

/* --- sketches, prefix tables, consistent hashing --- */

struct Sketch {
  unsigned number;
  map_key_hash *hash;
  uint8_t key[MAX_KEY]; /* the object chosen last */
  unsigned hashed;
};

int sketch_allocate(map_key_hash *hash, uint32_t capacity, uint16_t threshold,
                    struct Sketch **sketch_out) {
  (void)capacity, (void)threshold;
  *sketch_out = calloc(1, sizeof **sketch_out);
  **sketch_out = (struct Sketch){.number = objects++, .hash = hash};
  return 1;
}

static void log_sketch(struct Sketch *s, const char *method) {
  fprintf(out, "%u %s ", s->number, method);
  size_t size = layouts[s->number].packed;
  for (size_t i = 0; i < size; i++) {
    fprintf(out, "%02x", s->key[i]);
  }
  fprintf(out, " %08x", s->hashed);
}

void sketch_compute_hashes(struct Sketch *s, void *key) {
  pack(s->number, key, s->key);
  s->hashed = s->hash(key);
}

void sketch_refresh(struct Sketch *s, vigor_time_t time) {
  log_sketch(s, "sketch_refresh");
  fprintf(out, " %016llx\n", (unsigned long long)time);
  ask();
}

int sketch_fetch(struct Sketch *s) {
  log_sketch(s, "sketch_fetch");
  fputc('\n', out);
  return (int)ask().ok;
}

int sketch_touch_buckets(struct Sketch *s, vigor_time_t time) {
  log_sketch(s, "sketch_touch");
  fprintf(out, " %016llx\n", (unsigned long long)time);
  return (int)ask().ok;
}

void sketch_expire(struct Sketch *s, vigor_time_t time) {
  fprintf(out, "%u sketch_expire %016llx\n", s->number, (unsigned long long)time);
  ask();
}

struct lpm {
  unsigned number;
  unsigned known;
  uint32_t address[MAX_KNOWN];
  int value[MAX_KNOWN];
};

int lpm_allocate(struct lpm **lpm_out) {
  *lpm_out = calloc(1, sizeof **lpm_out);
  (*lpm_out)->number = objects++;
  return 1;
}

int lpm_update_elem(struct lpm *lpm, uint32_t prefix, uint8_t length, uint16_t value) {
  if (initialising) {
    return length <= 32 && value < 1 << 15;
  }
  fprintf(out, "%u lpm_update %08x %02x %04x\n", lpm->number, prefix, length, value);
  lpm->known = 0;
  return (int)ask().ok;
}

int lpm_lookup_elem(struct lpm *lpm, uint32_t address) {
  for (unsigned i = 0; i < lpm->known; i++) {
    if (lpm->address[i] == address) {
      return lpm->value[i];
    }
  }
  fprintf(out, "%u lpm_lookup %08x\n", lpm->number, address);
  lpm->address[lpm->known] = address;
  return lpm->value[lpm->known++] = (int)ask().value;
}

int cht_fill_cht(struct Vector *cht, uint32_t height, uint32_t backends) {
  (void)cht, (void)height, (void)backends;
  return 1;
}

int cht_find_preferred_available_backend(uint64_t hash, struct Vector *cht,
                                         struct DoubleChain *active, uint32_t height,
                                         uint32_t backends, int *chosen) {
  (void)height, (void)backends;
  fprintf(out, "%u cht_find %016llx %u\n", active->number, (unsigned long long)hash, cht->number);
  struct answer a = ask();
  if (a.ok) {
    *chosen = (int)a.value;
  }
  return (int)a.ok;
}

/* --- running --- */

static void process(uint16_t device, uint16_t length, vigor_time_t now, uint8_t *packet) {
  uint32_t total = length;
  uint8_t *buffer = packet;
  maestro_time = now;
  packet_state_total_length(buffer, &total);
  uint16_t verdict = (uint16_t)nf_process(device, &buffer, length, now, NULL);
  for (unsigned i = 0; i < vector_count; i++) {
    settle(vectors[i]);
  }
  nf_return_all_chunks(buffer);
  fprintf(out, "= %04x %u", verdict, steps_left);
  log_hex(packet_start(), (size_t)(packet + length - packet_start()));
  fputc('\n', out);
  fflush(out);
}

/* `room` ends where memory does: a packet that lies at its end cannot be read beyond. */
static void run(uint8_t *room) {
  uint32_t device = next_u32(), length = next_u32(), size = next_u32();
  vigor_time_t now;
  memcpy(&now, next_bytes(sizeof now), sizeof now);
  const uint8_t *packet = next_bytes(length), *script = cursor;
  next_bytes(size);
  const uint8_t *after = cursor;
  fflush(out);
  pid_t child = fork();
  if (child == 0) {
    cursor = script;
    steps_left = next_u32();
    memcpy(room + ROOM - length, packet, length);
    process((uint16_t)device, (uint16_t)length, now, room + ROOM - length);
    _exit(EXIT_SUCCESS);
  }
  int status;
  waitpid(child, &status, 0);
  fprintf(out, WIFSIGNALED(status) ? "! signal %d\n" : ".\n", WTERMSIG(status));
  cursor = after;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    return EXIT_FAILURE;
  }
  load(argv[1]);
  out = fopen(argv[2], "a");
  maestro_ports = (uint16_t)next_u32();
  read_layouts();
  argv[2] = argv[0];
  if (nf_config_init) {
    nf_config_init(argc - 2, argv + 2);
  }
  uint8_t *memory =
      mmap(NULL, BEFORE + ROOM + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint8_t *room = memory + BEFORE;
  if (!nf_init() || memory == MAP_FAILED || mprotect(room + ROOM, GUARD, PROT_NONE) != 0) {
    return EXIT_FAILURE;
  }
  initialising = false;
  for (uint32_t left = next_u32(); left > 0; left--) {
    run(room);
  }
  return EXIT_SUCCESS;
}
