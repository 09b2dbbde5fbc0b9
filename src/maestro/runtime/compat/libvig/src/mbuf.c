#include "rte_mbuf.h"

void maestro_mbuf_fill(struct rte_mbuf *mbuf, void *packet, uint16_t port, uint16_t length) {
  mbuf->buf_addr = packet;
  mbuf->data_off = 0;
  mbuf->port = port;
  mbuf->pkt_len = length;
  mbuf->data_len = length;
}
