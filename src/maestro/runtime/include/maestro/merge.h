/* State of which every core has a copy (counters that packets change and do not look at), put
 * together to what one core alone would have: generated programs describe their copies in a table,
 * and nf_merged() (nf.h) goes through it. */
#ifndef MAESTRO_MERGE_H
#define MAESTRO_MERGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nf.h"

/* What becomes of two copies of a value that both began as `before`. Numbers are little-endian and
 * without sign. SAME: equal wherever it was written. */
enum merge_how {
  MERGE_ADD, /* a + b - before */
  MERGE_MAX,
  MERGE_MIN,
  MERGE_OR,
  MERGE_AND,
  MERGE_XOR, /* a ^ b ^ before */
  MERGE_SAME
};

/* A value within an element, in bytes. */
struct merge_part {
  uint32_t offset, size;
  enum merge_how how;
};

enum merge_kind {
  MERGE_CELLS,   /* a vector; an element's key is its index, 4 bytes, little-endian */
  MERGE_ENTRIES, /* a vector whose elements are the map's entries; each core has its own indices */
  MERGE_VALUES,  /* a map whose values are values, 4 bytes, little-endian */
  MERGE_KEYS     /* a map whose keys are all that matters; no value */
};

/* One object of which each core has a copy. Merged elements have 0 in the bytes of no part. */
struct merge_object {
  const char *name;
  enum merge_kind kind;
  size_t map, vector; /* where they lie in a core's state; in a reference build their numbers */
  size_t key_bytes, elem_size;
  const struct merge_part *parts;
  unsigned part_count;
};

/* `other` into `cell`, which both began as `before`. */
void merge_cell(const struct merge_object *object, uint8_t *cell, const uint8_t *other,
                const uint8_t *before);

/* Clears the bytes of `cell` that belong to no part; parts are in ascending order. */
static inline void merge_mask(const struct merge_object *object, uint8_t *cell) {
  size_t kept = 0;
  for (unsigned i = 0; i < object->part_count; i++) {
    memset(cell + kept, 0, object->parts[i].offset - kept);
    kept = object->parts[i].offset + object->parts[i].size;
  }
  memset(cell + kept, 0, object->elem_size - kept);
}

/* nf_merged() for the copies that `objects` describe; `fresh` is the state of a core that has seen
 * no packets. Elements of plain vectors that are as they were at the start are left out. */
size_t merge_objects(const struct merge_object *objects, unsigned object_count,
                     const void *const *cores, unsigned count, const void *fresh,
                     nf_merged_fn *each, void *arg);

#endif
