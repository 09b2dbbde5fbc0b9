/* Parts of the C library for both builds: symbolic execution runs this code, and the reference build
 * must get the same results. Weak, because an NF may have its own. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define REPLACEABLE __attribute__((weak))

/* Sorting is done at initialisation, of little data: an insertion sort will do, and keeps the order
 * of equal elements. */
REPLACEABLE void qsort(void *base, size_t count, size_t size,
                       int (*compare)(const void *, const void *)) {
  char *first = base;
  for (size_t i = 1; i < count; i++) {
    for (char *e = first + i * size; e != first && compare(e - size, e) > 0; e -= size) {
      for (size_t b = 0; b < size; b++) {
        char byte = e[b];
        e[b] = (e - size)[b];
        (e - size)[b] = byte;
      }
    }
  }
}

static uint32_t seed = 1;

REPLACEABLE void srand(unsigned new_seed) { seed = new_seed; }

/* The generator that the C standard gives as an example, with more bits of it. */
REPLACEABLE int rand(void) {
  seed = seed * 1103515245u + 12345u;
  return (int)(seed >> 1);
}

REPLACEABLE void srandom(unsigned new_seed) { srand(new_seed); }

REPLACEABLE long random(void) { return rand(); }

REPLACEABLE int abs(int x) { return x < 0 ? -x : x; }

REPLACEABLE int toupper(int c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; }

REPLACEABLE int tolower(int c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }
