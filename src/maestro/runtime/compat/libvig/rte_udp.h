/* The UDP header under DPDK's names. All multi-byte fields are big-endian. */
#ifndef MAESTRO_RTE_UDP_H
#define MAESTRO_RTE_UDP_H

#include "rte_common.h"

#define MAESTRO_UDP_HEADER \
  uint16_t src_port;       \
  uint16_t dst_port;       \
  uint16_t dgram_len;      \
  uint16_t dgram_cksum;

struct rte_udp_hdr {
  MAESTRO_UDP_HEADER
} __rte_packed;

struct udp_hdr {
  MAESTRO_UDP_HEADER
} __rte_packed;

#endif
