/* CRC32C hashes under DPDK's names; compile with -msse4.2. */
#ifndef MAESTRO_RTE_HASH_CRC_H
#define MAESTRO_RTE_HASH_CRC_H

#include <stdint.h>

#define rte_hash_crc_1byte(data, init) __builtin_ia32_crc32qi(init, data)
#define rte_hash_crc_2byte(data, init) __builtin_ia32_crc32hi(init, data)
#define rte_hash_crc_4byte(data, init) __builtin_ia32_crc32si(init, data)
#define rte_hash_crc_8byte(data, init) ((uint32_t)__builtin_ia32_crc32di(init, data))

#endif
