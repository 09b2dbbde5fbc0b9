/* LPM, of maestro.h. */
#include "lib/verified/lpm-dir-24-8.h"

#include "dialect.h"

bool maestro_lpm_allocate(struct maestro_lpm *t) { return lpm_allocate(&t->table); }

bool maestro_lpm_add(struct maestro_lpm *t, uint32_t prefix, uint8_t length, uint16_t value) {
  return lpm_update_elem(t->table, prefix, length, value);
}

int maestro_lpm_lookup(struct maestro_lpm *t, uint32_t address) {
  return lpm_lookup_elem(t->table, address);
}
