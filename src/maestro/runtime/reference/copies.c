#include "maestro/reference.h"

#include <stdlib.h>
#include <string.h>

#include "structs/numbered.h"

#pragma weak nf_copied
#pragma weak nf_copied_count

enum { MOST_KEY = 64 }; /* bytes */

static uint8_t **started; /* a vector's elements, for each of nf_copied that is one */

static unsigned copied_count(void) { return &nf_copied_count != NULL ? nf_copied_count : 0; }

static const uint8_t *element(const struct merge_object *object, unsigned index) {
  void *cell;
  vector_borrow(maestro_vector((unsigned)object->vector), (int)index, &cell);
  return cell;
}

static unsigned capacity(const struct merge_object *object) {
  return maestro_vector_capacity(maestro_vector((unsigned)object->vector));
}

bool maestro_copies_start(void) {
  started = calloc(copied_count() + 1, sizeof *started);
  for (unsigned i = 0; started != NULL && i < copied_count(); i++) {
    const struct merge_object *object = &nf_copied[i].object;
    if (object->kind != MERGE_CELLS) {
      continue;
    }
    size_t bytes = capacity(object) * object->elem_size;
    started[i] = malloc(bytes + 1);
    if (started[i] == NULL) {
      return false;
    }
    memcpy(started[i], element(object, 0), bytes);
  }
  return started != NULL;
}

struct visit {
  const struct copied *copied;
  nf_merged_fn *each;
  void *arg;
  uint8_t *cell;
  size_t entries;
};

static void report(struct visit *visit, const uint8_t *key, size_t key_bytes) {
  const struct merge_object *object = &visit->copied->object;
  merge_mask(object, visit->cell);
  visit->each(visit->arg, object->name, key, key_bytes, visit->cell, object->elem_size);
  visit->entries++;
}

static void visit_cells(struct visit *visit, const uint8_t *start) {
  const struct merge_object *object = &visit->copied->object;
  for (unsigned i = 0; i < capacity(object); i++) {
    const uint8_t key[4] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), (uint8_t)(i >> 24)};
    memcpy(visit->cell, element(object, i), object->elem_size);
    if (memcmp(visit->cell, start + i * object->elem_size, object->elem_size) != 0) {
      report(visit, key, sizeof key);
    }
  }
}

static void visit_entry(void *arg, const void *key, int value) {
  struct visit *visit = arg;
  const struct merge_object *object = &visit->copied->object;
  uint8_t packed[MOST_KEY];
  size_t at = 0;
  for (unsigned i = 0; i < visit->copied->key_fields; i++) {
    const struct key_field *field = &visit->copied->key[i];
    memcpy(packed + at, (const uint8_t *)key + field->offset, field->size);
    at += field->size;
  }
  if (object->kind == MERGE_ENTRIES) {
    memcpy(visit->cell, element(object, (unsigned)value), object->elem_size);
  }
  for (unsigned i = 0; object->kind == MERGE_VALUES && i < sizeof value; i++) {
    visit->cell[i] = (uint8_t)((unsigned)value >> 8 * i);
  }
  report(visit, packed, at);
}

/* The one state is what the copies merge to. */
size_t nf_merged(const struct nf_core *const *cores, unsigned count, nf_merged_fn *each,
                 void *arg) {
  struct visit visit = {.each = each, .arg = arg};
  (void)cores;
  (void)count;
  for (unsigned i = 0; i < copied_count(); i++) {
    const struct merge_object *object = &nf_copied[i].object;
    visit.copied = &nf_copied[i];
    visit.cell = malloc(object->elem_size + 1);
    if (visit.cell == NULL) {
      return SIZE_MAX;
    }
    if (object->kind == MERGE_CELLS) {
      visit_cells(&visit, started[i]);
    } else {
      maestro_map_entries(maestro_map((unsigned)object->map), visit_entry, &visit);
    }
    free(visit.cell);
  }
  return visit.entries;
}
