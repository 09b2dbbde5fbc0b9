/* The TCP header under DPDK's names. All multi-byte fields are big-endian. */
#ifndef MAESTRO_RTE_TCP_H
#define MAESTRO_RTE_TCP_H

#include "rte_common.h"

#define RTE_TCP_CWR_FLAG 0x80
#define RTE_TCP_ECE_FLAG 0x40
#define RTE_TCP_URG_FLAG 0x20
#define RTE_TCP_ACK_FLAG 0x10
#define RTE_TCP_PSH_FLAG 0x08
#define RTE_TCP_RST_FLAG 0x04
#define RTE_TCP_SYN_FLAG 0x02
#define RTE_TCP_FIN_FLAG 0x01

/* maestro.h has another use for the name. */
#pragma push_macro("tcp_flags")
#undef tcp_flags

#define MAESTRO_TCP_HEADER \
  uint16_t src_port;       \
  uint16_t dst_port;       \
  uint32_t sent_seq;       \
  uint32_t recv_ack;       \
  uint8_t data_off;        \
  uint8_t tcp_flags;       \
  uint16_t rx_win;         \
  uint16_t cksum;          \
  uint16_t tcp_urp;

struct rte_tcp_hdr {
  MAESTRO_TCP_HEADER
} __rte_packed;

struct tcp_hdr {
  MAESTRO_TCP_HEADER
} __rte_packed;

#pragma pop_macro("tcp_flags")

#endif
