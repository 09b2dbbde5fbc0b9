/* Routes in a binary tree: the bits of an address, most significant first, lead down from the root,
 * and the last route on the way is the longest prefix. */
#include "lib/verified/lpm-dir-24-8.h"

#include <stddef.h>
#include <stdlib.h>

struct node {
  struct node *below[2];
  int value; /* NONE: no route ends here */
};

#define NONE (-1)

struct lpm {
  struct node root;
};

static const struct node EMPTY = {{NULL, NULL}, NONE};

int lpm_allocate(struct lpm **lpm_out) {
  struct lpm *lpm = malloc(sizeof *lpm);
  if (lpm == NULL) {
    return 0;
  }
  lpm->root = EMPTY;
  *lpm_out = lpm;
  return 1;
}

static void free_below(struct node *node) {
  for (int bit = 0; bit < 2; bit++) {
    if (node->below[bit] != NULL) {
      free_below(node->below[bit]);
      free(node->below[bit]);
    }
  }
}

void lpm_free(struct lpm *lpm) {
  free_below(&lpm->root);
  free(lpm);
}

int lpm_update_elem(struct lpm *lpm, uint32_t prefix, uint8_t prefixlen, uint16_t value) {
  if (prefixlen > 32 || value >= 1 << 15) {
    return 0;
  }
  struct node *node = &lpm->root;
  for (int depth = 0; depth < prefixlen; depth++) {
    struct node **below = &node->below[prefix >> (31 - depth) & 1];
    if (*below == NULL) {
      *below = malloc(sizeof **below);
      if (*below == NULL) {
        return 0;
      }
      **below = EMPTY;
    }
    node = *below;
  }
  node->value = value;
  return 1;
}

int lpm_lookup_elem(struct lpm *lpm, uint32_t address) {
  const struct node *node = &lpm->root;
  int value = NONE;
  for (int depth = 0; node != NULL; depth++) {
    value = node->value == NONE ? value : node->value;
    node = depth < 32 ? node->below[address >> (31 - depth) & 1] : NULL;
  }
  return value;
}
