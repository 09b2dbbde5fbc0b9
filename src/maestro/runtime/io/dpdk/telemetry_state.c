/* /maestro/state: how full tables are. /maestro/merged: state of which every core has a copy. */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "telemetry.h"

/* ---- Tables ---- */

enum { TABLES = 64 }; /* of an NF; more are left out */

struct tables {
  struct nf_table table[TABLES];
  unsigned table_count;
};

static void note_table(void *argument, const struct nf_table *table) {
  struct tables *tables = argument;
  if (tables->table_count < TABLES)
    tables->table[tables->table_count++] = *table;
}

/* A question to each core. `argument`: one struct a core. */
static void note_tables(struct worker *worker, void *argument) {
  struct tables *all = argument;
  nf_occupancy(worker->nf, note_table, &all[worker->core]);
}

static void tell_tables(const struct tables *all, unsigned cores, struct rte_tel_data *answer) {
  const char *objects[TABLES], *kinds[TABLES];
  uint64_t used[TABLES], capacity[TABLES], common[TABLES];
  for (unsigned i = 0; i < all[0].table_count; i++) {
    const struct nf_table *table = &all[0].table[i];
    objects[i] = table->object, kinds[i] = table->kind, common[i] = (uint64_t)table->common;
    used[i] = table->used, capacity[i] = table->capacity;
    for (unsigned core = 1; core < cores && !table->common; core++) {
      used[i] += all[core].table[i].used;
      capacity[i] += all[core].table[i].capacity;
    }
  }
  tell_strings(answer, "object", objects, all[0].table_count);
  tell_strings(answer, "kind", kinds, all[0].table_count);
  tell_u64s(answer, "in_common", common, all[0].table_count);
  tell_u64s(answer, "used", used, all[0].table_count);
  tell_u64s(answer, "capacity", capacity, all[0].table_count);
}

static int tell_table(const struct tables *all, unsigned cores, const char *object,
                      struct rte_tel_data *answer) {
  uint64_t used[RTE_MAX_LCORE], capacity[RTE_MAX_LCORE];
  unsigned i = 0;
  while (i < all[0].table_count && strcmp(all[0].table[i].object, object) != 0)
    i++;
  if (i == all[0].table_count)
    return tell_error(answer, "no table of that name; /maestro/state lists them");
  const struct nf_table *table = &all[0].table[i];
  for (unsigned core = 0; core < cores; core++) {
    used[core] = all[core].table[i].used;
    capacity[core] = all[core].table[i].capacity;
  }
  rte_tel_data_add_dict_string(answer, "object", object);
  rte_tel_data_add_dict_string(answer, "kind", table->kind);
  rte_tel_data_add_dict_u64(answer, "in_common", (uint64_t)table->common);
  tell_u64s(answer, table->common ? "used" : "core_used", used, table->common ? 1 : cores);
  tell_u64s(answer, table->common ? "capacity" : "core_capacity", capacity,
            table->common ? 1 : cores);
  return 0;
}

int tell_state(struct run *run, const char *parameters, struct rte_tel_data *answer) {
  if (nf_occupancy == NULL)
    return tell_error(answer, "the NF has no tables");
  struct tables *all = calloc(run->cores, sizeof *all);
  if (all == NULL)
    return tell_error(answer, "out of memory");
  if (!ask(run, note_tables, all))
    tell_error(answer, LATE);
  else if (parameters != NULL)
    tell_table(all, run->cores, parameters, answer);
  else
    tell_tables(all, run->cores, answer);
  free(all);
  return 0;
}

/* ---- Merged state ---- */

/* nf_merged() must find the cores standing still, so they do while it runs, and no longer: it only
 * notes down what there is. Entries are then told from the snapshot, page by page. */

struct entry {
  const char *object;
  size_t at; /* in `bytes`: key, then value */
  size_t key_bytes, value_bytes;
};

static struct snapshot {
  struct entry *entries;
  size_t entry_count, entry_room;
  uint8_t *bytes;
  size_t byte_count, byte_room;
  bool taken, no_memory;
} snapshot;

void forget_merged(void) {
  free(snapshot.entries);
  free(snapshot.bytes);
  snapshot = (struct snapshot){.taken = false};
}

/* Room for `more` beyond `used` elements of `size` bytes. */
static bool make_room(void **memory, size_t *room, size_t used, size_t more, size_t size) {
  if (used + more <= *room)
    return true;
  size_t wanted = 2 * (used + more) + 1024;
  void *larger = realloc(*memory, wanted * size);
  if (larger == NULL)
    return false;
  *memory = larger;
  *room = wanted;
  return true;
}

static void note_entry(void *argument, const char *object, const uint8_t *key, size_t key_bytes,
                       const uint8_t *value, size_t value_bytes) {
  struct snapshot *s = argument;
  void *entries = s->entries, *bytes = s->bytes;
  bool room = make_room(&entries, &s->entry_room, s->entry_count, 1, sizeof *s->entries);
  room = make_room(&bytes, &s->byte_room, s->byte_count, key_bytes + value_bytes, 1) && room;
  s->entries = entries;
  s->bytes = bytes;
  if (!room) {
    s->no_memory = true;
    return;
  }
  s->entries[s->entry_count++] = (struct entry){object, s->byte_count, key_bytes, value_bytes};
  memcpy(s->bytes + s->byte_count, key, key_bytes);
  if (value_bytes > 0)
    memcpy(s->bytes + s->byte_count + key_bytes, value, value_bytes);
  s->byte_count += key_bytes + value_bytes;
}

