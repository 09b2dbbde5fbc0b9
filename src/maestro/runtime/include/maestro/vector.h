/* A vector of elements of one size, contiguous and zeroed. Pass the element size as a constant. */
#ifndef MAESTRO_VECTOR_H
#define MAESTRO_VECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct vector {
  uint8_t *cells;
  uint32_t capacity;
};

/* False when there is not enough memory. */
static inline bool vector_create(struct vector *v, uint32_t capacity, size_t elem_size) {
  v->cells = maestro_alloc((size_t)capacity * elem_size);
  v->capacity = capacity;
  return v->cells != NULL;
}

static inline void vector_destroy(struct vector *v) {
  free(v->cells);
}

/* The element at `index`, which must be below the capacity. */
static inline uint8_t *vector_at(const struct vector *v, uint32_t index, size_t elem_size) {
  return v->cells + (size_t)index * elem_size;
}

/* Give every element the same bytes. */
static inline void vector_fill(struct vector *v, size_t elem_size, const uint8_t *elem) {
  for (uint32_t i = 0; i < v->capacity; i++) {
    memcpy(vector_at(v, i, elem_size), elem, elem_size);
  }
}

#endif
