/* What network functions use of DPDK's rte_byteorder.h, for little-endian machines. */
#ifndef MAESTRO_RTE_BYTEORDER_H
#define MAESTRO_RTE_BYTEORDER_H

#include <stdint.h>

typedef uint16_t rte_be16_t;
typedef uint32_t rte_be32_t;
typedef uint64_t rte_be64_t;
typedef uint16_t rte_le16_t;
typedef uint32_t rte_le32_t;
typedef uint64_t rte_le64_t;

#define RTE_BIG_ENDIAN 1
#define RTE_LITTLE_ENDIAN 2
#define RTE_BYTE_ORDER RTE_LITTLE_ENDIAN

/* Macros, so that they are constant expressions of constants. */
#define rte_bswap16(x) ((uint16_t)__builtin_bswap16((uint16_t)(x)))
#define rte_bswap32(x) ((uint32_t)__builtin_bswap32((uint32_t)(x)))
#define rte_bswap64(x) ((uint64_t)__builtin_bswap64((uint64_t)(x)))
#define rte_constant_bswap16(x) rte_bswap16(x)
#define rte_constant_bswap32(x) rte_bswap32(x)
#define rte_constant_bswap64(x) rte_bswap64(x)

#define RTE_BE16(x) rte_bswap16(x)
#define RTE_BE32(x) rte_bswap32(x)
#define RTE_BE64(x) rte_bswap64(x)
#define RTE_LE16(x) ((uint16_t)(x))
#define RTE_LE32(x) ((uint32_t)(x))
#define RTE_LE64(x) ((uint64_t)(x))

#define rte_cpu_to_be_16(x) rte_bswap16(x)
#define rte_cpu_to_be_32(x) rte_bswap32(x)
#define rte_cpu_to_be_64(x) rte_bswap64(x)
#define rte_be_to_cpu_16(x) rte_bswap16(x)
#define rte_be_to_cpu_32(x) rte_bswap32(x)
#define rte_be_to_cpu_64(x) rte_bswap64(x)
#define rte_cpu_to_le_16(x) ((uint16_t)(x))
#define rte_cpu_to_le_32(x) ((uint32_t)(x))
#define rte_cpu_to_le_64(x) ((uint64_t)(x))
#define rte_le_to_cpu_16(x) ((uint16_t)(x))
#define rte_le_to_cpu_32(x) ((uint32_t)(x))
#define rte_le_to_cpu_64(x) ((uint64_t)(x))

#endif
