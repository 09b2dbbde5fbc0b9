/* How long packets take, one by one. Buckets grow with the values, so that each is known to 3 %,
 * as in HDR histograms: values below 64 have a bucket each, from there on 32 share a doubling. */
#include <stdlib.h>

#include "replay.h"

enum { SUB_BITS = 5, EXACT = 2 << SUB_BITS, BUCKETS = EXACT + (64 - SUB_BITS) * (1 << SUB_BITS) };

struct histogram {
  uint64_t count[BUCKETS];
};

struct histogram *histogram_create(void) { return allocate_apart(1, sizeof(struct histogram)); }

static unsigned bucket_of(uint64_t value) {
  if (value < EXACT)
    return (unsigned)value;
  unsigned shift = 63 - (unsigned)__builtin_clzll(value) - SUB_BITS;
  return (shift << SUB_BITS) + (unsigned)(value >> shift);
}

/* The highest value that falls into the bucket. */
static uint64_t highest(unsigned bucket) {
  if (bucket < EXACT)
    return bucket;
  unsigned shift = (bucket >> SUB_BITS) - 1;
  uint64_t lead = (bucket & ((1u << SUB_BITS) - 1)) | 1u << SUB_BITS;
  return ((lead + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ticks) {
  histogram->count[bucket_of(ticks)]++;
}

uint64_t clock_overhead(void) {
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < 1000; i++) {
    uint64_t start = clock_ticks(), ticks = clock_ticks() - start;
    least = ticks < least ? ticks : least;
  }
  return least;
}

void latency_print(const struct run *run) {
  const char *separator = "";
  printf("  \"latency_ticks\": [");
  for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
    uint64_t count = 0;
    for (unsigned core = 0; core < run->options->cores; core++)
      count += run->workers[core].latency->count[bucket];
    if (count == 0)
      continue;
    printf("%s[%llu, %llu]", separator, (unsigned long long)highest(bucket),
           (unsigned long long)count);
    separator = ", ";
  }
  printf("],\n");
}
