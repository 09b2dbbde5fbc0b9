/* Apart from checksum.c: these loop over the payload, so symbolic execution has models of them. */
#include "nf-util.h"

uint32_t maestro_add_bytes(uint32_t sum, const void *data, size_t length) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i + 1 < length; i += 2) {
    sum += (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8;
  }
  return length % 2 == 0 ? sum : sum + bytes[length - 1];
}

void nf_set_rte_ipv4_udptcp_checksum(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, void *buffer) {
  (void)buffer;
  /* A header may claim more bytes than the packet has. */
  size_t total = rte_be_to_cpu_16(ip->total_length), header = rte_ipv4_hdr_len(ip);
  size_t length = RTE_MIN(total > header ? total - header : 0, packet_bytes_from(l4));
  if (nf_has_tcp_header(ip) && length >= sizeof(struct rte_tcp_hdr)) {
    struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)l4;
    tcp->cksum = 0;
    tcp->cksum = maestro_transport_checksum(ip, tcp, length);
  } else if (nf_has_udp_header(ip) && length >= sizeof(struct rte_udp_hdr)) {
    struct rte_udp_hdr *udp = (struct rte_udp_hdr *)l4;
    udp->dgram_cksum = 0;
    udp->dgram_cksum = maestro_transport_checksum(ip, udp, length);
  }
  ip->hdr_checksum = 0;
  ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, RTE_MIN(header, packet_bytes_from(ip)));
}
