/* A packet buffer as far as network functions look into one. */
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

/* Fills in the one mbuf of a packet. Called before each nf_process. */
void maestro_mbuf_fill(struct rte_mbuf *mbuf, void *packet, uint16_t port, uint16_t length);

#define rte_pktmbuf_mtod_offset(m, type, offset) \
  ((type)((char *)(m)->buf_addr + (m)->data_off + (offset)))
#define rte_pktmbuf_mtod(m, type) rte_pktmbuf_mtod_offset(m, type, 0)
#define rte_pktmbuf_pkt_len(m) ((m)->pkt_len)
#define rte_pktmbuf_data_len(m) ((m)->data_len)

#endif