/* NULL, or what went wrong. `*pause_us`: how long the cores stood still. */
static const char *take_snapshot(struct run *run, uint64_t *pause_us) {
  const struct nf_core *cores[RTE_MAX_LCORE];
  for (unsigned core = 0; core < run->cores; core++)
    cores[core] = run->workers[core].nf;
  forget_merged();
  uint64_t begin = rte_get_timer_cycles();
  if (!hold(run))
    return LATE;
  bool ok = nf_merged(cores, run->cores, note_entry, &snapshot) != SIZE_MAX && !snapshot.no_memory;
  release(run);
  *pause_us = (rte_get_timer_cycles() - begin) * UINT64_C(1000000) / run->hz;
  if (!ok) {
    forget_merged();
    return "out of memory";
  }
  snapshot.taken = true;
  return NULL;
}

static void tell_snapshot(struct rte_tel_data *answer) {
  const char *objects[TABLES];
  uint64_t entries[TABLES];
  unsigned objects_seen = 0;
  for (size_t i = 0; i < snapshot.entry_count; i++) {
    unsigned object = 0;
    while (object < objects_seen && strcmp(objects[object], snapshot.entries[i].object) != 0)
      object++;
    if (object == TABLES)
      continue;
    if (object == objects_seen) {
      objects[objects_seen] = snapshot.entries[i].object;
      entries[objects_seen++] = 0;
    }
    entries[object]++;
  }
  tell_strings(answer, "object", objects, objects_seen);
  tell_u64s(answer, "entries", entries, objects_seen);
}

/* ---- Pages ---- */

enum { PAGE = 40, HEX_BYTES = (RTE_TEL_MAX_STRING_LEN - 1) / 2 }; /* 16 KiB hold a page */

static const char *hex(char text[RTE_TEL_MAX_STRING_LEN], const uint8_t *bytes, size_t byte_count) {
  text[0] = '\0';
  for (size_t i = 0; i < byte_count && i < HEX_BYTES; i++)
    snprintf(text + 2 * i, 3, "%02x", bytes[i]);
  return text;
}

static void tell_entry(const struct entry *entry, struct rte_tel_data *keys,
                       struct rte_tel_data *values) {
  char text[RTE_TEL_MAX_STRING_LEN];
  const uint8_t *bytes = snapshot.bytes + entry->at;
  rte_tel_data_add_array_string(keys, hex(text, bytes, entry->key_bytes));
  rte_tel_data_add_array_string(values, hex(text, bytes + entry->key_bytes, entry->value_bytes));
}

static int tell_page(const char *object, unsigned long first, struct rte_tel_data *answer) {
  struct rte_tel_data *keys = rte_tel_data_alloc(), *values = rte_tel_data_alloc();
  if (keys == NULL || values == NULL)
    return tell_error(answer, "out of memory");
  unsigned long entries = 0;
  rte_tel_data_start_array(keys, RTE_TEL_STRING_VAL);
  rte_tel_data_start_array(values, RTE_TEL_STRING_VAL);
  for (size_t i = 0; i < snapshot.entry_count; i++) {
    const struct entry *entry = &snapshot.entries[i];
    if (strcmp(entry->object, object) != 0)
      continue;
    if (entries >= first && entries - first < PAGE)
      tell_entry(entry, keys, values);
    entries++;
  }
  rte_tel_data_add_dict_string(answer, "object", object);
  rte_tel_data_add_dict_u64(answer, "entries", entries);
  rte_tel_data_add_dict_u64(answer, "first", first);
  if (first < entries && entries - first > PAGE)
    rte_tel_data_add_dict_u64(answer, "next", first + PAGE);
  rte_tel_data_add_dict_container(answer, "key", keys, 0);
  rte_tel_data_add_dict_container(answer, "value", values, 0);
  return 0;
}

int tell_merged(struct run *run, const char *parameters, struct rte_tel_data *answer) {
  char object[1024] = "";
  unsigned long first = 0;
  uint64_t pause_us = 0;
  if (nf_merged == NULL)
    return tell_error(answer, "the NF has no state that is merged");
  if (parameters == NULL || !snapshot.taken) {
    const char *wrong = take_snapshot(run, &pause_us);
    if (wrong != NULL)
      return tell_error(answer, wrong);
    rte_tel_data_add_dict_u64(answer, "pause_us", pause_us);
  }
  if (parameters == NULL) {
    tell_snapshot(answer);
    return 0;
  }
  snprintf(object, sizeof object, "%s", parameters);
  char *comma = strchr(object, ',');
  if (comma != NULL)
    *comma = '\0';
  if (comma != NULL && !number_in(comma + 1, &first))
    return tell_error(answer, "after NAME comes a number: the first entry to tell");
  return tell_page(object, first, answer);
}
