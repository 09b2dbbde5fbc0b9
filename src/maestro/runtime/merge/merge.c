#include "maestro/merge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "maestro/map.h"
#include "maestro/vector.h"

/* ---- Values ---- */

static void add(uint8_t *to, const uint8_t *other, const uint8_t *before, uint32_t size) {
  int carry = 0; /* -1, 0 or 1 */
  for (uint32_t i = 0; i < size; i++) {
    int sum = 256 + to[i] + other[i] - before[i] + carry;
    to[i] = (uint8_t)(sum % 256);
    carry = sum / 256 - 1;
  }
}

static bool greater(const uint8_t *a, const uint8_t *b, uint32_t size) {
  while (size > 0 && a[size - 1] == b[size - 1])
    size--;
  return size > 0 && a[size - 1] > b[size - 1];
}

static void merge_part(enum merge_how how, uint8_t *to, const uint8_t *other,
                       const uint8_t *before, uint32_t size) {
  if (how == MERGE_ADD)
    add(to, other, before, size);
  if ((how == MERGE_MAX && greater(other, to, size)) ||
      (how == MERGE_MIN && greater(to, other, size)) ||
      (how == MERGE_SAME && memcmp(to, before, size) == 0))
    memcpy(to, other, size);
  for (uint32_t i = 0; i < size; i++) {
    if (how == MERGE_OR)
      to[i] |= other[i];
    else if (how == MERGE_AND)
      to[i] &= other[i];
    else if (how == MERGE_XOR)
      to[i] ^= other[i] ^ before[i];
  }
}

void merge_cell(const struct merge_object *object, uint8_t *cell, const uint8_t *other,
                const uint8_t *before) {
  for (unsigned i = 0; i < object->part_count; i++) {
    const struct merge_part *part = &object->parts[i];
    merge_part(part->how, cell + part->offset, other + part->offset, before + part->offset,
               part->size);
  }
}

/* ---- Copies ---- */

struct merge {
  const struct merge_object *object;
  const void *const *cores;
  unsigned count;
  const void *fresh;
  nf_merged_fn *each;
  void *arg;
  uint8_t *cell, *other, *before; /* of the object's element size */
  size_t entries;
};

static const struct map *map_of(const struct merge *merge, const void *core) {
  return (const struct map *)((const uint8_t *)core + merge->object->map);
}

static const struct vector *vector_of(const struct merge *merge, const void *core) {
  return (const struct vector *)((const uint8_t *)core + merge->object->vector);
}

static void report(struct merge *merge, const uint8_t *key, size_t key_bytes) {
  merge_mask(merge->object, merge->cell);
  merge->each(merge->arg, merge->object->name, key, key_bytes, merge->cell,
              merge->object->elem_size);
  merge->entries++;
}

static void merge_cells(struct merge *merge) {
  size_t size = merge->object->elem_size;
  uint32_t capacity = vector_of(merge, merge->fresh)->capacity;
  for (uint32_t i = 0; i < capacity; i++) {
    const uint8_t *before = vector_at(vector_of(merge, merge->fresh), i, size);
    const uint8_t key[4] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), (uint8_t)(i >> 24)};
    memcpy(merge->cell, vector_at(vector_of(merge, merge->cores[0]), i, size), size);
    for (unsigned core = 1; core < merge->count; core++)
      merge_cell(merge->object, merge->cell,
                 vector_at(vector_of(merge, merge->cores[core]), i, size), before);
    if (memcmp(merge->cell, before, size) != 0)
      report(merge, key, sizeof key);
  }
}

/* One core's copy of the entry of `key` to `cell`. False when it has none. */
static bool look_up(const struct merge *merge, const void *core, const uint8_t *key,
                    uint8_t *cell) {
  const struct merge_object *object = merge->object;
  uint32_t value;
  if (!map_get(map_of(merge, core), key, object->key_bytes, &value))
    return false;
  if (object->kind == MERGE_ENTRIES)
    memcpy(cell, vector_at(vector_of(merge, core), value, object->elem_size), object->elem_size);
  for (unsigned i = 0; object->kind == MERGE_VALUES && i < sizeof value; i++)
    cell[i] = (uint8_t)(value >> 8 * i);
  return true;
}

/* The entry of `key`, unless a core before `core` has it too and it has been reported with that. */
static void merge_entry(struct merge *merge, unsigned core, const uint8_t *key) {
  const struct merge_object *object = merge->object;
  for (unsigned earlier = 0; earlier < core; earlier++)
    if (look_up(merge, merge->cores[earlier], key, merge->other))
      return;
  memset(merge->before, 0, object->elem_size);
  look_up(merge, merge->fresh, key, merge->before);
  look_up(merge, merge->cores[core], key, merge->cell);
  while (++core < merge->count)
    if (look_up(merge, merge->cores[core], key, merge->other))
      merge_cell(object, merge->cell, merge->other, merge->before);
  report(merge, key, object->key_bytes);
}

static void merge_entries(struct merge *merge) {
  for (unsigned core = 0; core < merge->count; core++) {
    uint32_t at = 0, value;
    const uint8_t *key;
    while ((key = map_next(map_of(merge, merge->cores[core]), merge->object->key_bytes, &at,
                           &value)) != NULL)
      merge_entry(merge, core, key);
  }
}

size_t merge_objects(const struct merge_object *objects, unsigned object_count,
                     const void *const *cores, unsigned count, const void *fresh,
                     nf_merged_fn *each, void *arg) {
  size_t entries = 0;
  for (unsigned i = 0; i < object_count && count > 0; i++) {
    size_t size = objects[i].elem_size + 1; /* never none */
    uint8_t *cells = malloc(3 * size);
    if (cells == NULL)
      return SIZE_MAX;
    struct merge merge = {&objects[i], cores, count, fresh, each, arg, cells, cells + size,
                          cells + 2 * size, 0};
    if (objects[i].kind == MERGE_CELLS)
      merge_cells(&merge);
    else
      merge_entries(&merge);
    entries += merge.entries;
    free(cells);
  }
  return entries;
}
