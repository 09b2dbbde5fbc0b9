/* Millions of hashes a second of every rival, by thread CPU time, for inputs of 12 and of 36 bytes.
 * They take turns; what they compute is compared with the definition of the hash. Prints JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <stddef.h>

#include "rival.h"

enum { MOST_RIVALS = 16 };
#define SAMPLE_NS 4e6

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

static bool always(const struct task *task) {
  (void)task;
  return true;
}

static bool has_gfni(const struct task *task) { return task->toeplitz.gfni; }

static void by_tables(struct task *task) {
  maestro_toeplitz_tables(&task->toeplitz, task->inputs, task->bytes, task->bytes, task->hashes,
                          INPUTS);
}

static void one_by_one(struct task *task) {
  for (unsigned i = 0; i < INPUTS; i++)
    task->hashes[i] = maestro_toeplitz_hash(&task->toeplitz, task->at[i], task->bytes);
}

static void by_gfni(struct task *task) {
  maestro_toeplitz_hashes(&task->toeplitz, task->inputs, task->bytes, task->bytes, task->hashes,
                          INPUTS);
}

static const struct rival own_rivals[] = {
    {"maestro, tables", always, by_tables},
    {"maestro, tables, one by one", always, one_by_one},
    {"maestro, GFNI", has_gfni, by_gfni},
};

/* ---- What they hash, and what must come out ---- */

static uint32_t next_random(void) {
  static uint64_t state = 0x9e3779b97f4a7c15;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 32);
}

static void prepare(struct task *task, unsigned bytes) {
  task->bytes = bytes;
  for (unsigned i = 0; i < KEY_BYTES; i++)
    task->key[i] = (uint8_t)next_random();
  for (unsigned i = 0; i < sizeof task->inputs; i++)
    task->inputs[i] = (uint8_t)next_random();
  for (unsigned i = 0; i < INPUTS; i++) {
    task->at[i] = task->inputs + (size_t)i * bytes;
    for (unsigned n = 0; n < bytes; n += 4) {
      const uint8_t *at = task->at[i] + n;
      task->words[i][n / 4] =
          (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
  }
  maestro_toeplitz_init(&task->toeplitz, task->key, KEY_BYTES);
}

static uint32_t bit_of(const uint8_t *bytes, unsigned bit) {
  return bytes[bit / 8] >> (7 - bit % 8) & 1u;
}

/* The definition: the XOR of the 32 key bits that begin at every set bit of the input. */
static uint32_t definition(const struct task *task, unsigned input) {
  uint32_t hash = 0;
  for (unsigned bit = 0; bit < 8 * task->bytes; bit++)
    for (unsigned i = 0; i < 32; i++)
      hash ^= (bit_of(task->at[input], bit) & bit_of(task->key, bit + i)) << (31 - i);
  return hash;
}

static void require_right(struct task *task, const struct rival *rival) {
  memset(task->hashes, 0, sizeof task->hashes);
  rival->hash(task);
  for (unsigned i = 0; i < INPUTS; i++)
    if (task->hashes[i] != definition(task, i)) {
      fprintf(stderr, "%s: wrong hash of input %u\n", rival->name, i);
      exit(1);
    }
}

/* ---- Measuring ---- */

static double sample(struct task *task, const struct rival *rival, unsigned rounds) {
  double start = now();
  for (unsigned i = 0; i < rounds; i++) {
    rival->hash(task);
    __asm__ volatile("" ::: "memory"); /* the hashes are needed */
  }
  return now() - start;
}

/* Rounds that take long enough to be measured. */
static unsigned rounds_for(struct task *task, const struct rival *rival) {
  unsigned rounds = 1;
  while (sample(task, rival, rounds) < SAMPLE_NS && rounds < 1u << 24)
    rounds *= 2;
  return rounds;
}

static unsigned collect(const struct task *task, const struct rival **chosen) {
  unsigned count = 0;
  for (unsigned i = 0; i < sizeof own_rivals / sizeof *own_rivals; i++)
    if (own_rivals[i].ready(task))
      chosen[count++] = &own_rivals[i];
  for (unsigned i = 0; dpdk_rivals[i].name != NULL && count < MOST_RIVALS; i++)
    if (dpdk_rivals[i].ready(task))
      chosen[count++] = &dpdk_rivals[i];
  return count;
}

static void measure(struct task *task, unsigned turns) {
  const struct rival *rivals[MOST_RIVALS];
  unsigned rounds[MOST_RIVALS], count = collect(task, rivals);
  for (unsigned i = 0; i < count; i++) {
    require_right(task, rivals[i]);
    rounds[i] = rounds_for(task, rivals[i]);
  }
  printf("{\"bytes\": %u, \"turns\": [", task->bytes);
  for (unsigned turn = 0; turn < turns; turn++) {
    printf("%s{", turn > 0 ? ", " : "");
    for (unsigned i = 0; i < count; i++)
      printf("%s\"%s\": %.3f", i > 0 ? ", " : "", rivals[i]->name,
             1e3 * INPUTS * rounds[i] / sample(task, rivals[i], rounds[i]));
    printf("}");
  }
  printf("]}");
}

int main(int argc, char **argv) {
  static struct task task;
  unsigned turns = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 7;
  printf("[");
  prepare(&task, 12);
  measure(&task, turns);
  printf(", ");
  prepare(&task, 36);
  measure(&task, turns);
  printf("]\n");
  return 0;
}
