#include "lib/unverified/util.h"

#include <stdint.h>

/* FNV-1a. */
unsigned hash_obj(void *object, int size) {
  const uint8_t *bytes = object;
  unsigned hash = 2166136261u;
  for (int i = 0; i < size; i++) {
    hash = (hash ^ bytes[i]) * 16777619u;
  }
  return hash;
}
