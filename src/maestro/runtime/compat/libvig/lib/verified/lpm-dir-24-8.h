/* Longest prefix match over IPv4 addresses in host byte order (DIR-24-8). */
#ifndef MAESTRO_COMPAT_LPM_DIR_24_8_H
#define MAESTRO_COMPAT_LPM_DIR_24_8_H

#include <stdint.h>

struct lpm;

/* An empty table into `*lpm_out`. Returns 1; 0 when there is not enough memory. */
int lpm_allocate(struct lpm **lpm_out);
void lpm_free(struct lpm *lpm);

/* Adds or replaces a route. `value` < 2^15. Returns 1; 0 when there is no room. */
int lpm_update_elem(struct lpm *lpm, uint32_t prefix, uint8_t prefixlen, uint16_t value);

/* The value of the longest prefix that contains `address`, -1 when there is none. */
int lpm_lookup_elem(struct lpm *lpm, uint32_t address);

#endif
