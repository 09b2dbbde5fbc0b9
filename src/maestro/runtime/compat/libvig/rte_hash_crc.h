/* CRC32C hashes under DPDK's names; compile with -msse4.2. */
#ifndef MAESTRO_RTE_HASH_CRC_H
#define MAESTRO_RTE_HASH_CRC_H

#include <stdint.h>
#include <string.h>

#define rte_hash_crc_1byte(data, init) __builtin_ia32_crc32qi(init, data)
#define rte_hash_crc_2byte(data, init) __builtin_ia32_crc32hi(init, data)
#define rte_hash_crc_4byte(data, init) __builtin_ia32_crc32si(init, data)
#define rte_hash_crc_8byte(data, init) ((uint32_t)__builtin_ia32_crc32di(init, data))

/* The hash of `length` bytes: in words of eight as far as they go, then of four, two and one. */
static inline uint32_t rte_hash_crc(const void *data, uint32_t length, uint32_t init) {
  const uint8_t *at = (const uint8_t *)data;
  uint64_t eight;
  uint32_t four;
  uint16_t two;
  for (; length >= 8; length -= 8, at += 8) {
    memcpy(&eight, at, 8);
    init = rte_hash_crc_8byte(eight, init);
  }
  if (length & 4) {
    memcpy(&four, at, 4);
    init = rte_hash_crc_4byte(four, init);
    at += 4;
  }
  if (length & 2) {
    memcpy(&two, at, 2);
    init = rte_hash_crc_2byte(two, init);
    at += 2;
  }
  return length & 1 ? rte_hash_crc_1byte(*at, init) : init;
}

#endif
