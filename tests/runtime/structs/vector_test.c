/* vector.h and memory.h: elements lie apart, start as zero, and take what they are filled with. */
#include "maestro/vector.h"

#include "random.h"

static void elements(size_t elem_size, uint32_t capacity) {
  struct vector v;
  uint8_t elem[64], zero[64] = {0};
  CHECK(vector_create(&v, capacity, elem_size));
  CHECK((uintptr_t)v.cells % MAESTRO_ALIGN == 0);
  for (uint32_t i = 0; i < capacity; i++) {
    CHECK(memcmp(vector_at(&v, i, elem_size), zero, elem_size) == 0);
    memset(vector_at(&v, i, elem_size), (int)(i % 251), elem_size);
  }
  for (uint32_t i = 0; i < capacity; i++) {
    memset(elem, (int)(i % 251), elem_size);
    CHECK(memcmp(vector_at(&v, i, elem_size), elem, elem_size) == 0);
  }
  memset(elem, 0x5a, elem_size);
  vector_fill(&v, elem_size, elem);
  for (uint32_t i = 0; i < capacity; i++) {
    CHECK(memcmp(vector_at(&v, i, elem_size), elem, elem_size) == 0);
  }
  vector_destroy(&v);
}

/* The cores' shares are contiguous, differ by at most one and add up. */
static void shares(uint32_t capacity, unsigned cores) {
  uint32_t next = 0;
  for (unsigned core = 0; core < cores; core++) {
    CHECK(maestro_share_first(capacity, core, cores) == next);
    CHECK(maestro_share(capacity, core, cores) - capacity / cores <= 1);
    next += maestro_share(capacity, core, cores);
  }
  CHECK(next == capacity);
}

int main(void) {
  for (size_t elem_size = 1; elem_size <= 64; elem_size++) {
    elements(elem_size, 100);
  }
  elements(13, 0);
  for (unsigned cores = 1; cores <= 17; cores++) {
    shares(0, cores);
    shares(5, cores);
    shares(65536, cores);
  }
  CHECK(maestro_alloc(SIZE_MAX) == NULL);
  return 0;
}
