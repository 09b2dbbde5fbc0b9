/* The ICMP header under DPDK's names. All multi-byte fields are big-endian. */
#ifndef MAESTRO_RTE_ICMP_H
#define MAESTRO_RTE_ICMP_H

#include "rte_common.h"

#define RTE_IP_ICMP_ECHO_REPLY 0
#define RTE_IP_ICMP_ECHO_REQUEST 8

struct rte_icmp_hdr {
  uint8_t icmp_type;
  uint8_t icmp_code;
  uint16_t icmp_cksum;
  uint16_t icmp_ident;
  uint16_t icmp_seq_nb;
} __rte_packed;

#endif
