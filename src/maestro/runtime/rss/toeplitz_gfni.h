/* Toeplitz by GFNI, eight inputs at a time, on CPUs that have it together with AVX-512 VBMI (Intel
 * since Ice Lake, AMD since Zen 4). Elsewhere it hashes nothing. */
#ifndef TOEPLITZ_GFNI_H
#define TOEPLITZ_GFNI_H

#include "maestro/toeplitz.h"

/* As maestro_toeplitz_hashes(), for as many of the first inputs as make groups of eight: returns
 * how many. To be called only where maestro_toeplitz_has_gfni(). */
unsigned maestro_toeplitz_gfni(const struct maestro_toeplitz *toeplitz, const uint8_t *inputs,
                               unsigned bytes, unsigned stride, uint32_t *hashes, unsigned count);

#endif
