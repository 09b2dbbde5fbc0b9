/* LPM: a routing table. Part of maestro.h. */
#ifndef MAESTRO_DIALECT_LPM_H
#define MAESTRO_DIALECT_LPM_H

#include "state.h"

/* LPM(name);
 *
 * A table of IPv4 prefixes, empty at the start; fill it in at_start(). */
#define LPM(name_)                                                                  \
  struct maestro_lpm name_;                                                         \
  MAESTRO_STATE(name_, maestro_lpm_allocate(&name_), (void)0)                       \
  MAESTRO_INLINE bool maestro_route_##name_(uint32_t prefix, uint8_t length, uint16_t value) { \
    return maestro_lpm_add(&name_, prefix, length, value);                          \
  }                                                                                 \
  MAESTRO_INLINE int maestro_lookup_##name_(uint32_t address) {                     \
    return maestro_lpm_lookup(&name_, address);                                     \
  }                                                                                 \
  extern struct maestro_lpm name_

/* lpm_add(table, prefix, length, value): adds or replaces a prefix of `length` bits; the value is
 * below 2^15. False when there is no room. lpm_add(routes, IP(10, 0, 0, 0), 8, LAN). */
#define lpm_add(table, ...) maestro_route_##table(__VA_ARGS__)

/* lpm_lookup(table, address): the value of the longest prefix that contains the address, or -1. */
#define lpm_lookup(table, ...) maestro_lookup_##table(__VA_ARGS__)

struct maestro_lpm {
  struct lpm *table;
};

bool maestro_lpm_allocate(struct maestro_lpm *t);
bool maestro_lpm_add(struct maestro_lpm *t, uint32_t prefix, uint8_t length, uint16_t value);
int maestro_lpm_lookup(struct maestro_lpm *t, uint32_t address);

#endif
