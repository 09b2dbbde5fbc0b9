/* Ways to compute Toeplitz hashes, measured side by side by main.c. */
#ifndef RIVAL_H
#define RIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "maestro/toeplitz.h"

enum { INPUTS = 1024, KEY_BYTES = 52, LONGEST = 36 };

/* What all of them hash: INPUTS inputs of `bytes` bytes, one behind the other; and the same inputs
 * as numbers and as pointers, for those who want them so. */
struct task {
  unsigned bytes;
  uint8_t key[KEY_BYTES];
  uint8_t inputs[INPUTS * LONGEST + 64];
  uint32_t words[INPUTS][LONGEST / 4];
  uint8_t *at[INPUTS];
  uint32_t hashes[INPUTS];
  struct maestro_toeplitz toeplitz;
};

struct rival {
  const char *name;
  bool (*ready)(const struct task *task); /* false: not on this CPU */
  void (*hash)(struct task *task);        /* fills task->hashes */
};

extern const struct rival dpdk_rivals[]; /* ends with one without a name */

#endif
