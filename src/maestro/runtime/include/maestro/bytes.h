/* Unaligned loads and stores in either byte order: `le` little-endian, `be` big-endian (network
 * order). */
#ifndef MAESTRO_BYTES_H
#define MAESTRO_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MAESTRO_LE(bits, x) (x)
#define MAESTRO_BE(bits, x) __builtin_bswap##bits(x)
#else
#define MAESTRO_LE(bits, x) __builtin_bswap##bits(x)
#define MAESTRO_BE(bits, x) (x)
#endif

#define MAESTRO_ACCESS(bits)                                    \
  static inline uint##bits##_t ld##bits##le(const void *at) {   \
    uint##bits##_t x;                                           \
    memcpy(&x, at, sizeof x);                                   \
    return MAESTRO_LE(bits, x);                                 \
  }                                                             \
  static inline uint##bits##_t ld##bits##be(const void *at) {   \
    uint##bits##_t x;                                           \
    memcpy(&x, at, sizeof x);                                   \
    return MAESTRO_BE(bits, x);                                 \
  }                                                             \
  static inline void st##bits##le(void *at, uint##bits##_t x) { \
    x = MAESTRO_LE(bits, x);                                    \
    memcpy(at, &x, sizeof x);                                   \
  }                                                             \
  static inline void st##bits##be(void *at, uint##bits##_t x) { \
    x = MAESTRO_BE(bits, x);                                    \
    memcpy(at, &x, sizeof x);                                   \
  }

MAESTRO_ACCESS(16)
MAESTRO_ACCESS(32)
MAESTRO_ACCESS(64)

/* The same for `bytes` (1 to 8) bytes; pass a constant. */
static inline uint64_t ldle(const void *at, unsigned bytes) {
  uint64_t x = 0;
  for (unsigned i = 0; i < bytes; i++) {
    x |= (uint64_t)((const uint8_t *)at)[i] << 8 * i;
  }
  return x;
}

static inline uint64_t ldbe(const void *at, unsigned bytes) {
  uint64_t x = 0;
  for (unsigned i = 0; i < bytes; i++) {
    x = x << 8 | ((const uint8_t *)at)[i];
  }
  return x;
}

/* The sum of `count` bytes as 16-bit words in memory order, the last one padded with a zero byte: what
 * Internet checksums are made of (RFC 1071). */
static inline uint32_t packet_sum(const uint8_t *bytes, uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i + 1 < count; i += 2) {
    sum += (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8;
  }
  return count % 2 == 0 ? sum : sum + bytes[count - 1];
}

#undef MAESTRO_ACCESS
#undef MAESTRO_LE
#undef MAESTRO_BE

#endif
