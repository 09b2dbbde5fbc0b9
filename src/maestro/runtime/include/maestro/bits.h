/* Arithmetic on bit vectors of `width` bits (1 to 64) kept in the low bits of a uint64_t, where C's
 * own operators would be undefined or mean something else (SMT-LIB, theory of fixed-size bit
 * vectors). */
#ifndef MAESTRO_BITS_H
#define MAESTRO_BITS_H

#include <stdint.h>

static inline int64_t bits_signed(uint64_t x, unsigned width) {
  return (int64_t)(x << (64 - width)) >> (64 - width);
}

/* Shifts by any amount: all bits are gone once it reaches the width. */
static inline uint64_t bits_shl(uint64_t x, uint64_t by, unsigned width) {
  return by < width ? x << by : 0;
}

static inline uint64_t bits_lshr(uint64_t x, uint64_t by, unsigned width) {
  return by < width ? x >> by : 0;
}

static inline uint64_t bits_ashr(uint64_t x, uint64_t by, unsigned width) {
  return (uint64_t)(bits_signed(x, width) >> (by < width ? by : width - 1));
}

/* Signed division; the divisor is never 0. Dividing by -1 apart: INT64_MIN / -1 traps. */
static inline uint64_t bits_sdiv(uint64_t x, uint64_t by, unsigned width) {
  int64_t divisor = bits_signed(by, width);
  return divisor == -1 ? 0 - x : (uint64_t)(bits_signed(x, width) / divisor);
}

static inline uint64_t bits_srem(uint64_t x, uint64_t by, unsigned width) {
  int64_t divisor = bits_signed(by, width);
  return divisor == -1 ? 0 : (uint64_t)(bits_signed(x, width) % divisor);
}

/* CRC-32C of the low `bits` (8, 16, 32 or 64) of `x`, continuing `crc`: what the SSE4.2
 * instructions compute (Intel SDM, CRC32; reflected polynomial 0x82f63b78, no inversion). */
static inline uint32_t bits_crc32c_plain_(uint32_t crc, uint64_t x, unsigned bits) {
  for (unsigned bit = 0; bit < bits; bit++) {
    uint32_t odd = (crc ^ (uint32_t)(x >> bit)) & 1;
    crc = crc >> 1 ^ (odd ? 0x82f63b78u : 0);
  }
  return crc;
}

#ifdef __x86_64__
#ifdef __SSE4_2__
#define BITS_CRC static inline
#else
#define BITS_CRC static __attribute__((target("sse4.2"), unused))
#endif

BITS_CRC uint32_t bits_crc32c_sse42_(uint32_t crc, uint64_t x, unsigned bits) {
  switch (bits) {
    case 8:
      return __builtin_ia32_crc32qi(crc, (uint8_t)x);
    case 16:
      return __builtin_ia32_crc32hi(crc, (uint16_t)x);
    case 32:
      return __builtin_ia32_crc32si(crc, (uint32_t)x);
    default:
      return (uint32_t)__builtin_ia32_crc32di(crc, x);
  }
}
#endif

/* Code for any x86-64 asks the CPU whether it has the instructions. */
static inline uint32_t bits_crc32c(uint32_t crc, uint64_t x, unsigned bits) {
#ifdef __SSE4_2__
  return bits_crc32c_sse42_(crc, x, bits);
#else
#ifdef __x86_64__
  if (__builtin_cpu_supports("sse4.2")) {
    return bits_crc32c_sse42_(crc, x, bits);
  }
#endif
  return bits_crc32c_plain_(crc, x, bits);
#endif
}

#endif
