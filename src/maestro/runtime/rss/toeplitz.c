#include "maestro/toeplitz.h"

#include "toeplitz_gfni.h"

static unsigned key_bit(const uint8_t *key, unsigned key_bytes, unsigned bit) {
  return bit / 8 < key_bytes ? key[bit / 8] >> (7 - bit % 8) & 1u : 0;
}

static uint32_t key_window(const uint8_t *key, unsigned key_bytes, unsigned bit) {
  uint32_t window = 0;
  for (unsigned i = 0; i < 32; i++)
    window = window << 1 | key_bit(key, key_bytes, bit + i);
  return window;
}

void maestro_toeplitz_init(struct maestro_toeplitz *toeplitz, const uint8_t *key,
                           unsigned key_bytes) {
  for (unsigned at = 0; at < MAESTRO_TOEPLITZ_INPUT; at++) {
    uint32_t *share = toeplitz->share[at];
    share[0] = 0;
    for (unsigned bit = 0; bit < 8; bit++) { /* bit 0: the byte's least significant */
      uint32_t window = key_window(key, key_bytes, 8 * at + 7 - bit);
      for (unsigned low = 0; low < 1u << bit; low++)
        share[1u << bit | low] = share[low] ^ window;
    }
  }
  for (unsigned at = 0; at < MAESTRO_TOEPLITZ_MATRICES; at++) {
    uint64_t matrix = 0;
    for (unsigned row = 0; row < 8; row++)
      matrix |= (uint64_t)(key_window(key, key_bytes, 8 * at + row) >> 24) << 8 * row;
    toeplitz->matrix[at] = matrix;
  }
  toeplitz->gfni = maestro_toeplitz_has_gfni();
}

/* Inlined with a constant number of bytes, so that the loop is none. */
static inline __attribute__((always_inline)) uint32_t
look_up(const struct maestro_toeplitz *toeplitz, const uint8_t *input, unsigned bytes) {
  uint32_t hash = 0;
#pragma GCC unroll 40
  for (unsigned at = 0; at < bytes; at++)
    hash ^= toeplitz->share[at][input[at]];
  return hash;
}

enum { IPV4_ADDRESSES = 8, IPV4_FLOW = 12, IPV6_ADDRESSES = 32, IPV6_FLOW = 36 };

uint32_t maestro_toeplitz_hash(const struct maestro_toeplitz *toeplitz, const uint8_t *input,
                               unsigned bytes) {
  switch (bytes) {
  case IPV4_ADDRESSES: return look_up(toeplitz, input, IPV4_ADDRESSES);
  case IPV4_FLOW: return look_up(toeplitz, input, IPV4_FLOW);
  case IPV6_ADDRESSES: return look_up(toeplitz, input, IPV6_ADDRESSES);
  case IPV6_FLOW: return look_up(toeplitz, input, IPV6_FLOW);
  default: break;
  }
  uint32_t hash = 0;
  for (unsigned at = 0; at < bytes; at++)
    hash ^= toeplitz->share[at][input[at]];
  return hash;
}

void maestro_toeplitz_tables(const struct maestro_toeplitz *toeplitz, const uint8_t *inputs,
                             unsigned bytes, unsigned stride, uint32_t *hashes, unsigned count) {
  if (bytes == IPV4_FLOW)
    for (unsigned i = 0; i < count; i++)
      hashes[i] = look_up(toeplitz, inputs + (size_t)i * stride, IPV4_FLOW);
  else
    for (unsigned i = 0; i < count; i++)
      hashes[i] = maestro_toeplitz_hash(toeplitz, inputs + (size_t)i * stride, bytes);
}

void maestro_toeplitz_hashes(const struct maestro_toeplitz *toeplitz, const uint8_t *inputs,
                             unsigned bytes, unsigned stride, uint32_t *hashes, unsigned count) {
  unsigned done = 0;
  if (toeplitz->gfni)
    done = maestro_toeplitz_gfni(toeplitz, inputs, bytes, stride, hashes, count);
  maestro_toeplitz_tables(toeplitz, inputs + (size_t)done * stride, bytes, stride, hashes + done,
                          count - done);
}
