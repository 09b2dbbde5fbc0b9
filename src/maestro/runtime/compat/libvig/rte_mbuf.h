/* A packet buffer as far as network functions look into one. They get NULL for it here: the packet
 * itself is what nf-util.h gives them. */
#ifndef MAESTRO_RTE_MBUF_H
#define MAESTRO_RTE_MBUF_H

#include "rte_common.h"

struct rte_mbuf {
  void *buf_addr;
  uint16_t data_off;
  uint16_t port;
  uint32_t pkt_len;
  uint16_t data_len;
};

#define rte_pktmbuf_mtod_offset(m, type, offset) \
  ((type)((char *)(m)->buf_addr + (m)->data_off + (offset)))
#define rte_pktmbuf_mtod(m, type) rte_pktmbuf_mtod_offset(m, type, 0)
#define rte_pktmbuf_pkt_len(m) ((m)->pkt_len)
#define rte_pktmbuf_data_len(m) ((m)->data_len)

#endif
