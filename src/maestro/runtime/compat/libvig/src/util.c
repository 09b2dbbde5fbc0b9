#include "lib/unverified/util.h"

#include <stdint.h>
#include <string.h>

/* CRC-32C of the words of four bytes, then of the bytes that are left, each as a word of its own. */
unsigned hash_obj(void *object, int size) {
  const uint8_t *bytes = object;
  unsigned hash = 0;
  int i = 0;
  for (; size - i >= 4; i += 4) {
    uint32_t word;
    memcpy(&word, bytes + i, sizeof word);
    hash = __builtin_ia32_crc32si(hash, word);
  }
  for (; i < size; i++) {
    hash = __builtin_ia32_crc32si(hash, bytes[i]);
  }
  return hash;
}
