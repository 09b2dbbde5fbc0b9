/* Longest prefix match over IPv4 addresses in host byte order (DIR-24-8: Gupta, Lin and McKeown,
 * INFOCOM 1998): one table by the first 24 bits, and one of 256 entries for each of them that has
 * longer prefixes.
 *
 * An entry is 0 (no route), or its route's value + 1 with the prefix' length in bits 16 to 21, or
 * LPM_LONG and the number of a table of 256. Memory that no route needed is never touched. */
#ifndef MAESTRO_LPM_H
#define MAESTRO_LPM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LPM_LONG (UINT32_C(1) << 31)

struct lpm {
  uint32_t *first;
  uint32_t *longer; /* tables of 256 */
  uint32_t tables;
};

/* False when there is not enough memory. */
static inline bool lpm_create(struct lpm *l) {
  *l = (struct lpm){calloc((size_t)1 << 24, sizeof *l->first), NULL, 0};
  return l->first != NULL;
}

static inline void lpm_destroy(struct lpm *l) {
  free(l->first);
  free(l->longer);
}

/* The value of the longest prefix that contains `address`, or -1 as an unsigned number. */
static inline uint32_t lpm_lookup(const struct lpm *l, uint32_t address) {
  uint32_t entry = l->first[address >> 8];
  if (entry & LPM_LONG) {
    entry = l->longer[(size_t)(entry & ~LPM_LONG) * 256 + (address & 255)];
  }
  return (entry & 0xffff) - 1;
}

/* Write `entry` where no longer prefix than its own is. */
static inline void lpm_fill_(uint32_t *from, uint32_t count, uint32_t entry) {
  for (uint32_t i = 0; i < count; i++) {
    if (from[i] >> 16 <= entry >> 16) {
      from[i] = entry;
    }
  }
}

/* The table of 256 behind `entry`, made at need; NULL when there is not enough memory. */
static inline uint32_t *lpm_table_(struct lpm *l, uint32_t *entry) {
  if (!(*entry & LPM_LONG)) {
    size_t bytes = ((size_t)l->tables + 1) * 256 * sizeof *l->longer;
    uint32_t *grown = realloc(l->longer, bytes);
    if (!grown) {
      return NULL;
    }
    l->longer = grown;
    for (int i = 0; i < 256; i++) {
      grown[(size_t)l->tables * 256 + i] = *entry;
    }
    *entry = LPM_LONG | l->tables++;
  }
  return l->longer + (size_t)(*entry & ~LPM_LONG) * 256;
}

/* Add or replace the route of the prefix of `length` bits; `value` below 2^15. False when these are
 * out of range or there is not enough memory. */
static inline bool lpm_update(struct lpm *l, uint32_t prefix, uint8_t length, uint16_t value) {
  if (length > 32 || value >> 15) {
    return false;
  }
  uint32_t entry = (uint32_t)length << 16 | (value + 1u);
  uint32_t low = length ? prefix & ~(uint32_t)(0xffffffffu >> (length - 1) >> 1) : 0;
  if (length > 24) {
    uint32_t *table = lpm_table_(l, &l->first[low >> 8]);
    if (table) {
      lpm_fill_(table + (low & 255), 1u << (32 - length), entry);
    }
    return table != NULL;
  }
  for (uint32_t i = low >> 8, last = i + (1u << (24 - length)); i < last; i++) {
    if (l->first[i] & LPM_LONG) {
      lpm_fill_(lpm_table_(l, &l->first[i]), 256, entry);
    } else {
      lpm_fill_(&l->first[i], 1, entry);
    }
  }
  return true;
}

#endif
